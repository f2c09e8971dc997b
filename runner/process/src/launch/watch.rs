//! From the start of a script to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::Host;
use super::cgroup::Delegated;
use super::child::{Started, start};
use crate::error::{ProcessError, SetupStage};
use crate::proxy::{Attempt, serve};
use crate::spec::{Enforced, Event, Network, Outcome, StepEnd, Stream};
use crate::wire::{Command, Order, Report};

/// How much of a stream makes one event at most.
const CHUNK: usize = 32 * 1024;
/// How many attempts wait for the caller.
const ATTEMPTS: usize = 64;
/// How many refused attempts an outcome lists.
const MAX_DENIED: usize = 1_000;
/// How long the sandbox may take until the shell starts: a loaded machine's time, not an expected one.
const SETUP_TIME: Duration = Duration::from_secs(30);
/// How long ending everything may take once it has been ordered.
const END_TIME: Duration = Duration::from_secs(20);

/// What is known while a script runs.
struct Watch {
    enforced: Option<Enforced>,
    ended: Option<(StepEnd, u64, u64)>,
    /// Why it was asked to end, and when it is killed.
    asked: Option<(StepEnd, Instant)>,
    deadline: Instant,
}

/// Starts an order and waits until nothing of it is left.
pub(super) async fn watch(
    host: &Host,
    order: &Order,
    delegated: Option<&Delegated>,
    events: &mpsc::Sender<Event>,
    cancel: &CancellationToken,
) -> Result<Outcome, ProcessError> {
    let group = delegated
        .map(|delegated| delegated.make(&order.spec.limits))
        .transpose()
        .map_err(|error| ProcessError::setup(SetupStage::Limits, format!("a cgroup: {error}")))?;
    let mut started = start(&host.program, order, group.as_ref()).await?;
    // Dropping the set stops these tasks with the step.
    let mut proxy = JoinSet::new();
    let mut streams = JoinSet::new();
    pump(&mut streams, started.stdout.take(), Stream::Stdout, events);
    pump(&mut streams, started.stderr.take(), Stream::Stderr, events);
    let denied = Arc::new(Mutex::new(Vec::new()));
    let (attempts, receiver) = mpsc::channel(ATTEMPTS);
    let note = note(receiver, events.clone(), Arc::clone(&denied));
    let noting = tokio::spawn(note);

    let mut watch = Watch {
        enforced: None,
        ended: None,
        asked: None,
        deadline: Instant::now() + SETUP_TIME,
    };
    let limits = &order.spec.limits;
    let result = loop {
        let asked = watch.asked.is_some();
        let until = watch.asked.map_or(watch.deadline, |(_, killed)| killed);
        tokio::select! {
            report = started.connection.report() => match report {
                Ok(None) => break Ok(()),
                Ok(Some(Report::Listening)) => {
                    if let Err(error) = serve_on(&mut started, host, order, &attempts, &mut proxy) {
                        break Err(error);
                    }
                }
                Ok(Some(Report::Ready(enforced))) => {
                    let now = Instant::now();
                    // A time that cannot be told is no limit that could be reached.
                    watch.deadline = now.checked_add(limits.wall_time).unwrap_or(now + END_TIME * 1_000_000);
                    watch.enforced = Some(enforced.clone());
                    let _ = events.send(Event::Started(enforced)).await;
                }
                Ok(Some(Report::Failed { stage, message })) => {
                    break Err(ProcessError::setup(stage, message));
                }
                Ok(Some(Report::Ended { end, peak_memory, milliseconds })) => {
                    watch.ended = Some((end, peak_memory, milliseconds));
                    break Ok(());
                }
                Err(error) => break Err(ProcessError::setup(SetupStage::Start, error.to_string())),
            },
            () = sleep_until(until) => {
                if asked {
                    break Ok(());
                }
                if watch.enforced.is_none() {
                    break Err(ProcessError::setup(SetupStage::Start, format!("not ready within {SETUP_TIME:?}")));
                }
                watch.ask(&mut started, StepEnd::TimedOut, limits.grace).await;
            }
            () = cancel.cancelled(), if !asked => {
                if watch.enforced.is_none() {
                    watch.asked = Some((StepEnd::Cancelled, Instant::now()));
                    break Ok(());
                }
                watch.ask(&mut started, StepEnd::Cancelled, limits.grace).await;
            }
        }
    };
    let status = end_all(started).await;
    drop(proxy);
    drop(attempts);
    // All writers are gone, so both streams end; a reader that is slow gets the time it takes.
    while streams.join_next().await.is_some() {}
    let _ = noting.await;
    result?;
    let denied = std::mem::take(&mut *denied.lock().unwrap_or_else(PoisonError::into_inner));
    let mut outcome = watch.outcome(denied, status)?;
    outcome.peak_memory = group
        .and_then(|group| group.peak_memory())
        .or(outcome.peak_memory);
    Ok(outcome)
}

impl Watch {
    /// Asks everything in the step to end.
    async fn ask(&mut self, started: &mut Started, end: StepEnd, grace: Duration) {
        let now = Instant::now();
        self.asked = Some((
            end,
            now.checked_add(grace).unwrap_or(now + END_TIME * 1_000_000),
        ));
        // If the connection is broken, the next report says so.
        let _ = started.connection.command(Command::Terminate).await;
    }

    fn outcome(self, denied: Vec<Attempt>, status: String) -> Result<Outcome, ProcessError> {
        let lost = || ProcessError::Lost { how: status };
        let asked = self.asked.map(|(end, _)| end);
        let (end, peak_memory, milliseconds) = match (asked, self.ended) {
            (Some(end), ended) => {
                let (_, peak, milliseconds) = ended.unwrap_or((end, 0, 0));
                (end, peak, milliseconds)
            }
            (None, Some(ended)) => ended,
            (None, None) => return Err(lost()),
        };
        Ok(Outcome {
            end,
            took: Duration::from_millis(milliseconds),
            peak_memory: (peak_memory > 0).then_some(peak_memory),
            enforced: self.enforced.unwrap_or(Enforced {
                landlock_abi: 0,
                namespaces: false,
                process_limit: false,
                memory_limit: false,
            }),
            denied,
            reserved_created: Vec::new(),
        })
    }
}

/// Serves the proxy on the listener that came from inside.
fn serve_on(
    started: &mut Started,
    host: &Host,
    order: &Order,
    attempts: &mpsc::Sender<Attempt>,
    proxy: &mut JoinSet<()>,
) -> Result<(), ProcessError> {
    let failed = |why: String| ProcessError::setup(SetupStage::Network, why);
    let listener = started
        .connection
        .take_listener()
        .ok_or_else(|| failed("no listener came".to_owned()))?;
    listener
        .set_nonblocking(true)
        .map_err(|error| failed(error.to_string()))?;
    let listener = TcpListener::from_std(listener).map_err(|error| failed(error.to_string()))?;
    if let (Network::Origins(origins), Some(upstream)) = (&order.spec.network, &host.upstream) {
        proxy.spawn(serve(
            listener,
            origins.clone(),
            Arc::clone(upstream),
            attempts.clone(),
        ));
    }
    Ok(())
}

/// Closes the connection, on which the inside part ends everything, and waits for it. How the process ended.
async fn end_all(started: Started) -> String {
    let Started {
        mut process,
        connection,
        ..
    } = started;
    drop(connection);
    let status = match timeout(END_TIME, process.wait()).await {
        Ok(status) => status,
        Err(_) => {
            let _ = process.start_kill();
            process.wait().await
        }
    };
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn pump(
    tasks: &mut JoinSet<()>,
    pipe: Option<impl AsyncRead + Unpin + Send + 'static>,
    stream: Stream,
    events: &mpsc::Sender<Event>,
) {
    let Some(mut pipe) = pipe else {
        return;
    };
    let events = events.clone();
    tasks.spawn(async move {
        let mut buffer = Vec::with_capacity(CHUNK);
        while let Ok(1..) = pipe.read_buf(&mut buffer).await {
            let chunk = std::mem::replace(&mut buffer, Vec::with_capacity(CHUNK));
            // Without a listener the script's output is read all the same, or it would stand still.
            let _ = events.send(Event::Output(stream, chunk)).await;
        }
    });
}

/// Passes attempts on, and keeps the refused ones.
async fn note(
    mut attempts: mpsc::Receiver<Attempt>,
    events: mpsc::Sender<Event>,
    denied: Arc<Mutex<Vec<Attempt>>>,
) {
    while let Some(attempt) = attempts.recv().await {
        if attempt.is_denied() {
            let mut denied = denied.lock().unwrap_or_else(PoisonError::into_inner);
            if denied.len() < MAX_DENIED {
                denied.push(attempt.clone());
            }
        }
        let _ = events.send(Event::Network(attempt)).await;
    }
}
