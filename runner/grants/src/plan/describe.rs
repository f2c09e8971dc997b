//! What grants designate, in words.

use crate::authority::Authority;
use crate::grant::Grant;
use crate::manifest::Access;

/// The things that pointers designate, for people.
pub(super) fn shown(grants: &[Grant], pointers: &[String]) -> String {
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
pub(super) fn beside(grants: &[Grant], of: &Grant) -> String {
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
pub(super) fn describe_unknown(grant: &Grant) -> String {
    match &grant.within {
        Some(within) => format!("something within {within}"),
        None => "something known at run time".to_owned(),
    }
}

/// Whether a grant starts the project's own code, and so has its line in [`StepPlan::runs_project_code`](super::StepPlan): in the order
/// of the grants, one each.
pub fn starts_project_code(grant: &Grant) -> bool {
    matches!(grant.authority, Some(Authority::Script { .. })) || grant.build.is_some()
}
