//! Running the pipeline's script, and, where granted, the plugin's own commands.

use std::sync::Arc;

use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit};
use capstep_secrets::StreamMasker;
use capstep_ssh::{ExitStatus, Interpreter, Output, ScriptRequest, SshError, quote};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::error;
use super::login::SshLogin;
use crate::fault::Fault;
use crate::ops::{Outcome, Reporter};
use crate::protocol::{Answer, ErrorKind, Event, Exit, Level, Nanoseconds, RunOptions};
use crate::step::{Lines, Meta, Shared};
use crate::verbs::{roles, wrong_permit};

/// How many pieces of output may wait to be logged before the remote side is held back.
const PIECES_IN_FLIGHT: usize = 16;

/// The most words, and bytes of them, that a command of the plugin's may have.
const COMMAND_LIMIT: usize = 64 * 1024;

pub(super) fn run(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    script: String,
    options: RunOptions,
) -> Result<Answer, Fault> {
    let act = Act::SshScript {
        target: &login.target,
        script: &script,
    };
    let Permit::Script { text, .. } = shared.permit(&act)? else {
        return wrong_permit();
    };
    let (environment, pointers) = roles::environment(shared, &script, &login.target)?;
    let meta = meta
        .under(shared.grants(&[&login.target, &script]))
        .using(shared.secret_names(pointers.iter().map(String::as_str)));
    let text_role = |kind| {
        roles::role_value(shared, kind, &script)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let interpreter = match text_role(RoleKind::Shell).as_deref() {
        None | Some("auto") => Interpreter::Auto,
        Some("bash") => Interpreter::Bash,
        Some("sh") => Interpreter::Sh,
        Some(other) => {
            return Err(Fault::error(
                ErrorKind::Invalid,
                format!("`{}` is no shell: auto, bash, sh", other.escape_debug()),
            ));
        }
    };
    let errexit = roles::role_value(shared, RoleKind::Errexit, &script)
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let directory = working_directory(&login, text_role(RoleKind::WorkingDirectory))?;
    let handle = shared.start(meta, move |shared, reporter, _| async move {
        let (sender, receiver) = mpsc::channel(PIECES_IN_FLIGHT);
        let request = ScriptRequest {
            script: &text,
            env: &environment,
            working_directory: directory.as_deref(),
            interpreter,
            errexit,
        };
        let work = login.session.run_script(request, sender);
        attend(
            &shared,
            &reporter,
            options,
            receiver,
            work,
            (&login.target, &script),
        )
        .await
    })?;
    Ok(Answer::Handle(handle))
}

/// Where a script runs: in the new release where there is one, else where its role says, else at home.
fn working_directory(login: &SshLogin, written: Option<String>) -> Result<Option<String>, Fault> {
    let release = login.release().map(|open| open.release.path);
    match (written, release) {
        (None, release) => Ok(release),
        (Some(path), _) if path.starts_with('/') => Ok(Some(path)),
        (Some(path), Some(release)) if !path.split('/').any(|part| part == "..") => {
            Ok(Some(format!("{release}/{path}")))
        }
        (Some(path), None) if !path.is_empty() => Ok(Some(path)),
        _ => Err(Fault::error(
            ErrorKind::Invalid,
            "the working directory leads out of the release",
        )),
    }
}

pub(super) fn exec(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    command: &[String],
    options: RunOptions,
) -> Result<Answer, Fault> {
    let Permit::Ssh(_) = shared.permit(&Act::SshExec {
        target: &login.target,
    })?
    else {
        return wrong_permit();
    };
    if command.is_empty() || command.iter().map(String::len).sum::<usize>() > COMMAND_LIMIT {
        return Err(Fault::error(
            ErrorKind::Invalid,
            "a command has at least one word and at most 64 KiB",
        ));
    }
    if command.iter().any(|word| !quote::is_plain(word)) {
        return Err(Fault::error(
            ErrorKind::Invalid,
            "a command's words hold no NUL",
        ));
    }
    let line = command
        .iter()
        .map(|word| quote::single_quote(word))
        .collect::<Vec<_>>()
        .join(" ");
    let meta = meta.under(shared.grants(&[&login.target]));
    let handle = shared.start(meta, move |shared, reporter, _| async move {
        let (sender, receiver) = mpsc::channel(PIECES_IN_FLIGHT);
        let target = login.target.clone();
        let work = login.session.exec(&line, &[], sender);
        attend(
            &shared,
            &reporter,
            options,
            receiver,
            work,
            (&target, &target),
        )
        .await
    })?;
    Ok(Answer::Handle(handle))
}

/// Waits for a remote program, says what it says, and keeps its time.
async fn attend(
    shared: &Shared,
    reporter: &Reporter,
    options: RunOptions,
    receiver: mpsc::Receiver<Output>,
    work: impl Future<Output = Result<ExitStatus, SshError>>,
    (target, pointer): (&str, &str),
) -> Result<(Outcome, Value), Fault> {
    let say = Say {
        shared,
        label: roles::label(shared, target),
    };
    let ended = async {
        let (status, said) = tokio::join!(work, relay(&say, reporter, &options, receiver));
        (status, said)
    };
    let (status, said) = match options.timeout.map(Nanoseconds::duration) {
        None => ended.await,
        Some(limit) => tokio::time::timeout(limit, ended).await.map_err(|_| {
            Fault::error(
                ErrorKind::Timeout,
                format!("it did not end within {} s", limit.as_secs_f32()),
            )
        })?,
    };
    let status = status.map_err(|error| error::fault(error, pointer))?;
    if status.output_left_open {
        say.line(
            Level::Warn,
            "something it left in the background still holds its output: give that one of its own (`>FILE 2>&1`)",
        );
    }
    let summary = json!({ "code": status.code, "signal": status.signal, "output-bytes": said });
    Ok((
        Outcome::Exit(Exit {
            code: status.code,
            signal: status.signal,
        }),
        summary,
    ))
}

/// Writes lines to the log, with the target's name before each where the step has several.
struct Say<'a> {
    shared: &'a Shared,
    label: Option<String>,
}

impl Say<'_> {
    fn line(&self, level: Level, line: &str) {
        match &self.label {
            Some(label) => self.shared.voice.line(level, &format!("{label}: {line}")),
            None => self.shared.voice.line(level, line),
        }
    }
}

/// Brings output to the log and, where it is captured, to the plugin; masked both times.
async fn relay(
    say: &Say<'_>,
    reporter: &Reporter,
    options: &RunOptions,
    mut receiver: mpsc::Receiver<Output>,
) -> u64 {
    let shared = say.shared;
    let mut lines = [Lines::new(&shared.masker), Lines::new(&shared.masker)];
    let mut captured = [
        StreamMasker::new(&shared.masker),
        StreamMasker::new(&shared.masker),
    ];
    let mut bytes = 0_u64;
    while let Some(piece) = receiver.recv().await {
        let (index, piece) = match piece {
            Output::Stdout(piece) => (0, piece),
            Output::Stderr(piece) => (1, piece),
        };
        bytes += piece.len() as u64;
        if options.log
            && let Some(lines) = lines.get_mut(index)
        {
            for line in lines.push(&piece) {
                say.line(Level::Info, &line);
            }
        }
        if options.capture
            && let Some(masker) = captured.get_mut(index)
        {
            send(reporter, index, masker.push(&piece)).await;
        }
    }
    if options.log {
        for line in lines.into_iter().flat_map(Lines::finish) {
            say.line(Level::Info, &line);
        }
    }
    if options.capture {
        for (index, masker) in captured.into_iter().enumerate() {
            send(reporter, index, masker.finish()).await;
        }
    }
    bytes
}

async fn send(reporter: &Reporter, index: usize, bytes: Vec<u8>) {
    if !bytes.is_empty() {
        reporter
            .send(if index == 0 {
                Event::Stdout(bytes.into())
            } else {
                Event::Stderr(bytes.into())
            })
            .await;
    }
}
