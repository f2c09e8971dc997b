//! What an untrusted run surely doesn't come to, told before it begins: jobs and steps whose conditions are false whatever
//! happens in the run. What is left is refused where it needs what such a run hasn't got.

use std::collections::HashSet;

use capstep_grants::plan::{Variables, matrix_value};
use capstep_pipeline::expr::{Evaluated, Expr, JobStatus, Scope, descend};
use capstep_pipeline::{Job, Pipeline, Step};
use serde_json::Value;

use crate::dispatcher::for_others;
use crate::due::{Due, due, due_at_the_end};

/// How it may have gone for a job or step before it starts.
const STATUSES: [JobStatus; 4] = [
    JobStatus::Success,
    JobStatus::Failure,
    JobStatus::Skipped,
    JobStatus::Cancelled,
];

/// Which jobs and steps an untrusted run may come to.
pub struct Untrusted<'a> {
    variables: &'a Variables,
    /// The ids of jobs that surely are not run.
    skipped: HashSet<&'a str>,
}

impl<'a> Untrusted<'a> {
    /// Goes through a pipeline's conditions, with what is known before the run.
    pub fn of(pipeline: &'a Pipeline, variables: &'a Variables) -> Self {
        let others = for_others(pipeline, variables.event.as_ref());
        let all = pipeline.jobs.iter();
        let for_others = all.filter(|job| others.contains(&job.key));
        let mut untrusted = Self {
            variables,
            skipped: for_others.map(|job| job.id.value.as_str()).collect(),
        };
        // One that is skipped may let another one be skipped, which may stand before it.
        loop {
            let before = untrusted.skipped.len();
            for job in &pipeline.jobs {
                if !untrusted.is_due(job) {
                    untrusted.skipped.insert(&job.id.value);
                }
            }
            if untrusted.skipped.len() == before {
                return untrusted;
            }
        }
    }

    /// Whether a job may be run.
    pub fn may_run(&self, job: &Job) -> bool {
        !self.skipped.contains(job.id.value.as_str())
    }

    /// Whether a step of a job that may be run may be run.
    pub fn may_run_step(&self, job: &Job, step: &Step) -> bool {
        let condition = step.condition.as_ref();
        let decide = match step.finally {
            true => due_at_the_end,
            false => due,
        };
        self.may_be(job, condition, &STATUSES, decide)
    }

    fn is_due(&self, job: &Job) -> bool {
        // Where something that it needs is skipped, not all of that has passed.
        let needs = job.needs.iter();
        let mut skipped = needs.filter(|need| self.skipped.contains(need.value.as_str()));
        let statuses = match skipped.next() {
            None => STATUSES.as_slice(),
            Some(_) => STATUSES.get(1..).unwrap_or_default(),
        };
        self.may_be(job, job.condition.as_ref(), statuses, due)
    }

    fn may_be(
        &self,
        job: &Job,
        condition: Option<&Expr>,
        statuses: &[JobStatus],
        decide: fn(Option<&Expr>, &dyn Scope) -> Due,
    ) -> bool {
        statuses.iter().any(|status| {
            let scope = Known {
                variables: self.variables,
                job,
                status: *status,
            };
            // What can't be worked out yet may come to anything.
            !matches!(decide(condition, &scope), Due::No(_))
        })
    }
}

/// What is known of an untrusted run before it begins.
struct Known<'a> {
    variables: &'a Variables,
    job: &'a Job,
    status: JobStatus,
}

impl Scope for Known<'_> {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let rest = |from: usize| path.get(from..).unwrap_or_default();
        let later = || "is known only when the pipeline runs".to_owned();
        match words.as_slice() {
            ["run", "trusted"] => Ok(Evaluated::Json(Value::Bool(false))),
            ["run", "job"] => Ok(Evaluated::Json(Value::from(self.job.id.value.as_str()))),
            ["vars", name, ..] => {
                let (value, _) = self.variables.values.get(*name).ok_or_else(later)?;
                descend(value, rest(2)).cloned().map(Evaluated::Json)
            }
            ["matrix", axis, ..] => {
                let matrix = self.job.matrix.as_ref();
                matrix_value(matrix.map(|variant| &variant.values), axis, rest(2))
            }
            ["event", ..] => {
                let event = self.variables.event.as_ref().unwrap_or(&Value::Null);
                descend(event, rest(1)).cloned().map(Evaluated::Json)
            }
            _ => Err(later()),
        }
    }

    fn status(&self) -> JobStatus {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::{Source, parse_pipeline};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_surely_skipped() {
        let check = |jobs: &str, event: Option<Value>, expected: &str| {
            let text = format!("version: 1\nvars: {{ on: false }}\njobs:\n{jobs}");
            let source = Source::new("p.yml", text);
            let (pipeline, mistakes) = parse_pipeline(&source);
            assert_eq!(mistakes, [], "{jobs}");
            let pipeline = pipeline.unwrap();
            let on = (json!(false), capstep_grants::bind::Knowledge::Written);
            let variables = Variables {
                values: [("on".to_owned(), on)].into(),
                event,
            };
            let untrusted = Untrusted::of(&pipeline, &variables);
            let mut found = Vec::new();
            for job in pipeline.jobs.iter().filter(|job| untrusted.may_run(job)) {
                let numbered = (1..).zip(job.steps.iter());
                let steps = numbered.filter(|(_, step)| untrusted.may_run_step(job, step));
                let steps: Vec<String> = steps.map(|(number, _)| number.to_string()).collect();
                found.push(format!("{}:{}", job.id.value, steps.join(",")));
            }
            assert_eq!(found.join(" "), expected, "{jobs}");
        };
        let step = "steps: [ { uses: noop } ]";
        let job = |id: &str, more: &str| format!("  {id}: {{ {more}{step} }}\n");
        check(&job("a", ""), None, "a:1");
        check(&job("a", "if: run.trusted, "), None, "");
        check(&job("a", "if: '!run.trusted', "), None, "a:1");
        check(&job("a", "if: vars.on, "), None, "");
        check(&job("a", "if: run.trusted && failure(), "), None, "");
        check(&job("a", "if: run.trusted || failure(), "), None, "a:1");
        check(
            &job("a", "if: \"run.trusted || run.id == 'x'\", "),
            None,
            "a:1",
        );
        // Whoever needs what is skipped is skipped, unless its condition says otherwise.
        let first = job("b", "needs: a, ") + &job("a", "if: run.trusted, ");
        check(&first, None, "");
        let all = first.replace("needs: a,", "needs: a, if: always(),");
        check(&all, None, "b:1");
        let well = first.replace("needs: a,", "needs: a, if: success(),");
        check(&well, None, "");
        // What is for other events is skipped as well.
        let push = job("a", "on: push, ");
        check(&push, Some(json!({ "name": "pull-request" })), "");
        check(&push, Some(json!({ "name": "push" })), "a:1");
        check(&push, None, "a:1");
        let event = job("a", "if: event.from == 'us', ");
        check(&event, Some(json!({ "from": "them" })), "");
        check(
            "  a:\n    steps:\n      - { uses: noop, if: run.trusted }\n      - { uses: noop, if: always() }\n    finally:\n      - { uses: noop, if: run.trusted }\n      - { uses: noop, if: '!run.trusted' }\n",
            None,
            "a:2,4",
        );
    }
}
