//! Where a step may write what later runs as the project's own code: the plan marks it, since whoever writes code decides
//! what that code does.

use super::JobPlan;
use crate::authority::Authority;
use crate::grant::Grant;
use crate::manifest::Access;
use crate::plan::StepPlan;
use crate::races::Order;
use crate::workspace_path::WorkspacePath;

/// How a later step makes code of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Uploads,
    Builds,
    Runs,
}

impl Use {
    fn shown(self) -> &'static str {
        match self {
            Self::Uploads => "uploads it",
            Self::Builds => "builds an image of it",
            Self::Runs => "runs a script that sees it",
        }
    }
}

/// A step that makes code of what lies at a path; of the whole folder where there is none.
struct User {
    job: usize,
    step: usize,
    of: Use,
    path: Option<WorkspacePath>,
}

/// Adds a note to each step that may write what a later step makes code of: one for each path and each way.
pub(super) fn mark(jobs: &mut [JobPlan]) {
    let users: Vec<User> = jobs
        .iter()
        .enumerate()
        .flat_map(|(place, job)| job.steps.iter().flat_map(move |step| users(place, step)))
        .collect();
    if users.is_empty() {
        return;
    }
    let order = Order::of(jobs);
    let mut notes = Vec::new();
    for (place, job) in jobs.iter().enumerate() {
        for (index, step) in job.steps.iter().enumerate() {
            // What a script of the pipeline's own writes was written by project code already.
            if script(step).is_some_and(<[String]>::is_empty) {
                continue;
            }
            for path in step.authority.iter().filter_map(written) {
                for of in [Use::Uploads, Use::Builds, Use::Runs] {
                    let later = |user: &&User| {
                        if user.job == place {
                            user.step > step.number
                        } else {
                            order.is_before(place, user.job)
                        }
                    };
                    let found = users
                        .iter()
                        .filter(|user| user.of == of)
                        .filter(later)
                        .find(|user| user.path.as_ref().is_none_or(|read| read.overlaps(path)));
                    if let Some(user) = found {
                        notes.push((place, index, note(jobs, place, path, user)));
                    }
                }
            }
        }
    }
    for (place, index, note) in notes {
        if let Some(step) = jobs.get_mut(place).and_then(|job| job.steps.get_mut(index))
            && !step.notes.contains(&note)
        {
            step.notes.push(note);
        }
    }
}

fn note(jobs: &[JobPlan], place: usize, path: &WorkspacePath, user: &User) -> String {
    let which = match jobs.get(user.job) {
        Some(job) if user.job != place => format!("step {} of `{}`", user.step, job.id),
        _ => format!("step {}", user.step),
    };
    format!(
        "{path} may become project code: {which} {}",
        user.of.shown()
    )
}

/// The path that a grant lets a step write.
fn written(grant: &Grant) -> Option<&WorkspacePath> {
    match &grant.authority {
        Some(Authority::Path { path }) if grant.access.contains(&Access::Write) => Some(path),
        _ => None,
    }
}

/// The targets of a step's script, where it has one: none of them where it runs here.
fn script(step: &StepPlan) -> Option<&[String]> {
    let mut grants = step.authority.iter();
    grants.find_map(|grant| match &grant.authority {
        Some(Authority::Script { targets, .. }) => Some(targets.as_slice()),
        _ => None,
    })
}

/// What a step makes code of.
fn users(job: usize, step: &StepPlan) -> Vec<User> {
    let user = |of, path: Option<WorkspacePath>| User {
        job,
        step: step.number,
        of,
        path,
    };
    let paths = step
        .authority
        .iter()
        .filter_map(|grant| match &grant.authority {
            Some(Authority::Path { path }) => Some((grant, path)),
            _ => None,
        });
    // A script without a target runs here, in what it was handed.
    if script(step).is_some_and(<[String]>::is_empty) {
        let seen: Vec<User> = paths
            .map(|(_, path)| user(Use::Runs, Some(path.clone())))
            .collect();
        return if seen.is_empty() {
            vec![user(Use::Runs, None)]
        } else {
            seen
        };
    }
    paths
        .filter_map(|(grant, path)| {
            let of = if grant.build.is_some() {
                Use::Builds
            } else if grant.access.contains(&Access::Upload) {
                Use::Uploads
            } else {
                return None;
            };
            Some(user(of, Some(path.clone())))
        })
        .collect()
}
