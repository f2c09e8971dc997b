//! One step: its inputs bound, its plugin run, its outcome judged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_grants::bind::bind;
use capstep_grants::check::{Denial, StepAuthority};
use capstep_grants::manifest::{Abi, Manifest};
use capstep_grants::plan::step_name;
use capstep_host::journal::Actor;
use capstep_host::observer::StepObserver;
use capstep_host::protocol::{Annotation, Level as HostLevel, Progress};
use capstep_host::sandbox::{Arguments, Invocation, Limits, RunOutcome, limits};
use capstep_host::{StepRun, StepSettings};
use capstep_pipeline::Step;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::dispatcher::Context;
use crate::emitter::Emitter;
use crate::event::{Event, Level, Outcome, StepRef};
use crate::plugins::Ready;
use crate::scope::RunScope;

/// The largest single output: outputs are small facts; files are for the rest.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// What came of a step.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
    pub(crate) details: Value,
    pub(crate) outputs: Map<String, Value>,
}

impl Ended {
    fn failed(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: Some(message.into()),
            details: Value::Null,
            outputs: Map::new(),
        }
    }
}

/// Runs a step and tells of it.
pub(crate) async fn run(
    context: &Arc<Context>,
    at: &StepRef,
    step: &Step,
    scope: &RunScope,
    cancel: &CancellationToken,
    time: Duration,
) -> Ended {
    let started = Instant::now();
    context.emitter.emit(Event::StepStarted {
        at: at.clone(),
        name: step_name(step),
        uses: step.uses.value.clone(),
        attempt: 1,
    });
    let ended = match context.plugins.get(&step.uses.value) {
        Some(ready) => attempt(context, at, step, scope, ready, cancel, time).await,
        None => Ended::failed(
            Outcome::Infrastructure,
            format!("`{}` was not loaded", step.uses.value),
        ),
    };
    context.emitter.emit(Event::StepFinished {
        at: at.clone(),
        outcome: ended.outcome,
        message: ended.message.clone(),
        details: ended.details.clone(),
        outputs: Value::Object(ended.outputs.clone()),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    ended
}

async fn attempt(
    context: &Arc<Context>,
    at: &StepRef,
    step: &Step,
    scope: &RunScope,
    ready: &Ready,
    cancel: &CancellationToken,
    time: Duration,
) -> Ended {
    let manifest = &ready.plugin.manifest;
    let (bound, diagnostics) = bind(&context.source, step, manifest, scope);
    if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
        // Found only now since a value was known only now; where it stands is part of the message.
        let place = context.source.place(first.span);
        let mut ended = Ended::failed(
            Outcome::Failed,
            format!("{place}: {}", context.masker.mask_str(&first.message)),
        );
        ended.details = json!({ "code": first.code, "help": first.help });
        return ended;
    }
    let actor = Actor {
        run: context.run.clone(),
        job: at.job.clone(),
        step: at.step,
        attempt: 1,
    };
    let host = StepRun::new(StepSettings {
        authority: StepAuthority {
            manifest: Arc::clone(manifest),
            bound,
        },
        actor,
        workspace: Arc::clone(&context.workspace),
        sealed: Arc::clone(&context.sealed),
        journal: Arc::clone(&context.journal),
        observer: Arc::new(Observer {
            emitter: Arc::clone(&context.emitter),
            at: at.clone(),
        }),
        masker: context.masker.clone(),
        dialer: Arc::clone(&context.dialer),
        cancel: cancel.clone(),
    });
    let preopens = match host.mounts() {
        Ok(preopens) => preopens,
        Err(error) => return judge(&host, Ended::failed(Outcome::Failed, error.message)),
    };
    let inputs = host.inputs();
    let arguments = match manifest.abi {
        Abi::World | Abi::Command => Arguments::Step { inputs },
        Abi::Plain => plain_arguments(&ready.plugin.name, &inputs),
    };
    let invocation = Invocation {
        arguments,
        preopens,
        limits: Limits {
            time,
            ..Limits::default()
        },
        cancel: cancel.clone(),
    };
    let report = context
        .sandbox
        .run(&ready.loaded, invocation, Arc::new(host.clone()))
        .await;
    host.close().await;
    let ended = outcome(manifest, &host, report.outcome, cancel.is_cancelled());
    judge(&host, ended)
}

/// A plain program's arguments, environment and standard input, from its inputs.
fn plain_arguments(name: &str, inputs: &str) -> Arguments {
    let inputs: Value = serde_json::from_str(inputs).unwrap_or_default();
    let texts = |value: Option<&Value>| -> Vec<String> {
        value
            .and_then(Value::as_array)
            .map(|items| {
                items
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default()
    };
    let mut args = vec![name.to_owned()];
    args.extend(texts(inputs.get("args")));
    let env = inputs
        .get("env")
        .and_then(Value::as_object)
        .map(|env| {
            env.iter()
                .filter_map(|(name, value)| {
                    value.as_str().map(|value| (name.clone(), value.to_owned()))
                })
                .collect()
        })
        .unwrap_or_default();
    let stdin = inputs
        .get("stdin")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .as_bytes()
        .to_vec();
    Arguments::Plain {
        args,
        env,
        stdin,
        stdout_capture_limit: limits::STDOUT_CAPTURE,
    }
}

/// What the sandbox's outcome means for the step.
fn outcome(manifest: &Manifest, host: &StepRun, outcome: RunOutcome, cancelled: bool) -> Ended {
    match outcome {
        RunOutcome::Finished { outputs } => finished(manifest, host, outputs),
        RunOutcome::Exited {
            code: 0,
            stdout,
            truncated,
        } => {
            let mut text = String::from_utf8_lossy(&stdout).into_owned();
            if truncated {
                text.push_str("\n[cut here]");
            }
            let outputs = [
                ("stdout".to_owned(), Value::from(host.mask(&text))),
                ("exit-code".to_owned(), Value::from(0)),
            ];
            Ended {
                outcome: Outcome::Passed,
                message: None,
                details: Value::Null,
                outputs: outputs.into_iter().collect(),
            }
        }
        RunOutcome::Exited { code, .. } => {
            Ended::failed(Outcome::Failed, format!("the program exited with {code}"))
        }
        RunOutcome::Failed(_) | RunOutcome::Cancelled if cancelled => {
            Ended::failed(Outcome::Cancelled, "cancelled")
        }
        RunOutcome::Cancelled => Ended::failed(Outcome::Cancelled, "cancelled"),
        RunOutcome::Failed(failure) => {
            // The host's own error of name, TCP or engine is the machine's failure, not the step's.
            let outcome = match failure.kind.as_deref() {
                Some("unreachable") => Outcome::Infrastructure,
                _ => Outcome::Failed,
            };
            let mut details = json!({ "kind": failure.kind, "details": failure.details });
            host.mask_value(&mut details);
            let mut ended = Ended::failed(outcome, host.mask(&failure.message));
            ended.details = details;
            ended
        }
        RunOutcome::Trapped { message } => Ended::failed(
            Outcome::Failed,
            format!("the plugin crashed: {}", host.mask(&message)),
        ),
        RunOutcome::OutOfMemory { limit } => Ended::failed(
            Outcome::Failed,
            format!(
                "the plugin wanted more than its {} MiB of memory",
                limit / (1024 * 1024)
            ),
        ),
        RunOutcome::TimedOut { limit } => Ended::failed(
            Outcome::Failed,
            format!("the time was up: {} s", limit.as_secs_f32()),
        ),
        RunOutcome::ProtocolError { message } => Ended::failed(
            Outcome::Failed,
            format!(
                "the plugin does not keep to the interface: {}",
                host.mask(&message)
            ),
        ),
        RunOutcome::HostFault { message } => Ended::failed(
            Outcome::Infrastructure,
            format!("a fault of capstep itself: {}", host.mask(&message)),
        ),
    }
}

/// Outputs, held against the manifest and masked.
fn finished(manifest: &Manifest, host: &StepRun, outputs: Map<String, Value>) -> Ended {
    let mut checked = Map::new();
    for (name, mut value) in outputs {
        if value.is_null() {
            continue;
        }
        let Some((_, kind, _)) = manifest
            .outputs
            .iter()
            .find(|(declared, _, _)| *declared == name)
        else {
            return Ended::failed(
                Outcome::Failed,
                format!(
                    "`{}` gave the output `{name}`, which its manifest does not declare",
                    manifest.name
                ),
            );
        };
        if !kind.accepts(&value) {
            return Ended::failed(
                Outcome::Failed,
                format!(
                    "the output `{name}` of `{}` is no {}, as its manifest says",
                    manifest.name,
                    kind.word()
                ),
            );
        }
        if value.to_string().len() > OUTPUT_LIMIT {
            return Ended::failed(
                Outcome::Failed,
                format!(
                    "the output `{name}` of `{}` is larger than 64 KiB",
                    manifest.name
                ),
            );
        }
        host.mask_value(&mut value);
        checked.insert(name, value);
    }
    Ended {
        outcome: Outcome::Passed,
        message: None,
        details: Value::Null,
        outputs: checked,
    }
}

/// A denial fails the step, whatever its plugin says.
fn judge(host: &StepRun, ended: Ended) -> Ended {
    let denials = host.denials();
    let Some(first) = denials.first() else {
        return ended;
    };
    if ended.outcome == Outcome::Cancelled {
        return ended;
    }
    let more = match denials.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Ended {
        outcome: Outcome::Denied,
        message: Some(format!("denied: {}{more}", first.message)),
        details: json!({ "denials": denials }),
        outputs: Map::new(),
    }
}

/// Turns what a step says into events.
struct Observer {
    emitter: Arc<Emitter>,
    at: StepRef,
}

fn level(level: HostLevel) -> Level {
    match level {
        HostLevel::Debug => Level::Debug,
        HostLevel::Info => Level::Info,
        HostLevel::Warn => Level::Warn,
        HostLevel::Error => Level::Error,
    }
}

impl StepObserver for Observer {
    fn line(&self, said: HostLevel, text: &str) {
        self.emitter.emit(Event::Line {
            at: self.at.clone(),
            level: level(said),
            text: text.to_owned(),
        });
    }

    fn group(&self, title: &str) {
        self.emitter.emit(Event::GroupOpened {
            at: self.at.clone(),
            title: title.to_owned(),
        });
    }

    fn end_group(&self) {
        self.emitter.emit(Event::GroupClosed {
            at: self.at.clone(),
        });
    }

    fn progress(&self, progress: &Progress) {
        self.emitter.emit(Event::Progress {
            at: self.at.clone(),
            what: progress.what.clone(),
            done: progress.done,
            total: progress.total,
        });
    }

    fn annotate(&self, annotation: &Annotation) {
        self.emitter.emit(Event::Annotation {
            at: self.at.clone(),
            level: level(annotation.level),
            message: annotation.message.clone(),
            file: annotation.file.clone(),
            line: annotation.line,
        });
    }

    fn denied(&self, denial: &Denial) {
        self.emitter.emit(Event::Denied {
            at: self.at.clone(),
            denial: denial.clone(),
        });
    }
}
