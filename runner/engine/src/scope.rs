//! What expressions see while the pipeline runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use capstep_grants::bind::{InputScope, Knowledge};
use capstep_grants::plan::Variables;
use capstep_pipeline::expr::{Evaluated, JobStatus, Reference, Scope, SecretText, Target, descend};
use capstep_secrets::SecretValue;
use serde_json::Value;

use crate::context::Context;

/// Values that were given by steps or jobs, by name.
pub(crate) type Outputs = BTreeMap<String, Evaluated>;

/// What a step's or job's expressions see.
pub(crate) struct RunScope {
    pub(crate) run: String,
    pub(crate) variables: Arc<Variables>,
    pub(crate) secrets: Arc<BTreeMap<String, SecretValue>>,
    /// Of earlier steps of this job, by id.
    pub(crate) steps: HashMap<String, Outputs>,
    /// Of the jobs that this one needs.
    pub(crate) needs: HashMap<String, Outputs>,
    pub(crate) status: JobStatus,
}

impl RunScope {
    /// What a job sees before its first step.
    pub(crate) fn of_job(
        context: &Context,
        needs: HashMap<String, Outputs>,
        status: JobStatus,
    ) -> Self {
        Self {
            run: context.run.clone(),
            variables: Arc::clone(&context.variables),
            secrets: Arc::clone(&context.secrets),
            steps: HashMap::new(),
            needs,
            status,
        }
    }
}

impl Scope for RunScope {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["secrets", name] => match self.secrets.get(*name) {
                Some(value) => Ok(Evaluated::Secret(SecretText::new(
                    *name,
                    value.expose().to_owned().into(),
                ))),
                None => Err(format!("the secret `{name}` has no value")),
            },
            ["vars", name, ..] => match self.variables.values.get(*name) {
                Some((value, _)) => descend(value, path.get(2..).unwrap_or_default())
                    .cloned()
                    .map(Evaluated::Json),
                None => Err(format!("the variable `{name}` has no value")),
            },
            ["steps", id, "outputs", name, ..] => output(&self.steps, id, name, path),
            ["needs", id, "outputs", name, ..] => output(&self.needs, id, name, path),
            ["run", "id"] => Ok(Evaluated::Json(Value::from(self.run.as_str()))),
            _ => Err(format!("`{}` is not known here", path.join("."))),
        }
    }

    fn status(&self) -> JobStatus {
        self.status
    }
}

fn output(
    of: &HashMap<String, Outputs>,
    id: &str,
    name: &str,
    path: &[String],
) -> Result<Evaluated, String> {
    // A step that was skipped gave nothing; `default` can stand in for it.
    match of.get(id).and_then(|outputs| outputs.get(name)) {
        None => Ok(Evaluated::Json(Value::Null)),
        Some(Evaluated::Json(value)) => descend(value, path.get(4..).unwrap_or_default())
            .cloned()
            .map(Evaluated::Json),
        Some(Evaluated::Secret(text)) => Ok(Evaluated::Secret(text.clone())),
    }
}

impl InputScope for RunScope {
    fn knowledge(&self, reference: &Reference) -> Knowledge {
        match &reference.target {
            Target::Secret(_) => Knowledge::Written,
            Target::Variable(name) => self
                .variables
                .values
                .get(name)
                .map_or(Knowledge::Written, |(_, from)| *from),
            Target::StepOutput { .. } | Target::JobOutput { .. } | Target::RunId => {
                Knowledge::RunTime
            }
        }
    }
}
