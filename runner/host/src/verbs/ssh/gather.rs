//! What is to be uploaded, and where it goes.

use std::sync::Arc;

use cap_std::fs::MetadataExt as _;
use capstep_grants::WorkspacePath;
use capstep_grants::check::{RemotePermit, Rule};
use capstep_ssh::{UploadEntry, UploadFolder, UploadRequest, UploadSymlink};

use super::deletion::Deletion;
use super::local::Local;
use super::login::OpenRelease;
use super::selection::Selection;
use crate::fault::Fault;
use crate::files::{Found, walk_except};
use crate::protocol::ErrorKind;
use crate::step::Shared;
use crate::verbs::files::file_fault;

/// A permitted transfer.
pub(super) struct Task {
    pub(super) source: String,
    pub(super) root: WorkspacePath,
    pub(super) remote: RemotePermit,
    /// Whether the destination is written as a folder.
    pub(super) into_folder: bool,
    /// What of the source is meant.
    pub(super) selection: Arc<Selection>,
    /// How many entries may be removed that the source has not; none where nothing is to be removed.
    pub(super) delete: Option<usize>,
}

/// What is to be uploaded.
pub(super) struct Gathered {
    pub(super) request: UploadRequest,
    /// What belongs to the release, relative to it.
    pub(super) kept: Vec<String>,
    /// Folders whose other content is to go.
    pub(super) deletions: Vec<Deletion>,
    /// What of each destination is left out.
    pub(super) selections: Vec<(String, Arc<Selection>)>,
}

/// Lists what is to be uploaded.
pub(super) fn gather(
    shared: &Shared,
    tasks: &[Task],
    release: Option<&OpenRelease>,
) -> Result<Gathered, Fault> {
    let mut gathered = Gathered {
        request: UploadRequest::default(),
        kept: Vec::new(),
        deletions: Vec::new(),
        selections: Vec::new(),
    };
    for task in tasks {
        let destination = destination(task, release)?;
        let skip = |path: &str, is_folder: bool| is_folder && task.selection.leaves_out_all(path);
        let found = walk_except(&shared.workspace, &task.root, &task.root, true, &skip)
            .map_err(|error| file_fault(error, &task.source, task.root.as_str()))
            .map_err(|fault| shared.located(&task.source, fault))?;
        let single = matches!(found.as_slice(), [only] if only.path.is_empty());
        let base = task.root.fixed_part();
        let before = gathered.request.entries.len() + gathered.request.symlinks.len();
        for entry in found {
            let relative = relative_path(task, &entry, base);
            if !single
                && task
                    .selection
                    .leaves_out(&relative, entry.metadata.is_dir())
            {
                continue;
            }
            let remote = match (single, task.into_folder) {
                (true, false) => destination.clone(),
                (true, true) => format!(
                    "{}/{}",
                    destination.trim_end_matches('/'),
                    file_name(&task.root)
                ),
                (false, _) => format!("{}/{relative}", destination.trim_end_matches('/')),
            };
            if let Some(open) = release
                && let Some(inside) = remote.strip_prefix(&open.release.path)
            {
                let inside = inside.trim_start_matches('/');
                if open.release.is_shared(inside) {
                    // What all releases share is not a release's own to bring.
                    continue;
                }
                gathered.kept.push(inside.to_owned());
            }
            add(task, entry, &remote, &mut gathered.request)?;
        }
        if task.root.is_glob()
            && gathered.request.entries.len() + gathered.request.symlinks.len() == before
        {
            let message = format!("`{}` matches no file", task.root);
            let fault = Fault::error(ErrorKind::NotFound, message);
            return Err(shared.located(&task.source, fault));
        }
        if let Some(limit) = task.delete {
            if single {
                let message = format!("`delete` is for folders, and `{}` is a file", task.root);
                let fault = Fault::error(ErrorKind::Invalid, message);
                return Err(shared.located(&task.source, fault));
            }
            let deletion = Deletion {
                pointer: task.remote.grant.clone(),
                folder: destination.clone(),
                limit,
            };
            let files = gathered.request.entries.len() + gathered.request.symlinks.len() - before;
            deletion.check(files)?;
            gathered.deletions.push(deletion);
        }
        gathered
            .selections
            .push((destination.clone(), Arc::clone(&task.selection)));
        gathered.request.within.push(destination);
    }
    Ok(gathered)
}

/// The absolute remote path that a transfer goes to.
fn destination(task: &Task, release: Option<&OpenRelease>) -> Result<String, Fault> {
    if task.remote.path.starts_with('/') {
        return Ok(task.remote.path.clone());
    }
    match release {
        Some(open) if task.remote.release.as_deref() == Some(open.pointer.as_str()) => {
            let path = if task.remote.path == "." {
                String::new()
            } else {
                format!("/{}", task.remote.path)
            };
            Ok(format!("{}{path}", open.release.path))
        }
        _ => Err(Fault::error(
            ErrorKind::Invalid,
            format!(
                "`{}` is relative to a release, and none was begun",
                task.remote.path
            ),
        )),
    }
}

fn relative_path(task: &Task, entry: &Found, base: &str) -> String {
    if !task.root.is_glob() || base == "." {
        return entry.path.clone();
    }
    entry
        .path
        .strip_prefix(base)
        .unwrap_or(&entry.path)
        .trim_start_matches('/')
        .to_owned()
}

fn file_name(path: &WorkspacePath) -> &str {
    path.as_str().rsplit('/').next().unwrap_or_default()
}

fn add(task: &Task, entry: Found, remote: &str, request: &mut UploadRequest) -> Result<(), Fault> {
    let fault = |error| file_fault(error, &task.source, &entry.place.name());
    if entry.metadata.is_dir() {
        request.directories.push(UploadFolder {
            remote: remote.to_owned(),
            mode: entry.metadata.mode() & 0o777,
        });
    } else if entry.metadata.is_symlink() {
        let target = entry.place.link().map_err(fault)?;
        // A link is copied as a link, and only one that stays within what was handed over.
        entry.place.real().map_err(fault)?;
        if target.starts_with('/') {
            return Err(Fault::denied(
                Rule::LinkLeavesPath,
                &task.source,
                format!(
                    "the link `{}` leads to an absolute path",
                    entry.place.name()
                ),
            ));
        }
        request.symlinks.push(UploadSymlink {
            remote: remote.to_owned(),
            target,
        });
    } else if entry.metadata.is_file() {
        request.entries.push(UploadEntry {
            size: entry.metadata.len(),
            mode: entry.metadata.mode() & 0o777,
            local: Arc::new(Local::listed(entry.place, &entry.metadata)),
            remote: remote.to_owned(),
        });
    } else {
        return Err(Fault::error(
            ErrorKind::Invalid,
            format!(
                "`{}` is neither a file, a folder nor a link",
                entry.place.name()
            ),
        ));
    }
    Ok(())
}
