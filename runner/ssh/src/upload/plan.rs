//! Checks an upload before anything is sent. Pure.

use std::collections::{BTreeSet, HashSet};

use super::{STAGING_PREFIX, UploadRequest};
use crate::error::{SshError, SshErrorKind};
use crate::remote::is_below;

/// A designated remote path: a folder that everything of it goes below, or a single file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// As designated, without a slash at the end.
    pub(super) within: String,
    /// The folder that holds the staging folder: the designated one, or the single file's parent.
    pub(super) anchor: String,
}

/// What is to be done, checked.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) roots: Vec<Root>,
    /// Index into `roots` for each entry of the request.
    pub(super) entry_roots: Vec<usize>,
    /// The same for its links.
    pub(super) symlink_roots: Vec<usize>,
    /// For each root the folders below its anchor that must be there, parents before children.
    pub(super) directories: Vec<BTreeSet<String>>,
}

pub(super) fn plan(request: &UploadRequest) -> Result<Plan, SshError> {
    let mut roots = Vec::new();
    for within in &request.within {
        let trimmed = within.trim_end_matches('/');
        let within = if trimmed.is_empty() { "/" } else { trimmed };
        check_path(within)?;
        let is_file = request.entries.iter().any(|entry| entry.remote == within)
            || request.symlinks.iter().any(|link| link.remote == within);
        let anchor = if is_file { parent(within) } else { within };
        roots.push(Root {
            within: within.to_owned(),
            anchor: anchor.to_owned(),
        });
    }
    let mut taken = HashSet::new();
    let mut directories = vec![BTreeSet::new(); roots.len()];
    let mut place = |remote: &str, claim: bool| -> Result<usize, SshError> {
        check_path(remote)?;
        let index = root_of(&roots, remote)?;
        if claim && !taken.insert(remote.to_owned()) {
            return Err(invalid(format!("{remote:?} would be written twice")));
        }
        let anchor = roots.get(index).map_or("/", |root| root.anchor.as_str());
        let mut folder = if claim { parent(remote) } else { remote };
        while folder != anchor && is_below(folder, anchor) {
            if let Some(directories) = directories.get_mut(index) {
                directories.insert(folder.to_owned());
            }
            folder = parent(folder);
        }
        Ok(index)
    };
    let mut entry_roots = Vec::with_capacity(request.entries.len());
    for entry in &request.entries {
        entry_roots.push(place(&entry.remote, true)?);
    }
    let mut symlink_roots = Vec::with_capacity(request.symlinks.len());
    for link in &request.symlinks {
        symlink_roots.push(place(&link.remote, true)?);
    }
    for directory in &request.directories {
        let directory = directory.remote.trim_end_matches('/');
        if !roots.iter().any(|root| root.within == directory) {
            place(directory, false)?;
        }
    }
    if let Some(both) = directories
        .iter()
        .flatten()
        .find(|path| taken.contains(*path))
    {
        return Err(invalid(format!("{both:?} would be a file and a folder")));
    }
    for (link, &index) in request.symlinks.iter().zip(&symlink_roots) {
        let within = roots.get(index).map_or("/", |root| root.within.as_str());
        check_link(&link.remote, &link.target, within)?;
    }
    Ok(Plan {
        roots,
        entry_roots,
        symlink_roots,
        directories,
    })
}

/// The designated path that a remote one belongs to: the longest that is above it.
fn root_of(roots: &[Root], remote: &str) -> Result<usize, SshError> {
    roots
        .iter()
        .enumerate()
        .filter(|(_, root)| is_below(remote, &root.within))
        .max_by_key(|(_, root)| root.within.len())
        .map(|(index, _)| index)
        .ok_or_else(|| {
            let designated: Vec<&str> = roots.iter().map(|root| root.within.as_str()).collect();
            SshError::channel(
                SshErrorKind::Outside,
                format!("{remote:?} is not below {}", designated.join(", ")),
            )
        })
}

fn check_path(path: &str) -> Result<(), SshError> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(invalid(format!("{path:?} is not an absolute path")));
    };
    if path.contains('\0') {
        return Err(invalid("a remote path holds a NUL".to_owned()));
    }
    if rest.is_empty() {
        return Ok(());
    }
    for part in rest.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err(invalid(format!("{path:?} holds empty, `.` or `..` parts")));
        }
        if part.starts_with(STAGING_PREFIX) {
            return Err(invalid(format!(
                "{path:?} uses a name that is kept for uploads in progress"
            )));
        }
    }
    Ok(())
}

/// A link's target, taken from the link's folder, must stay below the designated path.
fn check_link(remote: &str, target: &str, within: &str) -> Result<(), SshError> {
    if target.is_empty() || target.contains('\0') {
        return Err(invalid(format!("the link {remote:?} has no usable target")));
    }
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        parent(remote)
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    let resolved = format!("/{}", parts.join("/"));
    if is_below(&resolved, within) {
        Ok(())
    } else {
        Err(crate::remote::outside(remote, &resolved, within))
    }
}

/// The folder of a path; the root's is the root.
pub(super) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

fn invalid(message: String) -> SshError {
    SshError::channel(SshErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::upload::{UploadEntry, UploadSymlink};

    fn request(within: &[&str], files: &[&str]) -> UploadRequest {
        UploadRequest {
            within: within.iter().map(|&path| path.to_owned()).collect(),
            entries: files
                .iter()
                .map(|&remote| UploadEntry {
                    local: Arc::new(PathBuf::from("x")),
                    remote: remote.to_owned(),
                    size: 0,
                    mode: 0o644,
                })
                .collect(),
            ..UploadRequest::default()
        }
    }

    #[test]
    fn paths_are_checked_before_anything_is_sent() {
        let check = |within: &[&str], files: &[&str], expected: Option<SshErrorKind>| {
            let got = plan(&request(within, files)).err().map(|error| error.kind);
            assert_eq!(got, expected, "{within:?} {files:?}");
        };
        use SshErrorKind::{Invalid, Outside};
        check(&["/srv/a"], &["/srv/a/x", "/srv/a/b/y"], None);
        check(&["/srv/a/"], &["/srv/a/x"], None);
        check(&["/srv/a"], &["/srv/ab/x"], Some(Outside));
        check(&["/srv/a"], &["/srv/a/../x"], Some(Invalid));
        check(&["/srv/a"], &["/srv/a//x"], Some(Invalid));
        check(&["/srv/a"], &["srv/a/x"], Some(Invalid));
        check(&["srv"], &[], Some(Invalid));
        check(&["/srv/a"], &["/srv/a/x\0"], Some(Invalid));
        check(&["/srv/a"], &["/srv/a/x", "/srv/a/x"], Some(Invalid));
        check(&["/srv/a"], &["/srv/a/x", "/srv/a/x/y"], Some(Invalid));
        check(&["/srv/a"], &["/srv/a/.capstep-upload-1/x"], Some(Invalid));
        check(&["/srv/a/.env"], &["/srv/a/.env"], None);
        check(&["/"], &["/x"], None);
        check(&[], &["/x"], Some(Outside));
    }

    #[test]
    fn a_single_file_is_staged_beside_itself() {
        let plan = plan(&request(
            &["/srv/a", "/srv/b/.env"],
            &["/srv/a/c/d/x", "/srv/b/.env"],
        ))
        .unwrap();
        assert_eq!(
            plan.roots
                .iter()
                .map(|root| root.anchor.as_str())
                .collect::<Vec<_>>(),
            ["/srv/a", "/srv/b"]
        );
        assert_eq!(plan.entry_roots, [0, 1]);
        assert_eq!(
            plan.directories[0].iter().collect::<Vec<_>>(),
            ["/srv/a/c", "/srv/a/c/d"]
        );
        assert!(plan.directories[1].is_empty());
    }

    #[test]
    fn links_stay_inside() {
        let check = |target: &str, ok: bool| {
            let mut request = request(&["/srv/a"], &[]);
            request.symlinks.push(UploadSymlink {
                remote: "/srv/a/b/link".into(),
                target: target.into(),
            });
            assert_eq!(plan(&request).is_ok(), ok, "{target}");
        };
        check("x", true);
        check("../x", true);
        check("../../a/x", true);
        check("../../x", false);
        check("/srv/a/x", true);
        check("/etc/passwd", false);
        check("", false);
        check("../../../../../../etc", false);
    }
}
