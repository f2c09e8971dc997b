//! The differences of two plans.

use schemars::JsonSchema;
use serde::Serialize;

use super::caches::caches;
use super::covers::{Held, covers, is_build_of};
use super::environment::environment;
use super::host_keys::host_keys;
use super::pair;
use crate::authority::Authority;
use crate::bind::HostKey;
use crate::grant::Grant;
use crate::plan::{CachePlan, CachedPath, JobEnvironment, JobPlan, Plan, SecretFlow, StepPlan};

/// What one plan allows and another doesn't.
#[derive(Debug, Clone)]
pub struct Changes<'a> {
    /// The differences, job by job and step by step as in the new plan; what is gone comes last in each.
    pub list: Vec<Change<'a>>,
}

impl Changes<'_> {
    /// Whether something was added or widened.
    pub fn is_wider(&self) -> bool {
        self.list.iter().any(|change| change.kind.is_wider())
    }
}

/// One difference.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The job's id.
    pub job: &'a str,
    /// The step: in the new plan, where it is there. None where it is the job itself.
    pub step: Option<&'a StepPlan>,
    /// Which way it goes.
    pub kind: ChangeKind,
    /// How it was.
    pub old: Option<Side<'a>>,
    /// How it is.
    pub new: Option<Side<'a>>,
}

/// Which way a difference goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A step may touch something that it might not.
    Added,
    /// A step may touch more of something, or do more with it, or who decides about it is trusted less.
    Widened,
    /// A step may touch less of something.
    Narrowed,
    /// The project's own code that a step starts is another text, or another Dockerfile.
    OtherCode,
    /// A step may no longer touch something.
    Removed,
}

impl ChangeKind {
    /// Whether there is more authority than before.
    pub fn is_wider(self) -> bool {
        match self {
            Self::Added | Self::Widened => true,
            Self::Narrowed | Self::OtherCode | Self::Removed => false,
        }
    }
}

/// One side of a difference.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// Authority, and the step that holds it.
    Grant(&'a Grant, &'a StepPlan),
    /// A host key that the step pins.
    HostKey(&'a HostKey, &'a StepPlan),
    /// A secret on its way.
    Secret(&'a SecretFlow),
    /// Where the job deploys to.
    Environment(&'a JobEnvironment),
    /// What the job keeps between runs.
    Cache(&'a CachePlan, &'a CachedPath),
}

/// What `new` allows that `old` didn't, and the other way round.
pub fn compare<'a>(old: &'a Plan, new: &'a Plan) -> Changes<'a> {
    let find = |plan: &'a Plan, id: &str| plan.jobs.iter().find(|job| job.id == id);
    let mut list = Vec::new();
    for job in &new.jobs {
        of_job(&job.id, find(old, &job.id), Some(job), &mut list);
    }
    for job in old.jobs.iter().filter(|job| find(new, &job.id).is_none()) {
        of_job(&job.id, Some(job), None, &mut list);
    }
    Changes { list }
}

fn of_job<'a>(
    id: &'a str,
    old: Option<&'a JobPlan>,
    new: Option<&'a JobPlan>,
    list: &mut Vec<Change<'a>>,
) {
    let mut say = |kind, old, new| {
        list.push(Change {
            job: id,
            step: None,
            kind,
            old,
            new,
        });
    };
    environment(old, new, &mut say);
    caches(old, new, &mut say);
    for (old, new) in pair::steps(old, new) {
        let Some(step) = new.or(old) else {
            continue;
        };
        let mut say = |kind, old, new| {
            list.push(Change {
                job: id,
                step: Some(step),
                kind,
                old,
                new,
            });
        };
        grants(old, new, &mut say);
        host_keys(old, new, &mut say);
        flows(old, new, &mut say);
    }
}

pub(super) type Say<'a, 's> = dyn FnMut(ChangeKind, Option<Side<'a>>, Option<Side<'a>>) + 's;

fn held<'a>(step: Option<&'a StepPlan>) -> Vec<Held<'a>> {
    step.into_iter()
        .flat_map(|step| step.held().map(move |grant| Held { grant, step }))
        .collect()
}

fn grants<'a>(old: Option<&'a StepPlan>, new: Option<&'a StepPlan>, say: &mut Say<'a, '_>) {
    let (old, new) = (held(old), held(new));
    let side = |held: &Held<'a>| Some(Side::Grant(held.grant, held.step));
    let mut gone: Vec<Held<'a>> = Vec::new();
    for before in &old {
        // What something of the new plan includes is not gone; that it is included in more is said there.
        if !new.iter().any(|after| covers(*after, *before)) {
            gone.push(*before);
        }
    }
    for after in &new {
        if old.iter().any(|before| covers(*before, *after)) {
            // Where nothing as wide is left, the old one was cut down to this.
            if let Some(at) = gone.iter().position(|before| covers(*before, *after)) {
                let before = gone.remove(at);
                say(ChangeKind::Narrowed, side(&before), side(after));
            }
            continue;
        }
        let narrower = old.iter().find(|before| covers(*after, **before));
        let same_input = gone
            .iter()
            .position(|before| before.grant.pointer == after.grant.pointer);
        match (narrower, same_input) {
            (Some(before), _) => say(ChangeKind::Widened, side(before), side(after)),
            (None, Some(at)) => {
                let before = gone.remove(at);
                match is_less_certain(&before, after) {
                    _ if is_other_code(&before, after) => {
                        say(ChangeKind::OtherCode, side(&before), side(after));
                    }
                    true => say(ChangeKind::Widened, side(&before), side(after)),
                    false => {
                        say(ChangeKind::Removed, side(&before), None);
                        say(ChangeKind::Added, None, side(after));
                    }
                }
            }
            (None, None) => say(ChangeKind::Added, None, side(after)),
        }
    }
    for before in &gone {
        say(ChangeKind::Removed, side(before), None);
    }
}

/// Whether both are scripts on the same targets, with other texts; or builds of the same context, by other Dockerfiles.
fn is_other_code(before: &Held<'_>, after: &Held<'_>) -> bool {
    if is_build_of(*before, *after) {
        return true;
    }
    let is_script =
        |held: &Held<'_>| matches!(held.grant.authority, Some(Authority::Script { .. }));
    is_script(before) && is_script(after) && after.same_targets(before)
}

/// Whether the same thing is now decided about by somebody who is trusted less, or only when the step starts.
fn is_less_certain(before: &Held<'_>, after: &Held<'_>) -> bool {
    let (old, new) = (before.grant, after.grant);
    let same_thing = old.kind == new.kind && old.authority == new.authority;
    old.provenance != new.provenance && (same_thing || new.authority.is_none())
}

fn flows<'a>(old: Option<&'a StepPlan>, new: Option<&'a StepPlan>, say: &mut Say<'a, '_>) {
    fn all(step: Option<&StepPlan>) -> Vec<&SecretFlow> {
        step.map(|step| step.secrets.iter().collect())
            .unwrap_or_default()
    }
    let same = |left: &SecretFlow, right: &SecretFlow| {
        left.secrets == right.secrets && left.to == right.to && left.revealed == right.revealed
    };
    let (old, new) = (all(old), all(new));
    let mut gone: Vec<&SecretFlow> = old
        .iter()
        .filter(|before| !new.iter().any(|after| same(before, after)))
        .copied()
        .collect();
    for after in &new {
        if old.iter().any(|before| same(before, after)) {
            continue;
        }
        // The same secret in the same input that the plugin now sees, or no longer.
        let at = gone.iter().position(|before| {
            before.secrets == after.secrets
                && before.pointer == after.pointer
                && before.far_ends == after.far_ends
                && before.revealed != after.revealed
        });
        match at.map(|at| gone.remove(at)) {
            Some(before) => {
                let kind = if after.revealed {
                    ChangeKind::Widened
                } else {
                    ChangeKind::Narrowed
                };
                say(kind, Some(Side::Secret(before)), Some(Side::Secret(after)));
            }
            None => say(ChangeKind::Added, None, Some(Side::Secret(after))),
        }
    }
    for before in gone {
        say(ChangeKind::Removed, Some(Side::Secret(before)), None);
    }
}
