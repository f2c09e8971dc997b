//! What a change of the file adds to a plan's authority, widens in it, and removes.

use capstep_grants::Place;
use capstep_grants::changes::{Change, ChangeKind, Changes, Side};
use schemars::JsonSchema;
use serde::Serialize;

use super::plan_row::{JOB_ITSELF, Row, of_cached, of_environment, of_flow, of_grant, of_host_key};
use super::table::{pad, width_of};
use crate::printer::{Look, Style};

/// The version of this shape.
const DIFF_VERSION: u32 = 1;

/// Where a job says that it deploys, as a pointer.
const ENVIRONMENT: &str = "environment";

/// What `capstep plan --diff REF --format json` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PlanDiff {
    /// The version of this shape.
    pub(crate) version: u32,
    /// The pipeline's file.
    pub(crate) file: String,
    /// The revision it is compared with, as it was named.
    pub(crate) revision: String,
    /// The commit that the revision is.
    pub(crate) commit: String,
    /// Whether anything was added or widened.
    pub(crate) wider: bool,
    /// The differences.
    pub(crate) changes: Vec<DiffLine>,
}

/// One difference.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DiffLine {
    /// Which way it goes.
    pub(crate) change: ChangeKind,
    /// The job's id.
    pub(crate) job: String,
    /// The step's number in its job, from 1: as it is now, where it is still there. Null where it is the job itself.
    pub(crate) step: Option<usize>,
    /// What the step is called; of the job itself what that does.
    pub(crate) name: String,
    /// How it was.
    pub(crate) old: Option<DiffSide>,
    /// How it is.
    pub(crate) new: Option<DiffSide>,
}

/// One side of a difference.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DiffSide {
    /// The input, by its JSON Pointer; `environment` and `cache/…` of the job itself.
    pub(crate) pointer: String,
    /// What may be done: `read`, `ssh: script, files`, `secret`.
    pub(crate) how: String,
    /// With what; for a secret, which goes where.
    pub(crate) thing: String,
    /// Where it is, or was, written.
    pub(crate) place: Place,
}

impl PlanDiff {
    pub(crate) fn new(file: &str, revision: &str, commit: &str, changes: &Changes<'_>) -> Self {
        Self {
            version: DIFF_VERSION,
            file: file.to_owned(),
            revision: revision.to_owned(),
            commit: commit.to_owned(),
            wider: changes.is_wider(),
            changes: changes.list.iter().map(line).collect(),
        }
    }
}

fn line(change: &Change<'_>) -> DiffLine {
    DiffLine {
        change: change.kind,
        job: change.job.to_owned(),
        step: change.step.map(|step| step.number),
        name: change
            .step
            .map_or_else(|| JOB_ITSELF.to_owned(), |step| step.name.clone()),
        old: change.old.as_ref().map(side),
        new: change.new.as_ref().map(side),
    }
}

fn side(side: &Side<'_>) -> DiffSide {
    let (pointer, place, Row { verb, thing, .. }) = match side {
        Side::Grant(grant, step) => (grant.pointer.as_str(), &grant.place, of_grant(grant, step)),
        Side::HostKey(key, step) => (key.pointer.as_str(), &key.place, of_host_key(key, step)),
        Side::Environment(job) => (ENVIRONMENT, &job.place, of_environment(job)),
        Side::Secret(flow) => (flow.pointer.as_str(), &flow.place, of_flow(flow)),
        Side::Cache(cache, cached) => (
            cached.pointer.as_str(),
            &cached.place,
            of_cached(cache, cached),
        ),
    };
    DiffSide {
        pointer: pointer.to_owned(),
        how: verb.trim_end_matches(':').to_owned(),
        thing,
        place: place.clone(),
    }
}

/// `+` added, `-` removed, `~` changed: the lines below the step that they belong to.
pub(crate) fn plan_diff(diff: &PlanDiff, look: Look) -> String {
    let short: String = diff.commit.chars().take(12).collect();
    let mut text = format!(
        "{}  {}\n",
        look.paint(Style::Strong, &diff.file),
        look.paint(Style::Faint, format!("against {} ({short})", diff.revision))
    );
    let sides = || {
        diff.changes
            .iter()
            .flat_map(|change| change.old.iter().chain(&change.new))
    };
    let hows = sides().map(|side| width_of(&side.how)).max().unwrap_or(0);
    let things = sides().map(|side| width_of(&side.thing)).max().unwrap_or(0);
    let row = |sign: &str, style, side: &DiffSide, note: &str| {
        let how = pad(&side.how, hows);
        let thing = pad(&side.thing, things);
        let place = look.paint(Style::Faint, side.place.to_string());
        format!(
            "  {}  {place}{note}\n",
            look.paint(style, format!("{sign} {how}  {thing}"))
        )
    };
    let mut last = None;
    for change in &diff.changes {
        let step = (&change.job, change.step, &change.name);
        if last != Some(step) {
            let name = match change.step {
                Some(step) => format!("{}/{step}  {}", change.job, change.name),
                None => format!("{}  {}", change.job, change.name),
            };
            text.push_str(&format!("\n{}\n", look.paint(Style::Strong, name)));
            last = Some(step);
        }
        let (old, new) = (change.old.as_ref(), change.new.as_ref());
        let (sign, style, note) = match change.change {
            ChangeKind::Added => ("+", Style::Bad, ""),
            ChangeKind::Removed => ("-", Style::Good, ""),
            ChangeKind::Widened => ("~", Style::Bad, "wider"),
            ChangeKind::Narrowed => ("~", Style::Good, "narrower"),
            ChangeKind::OtherCode => ("~", Style::Notice, "other code"),
        };
        match (old, new) {
            (Some(old), Some(new)) => {
                let was = format!("  {note}; was {} {} at {}", old.how, old.thing, old.place);
                text.push_str(&row(sign, style, new, &was));
            }
            (Some(side), None) | (None, Some(side)) => text.push_str(&row(sign, style, side, "")),
            (None, None) => {}
        }
    }
    text.push_str(&format!("\n{}\n", summary(diff)));
    text
}

fn summary(diff: &PlanDiff) -> String {
    let number = |kind| {
        let of_kind = diff.changes.iter().filter(|change| change.change == kind);
        of_kind.count()
    };
    let parts = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Widened, "widened"),
        (ChangeKind::Narrowed, "narrowed"),
        (ChangeKind::Removed, "removed"),
    ];
    let mut said: Vec<String> = parts
        .iter()
        .filter(|(kind, _)| number(*kind) > 0)
        .map(|(kind, word)| format!("{} {word}", number(*kind)))
        .collect();
    match number(ChangeKind::OtherCode) {
        0 => {}
        others => said.push(format!("{others} with other code")),
    }
    if said.is_empty() {
        "the same authority as before".to_owned()
    } else {
        said.join(", ")
    }
}
