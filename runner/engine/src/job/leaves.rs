//! What a job whose steps passed leaves: its outputs, and that it has deployed.

use capstep_pipeline::Job;
use capstep_pipeline::expr::{Evaluated, evaluate_template};
use serde_json::{Map, Value};

use super::Running;
use crate::environments::{self, Deployment};
use crate::event::{Event, Outcome};
use crate::resume;
use crate::scope::Outputs;

impl Running {
    /// Remembers a deployment, and tells of it; or why it can't be remembered.
    pub(super) fn deployed(&mut self, job: &Job, name: String) -> Option<String> {
        let url = job
            .environment
            .as_ref()
            .and_then(|environment| environment.url.as_ref());
        let url = match url.map(|url| self.text("the environment's `url`", url)) {
            None => None,
            Some(Ok(url)) => Some(url),
            Some(Err(message)) => {
                self.worst = Outcome::Failed;
                return Some(message);
            }
        };
        let deployment = Deployment {
            run: self.context.run.clone(),
            job: job.id.value.clone(),
            time: jiff::Timestamp::now().to_string(),
            url: url.clone(),
        };
        if let Err(error) = environments::record(&self.context.project, &name, deployment) {
            self.worst = Outcome::Infrastructure;
            return Some(format!(
                "it has deployed to `{name}`, but that can't be recorded: {error}"
            ));
        }
        self.context.emitter.emit(Event::Deployed {
            job: job.id.value.clone(),
            environment: name,
            url,
        });
        None
    }

    /// The outputs of a job whose steps passed; or why there are none, which fails it.
    pub(super) fn outputs(&mut self, job: &Job) -> (Outputs, Option<String>) {
        let mut outputs = Outputs::new();
        // Of a job of which only some steps ran, nothing is made.
        if resume::is_partial(&self.context, &job.id.value) {
            return (outputs, None);
        }
        let mut wrong = Vec::new();
        for (name, template) in job.outputs.iter() {
            match evaluate_template(template, &self.scope) {
                Ok(value) => {
                    outputs.insert(name.value.clone(), value);
                }
                Err(error) => {
                    let what = format!("the output `{}`", name.value);
                    wrong.push(self.context.located(&what, &error));
                }
            }
        }
        if wrong.is_empty() {
            return (outputs, None);
        }
        self.worst = Outcome::Failed;
        (Outputs::new(), Some(wrong.join("; ")))
    }
}

/// Outputs as events show them: secrets by name.
pub(super) fn shown(outputs: &Outputs) -> Value {
    let shown: Map<String, Value> = outputs
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Evaluated::Json(value) => value.clone(),
                Evaluated::Secret(secret) => {
                    let names: Vec<&str> = secret.names.iter().map(String::as_str).collect();
                    Value::from(format!("[secret {}]", names.join("+")))
                }
            };
            (name.clone(), value)
        })
        .collect();
    Value::Object(shown)
}
