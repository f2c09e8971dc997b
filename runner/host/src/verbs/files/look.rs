//! What is there, without reading it.

use serde_json::{Value, json};

use super::Target;
use crate::fault::Fault;
use crate::files::{stat_of, walk};
use crate::protocol::{Answer, Entry};
use crate::step::Shared;

pub(super) fn list(
    shared: &Shared,
    target: &Target,
    recursive: bool,
) -> Result<(Answer, Value), Fault> {
    let found = walk(&shared.workspace, &target.root, &target.path, recursive)
        .map_err(|error| target.fault(error))?;
    let entries: Vec<Entry> = found
        .into_iter()
        .map(|found| {
            let sealed = shared.sealed.template(&found.place.name()).is_some();
            Entry {
                path: found.path,
                stat: stat_of(&found.metadata, sealed),
            }
        })
        .collect();
    let summary = json!({ "entries": entries.len() });
    Ok((Answer::Entries(entries), summary))
}

pub(super) fn stat(shared: &Shared, target: &Target) -> Result<(Answer, Value), Fault> {
    let place = target.place(shared)?;
    let metadata = place.stat().map_err(|error| target.fault(error))?;
    let sealed = shared.sealed.template(&place.name()).is_some();
    let summary = json!({ "size": metadata.len() });
    Ok((Answer::Stat(stat_of(&metadata, sealed)), summary))
}
