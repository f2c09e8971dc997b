//! The plan: what a pipeline will do and with what authority, before anything runs.
//!
//! Here are its shape and the walk over the jobs. `step` makes a step's part of it, `caches` what a job keeps between runs,
//! `code` marks what may become project code, `outputs` checks what is taken of earlier steps, `describe` puts what is
//! designated into words, `scope` is what expressions see by then.

mod caches;
mod code;
mod describe;
mod outputs;
mod scope;
mod step;

use capstep_pipeline::expr::{Evaluated, evaluate_template};
use capstep_pipeline::{Diagnostic, Job, Pipeline, Source, Span, Step};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub use caches::{CachePlan, CachedPath, MAX_CACHE_KEY, caches};
pub use describe::{describe, starts_project_code};
pub use scope::matrix_value;

use crate::bind::{HostKey, Knowledge, bind};
use crate::grant::{Grant, Place};
use crate::manifest::{Manifest, SinkKind};
use crate::races;
use scope::PlanScope;
use step::step_plan;

/// The version of the plan's JSON.
const PLAN_VERSION: u32 = 1;

/// What a pipeline will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The version of this shape.
    pub version: u32,
    /// The pipeline's file.
    pub file: String,
    /// The jobs, in the order written.
    pub jobs: Vec<JobPlan>,
}

/// What a job will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct JobPlan {
    /// Its id.
    pub id: String,
    /// Its key in `jobs`.
    #[serde(skip)]
    pub key: String,
    /// The values that make it this job of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Map<String, Value>>,
    /// Where it deploys to; values that last between runs are kept for each environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<JobEnvironment>,
    /// What it keeps between runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<CachePlan>,
    /// The jobs it waits for.
    pub needs: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<StepPlan>,
}

/// Where a job deploys to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JobEnvironment {
    /// What it is called; none where that is known only at run time.
    pub name: Option<String>,
    /// Its name as it was written.
    #[serde(skip)]
    pub written: String,
    /// Where that is.
    pub place: Place,
}

/// What a step will do, and what it may touch.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepPlan {
    /// Its number in the job, from 1.
    pub number: usize,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is called in logs.
    pub name: String,
    /// What it uses, as written.
    pub uses: String,
    /// The plugin's name and version, and its way in.
    pub plugin: String,
    /// Where it was written.
    pub place: Place,
    /// Where that file was included, if it is another one than the pipeline's own; the outermost place first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<Place>,
    /// What it may touch.
    pub authority: Vec<Grant>,
    /// The pipeline's folder as a whole, where it is a script that says neither what it reads nor what it writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_folder: Option<Grant>,
    /// The host keys that it pins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_keys: Vec<HostKey>,
    /// Which secrets go where.
    pub secrets: Vec<SecretFlow>,
    /// The project's own code that it starts.
    pub runs_project_code: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

impl StepPlan {
    /// Everything that it may touch, the folder as a whole among it.
    pub fn held(&self) -> impl Iterator<Item = &Grant> {
        self.authority.iter().chain(&self.whole_folder)
    }

    /// The things that these inputs designate, for people.
    pub fn shown(&self, pointers: &[String]) -> String {
        describe::shown(&self.authority, pointers)
    }
}

/// A secret on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SecretFlow {
    /// The secrets, by name; several where a value was made of several.
    pub secrets: Vec<String>,
    /// The input that holds it.
    pub pointer: String,
    /// Where it goes, for people: `SSH login root@203.0.113.7`.
    pub to: String,
    /// The kind of sink; none where it is only revealed.
    pub sink: Option<SinkKind>,
    /// The inputs that name the far ends.
    pub far_ends: Vec<String>,
    /// Whether the plugin sees the bytes.
    pub revealed: bool,
    /// Where it was written.
    pub place: Place,
}

/// Finds a plugin's manifest by what a step says it uses.
pub trait PluginSource {
    /// The manifest.
    ///
    /// # Errors
    /// What is wrong, and what might help.
    fn manifest(&self, pipeline: &Pipeline, uses: &str) -> Result<Arc<Manifest>, PluginProblem>;
}

/// Why a plugin can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginProblem {
    /// The kind of mistake: a diagnostic's code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What might help.
    pub help: Option<String>,
}

/// The values of `vars`, resolved before the plan.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Each with its value and how far it can be trusted to be the author's own.
    pub values: BTreeMap<String, (Value, Knowledge)>,
    /// What `event` is, where the run is about an event. Somebody else decides what is in it.
    pub event: Option<Value>,
}

/// Checks every step against its plugin and works out what each may touch.
pub fn plan(
    source: &Source,
    pipeline: &Pipeline,
    plugins: &dyn PluginSource,
    variables: &Variables,
) -> (Plan, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::default();
    let mut jobs = Vec::with_capacity(pipeline.jobs.len());
    for job in &pipeline.jobs {
        let matrix = job.matrix.as_ref().map(|variant| &variant.values);
        let scope = PlanScope { variables, matrix };
        let (kept, found) = caches(source, job, &scope);
        diagnostics.add(found);
        let mut steps = Vec::with_capacity(job.steps.len());
        let mut manifests = Vec::with_capacity(job.steps.len());
        for (index, step) in job.steps.iter().enumerate() {
            let manifest = plugins.manifest(pipeline, &step.uses.value);
            manifests.push(manifest.as_ref().ok().cloned());
            match manifest {
                Ok(manifest) => {
                    let (bound, found) = bind(source, step, &manifest, &scope);
                    diagnostics.add(found);
                    steps.push(step_plan(source, index, step, &manifest, bound));
                }
                Err(problem) => diagnostics.add([Diagnostic::error(
                    problem.code,
                    step.uses.span,
                    problem.message,
                )
                .maybe_help(problem.help)]),
            }
        }
        diagnostics.add(outputs::unknown(job, &manifests));
        jobs.push(JobPlan {
            id: job.id.value.clone(),
            key: job.key.clone(),
            matrix: matrix.cloned(),
            environment: environment(source, job, &scope),
            caches: kept,
            needs: job.needs.iter().map(|need| need.value.clone()).collect(),
            steps,
        });
    }
    code::mark(&mut jobs);
    let plan = Plan {
        version: PLAN_VERSION,
        file: source.name.clone(),
        jobs,
    };
    diagnostics.add(races::find(source, &plan));
    (plan, diagnostics.found)
}

/// Where a job deploys to, as far as that is known.
fn environment(source: &Source, job: &Job, scope: &PlanScope<'_>) -> Option<JobEnvironment> {
    let written = &job.environment.as_ref()?.name;
    let name = match evaluate_template(written, scope) {
        Ok(Evaluated::Json(Value::String(name))) => Some(name),
        Ok(Evaluated::Json(Value::Number(name))) => Some(name.to_string()),
        _ => None,
    };
    Some(JobEnvironment {
        name,
        written: source
            .slice(written.span())
            .trim_matches(['"', '\''])
            .to_owned(),
        place: Place::of(source, written.span()),
    })
}

/// Mistakes, each told once: the jobs of a matrix have their steps in common, and so what is wrong with them.
#[derive(Default)]
struct Diagnostics {
    found: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Span, String)>,
}

impl Diagnostics {
    fn add(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in found {
            let about = (diagnostic.code, diagnostic.span, diagnostic.message.clone());
            if self.seen.insert(about) {
                self.found.push(diagnostic);
            }
        }
    }
}

/// What a step is called where it has no name of its own: its id, or what it uses.
pub fn step_name(step: &Step) -> String {
    let own = step.name.as_ref().or(step.id.as_ref());
    match own {
        Some(name) => name.value.clone(),
        None => step
            .script_title()
            .unwrap_or_else(|| step.uses.value.clone()),
    }
}

#[cfg(test)]
mod tests;
