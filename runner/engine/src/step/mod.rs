//! One step: its inputs bound, its plugin run, its outcome judged.
//!
//! A step is tried as often as `retry` says; `arguments` is what a plain program is started with, `observer` makes events of what the step says, `outcome` judges.

mod arguments;
mod observer;
mod outcome;
mod retry;
mod script;

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_grants::Place;
use capstep_grants::bind::bind;
use capstep_grants::check::StepAuthority;
use capstep_grants::manifest::Abi;
use capstep_grants::plan::step_name;
use capstep_host::journal::Actor;
use capstep_host::sandbox::{Arguments, Invocation, Limits};
use capstep_host::{KeptValues, StepRun, StepSettings};
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
use outcome::{judge, outcome, with_doubts};

/// How long a step may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    /// Each try.
    pub(crate) each: Duration,
    /// All of them, where there is an end to that.
    pub(crate) until: Option<Instant>,
}

impl Time {
    /// What a try that starts now has.
    fn of_try(self) -> Duration {
        let left = self
            .until
            .map(|until| until.saturating_duration_since(Instant::now()));
        left.map_or(self.each, |left| left.min(self.each))
    }
}

/// Runs a step, as often as it asks for, and tells of it.
pub(crate) async fn run(
    context: &Arc<Context>,
    at: &StepRef,
    step: &Step,
    scope: &RunScope,
    values: &Arc<KeptValues>,
    cancel: &CancellationToken,
    time: Time,
) -> Ended {
    let started = Instant::now();
    let mut attempt = 1;
    let ended = loop {
        tell_started(context, at, step, attempt);
        let a_try = Try {
            context,
            at,
            step,
            scope,
            values,
            cancel,
            attempt,
            time: time.of_try(),
        };
        let ended = match context.plugins.get(&step.uses.value) {
            Some(ready) => a_try.run(ready).await,
            None => Ended::failed(
                Outcome::Infrastructure,
                format!("`{}` was not loaded", step.uses.value),
            ),
        };
        let Some((kind, wait)) = retry::again(step.retry.as_ref(), &ended, attempt) else {
            break ended;
        };
        let in_time = time.until.is_none_or(|until| Instant::now() + wait < until);
        if !in_time || cancel.is_cancelled() {
            break ended;
        }
        context.emitter.emit(Event::StepRetrying {
            at: at.clone(),
            attempt,
            kind: kind.to_owned(),
            message: ended.message.clone(),
            wait_milliseconds: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        tokio::select! {
            () = cancel.cancelled() => break Ended::failed(
                Outcome::Cancelled,
                "cancelled while it waited for its next try",
            ),
            () = tokio::time::sleep(wait) => {}
        }
        attempt += 1;
    };
    tell_finished(context, at, step, &ended, attempt, started.elapsed());
    ended
}

/// Tells of a step that failed before it could start.
pub(crate) fn tell_unstarted(context: &Context, at: &StepRef, step: &Step, ended: &Ended) {
    tell_started(context, at, step, 1);
    tell_finished(context, at, step, ended, 1, Duration::ZERO);
}

fn tell_started(context: &Context, at: &StepRef, step: &Step, attempt: u32) {
    context.emitter.emit(Event::StepStarted {
        at: at.clone(),
        name: step_name(step),
        uses: step.uses.value.clone(),
        place: Place::of(&context.source, step.uses.span),
        attempt,
    });
}

fn tell_finished(
    context: &Context,
    at: &StepRef,
    step: &Step,
    ended: &Ended,
    attempts: u32,
    took: Duration,
) {
    context.emitter.emit(Event::StepFinished {
        at: at.clone(),
        place: Place::of(&context.source, step.uses.span),
        outcome: ended.outcome,
        attempts,
        continues: step.continue_on_error && ended.outcome.is_tolerable(),
        message: ended.message.clone(),
        details: ended.details.clone(),
        outputs: Value::Object(ended.outputs.clone()),
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
}

/// One try of a step.
struct Try<'a> {
    context: &'a Arc<Context>,
    at: &'a StepRef,
    step: &'a Step,
    scope: &'a RunScope,
    values: &'a Arc<KeptValues>,
    cancel: &'a CancellationToken,
    attempt: u32,
    time: Duration,
}

impl Try<'_> {
    async fn run(self, ready: &Ready) -> Ended {
        let Self {
            context,
            at,
            step,
            scope,
            values,
            cancel,
            attempt,
            time,
        } = self;
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
            step: Some(at.step),
            attempt,
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
            values: Arc::clone(values),
            cancel: cancel.clone(),
        });
        let Some(loaded) = &ready.loaded else {
            let ended = script::run(&host, &context.scripts, time).await;
            host.close().await;
            return with_doubts(&host, judge(&host, ended));
        };
        let preopens = match host.mounts() {
            Ok(preopens) => preopens,
            Err(error) => return judge(&host, Ended::failed(Outcome::Failed, error.message)),
        };
        let inputs = host.inputs();
        let arguments = match manifest.abi {
            Abi::World | Abi::Command => Arguments::Step { inputs },
            Abi::Plain | Abi::Host => plain_arguments(&ready.plugin.name, &inputs),
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
            .run(loaded, invocation, Arc::new(host.clone()))
            .await;
        host.close().await;
        let ended = outcome(manifest, &host, report.outcome, cancel.is_cancelled());
        with_doubts(&host, judge(&host, ended))
    }
}
