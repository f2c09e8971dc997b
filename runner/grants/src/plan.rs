//! The plan: what a pipeline will do and with what authority, before anything runs.

use capstep_pipeline::expr::{Evaluated, JobStatus, Reference, Scope, SecretText, Target, descend};
use capstep_pipeline::{Backoff, Diagnostic, Pipeline, Source, Span, Step};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::authority::Authority;
use crate::bind::{BoundStep, InputScope, Knowledge, RoleKind, SecretBinding, bind};
use crate::grant::{Grant, Place};
use crate::manifest::{Abi, Access, Manifest, SinkKind};
use crate::races;

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
    /// The jobs it waits for.
    pub needs: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<StepPlan>,
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
    /// What it may touch.
    pub authority: Vec<Grant>,
    /// Which secrets go where.
    pub secrets: Vec<SecretFlow>,
    /// The project's own code that it starts.
    pub runs_project_code: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
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
        let mut steps = Vec::with_capacity(job.steps.len());
        for (index, step) in job.steps.iter().enumerate() {
            match plugins.manifest(pipeline, &step.uses.value) {
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
        jobs.push(JobPlan {
            id: job.id.value.clone(),
            key: job.key.clone(),
            matrix: matrix.cloned(),
            needs: job.needs.iter().map(|need| need.value.clone()).collect(),
            steps,
        });
    }
    let plan = Plan {
        version: PLAN_VERSION,
        file: source.name.clone(),
        jobs,
    };
    diagnostics.add(races::find(source, &plan));
    (plan, diagnostics.found)
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

fn step_plan(
    source: &Source,
    index: usize,
    step: &Step,
    manifest: &Manifest,
    bound: BoundStep,
) -> StepPlan {
    let secrets = bound
        .secrets
        .iter()
        .map(|secret| flow(secret, &bound.grants, manifest.abi))
        .collect();
    let mut notes = Vec::new();
    if manifest.abi == Abi::Host
        && !bound
            .grants
            .iter()
            .any(|grant| matches!(grant.authority, Some(Authority::Path { .. })))
    {
        notes.push(
            "may read and change the whole folder; `reads` and `writes` say less, and let races be found"
                .to_owned(),
        );
    }
    if step.finally {
        notes.push("runs at the end, however the steps before went".to_owned());
    }
    if let Some(retry) = step.retry.as_ref().filter(|retry| retry.attempts > 1) {
        let waits = match retry.backoff {
            Backoff::Constant => "apart",
            Backoff::Exponential => "apart, then twice as long each time",
        };
        notes.push(format!(
            "is tried up to {} times, {:?} {waits}: each try may touch the same",
            retry.attempts, retry.delay
        ));
    }
    if step.continue_on_error {
        notes.push("may fail: the job goes on".to_owned());
    }
    let mut runs_project_code = Vec::new();
    for grant in &bound.grants {
        if let Some(Authority::Script {
            first_line,
            targets,
            ..
        }) = &grant.authority
        {
            runs_project_code.push(if manifest.abi == Abi::Host {
                format!("{first_line} on this machine")
            } else {
                format!("{first_line} on {}", shown(&bound.grants, targets))
            });
        }
        if let Some(build) = &grant.build {
            let context = grant
                .authority
                .as_ref()
                .map_or_else(|| describe_unknown(grant), ToString::to_string);
            runs_project_code.push(format!("{context}/{build}"));
        }
        if grant.access.contains(&Access::Run) {
            notes.push(format!(
                "containers of {} run the image's own code",
                describe(grant)
            ));
        }
        if grant.access.contains(&Access::Exec) {
            notes.push(format!(
                "the plugin may run commands of its own on {}",
                describe(grant)
            ));
        }
        if grant.access.contains(&Access::Delete) {
            notes.push(format!(
                "what is at {} and not in {} is removed there",
                describe(grant),
                beside(&bound.grants, grant)
            ));
        }
        if grant.access.contains(&Access::Mount) {
            notes.push(format!(
                "{} is seen directly: this step can't be replayed",
                describe(grant)
            ));
        }
        if grant.authority.is_none() {
            notes.push(format!("{} is known when the step starts", grant.pointer));
        }
    }
    for role in bound
        .roles
        .iter()
        .filter(|role| role.kind == RoleKind::Jump)
    {
        notes.push(format!(
            "{} is reached through {}",
            shown(&bound.grants, &role.serves),
            shown(&bound.grants, std::slice::from_ref(&role.pointer))
        ));
    }
    StepPlan {
        number: index + 1,
        id: step.id.as_ref().map(|id| id.value.clone()),
        name: step_name(step),
        uses: step.uses.value.clone(),
        plugin: match manifest.abi {
            Abi::Plain => format!("{} (plain program)", manifest.name),
            Abi::Command => format!("{} {} (command)", manifest.name, manifest.version),
            Abi::World => format!("{} {}", manifest.name, manifest.version),
            Abi::Host => "a script of the pipeline, run by the host".to_owned(),
        },
        place: Place::of(source, step.uses.span),
        authority: bound.grants,
        secrets,
        runs_project_code,
        notes,
    }
}

fn flow(secret: &SecretBinding, grants: &[Grant], abi: Abi) -> SecretFlow {
    // Whatever a script on this machine is given, the project's own code has.
    let reveal = secret.reveal || abi == Abi::Host;
    let to = match &secret.sink {
        None => "the plugin itself (revealed)".to_owned(),
        Some(sink) => {
            let far_ends = shown(grants, &sink.to);
            match sink.kind {
                SinkKind::SshAuth => format!("SSH login {far_ends}"),
                SinkKind::Passphrase => "passphrase of the private key".to_owned(),
                SinkKind::RemoteEnv => format!("environment of the script `{far_ends}`"),
                SinkKind::HttpHeader => format!("request header to {far_ends}"),
                SinkKind::HttpBody => format!("request body to {far_ends}"),
                SinkKind::RegistryAuth => format!("login {far_ends}"),
                SinkKind::BuildSecret => format!("secret of the build of {far_ends}"),
                SinkKind::File => format!(
                    "file {far_ends} ({})",
                    sink.format.as_deref().unwrap_or("text")
                ),
            }
        }
    };
    let to = if abi == Abi::Host {
        format!("{to} (revealed)")
    } else if secret.reveal && secret.sink.is_some() {
        format!("{to}, and the plugin itself (revealed)")
    } else {
        to
    };
    SecretFlow {
        secrets: secret.text.names.iter().cloned().collect(),
        pointer: secret.pointer.clone(),
        to,
        sink: secret.sink.as_ref().map(|sink| sink.kind),
        far_ends: secret
            .sink
            .as_ref()
            .map(|sink| sink.to.clone())
            .unwrap_or_default(),
        revealed: reveal,
        place: secret.place.clone(),
    }
}

/// The things that pointers designate, for people.
fn shown(grants: &[Grant], pointers: &[String]) -> String {
    let things: Vec<String> = grants
        .iter()
        .filter(|grant| pointers.contains(&grant.pointer))
        .map(|grant| match (&grant.authority, &grant.build) {
            // A far end is the context, however it is built.
            (Some(authority), Some(_)) => authority.to_string(),
            _ => describe(grant),
        })
        .collect();
    if things.is_empty() {
        "nothing".to_owned()
    } else {
        things.join(", ")
    }
}

/// The local paths that stand in the same record as a grant, for people.
fn beside(grants: &[Grant], of: &Grant) -> String {
    let record = |grant: &Grant| {
        grant
            .pointer
            .rsplit_once('/')
            .map(|(record, _)| record.to_owned())
    };
    let pointers: Vec<String> = grants
        .iter()
        .filter(|grant| grant.access.contains(&Access::Upload) && grant.pointer != of.pointer)
        .filter(|grant| record(grant) == record(of))
        .map(|grant| grant.pointer.clone())
        .collect();
    shown(grants, &pointers)
}

/// What a grant designates, for people.
pub fn describe(grant: &Grant) -> String {
    match (&grant.authority, &grant.build) {
        (
            Some(Authority::RemotePath {
                path,
                release: Some(_),
                ..
            }),
            _,
        ) => format!("{path} in the new release"),
        (Some(authority), Some(build)) => format!("{authority} ({build})"),
        (Some(authority), None) => authority.to_string(),
        (None, _) => describe_unknown(grant),
    }
}

/// What a grant designates that is known only when the step starts.
fn describe_unknown(grant: &Grant) -> String {
    match &grant.within {
        Some(within) => format!("something within {within}"),
        None => "something known at run time".to_owned(),
    }
}

/// Whether a grant starts the project's own code, and so has its line in [`StepPlan::runs_project_code`]: in the order
/// of the grants, one each.
pub fn starts_project_code(grant: &Grant) -> bool {
    matches!(grant.authority, Some(Authority::Script { .. })) || grant.build.is_some()
}

/// What is known before anything runs.
struct PlanScope<'a> {
    variables: &'a Variables,
    matrix: Option<&'a Map<String, Value>>,
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
            // What `env` stands for is looked up before.
            Target::Env(_) => Knowledge::Undeclared,
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

#[cfg(test)]
mod tests;
