//! What the copied release had and the new one has not.

use std::collections::HashSet;

use super::program::{ANSWER_LIMIT, check};
use super::{REMOVE_FILES_COMMAND, REMOVE_FOLDERS_COMMAND, Release, programs};
use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

impl Session {
    /// Removes from a release the files and folders that are not in `keep` (relative paths of files, links and empty
    /// folders): what the copied release had and the new one has not. Shared paths stay. Returns what was removed.
    pub async fn prune_extra(
        &self,
        release: &Release,
        keep: &[String],
    ) -> Result<Vec<String>, SshError> {
        let found = self
            .program(programs::FIND, &[("folder", release.path.as_str())])
            .await?;
        check("the release could not be listed", &found)?;
        if found.cut {
            return Err(SshError::channel(
                SshErrorKind::TooLarge,
                "the release holds too many files",
            ));
        }
        let (files, folders) = extra(&found.stdout, keep, release);
        for (command, paths) in [
            (REMOVE_FILES_COMMAND, &files),
            (REMOVE_FOLDERS_COMMAND, &folders),
        ] {
            if paths.is_empty() {
                continue;
            }
            let mut input = Vec::new();
            for path in paths {
                input.extend_from_slice(format!("{}/{path}\0", release.path).as_bytes());
            }
            let ran = self.exec_collect(command, &input, ANSWER_LIMIT).await?;
            check("files of the former release could not be removed", &ran)?;
        }
        Ok(files.into_iter().chain(folders).collect())
    }
}

/// What of a listing is to go: files, and folders that then are empty, children before parents.
fn extra(listing: &[u8], keep: &[String], release: &Release) -> (Vec<String>, Vec<String>) {
    let mut kept: HashSet<&str> = HashSet::new();
    for path in keep.iter().chain(&release.shared) {
        let mut path = path.trim_end_matches('/');
        while kept.insert(path) {
            match path.rsplit_once('/') {
                Some((parent, _)) => path = parent,
                None => break,
            }
        }
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
        match path.strip_suffix('/') {
            Some("") => {}
            Some(folder) if !kept.contains(folder) => folders.push(folder.to_owned()),
            None if !path.is_empty() && !kept.contains(path) => files.push(path.to_owned()),
            _ => {}
        }
    }
    (files, folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_new_release_lacks_is_extra() {
        let release = Release {
            name: "1".into(),
            path: "/b/releases/1".into(),
            base: "/b".into(),
            shared: vec!["storage/log".into()],
        };
        let listing = b"./a\0./old\0./d/x\0./d/y\0./d/\0./gone/z\0./gone/\0./storage/log\0./storage/\0./\0./empty/\0";
        let keep = ["a".to_owned(), "d/x".to_owned(), "empty".to_owned()];
        let (files, folders) = extra(listing, &keep, &release);
        assert_eq!(files, ["old", "d/y", "gone/z"]);
        assert_eq!(folders, ["gone"]);
        assert!(release.is_shared("storage/log/x"));
        assert!(!release.is_shared("storage/logs"));
    }
}
