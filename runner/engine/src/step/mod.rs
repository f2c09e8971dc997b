//! One step: its inputs bound, its plugin run, its outcome judged.
//!
//! `arguments` is what a plain program is started with, `observer` makes events of what the step says, `outcome` judges.

mod arguments;
mod observer;
mod outcome;

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_grants::bind::bind;
use capstep_grants::check::StepAuthority;
use capstep_grants::manifest::Abi;
use capstep_grants::plan::step_name;
use capstep_host::journal::Actor;
use capstep_host::sandbox::{Arguments, Invocation, Limits};
use capstep_host::{StepRun, StepSettings};
use capstep_pipeline::Step;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::event::{Event, Outcome, StepRef};
use crate::plugins::Ready;
use crate::scope::RunScope;
use arguments::plain_arguments;
use observer::Observer;
pub(crate) use outcome::Ended;
use outcome::{judge, outcome};

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
    tell_started(context, at, step);
    let ended = match context.plugins.get(&step.uses.value) {
        Some(ready) => attempt(context, at, step, scope, ready, cancel, time).await,
        None => Ended::failed(
            Outcome::Infrastructure,
            format!("`{}` was not loaded", step.uses.value),
        ),
    };
    tell_finished(context, at, &ended, started.elapsed());
    ended
}

/// Tells of a step that failed before it could start.
pub(crate) fn tell_unstarted(context: &Context, at: &StepRef, step: &Step, ended: &Ended) {
    tell_started(context, at, step);
    tell_finished(context, at, ended, Duration::ZERO);
}

fn tell_started(context: &Context, at: &StepRef, step: &Step) {
    context.emitter.emit(Event::StepStarted {
        at: at.clone(),
        name: step_name(step),
        uses: step.uses.value.clone(),
        attempt: 1,
    });
}

fn tell_finished(context: &Context, at: &StepRef, ended: &Ended, took: Duration) {
    context.emitter.emit(Event::StepFinished {
        at: at.clone(),
        outcome: ended.outcome,
        message: ended.message.clone(),
        details: ended.details.clone(),
        outputs: Value::Object(ended.outputs.clone()),
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
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
        docker: Arc::clone(&context.docker),
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
