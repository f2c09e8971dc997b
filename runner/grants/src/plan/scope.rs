//! What expressions see before anything runs.

use capstep_pipeline::expr::{Evaluated, JobStatus, Reference, Scope, SecretText, Target, descend};
use serde_json::{Map, Value};

use super::Variables;
use crate::bind::{InputScope, Knowledge};

/// What is known before anything runs.
pub(super) struct PlanScope<'a> {
    pub(super) variables: &'a Variables,
    pub(super) matrix: Option<&'a Map<String, Value>>,
}

impl Scope for PlanScope<'_> {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        match path {
            [context, name] if context == "secrets" => Ok(Evaluated::Secret(SecretText::new(
                name.clone(),
                String::new().into(),
            ))),
            [context, name, rest @ ..] if context == "vars" => {
                match self.variables.values.get(name) {
                    Some((value, _)) => descend(value, rest).cloned().map(Evaluated::Json),
                    None => Err(format!("the variable `{name}` has no value")),
                }
            }
            [context, axis, rest @ ..] if context == "matrix" => {
                matrix_value(self.matrix, axis, rest)
            }
            [context, rest @ ..] if context == "event" => match &self.variables.event {
                Some(event) => descend(event, rest).cloned().map(Evaluated::Json),
                None => Err("is known only when the pipeline runs".to_owned()),
            },
            _ => Err("is known only when the pipeline runs".to_owned()),
        }
    }

    fn status(&self) -> JobStatus {
        JobStatus::Success
    }
}

impl InputScope for PlanScope<'_> {
    fn knowledge(&self, reference: &Reference) -> Knowledge {
        match &reference.target {
            Target::Secret(_) => Knowledge::Written,
            Target::Variable(name) => self
                .variables
                .values
                .get(name)
                .map_or(Knowledge::Undeclared, |(_, from)| *from),
            // Who refers to a matrix that isn't there is told so where the text is checked.
            Target::Matrix(_) if self.matrix.is_none() => Knowledge::Undeclared,
            Target::Matrix(_) => Knowledge::Written,
            Target::Event if self.variables.event.is_some() => Knowledge::RunTime,
            // What these stand for is put in their place when the pipeline is read.
            Target::Env(_) | Target::Input(_) => Knowledge::Undeclared,
            Target::StepOutput { .. }
            | Target::JobOutput { .. }
            | Target::StepOutcome(_)
            | Target::JobOutcome(_)
            | Target::Event
            | Target::Run(_) => Knowledge::NotYet,
        }
    }
}

/// A value of a matrix, or a part of it. A combination may lack what another one was given.
///
/// # Errors
/// The path leads on where there is nothing to lead into, or the job has no matrix.
pub fn matrix_value(
    matrix: Option<&Map<String, Value>>,
    axis: &str,
    rest: &[String],
) -> Result<Evaluated, String> {
    let values = matrix.ok_or("this job has no matrix")?;
    let value = values.get(axis).unwrap_or(&Value::Null);
    descend(value, rest).cloned().map(Evaluated::Json)
}
