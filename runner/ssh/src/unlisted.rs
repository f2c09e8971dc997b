//! What a remote folder holds beyond a list, and its removal.
//!
//! Two steps, so that a caller can look at what would go, and refuse, before anything is changed. Links below the folder
//! are not followed: a link is an entry like a file, and what it leads to is never looked at.

use std::collections::HashSet;

use crate::error::{SshError, SshErrorKind};
use crate::release::programs;
use crate::session::Session;

/// Reads names, separated by NUL, from standard input and removes those files.
pub const REMOVE_FILES_COMMAND: &str = "xargs -0 rm -f";
/// The same for folders, which are empty by then.
pub const REMOVE_FOLDERS_COMMAND: &str = "xargs -0 rmdir";

/// How the names of our own files on a server begin: uploads in progress are nobody's leftovers.
const OWN_PREFIX: &str = ".capstep-";

/// What is kept of the complaints of the removing commands.
const COMPLAINT_LIMIT: usize = 4096;

/// Entries of a remote folder that a list doesn't have; relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// The folder, absolute.
    pub folder: String,
    /// Files, links and other entries that are no folders.
    pub files: Vec<String>,
    /// Folders that are empty without those, children before parents.
    pub folders: Vec<String>,
}

impl Unlisted {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.files.len() + self.folders.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Session {
    /// Finds what is below a folder and neither in `keep` (relative paths of files, links and folders) nor `protected`
    /// (asked with the relative path, and whether it is a folder), nor a folder above one of those. Nothing, where the
    /// folder is not there.
    ///
    /// Fails with `too-large` where the listing is longer than 64 MiB.
    pub async fn unlisted(
        &self,
        folder: &str,
        keep: &[&str],
        protected: impl Fn(&str, bool) -> bool,
    ) -> Result<Unlisted, SshError> {
        if self.stat(folder).await?.is_none() {
            return Ok(Unlisted::default());
        }
        let found = self.program(programs::FIND, &[("folder", folder)]).await?;
        crate::release::check(&format!("{folder:?} could not be listed"), &found)?;
        if found.cut {
            return Err(SshError::channel(
                SshErrorKind::TooLarge,
                format!("{folder:?} holds too many files"),
            ));
        }
        let (files, folders) = extra(&found.stdout, keep, protected);
        Ok(Unlisted {
            folder: folder.trim_end_matches('/').to_owned(),
            files,
            folders,
        })
    }

    /// Removes what [`Session::unlisted`] found.
    pub async fn remove_unlisted(&self, unlisted: &Unlisted) -> Result<(), SshError> {
        for (command, paths) in [
            (REMOVE_FILES_COMMAND, &unlisted.files),
            (REMOVE_FOLDERS_COMMAND, &unlisted.folders),
        ] {
            if paths.is_empty() {
                continue;
            }
            let mut input = Vec::new();
            for path in paths {
                input.extend_from_slice(format!("{}/{path}\0", unlisted.folder).as_bytes());
            }
            let ran = self.exec_collect(command, &input, COMPLAINT_LIMIT).await?;
            crate::release::check(
                &format!("not everything could be removed from {:?}", unlisted.folder),
                &ran,
            )?;
        }
        Ok(())
    }
}

/// What of a listing is to go: files, and folders that then are empty, children before parents.
fn extra(
    listing: &[u8],
    keep: &[&str],
    protected: impl Fn(&str, bool) -> bool,
) -> (Vec<String>, Vec<String>) {
    let mut kept: HashSet<&str> = HashSet::new();
    for path in keep {
        keep_with_parents(&mut kept, path.trim_end_matches('/'));
    }
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for path in listing.split(|&byte| byte == 0) {
        // A name that is no UTF-8 can't be one of ours; it is left where it is rather than named wrongly.
        let Some(path) = std::str::from_utf8(path)
            .ok()
            .and_then(|path| path.strip_prefix("./"))
        else {
            continue;
        };
        let (path, is_folder) = match path.strip_suffix('/') {
            Some(folder) => (folder, true),
            None => (path, false),
        };
        if path.is_empty() || kept.contains(path) {
            continue;
        }
        let ours = path.split('/').any(|part| part.starts_with(OWN_PREFIX));
        if ours || protected(path, is_folder) {
            // The listing has children before parents: these are kept in time.
            keep_with_parents(&mut kept, path);
        } else if is_folder {
            folders.push(path.to_owned());
        } else {
            files.push(path.to_owned());
        }
    }
    (files, folders)
}

fn keep_with_parents<'a>(kept: &mut HashSet<&'a str>, mut path: &'a str) {
    while kept.insert(path) {
        match path.rsplit_once('/') {
            Some((parent, _)) => path = parent,
            None => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_found() {
        let listing = b"./a\0./old\0./d/x\0./d/y\0./d/\0./gone/z\0./gone/\0./storage/log\0./storage/\0./\0./empty/\0";
        let keep = ["a", "d/x", "empty", "storage/log"];
        let (files, folders) = extra(listing, &keep, |_, _| false);
        assert_eq!(files, ["old", "d/y", "gone/z"]);
        assert_eq!(folders, ["gone"]);
    }

    #[test]
    fn what_is_protected_stays_with_the_folders_above_it() {
        let listing =
            b"./cache/deep/x\0./cache/deep/\0./cache/y\0./cache/\0./.capstep-upload-1/f0\0./.capstep-upload-1/\0./z\0";
        let (files, folders) = extra(listing, &[], |path, _| path == "cache/deep/x");
        assert_eq!(files, ["cache/y", "z"]);
        assert!(folders.is_empty(), "{folders:?}");
    }
}
