//! What one line of a plan says.

use capstep_grants::bind::{HostKey, Provenance};
use capstep_grants::manifest::Access;
use capstep_grants::plan::{
    CachePlan, CachedPath, JobEnvironment, JobPlan, SecretFlow, StepPlan, describe,
    starts_project_code,
};
use capstep_grants::{Authority, Grant, Place};
use capstep_pipeline::SCRIPT;

use crate::printer::Style;

/// What stands for a step's name where it is the job itself that does it.
pub(super) const JOB_ITSELF: &str = "the job itself";

/// One line: what may be done, with what, and where that was written.
pub(super) struct Row {
    /// The verb: `read`, `ssh: script, files`, `secret`.
    pub(super) verb: String,
    /// The thing.
    pub(super) thing: String,
    /// `capstep.yml:14:17`; empty where no place of its own belongs to it.
    pub(super) place: String,
    /// How the verb stands out.
    pub(super) style: Style,
}

/// The lines of a step, in the order of the file: what it may touch, which project code it starts, where secrets go,
/// and what else is worth knowing.
pub(super) fn rows(step: &StepPlan) -> Vec<Row> {
    let mut rows: Vec<(&Place, Row)> = Vec::new();
    let mut code = step.runs_project_code.iter();
    for grant in &step.authority {
        rows.push((&grant.place, of_grant(grant, step)));
        // The plan says what each of them starts, in the order of their grants. A script is nothing but that; a build
        // context is sent to the engine as well.
        if starts_project_code(grant)
            && let Some(code) = code.next()
            && !matches!(grant.authority, Some(Authority::Script { .. }))
        {
            let row = Row {
                verb: "runs project code:".to_owned(),
                thing: code.clone(),
                place: grant.place.to_string(),
                style: Style::Notice,
            };
            rows.push((&grant.place, row));
        }
    }
    for key in &step.host_keys {
        rows.push((&key.place, of_host_key(key, step)));
    }
    for flow in &step.secrets {
        rows.push((&flow.place, of_flow(flow)));
    }
    // A reader goes through the plan beside the file.
    rows.sort_by_key(|(place, _)| *place);
    let notes = step.notes.iter().map(|note| Row {
        verb: "note".to_owned(),
        thing: note.clone(),
        place: String::new(),
        style: Style::Faint,
    });
    rows.into_iter().map(|(_, row)| row).chain(notes).collect()
}

/// The lines of the job itself: where it deploys to, and what it keeps between runs.
pub(super) fn of_job(job: &JobPlan) -> Vec<Row> {
    let paths = job
        .caches
        .iter()
        .flat_map(|cache| cache.paths.iter().map(move |cached| (cache, cached)));
    let caches = paths.map(|(cache, cached)| of_cached(cache, cached));
    job.environment
        .iter()
        .map(of_environment)
        .chain(caches)
        .collect()
}

/// The line of the environment that a job deploys to.
pub(super) fn of_environment(environment: &JobEnvironment) -> Row {
    let thing = match &environment.name {
        Some(name) => name.clone(),
        None => format!("something known at run time (from {})", environment.written),
    };
    Row {
        verb: "deploys to".to_owned(),
        thing,
        place: environment.place.to_string(),
        style: Style::Name,
    }
}

/// The line of a host key that this step pins.
pub(super) fn of_host_key(key: &HostKey, step: &StepPlan) -> Row {
    Row {
        verb: "host key".to_owned(),
        thing: format!("{} of {}", key.fingerprint, step.shown(&key.targets)),
        place: key.place.to_string(),
        style: Style::Name,
    }
}

/// The line of a path that a job keeps.
pub(super) fn of_cached(cache: &CachePlan, cached: &CachedPath) -> Row {
    let mut thing = format!("{} by {}", cached.path, cache.key);
    if !cache.fallback_keys.is_empty() {
        thing.push_str(&format!(", else {}…", cache.fallback_keys.join("…, ")));
    }
    Row {
        verb: cache.verb().to_owned(),
        thing,
        place: cached.place.to_string(),
        style: Style::Name,
    }
}

/// The line of a grant of this step.
pub(super) fn of_grant(grant: &Grant, step: &StepPlan) -> Row {
    let (verb, thing, style) = match &grant.authority {
        Some(Authority::Script { targets, .. }) => {
            let on = if step.uses == SCRIPT {
                "this machine".to_owned()
            } else {
                on(targets, &step.authority)
            };
            (
                "runs project code:".to_owned(),
                format!("{} on {on}", describe(grant)),
                Style::Notice,
            )
        }
        _ => (verb(grant), thing(grant, &step.authority), Style::Name),
    };
    Row {
        verb,
        thing,
        place: grant.place.to_string(),
        style,
    }
}

/// The line of a secret on its way.
pub(super) fn of_flow(flow: &SecretFlow) -> Row {
    Row {
        verb: "secret".to_owned(),
        thing: format!("{} → {}", flow.secrets.join(", "), flow.to),
        place: flow.place.to_string(),
        style: if flow.revealed {
            Style::Bad
        } else {
            Style::Notice
        },
    }
}

/// What may be done, in words that read on into the thing.
fn verb(grant: &Grant) -> String {
    if let Some(role) = &grant.role {
        // Its documented word, as everything else that is serialized.
        let word = serde_json::to_value(role).ok();
        let word = word
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .unwrap_or("host");
        return word.replace('-', " ");
    }
    let words: Vec<&str> = grant.access.iter().map(|access| access.word()).collect();
    let words = words.join(", ");
    match &grant.authority {
        Some(Authority::Url { methods, .. }) => methods.join(", "),
        Some(Authority::RemotePath { .. }) => grant
            .access
            .iter()
            .map(|access| remote(*access))
            .collect::<Vec<_>>()
            .join(", "),
        _ if grant.kind == "ssh-target" => format!("ssh: {words}"),
        _ => words,
    }
}

fn remote(access: Access) -> &'static str {
    match access {
        Access::Upload => "upload to",
        Access::Download => "download from",
        Access::Release => "release in",
        Access::Delete => "delete in",
        Access::Read => "read remote",
        Access::Write => "write remote",
        other => other.word(),
    }
}

/// What these pointers designate.
fn on(pointers: &[String], all: &[Grant]) -> String {
    let things = all
        .iter()
        .filter(|grant| pointers.contains(&grant.pointer))
        .map(describe);
    let things: Vec<String> = things.collect();
    if things.is_empty() {
        "nothing".to_owned()
    } else {
        things.join(", ")
    }
}

fn thing(grant: &Grant, all: &[Grant]) -> String {
    let mut text = describe(grant);
    if let Some(Authority::RemotePath { targets, .. }) = &grant.authority {
        text.push_str(&format!(" on {}", on(targets, all)));
    }
    match &grant.provenance {
        Provenance::Written => {}
        Provenance::Environment { expression } => {
            text.push_str(&format!(" (from the environment: {expression})"));
        }
        Provenance::RunTime { expression } => {
            text.push_str(&format!(" (from {expression})"));
        }
    }
    text
}
