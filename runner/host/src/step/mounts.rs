//! Folders that a plugin sees directly: checked, journaled once, and then out of sight.

use capstep_grants::manifest::Access;
use capstep_grants::{Authority, WorkspacePath, pointer};
use serde_json::{Value, json};

use super::shared::{Shared, StepRun};
use crate::fault::Fault;
use crate::files::{Place, walk};
use crate::journal::Phase;
use crate::protocol::{ErrorKind, VerbError};
use crate::sandbox::Preopen;

impl StepRun {
    /// The folders handed over by `mount`, ready to be shown to the guest.
    ///
    /// # Errors
    /// One of them is no folder, is reached through a link, or holds what no grant reaches: the repository's own data,
    /// or a file with secrets.
    pub fn mounts(&self) -> Result<Vec<Preopen>, VerbError> {
        let shared = &self.shared;
        let mut preopens = Vec::new();
        for grant in &shared.authority.bound.grants {
            let Some(Authority::Path { path }) = &grant.authority else {
                continue;
            };
            if !grant.access.contains(&Access::Mount) {
                continue;
            }
            let (guest, writable) = beside(shared, &grant.pointer, path);
            let arguments = json!({ "input": grant.pointer, "guest": guest, "writable": writable });
            let meta = shared
                .meta("mount", arguments, false)
                .under(shared.grants(&[&grant.pointer]));
            check(shared, &grant.pointer, path)
                .map_err(|fault| shared.located(&grant.pointer, fault))
                .and_then(|()| shared.note(&meta, Phase::Granted))
                .map_err(|fault| shared.settle(&meta, fault))?;
            preopens.push(Preopen {
                host: shared.workspace.path().join(path.as_str()),
                guest,
                writable,
            });
        }
        Ok(preopens)
    }
}

/// Where the guest sees it, and whether it may write there: what stands beside the path.
fn beside(shared: &Shared, at: &str, path: &WorkspacePath) -> (String, bool) {
    let record = at
        .rfind('/')
        .map_or("", |slash| at.get(..slash).unwrap_or_default());
    let field = |name: &str| {
        shared
            .authority
            .bound
            .values
            .pointer(&pointer::join(record, name))
    };
    let guest = field("at")
        .and_then(Value::as_str)
        .map_or_else(|| format!("/{path}"), str::to_owned);
    (
        guest,
        field("write").and_then(Value::as_bool).unwrap_or(false),
    )
}

fn check(shared: &Shared, at: &str, path: &WorkspacePath) -> Result<(), Fault> {
    let refuse = |message: String| Fault::error(ErrorKind::Invalid, message);
    let fault = |error| crate::verbs::files::file_fault(error, at, path.as_str());
    let place = Place::open(&shared.workspace, path, path).map_err(fault)?;
    if !place.stat().map_err(fault)?.is_dir() {
        return Err(refuse(format!(
            "`{path}` is no folder; only folders can be mounted"
        )));
    }
    no_reserved(&place, path, at, 0)?;
    for found in walk(&shared.workspace, path, path, true).map_err(fault)? {
        let name = found.place.name();
        if shared.sealed.template(&name).is_some() {
            return Err(refuse(format!(
                "`{name}` holds secrets, and mounting `{path}` would reveal them"
            )));
        }
    }
    Ok(())
}

/// How deep a mounted folder is looked through: as deep as any walk goes.
const MAX_DEPTH: usize = 128;

/// The guest sees all that lies in the folder, so nothing reserved may lie in it, however deep.
fn no_reserved(folder: &Place, path: &WorkspacePath, at: &str, depth: usize) -> Result<(), Fault> {
    let fault = |error| crate::verbs::files::file_fault(error, at, path.as_str());
    for (name, metadata) in folder.children().map_err(fault)? {
        let child = folder.child(&name).map_err(fault)?;
        let refusal = if child.is_reserved() {
            Some(format!(
                "`{path}` holds `{}`, which no step may see; mount a folder beside it",
                child.name()
            ))
        } else if depth > MAX_DEPTH {
            Some(format!(
                "`{path}` is more than {MAX_DEPTH} folders deep, too deep to be looked through"
            ))
        } else {
            None
        };
        if let Some(message) = refusal {
            return Err(Fault::error(ErrorKind::Invalid, message));
        }
        if metadata.is_dir() {
            no_reserved(&child, path, at, depth + 1)?;
        }
    }
    Ok(())
}
