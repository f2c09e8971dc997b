//! What a job has before its first step: where it deploys to, its turn, its caches.

use std::time::Duration;

use capstep_host::Trust;
use capstep_host::sandbox::limits;
use capstep_pipeline::Job;
use capstep_pipeline::expr::{Evaluated, Template, evaluate_template};
use serde_json::Value;

use super::{Prepared, Running, SUPERSEDED};
use crate::caches::JobCaches;
use crate::concurrency::{NoTurn, Turn, turn};
use crate::event::{Event, Outcome};

impl Running {
    /// Works out what the job is about, and waits for its turn. Or why it can't run.
    pub(super) async fn prepare(&self, job: &Job) -> Result<Prepared, (Outcome, String)> {
        let failed = |message: String| (Outcome::Failed, message);
        let environment = match &job.environment {
            Some(environment) => {
                let name = self.text("its environment", &environment.name);
                Some(name.map_err(failed)?)
            }
            None => None,
        };
        if environment.is_some() && self.context.trust == Trust::Untrusted {
            // Told before the run where that can be; a condition may let it come so far.
            return Err(failed("an untrusted run deploys nowhere".to_owned()));
        }
        let turn = self.turn(job).await?;
        // Worked out when it is the job's turn: the job before it may have changed the files that a key is made of.
        let caches = JobCaches::of(&self.context, job, &self.scope)?;
        Ok(Prepared {
            turn,
            environment,
            caches,
        })
    }

    /// Waits for the job's turn in its group, where it has one.
    async fn turn(&self, job: &Job) -> Result<Option<Turn>, (Outcome, String)> {
        let failed = |message: String| (Outcome::Failed, message);
        let Some(concurrency) = &job.concurrency else {
            return Ok(None);
        };
        let group = self.text("its concurrency group", &concurrency.group);
        let group = group.map_err(failed)?;
        let waiting = || {
            self.context.emitter.emit(Event::JobWaiting {
                job: job.id.value.clone(),
                group: group.clone(),
            });
        };
        let ends_others = concurrency.cancel_in_progress;
        // An untrusted run neither waits for trusted ones nor ends them.
        let own;
        let project = match self.context.trust {
            Trust::Trusted => &self.context.project,
            Trust::Untrusted => {
                own = self.context.project.join("untrusted");
                &own
            }
        };
        let turn = turn(project, &group, ends_others, &self.cancel, waiting);
        // A job that runs although the run was cancelled is to tidy up soon, or not at all.
        let limit = if self.tidying {
            limits::GRACE
        } else {
            Duration::MAX
        };
        let turn = tokio::time::timeout(limit, turn).await;
        let turn = turn.unwrap_or(Err(NoTurn::Cancelled));
        let turn = turn.map_err(|why| match why {
            NoTurn::Cancelled => (
                Outcome::Cancelled,
                "cancelled while it waited for its turn".to_owned(),
            ),
            NoTurn::Superseded => (Outcome::Cancelled, SUPERSEDED.to_owned()),
            NoTurn::Io(error) => (
                Outcome::Infrastructure,
                format!("the lock of the group `{group}` can't be used: {error}"),
            ),
        })?;
        Ok(Some(turn))
    }

    /// A text of the job that is not a secret, and not empty.
    pub(super) fn text(&self, what: &str, template: &Template) -> Result<String, String> {
        let problem = match evaluate_template(template, &self.scope) {
            Ok(Evaluated::Json(Value::String(text))) if !text.trim().is_empty() => {
                return Ok(self.context.masker.mask_str(&text).into_owned());
            }
            Ok(Evaluated::Json(Value::String(_))) => "it is empty".to_owned(),
            Ok(Evaluated::Json(Value::Number(number))) => return Ok(number.to_string()),
            Ok(Evaluated::Json(Value::Null)) => "it has no value".to_owned(),
            Ok(Evaluated::Json(_)) => "it is no text".to_owned(),
            Ok(Evaluated::Secret(_)) => "it is made of a secret".to_owned(),
            Err(error) => return Err(self.context.located(what, &error)),
        };
        let place = self.context.source.place(template.span());
        Err(format!("{place}: {what} can't be used: {problem}"))
    }
}
