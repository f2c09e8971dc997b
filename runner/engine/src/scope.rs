//! What expressions see while the pipeline runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use capstep_grants::bind::{InputScope, Knowledge};
use capstep_grants::plan::{Variables, matrix_value};
use capstep_host::Trust;
use capstep_pipeline::Job;
use capstep_pipeline::expr::{Evaluated, JobStatus, Reference, Scope, SecretText, Target, descend};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::event::Outcome;

/// Values that were given by steps or jobs, by name.
pub(crate) type Outputs = BTreeMap<String, Evaluated>;

/// What is left of a step or job that ended.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    pub(crate) outcome: Outcome,
    pub(crate) outputs: Outputs,
}

/// What is left of a job that is needed.
#[derive(Debug, Clone)]
pub(crate) enum Needed {
    /// Of one job.
    One(Left),
    /// Of the jobs of a matrix, in its order.
    Matrix(Vec<Left>),
}

/// What a step's or job's expressions see.
pub(crate) struct RunScope {
    context: Arc<Context>,
    /// The job's id.
    job: String,
    /// The values that make it this job of a matrix.
    matrix: Option<Map<String, Value>>,
    /// Of earlier steps of this job, by id.
    pub(crate) steps: HashMap<String, Left>,
    /// Of the jobs that this one needs, by their keys.
    needs: HashMap<String, Needed>,
    pub(crate) status: JobStatus,
}

impl RunScope {
    /// What a job sees before its first step.
    pub(crate) fn of_job(
        context: &Arc<Context>,
        job: &Job,
        needs: HashMap<String, Needed>,
        status: JobStatus,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            job: job.id.value.clone(),
            matrix: job.matrix.as_ref().map(|variant| variant.values.clone()),
            steps: HashMap::new(),
            needs,
            status,
        }
    }

    /// The same, as the first step sees it: nothing of this job has failed yet.
    pub(crate) fn for_steps(mut self) -> Self {
        self.status = JobStatus::Success;
        self
    }

    fn variables(&self) -> &Variables {
        &self.context.variables
    }

    fn needed(&self, id: &str, name: &str, rest: &[String]) -> Result<Evaluated, String> {
        match self.needs.get(id) {
            None => Ok(Evaluated::Json(Value::Null)),
            Some(Needed::One(left)) => output(Some(left), name, rest),
            // In the order of the matrix; one that gave nothing has its place too.
            Some(Needed::Matrix(all)) => {
                let values = all.iter().map(|left| match output(Some(left), name, &[])? {
                    Evaluated::Json(value) => Ok(value),
                    Evaluated::Secret(_) => Err(format!(
                        "the output `{name}` of a matrix is a list, and no list can hold a secret"
                    )),
                });
                let list = Value::Array(values.collect::<Result<_, String>>()?);
                descend(&list, rest).cloned().map(Evaluated::Json)
            }
        }
    }
}

impl Scope for RunScope {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let rest = |from: usize| path.get(from..).unwrap_or_default();
        let text = |text: &str| Ok(Evaluated::Json(Value::from(text)));
        match words.as_slice() {
            ["secrets", name] => match self.context.secrets.get(*name) {
                Some(value) => Ok(Evaluated::Secret(SecretText::new(
                    *name,
                    value.expose().to_owned().into(),
                ))),
                None => Err(format!("the secret `{name}` has no value")),
            },
            ["vars", name, ..] => match self.variables().values.get(*name) {
                Some((value, _)) => descend(value, rest(2)).cloned().map(Evaluated::Json),
                None => Err(format!("the variable `{name}` has no value")),
            },
            ["steps", id, "outputs", name, ..] => output(self.steps.get(*id), name, rest(4)),
            ["steps", id, "outcome"] => match self.steps.get(*id) {
                Some(left) => text(left.outcome.word()),
                None => Ok(Evaluated::Json(Value::Null)),
            },
            ["needs", id, "outputs", name, ..] => self.needed(id, name, rest(4)),
            ["needs", id, "outcome"] => match self.needs.get(*id) {
                Some(Needed::One(left)) => text(left.outcome.word()),
                Some(Needed::Matrix(all)) => {
                    // Where one failed the others may have been cancelled for it: that it failed is what counts.
                    let outcomes = all.iter().map(|left| left.outcome);
                    let worst = outcomes.max_by_key(|outcome| (outcome.is_failure(), *outcome));
                    text(worst.unwrap_or(Outcome::Skipped).word())
                }
                None => Ok(Evaluated::Json(Value::Null)),
            },
            ["matrix", axis, ..] => matrix_value(self.matrix.as_ref(), axis, rest(2)),
            // Without an event there is nothing in it, as in a map that lacks a key.
            ["event", ..] => {
                let event = self.variables().event.as_ref().unwrap_or(&Value::Null);
                descend(event, rest(1)).cloned().map(Evaluated::Json)
            }
            ["run", "id"] => text(&self.context.run),
            ["run", "job"] => text(&self.job),
            ["run", "started"] => text(&self.context.started),
            ["run", "trusted"] => {
                let is_trusted = self.context.trust == Trust::Trusted;
                Ok(Evaluated::Json(Value::Bool(is_trusted)))
            }
            _ => Err(format!("`{}` is not known here", path.join("."))),
        }
    }

    fn status(&self) -> JobStatus {
        self.status
    }

    fn hash_files(&self, patterns: &[String]) -> Result<String, String> {
        capstep_host::hash_files(&self.context.workspace, &self.context.sealed, patterns)
    }
}

fn output(of: Option<&Left>, name: &str, rest: &[String]) -> Result<Evaluated, String> {
    // A step that was skipped gave nothing; `default` can stand in for it.
    match of.and_then(|left| left.outputs.get(name)) {
        None => Ok(Evaluated::Json(Value::Null)),
        Some(Evaluated::Json(value)) => descend(value, rest).cloned().map(Evaluated::Json),
        Some(Evaluated::Secret(text)) => Ok(Evaluated::Secret(text.clone())),
    }
}

impl InputScope for RunScope {
    fn knowledge(&self, reference: &Reference) -> Knowledge {
        match &reference.target {
            Target::Secret(_) | Target::Matrix(_) => Knowledge::Written,
            Target::Variable(name) => self
                .variables()
                .values
                .get(name)
                .map_or(Knowledge::Written, |(_, from)| *from),
            // What `env` stands for is looked up before.
            Target::Env(_)
            | Target::Input(_)
            | Target::StepOutput { .. }
            | Target::JobOutput { .. }
            | Target::StepOutcome(_)
            | Target::JobOutcome(_)
            | Target::Event
            | Target::Run(_) => Knowledge::RunTime,
        }
    }

    fn files(&self) -> Knowledge {
        Knowledge::RunTime
    }
}
