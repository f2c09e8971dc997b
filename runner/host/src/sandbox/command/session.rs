//! The conversation with a running command.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use serde_json::Value;
use tokio::task::{JoinError, JoinSet};

use super::lines::{Line, Lines};
use super::message::{self, Message};
use crate::protocol::{Answer, Call, ErrorKind, Level, VerbError};
use crate::sandbox::host::StepHost;
use crate::sandbox::outcome::RunOutcome;
use crate::sandbox::wasi::stdio::{InputPipe, OutputPipe, Sink};
use crate::sandbox::{limits, outputs};

/// The part of a line that is no message which the log shows.
const NOISE: usize = 4 << 10;

type Answered = (Value, Result<Answer, VerbError>);

/// A conversation. It ends when `run` is answered, when the command ends, or when it breaks the rules.
pub(crate) struct Session {
    host: Arc<dyn StepHost>,
    stdin: InputPipe,
    lines: Arc<Lines>,
    outputs_limit: usize,
    /// Calls that the host has not answered yet. Dropped with the session, which ends them.
    calls: JoinSet<Answered>,
}

impl Session {
    /// Asks the command to run.
    pub(crate) fn start(
        inputs: &str,
        outputs_limit: usize,
        host: &Arc<dyn StepHost>,
    ) -> Result<Self, String> {
        let stdin = InputPipe::default();
        stdin.push(message::run(inputs)?.into());
        Ok(Self {
            host: Arc::clone(host),
            stdin,
            lines: Arc::default(),
            outputs_limit,
            calls: JoinSet::new(),
        })
    }

    pub(crate) fn stdin(&self) -> InputPipe {
        self.stdin.clone()
    }

    pub(crate) fn stdout(&self) -> OutputPipe {
        OutputPipe::new(Arc::clone(&self.lines) as Arc<dyn Sink>)
    }

    /// Talks to the program until there is an outcome.
    pub(crate) async fn run(
        mut self,
        program: impl Future<Output = wasmtime::Result<i32>>,
    ) -> wasmtime::Result<RunOutcome> {
        let mut program = pin!(program);
        let ended = loop {
            let lines = Arc::clone(&self.lines);
            let outcome = tokio::select! {
                ended = &mut program => break ended,
                line = lines.next() => self.take(line).await,
                Some(answered) = self.calls.join_next() => self.answer(answered),
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        };
        // Its last lines may not have been read yet, its answer among them. What it asked for and did not wait for is
        // not done any more.
        self.lines.finish();
        while let Some(line) = self.lines.try_next() {
            if let Some(outcome) = self.take_last(line).await {
                return Ok(outcome);
            }
        }
        let code = ended?;
        let message =
            format!("the plugin ended with the exit code {code} and did not answer `run`");
        Ok(RunOutcome::ProtocolError { message })
    }

    async fn take(&mut self, line: Line) -> Option<RunOutcome> {
        match self.read(line).await? {
            Read::Outcome(outcome) => Some(outcome),
            Read::Refused(line) => self.send(line),
            Read::Call(id, call) => self.call(id, call).await,
        }
    }

    async fn take_last(&mut self, line: Line) -> Option<RunOutcome> {
        match self.read(line).await? {
            Read::Outcome(outcome) => Some(outcome),
            Read::Refused(_) | Read::Call(..) => None,
        }
    }

    async fn read(&self, line: Line) -> Option<Read> {
        let line = match line {
            Line::Whole(line) => line,
            Line::Overlong => {
                let message = format!(
                    "a line on standard output is longer than {} bytes",
                    limits::MESSAGE
                );
                return Some(Read::Outcome(RunOutcome::ProtocolError { message }));
            }
        };
        match message::read(&line) {
            Message::Call { id, call } => Some(Read::Call(id, call)),
            Message::Refused(line) => Some(Read::Refused(line)),
            Message::Failure(failure) => Some(Read::Outcome(RunOutcome::Failed(failure))),
            Message::Outputs(outputs) => {
                let size = outputs.to_string().len();
                Some(Read::Outcome(if size > self.outputs_limit {
                    outputs::too_large(size, self.outputs_limit)
                } else {
                    outputs::check(outputs)
                }))
            }
            Message::Noise(text) => {
                let message = format!(
                    "on standard output, but no message: {}",
                    outputs::cut(text, NOISE)
                );
                // The log can refuse nothing that would help the plugin to know.
                let _ = self
                    .host
                    .call(Call::LogLine {
                        level: Level::Warn,
                        message,
                    })
                    .await;
                None
            }
        }
    }

    /// Starts a call. It is begun before the next line is read, so that calls which are done at once (a log line, the
    /// end of an operation) keep their order.
    async fn call(&mut self, id: Value, call: Box<Call>) -> Option<RunOutcome> {
        if self.calls.len() >= limits::OUTSTANDING {
            let message = format!(
                "{} calls are waiting for their answers; read some first",
                limits::OUTSTANDING
            );
            return self.send(message::answer(
                &id,
                Err(VerbError::new(ErrorKind::TooLarge, message)),
            ));
        }
        let host = Arc::clone(&self.host);
        let mut answered: Pin<Box<dyn Future<Output = Answered> + Send>> = Box::pin(async move {
            let result = host.call(*call).await;
            (id, result)
        });
        match poll_fn(|context| Poll::Ready(answered.as_mut().poll(context))).await {
            Poll::Ready((id, result)) => self.send(message::answer(&id, result)),
            Poll::Pending => {
                self.calls.spawn(answered);
                None
            }
        }
    }

    fn answer(&self, answered: Result<Answered, JoinError>) -> Option<RunOutcome> {
        match answered {
            Ok((id, result)) => self.send(message::answer(&id, result)),
            Err(error) => Some(RunOutcome::HostFault {
                message: format!("a call failed: {error}"),
            }),
        }
    }

    fn send(&self, line: String) -> Option<RunOutcome> {
        let unread = self.stdin.push(line.into());
        (unread > limits::UNREAD).then(|| RunOutcome::ProtocolError {
            message: format!(
                "the plugin does not read its answers: {unread} bytes wait on its standard input"
            ),
        })
    }
}

/// What a line means for the conversation.
enum Read {
    Outcome(RunOutcome),
    Refused(String),
    Call(Value, Box<Call>),
}
