//! Checks that what expressions refer to is there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::include::INNER;
use super::jobs::StepsSeen;
use super::names::shown;
use super::pipeline::Pipeline;
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Frame, Reference, Target};
use crate::source::{Span, Spanned};
use crate::suggest::similar;

/// A path in an expression, and from where it looks.
#[derive(Debug)]
pub(super) struct Use {
    /// The place of the job it stands in.
    pub(super) job: usize,
    /// The steps it can see.
    pub(super) steps: StepsSeen,
    /// What names of the file stand for there.
    pub(super) frame: Arc<Frame>,
    pub(super) reference: Reference,
}

/// What can be referred to. Lists that could not be read are none, so that their users aren't blamed.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) secrets: Option<Vec<String>>,
    pub(super) variables: Option<Vec<String>>,
    /// In the order of the file.
    pub(super) jobs: Vec<DeclaredJob>,
}

impl Default for Declared {
    fn default() -> Self {
        Self {
            secrets: Some(Vec::new()),
            variables: Some(Vec::new()),
            jobs: Vec::new(),
        }
    }
}

/// What of a job can be referred to.
#[derive(Debug)]
pub(super) struct DeclaredJob {
    pub(super) id: String,
    pub(super) span: Span,
    pub(super) needs: Vec<String>,
    /// Whether there may be more, since `needs` could not be read.
    pub(super) needs_unread: bool,
    pub(super) outputs: Vec<String>,
    /// Whether its outputs are not known, since they could not be read.
    pub(super) outputs_unread: bool,
    /// The names in its matrix; none where it has no matrix.
    pub(super) axes: Option<Vec<String>>,
    /// Whether its matrix is not known, since it could not be read.
    pub(super) matrix_unread: bool,
    /// Ids of steps and their places.
    pub(super) steps: Vec<(String, usize)>,
}

impl DeclaredJob {
    pub(super) fn new(id: String, span: Span) -> Self {
        Self {
            id,
            span,
            needs: Vec::new(),
            needs_unread: false,
            outputs: Vec::new(),
            outputs_unread: false,
            axes: None,
            matrix_unread: false,
            steps: Vec::new(),
        }
    }
}

/// Checks everything that was collected, and what `pipeline`'s jobs need.
pub(super) fn check(reader: &mut Reader<'_>, pipeline: &Pipeline) {
    let uses = std::mem::take(&mut reader.uses);
    let declared = std::mem::take(&mut reader.declared);
    let checker = Checker::new(&declared);
    for need in pipeline.jobs.iter().flat_map(|job| &job.needs) {
        if reader.is_full() {
            return;
        }
        if let Some(mistake) = checker.unknown_need(need) {
            reader.report(mistake);
        }
    }
    // Who declares a name mends all its uses at once; one that is like a known one is to be mended at each.
    let mut undeclared = HashSet::new();
    for used in &uses {
        if reader.is_full() {
            return;
        }
        if let Some(mistake) = checker.unknown(used)
            && (!is_for_all_uses(&mistake) || undeclared.insert(mistake.message.clone()))
        {
            reader.report(mistake);
        }
    }
}

fn is_for_all_uses(mistake: &Diagnostic) -> bool {
    let is_name = [codes::UNKNOWN_SECRET, codes::UNKNOWN_VARIABLE].contains(&mistake.code);
    let help = mistake.help.as_deref().unwrap_or_default();
    is_name && (help.starts_with("declare it") || help.starts_with("add `"))
}

struct Checker<'a> {
    declared: &'a Declared,
    jobs: HashMap<&'a str, &'a DeclaredJob>,
    secrets: HashSet<&'a str>,
    variables: HashSet<&'a str>,
}

impl<'a> Checker<'a> {
    fn new(declared: &'a Declared) -> Self {
        let jobs = declared.jobs.iter().map(|job| (job.id.as_str(), job));
        let names = |list: &'a Option<Vec<String>>| list.iter().flatten().map(String::as_str);
        Self {
            declared,
            jobs: jobs.collect(),
            secrets: names(&declared.secrets).collect(),
            variables: names(&declared.variables).collect(),
        }
    }

    fn unknown_need(&self, need: &Spanned<String>) -> Option<Diagnostic> {
        if self.jobs.contains_key(need.value.as_str()) {
            return None;
        }
        let name = shown(&need.value);
        let message = format!("there is no job `{name}`");
        let help = self
            .similar_job(&need.value)
            .unwrap_or_else(|| format!("add the job, or remove `{name}` from `needs`"));
        Some(Diagnostic::error(codes::UNKNOWN_JOB, need.span, message).help(help))
    }

    fn similar_job(&self, name: &str) -> Option<String> {
        let ids = self.declared.jobs.iter().map(|job| job.id.as_str());
        similar(name, ids)
    }

    fn unknown(&self, used: &Use) -> Option<Diagnostic> {
        let span = used.reference.span;
        let in_job = matches!(
            used.reference.target,
            Target::StepOutput { .. } | Target::StepOutcome(_)
        );
        // What else an included file refers to is looked up where it stands.
        if used.frame.file().is_some() && !in_job {
            return None;
        }
        match &used.reference.target {
            Target::Secret(name) => self.unknown_secret(name, span),
            Target::Variable(name) => self.unknown_variable(name, span),
            Target::StepOutput { step, .. } | Target::StepOutcome(step) => {
                self.unknown_step(used, step)
            }
            Target::JobOutput { job, output } => self.unknown_job(used, job, Some(output)),
            Target::JobOutcome(job) => self.unknown_job(used, job, None),
            Target::Matrix(axis) => self.unknown_axis(used, axis),
            // These are looked up where they stand.
            Target::Env(_) | Target::Input(_) => None,
            Target::Run(_) | Target::Event => None,
        }
    }

    fn unknown_secret(&self, name: &str, span: Span) -> Option<Diagnostic> {
        let known = self.declared.secrets.as_ref()?;
        if self.secrets.contains(name) {
            return None;
        }
        let help = similar(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
            if self.variables.contains(name) {
                format!("it is a variable: `vars.{name}`")
            } else if known.is_empty() {
                format!("declare it: `secrets: [{name}]`")
            } else if known.len() < 8 {
                format!("declare it: `secrets: [{}, {name}]`", known.join(", "))
            } else {
                format!("add `{name}` to `secrets`")
            }
        });
        let message = format!("the secret `{name}` is not declared");
        Some(Diagnostic::error(codes::UNKNOWN_SECRET, span, message).help(help))
    }

    fn unknown_variable(&self, name: &str, span: Span) -> Option<Diagnostic> {
        let known = self.declared.variables.as_ref()?;
        if self.variables.contains(name) {
            return None;
        }
        let help = similar(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
            if self.secrets.contains(name) {
                format!("it is a secret: `secrets.{name}`")
            } else if known.is_empty() {
                format!("declare it, with a default or none: `vars: {{ {name}: }}`")
            } else {
                format!("add `{name}:` to `vars`, with a default or none")
            }
        });
        let message = format!("the variable `{name}` is not declared");
        Some(Diagnostic::error(codes::UNKNOWN_VARIABLE, span, message).help(help))
    }

    fn unknown_step(&self, used: &Use, id: &str) -> Option<Diagnostic> {
        let job = self.declared.jobs.get(used.job)?;
        let whole = used.frame.id_in_job(id);
        let prefix = used.frame.file().map_or("", |file| file.prefix.as_str());
        let found = job.steps.iter().find(|(step, _)| *step == whole);
        let name = shown(id);
        let diagnostic = |message: String, help: String| {
            let span = used.reference.span;
            Some(Diagnostic::error(codes::UNKNOWN_STEP, span, message).help(help))
        };
        match (found, used.steps) {
            (Some(_), StepsSeen::All) => None,
            (Some((_, place)), StepsSeen::Before(limit)) if *place < limit => None,
            (Some((_, place)), StepsSeen::Before(limit)) if *place == limit => diagnostic(
                format!("the step `{name}` can't use its own outputs"),
                "outputs are known when the step has ended; refer to an earlier step".to_owned(),
            ),
            (Some(_), StepsSeen::Before(_)) => diagnostic(
                format!("the step `{name}` runs later than this one"),
                "steps run in the order written: move it up".to_owned(),
            ),
            (_, StepsSeen::None) => diagnostic(
                "this is worked out before the job's steps run".to_owned(),
                "put a condition on the steps, or hand the value over from a job in `needs`"
                    .to_owned(),
            ),
            (None, _) => {
                let ids = job
                    .steps
                    .iter()
                    .filter_map(|(step, _)| step.strip_prefix(prefix))
                    .filter(|step| !step.contains(INNER));
                let in_file = !prefix.is_empty();
                let help = similar(id, ids).unwrap_or_else(|| {
                    if in_file {
                        format!("give the step that is meant `id: {name}`; what is not in this file is handed over by its `inputs`")
                    } else if self.declared.jobs.iter().any(|other| {
                        other.id != job.id && other.steps.iter().any(|(step, _)| step == id)
                    }) {
                        "another job has it: hand the value over by that job's `outputs`, and refer to `needs.JOB.outputs.NAME`".to_owned()
                    } else {
                        format!("give the step that is meant `id: {name}`")
                    }
                });
                let place = if in_file { "file" } else { "job" };
                diagnostic(format!("there is no step `{name}` in this {place}"), help)
            }
        }
    }

    fn unknown_axis(&self, used: &Use, axis: &str) -> Option<Diagnostic> {
        let job = self.declared.jobs.get(used.job)?;
        if job.matrix_unread {
            return None;
        }
        let span = used.reference.span;
        let axis = shown(axis);
        let Some(axes) = &job.axes else {
            let message = format!("the job `{}` has no matrix", shown(&job.id));
            return Some(
                Diagnostic::error(codes::UNKNOWN_CONTEXT, span, message)
                    .help(format!("give it one: `matrix: {{ {axis}: [] }}`")),
            );
        };
        if axes.contains(&axis) {
            return None;
        }
        let names = || axes.iter().map(String::as_str);
        let help = similar(&axis, names())
            .unwrap_or_else(|| format!("it has `{}`", names().collect::<Vec<_>>().join("`, `")));
        let message = format!("the matrix of this job has no `{axis}`");
        Some(Diagnostic::error(codes::UNKNOWN_CONTEXT, span, message).help(help))
    }

    /// With no output it is the job's outcome that is asked for.
    fn unknown_job(&self, used: &Use, id: &str, output: Option<&str>) -> Option<Diagnostic> {
        let here = self.declared.jobs.get(used.job)?;
        let span = used.reference.span;
        let name = shown(id);
        let Some(job) = self.jobs.get(id) else {
            // Where it is in `needs`, it is told there.
            if here.needs.iter().any(|need| need == id) {
                return None;
            }
            let help = self
                .similar_job(id)
                .unwrap_or_else(|| "refer to a job in `needs`".to_owned());
            let message = format!("there is no job `{name}`");
            return Some(Diagnostic::error(codes::UNKNOWN_JOB, span, message).help(help));
        };
        if !here.needs.iter().any(|need| need == id) {
            if here.needs_unread {
                return None;
            }
            let needs: Vec<&str> = here.needs.iter().map(String::as_str).collect();
            let needs = [needs.as_slice(), &[id]].concat().join(", ");
            let message = format!("this job does not wait for `{name}`");
            return Some(
                Diagnostic::error(codes::UNKNOWN_JOB, span, message).help(format!(
                    "write `needs: [{needs}]` in the job `{}`",
                    shown(&here.id)
                )),
            );
        }
        let output = output?;
        let known = &job.outputs;
        if known.iter().any(|known| known == output) || job.outputs_unread {
            return None;
        }
        let output = shown(output);
        let help = similar(&output, known.iter().map(String::as_str)).unwrap_or_else(|| {
            format!(
                "add it to the job: `outputs: {{ {output}: \"${{{{ steps.ID.outputs.NAME }}}}\" }}`"
            )
        });
        let message = format!("the job `{name}` has no output `{output}`");
        Some(
            Diagnostic::error(codes::UNKNOWN_OUTPUT, span, message)
                .related(job.span, "this job")
                .help(help),
        )
    }
}
