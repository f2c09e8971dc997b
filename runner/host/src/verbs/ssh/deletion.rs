//! Removing what is on the server and not here: only where the pipeline says `delete`, only below the designated folder,
//! never what its patterns leave out, and never more than it allows.

use std::sync::Arc;

use capstep_ssh::{Unlisted, UploadRequest};

use super::error;
use super::login::SshLogin;
use super::selection::Selection;
use crate::fault::Fault;
use crate::protocol::{ErrorKind, Level};
use crate::step::Shared;
use crate::verbs::roles;

/// How many entries may go at once where the pipeline says nothing.
pub(super) const MAX_DELETE: usize = 1000;

/// How many of them are named.
const NAMED: usize = 20;

/// A folder whose other content is to go.
pub(super) struct Deletion {
    /// The input.
    pub(super) pointer: String,
    /// Absolute.
    pub(super) folder: String,
    pub(super) limit: usize,
}

impl Deletion {
    /// Refuses what can only be a mistake.
    pub(super) fn check(&self, files: usize) -> Result<(), Fault> {
        let parts = self.folder.split('/').filter(|part| !part.is_empty());
        if parts.count() < 2 {
            return Err(Fault::error(
                ErrorKind::Invalid,
                format!(
                    "`delete` is not for `{}`: give the folder a place of its own",
                    self.folder
                ),
            ));
        }
        if files == 0 {
            return Err(Fault::error(
                ErrorKind::Conflict,
                format!(
                    "there is nothing to copy to `{}`: `delete` would leave nothing there",
                    self.folder
                ),
            ));
        }
        Ok(())
    }
}

/// Finds what would go, before anything is changed.
pub(super) async fn find(
    login: &SshLogin,
    deletions: &[Deletion],
    selections: &[(String, Arc<Selection>)],
    request: &UploadRequest,
) -> Result<Vec<Unlisted>, Fault> {
    let mut all = Vec::new();
    for deletion in deletions {
        let folder = deletion.folder.trim_end_matches('/');
        let below = |path: &str| -> Option<String> {
            let rest = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some(rest.trim_end_matches('/').to_owned())
        };
        let keep: Vec<String> = request
            .entries
            .iter()
            .map(|entry| &entry.remote)
            .chain(request.symlinks.iter().map(|link| &link.remote))
            .chain(request.directories.iter().map(|folder| &folder.remote))
            .chain(&request.within)
            .filter_map(|path| below(path))
            .collect();
        let keep: Vec<&str> = keep.iter().map(String::as_str).collect();
        // What a list leaves out here stays there as it is, whichever of the transfers' lists it is.
        let protected = |path: &str, is_folder: bool| {
            let path = format!("{folder}/{path}");
            selections.iter().any(|(destination, selection)| {
                path.strip_prefix(destination.trim_end_matches('/'))
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|rest| selection.leaves_out(rest, is_folder))
            })
        };
        let found = login
            .session
            .unlisted(folder, &keep, protected)
            .await
            .map_err(|error| error::fault(error, &deletion.pointer))?;
        if found.len() > deletion.limit {
            return Err(Fault::error(
                ErrorKind::Conflict,
                format!(
                    "`delete` would remove {} entries from `{folder}`, more than the {} that `max-delete` allows: {}",
                    found.len(),
                    deletion.limit,
                    named(&found)
                ),
            ));
        }
        all.push(found);
    }
    Ok(all)
}

/// Removes it, when everything else is in place. Returns how many entries went.
pub(super) async fn remove(
    shared: &Shared,
    login: &SshLogin,
    found: &[Unlisted],
) -> Result<usize, Fault> {
    let mut removed = 0;
    for unlisted in found.iter().filter(|unlisted| !unlisted.is_empty()) {
        login
            .session
            .remove_unlisted(unlisted)
            .await
            .map_err(|error| error::fault(error, &login.target))?;
        removed += unlisted.len();
        let label = roles::label(shared, &login.target)
            .map(|label| format!("{label}: "))
            .unwrap_or_default();
        shared.voice.line(
            Level::Info,
            &format!(
                "{label}removed from {}: {}",
                unlisted.folder,
                named(unlisted)
            ),
        );
    }
    Ok(removed)
}

fn named(unlisted: &Unlisted) -> String {
    let folders = unlisted.folders.iter().map(|folder| format!("{folder}/"));
    let mut names: Vec<String> = unlisted
        .files
        .iter()
        .cloned()
        .chain(folders)
        .take(NAMED)
        .collect();
    if unlisted.len() > names.len() {
        names.push(format!("and {} more", unlisted.len() - names.len()));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_refused() {
        let check = |folder: &str, files: usize, expected: bool| {
            let deletion = Deletion {
                pointer: "/to".to_owned(),
                folder: folder.to_owned(),
                limit: 1,
            };
            assert_eq!(deletion.check(files).is_ok(), expected, "{folder}");
        };
        check("/srv/app", 1, true);
        check("/srv/app/", 1, true);
        check("/srv/app", 0, false);
        check("/srv", 1, false);
        check("/srv/", 1, false);
        check("/", 1, false);
    }
}
