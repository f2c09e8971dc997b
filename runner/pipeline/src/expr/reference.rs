//! What a path leads to.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::suggest::did_you_mean;

/// A path in an expression, such as `secrets.TOKEN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it leads to.
    pub target: Target,
    /// The whole path as written, `["steps", "build", "outputs", "image"]`; it may go on into the value.
    pub path: Vec<String>,
    /// Where the path stands.
    pub span: Span,
}

/// What a path can lead to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `secrets.NAME`
    Secret(String),
    /// `vars.NAME`
    Variable(String),
    /// `steps.ID.outputs.NAME`
    StepOutput {
        /// The step's id.
        step: String,
        /// The output's name.
        output: String,
    },
    /// `needs.JOB.outputs.NAME`
    JobOutput {
        /// The job's id.
        job: String,
        /// The output's name.
        output: String,
    },
    /// `steps.ID.outcome`
    StepOutcome(String),
    /// `needs.JOB.outcome`
    JobOutcome(String),
    /// `run.id`, `run.job`, `run.started`, `run.trusted`
    Run(RunFact),
    /// `event` and all below it
    Event,
    /// `env.NAME`
    Env(String),
    /// `inputs.NAME` and all below it
    Input(String),
    /// `matrix.AXIS`
    Matrix(String),
}

/// What is known of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunFact {
    /// Its id.
    Id,
    /// The id of the job that asks.
    Job,
    /// When it began: RFC 3339, UTC.
    Started,
    /// Whether what it runs is trusted, as who started it says.
    Trusted,
}

/// What a path can start with, and how such a path goes on.
const CONTEXTS: &[(&str, &str)] = &[
    ("vars", "vars.NAME"),
    ("secrets", "secrets.NAME"),
    ("steps", "steps.ID.outputs.NAME"),
    ("needs", "needs.JOB.outputs.NAME"),
    ("env", "env.NAME"),
    ("inputs", "inputs.NAME"),
    ("matrix", "matrix.AXIS"),
    ("event", "event.NAME"),
    ("run", "run.id"),
];

/// Reads a path.
pub(super) fn resolve(path: Vec<String>, span: Span) -> Result<Reference, Diagnostic> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let target = match parts.as_slice() {
        ["secrets", name] => Target::Secret((*name).to_owned()),
        ["vars", name, ..] => Target::Variable((*name).to_owned()),
        ["steps", step, "outputs", output, ..] => Target::StepOutput {
            step: (*step).to_owned(),
            output: (*output).to_owned(),
        },
        ["needs", job, "outputs", output, ..] => Target::JobOutput {
            job: (*job).to_owned(),
            output: (*output).to_owned(),
        },
        ["steps", step, "outcome"] => Target::StepOutcome((*step).to_owned()),
        ["needs", job, "outcome"] => Target::JobOutcome((*job).to_owned()),
        ["run", "id"] => Target::Run(RunFact::Id),
        ["run", "job"] => Target::Run(RunFact::Job),
        ["run", "started"] => Target::Run(RunFact::Started),
        ["run", "trusted"] => Target::Run(RunFact::Trusted),
        ["event", ..] => Target::Event,
        ["env", name] => Target::Env((*name).to_owned()),
        ["inputs", name, ..] => Target::Input((*name).to_owned()),
        ["matrix", axis, ..] => Target::Matrix((*axis).to_owned()),
        ["secrets"] => {
            return Err(Diagnostic::error(
                codes::SECRET_EXPOSED,
                span,
                "all secrets at once can't be used",
            )
            .help("name the one that is meant: `secrets.NAME`"));
        }
        _ => return Err(unknown(&parts, span)),
    };
    Ok(Reference { target, path, span })
}

fn unknown(parts: &[&str], span: Span) -> Diagnostic {
    let first = parts.first().copied().unwrap_or("");
    let written = parts.join(".");
    if let Some((_, shape)) = CONTEXTS.iter().find(|(name, _)| *name == first) {
        let message = format!("`{written}` is not a value");
        return Diagnostic::error(codes::UNKNOWN_CONTEXT, span, message)
            .help(format!("write `{shape}`"));
    }
    let names = CONTEXTS.iter().map(|(name, _)| *name);
    let help = match did_you_mean(first, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "values are `vars.NAME`, `secrets.NAME`, `steps.ID.outputs.NAME`, `needs.JOB.outputs.NAME`, `env.NAME`, `matrix.AXIS`, `event.NAME` and `run.id`; text stands in single quotes".to_owned(),
    };
    Diagnostic::error(
        codes::UNKNOWN_CONTEXT,
        span,
        format!("`{written}` is not known here"),
    )
    .help(help)
}
