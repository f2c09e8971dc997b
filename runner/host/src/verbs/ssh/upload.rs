//! Uploads: the host reads the designated files and puts them where their siblings say.

use std::io::{self, Read as _};
use std::sync::Arc;

use capstep_grants::WorkspacePath;
use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit, RemotePermit, Rule};
use capstep_grants::manifest::Access;
use capstep_ssh::upload::{LocalFile, Opening};
use capstep_ssh::{UploadEntry, UploadRequest, UploadSymlink};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::deletion::{self, Deletion, MAX_DELETE};
use super::error;
use super::login::{OpenRelease, SshLogin};
use super::selection::Selection;
use crate::fault::Fault;
use crate::files::{Found, Place, walk_except};
use crate::ops::Outcome;
use crate::protocol::{Answer, ErrorKind, Progress, Transfer, Uploaded};
use crate::step::{Meta, Shared};
use crate::verbs::files::file_fault;
use crate::verbs::roles;
use crate::verbs::wrong_permit;

/// How many of the files are named in the journal; all of them are counted.
const NAMED_IN_JOURNAL: usize = 100;

/// How much of a file is hashed at once.
const HASH_CHUNK: usize = 256 * 1024;

/// A permitted transfer.
struct Task {
    source: String,
    root: WorkspacePath,
    remote: RemotePermit,
    /// Whether the destination is written as a folder.
    into_folder: bool,
    /// What of the source is meant.
    selection: Arc<Selection>,
    /// How many entries may be removed that the source has not; none where nothing is to be removed.
    delete: Option<usize>,
}

pub(super) fn upload(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    transfers: Vec<Transfer>,
) -> Result<Answer, Fault> {
    let mut tasks = Vec::new();
    for transfer in &transfers {
        let act = Act::SshUpload {
            target: &login.target,
            source: &transfer.source,
            destination: &transfer.destination,
        };
        let Permit::Transfer {
            local,
            root,
            remote,
        } = shared.permit(&act)?
        else {
            return wrong_permit();
        };
        let written = shared
            .authority
            .bound
            .values
            .pointer(&transfer.destination)
            .and_then(Value::as_str);
        let into_folder = written.is_some_and(|text| text.ends_with('/') || text == ".");
        let lists = [RoleKind::Exclude, RoleKind::Include]
            .map(|kind| roles::role_texts(shared, kind, &local));
        let [exclude, include] = &lists;
        let selection = Selection::new(exclude, include)
            .map_err(|message| Fault::error(ErrorKind::Invalid, message))?;
        let delete = limit_of_deletion(shared, &login, transfer)?;
        tasks.push(Task {
            source: local,
            root,
            remote,
            into_folder,
            selection: Arc::new(selection),
            delete,
        });
    }
    let mut pointers = vec![login.target.as_str()];
    pointers.extend(
        tasks
            .iter()
            .flat_map(|task| [task.source.as_str(), task.remote.grant.as_str()]),
    );
    let meta = meta.under(shared.grants(&pointers));
    let handle = shared.start(meta, move |shared, reporter, _| async move {
        // While it fills a release, nothing may switch to it or remove it.
        let _change = match login.release() {
            Some(_) => Some(login.change().await),
            None => None,
        };
        let release = login.release();
        let gathering = {
            let (shared, release) = (Arc::clone(&shared), release.clone());
            tokio::task::spawn_blocking(move || gather(&shared, &tasks, release.as_ref()))
        };
        let gathered =
            gathering.await.map_err(|_| Fault::error(ErrorKind::Internal, "reading the files was broken off"))??;
        let Gathered { request, kept, deletions, selections } = gathered;
        let unlisted = look(Arc::clone(&login), deletions, selections, request).await?;
        let (request, unlisted) = unlisted;
        let (sender, mut receiver) = mpsc::channel::<capstep_ssh::UploadProgress>(1);
        let progress = reporter.clone();
        let telling = async move {
            while let Some(told) = receiver.recv().await {
                let total = Some(told.total);
                progress.progress(Progress { what: "uploading".to_owned(), done: told.sent, total });
            }
        };
        let (report, ()) = tokio::join!(send(Arc::clone(&login), request, sender), telling);
        let report = report?;
        if let Some(mut open) = release {
            // The release began as a copy of the one before: what the project no longer has must not live on in it.
            open.kept.extend(kept);
            prune(Arc::clone(&login), open).await?;
        }
        let removed = deletion::remove(&shared, &login, &unlisted).await?;
        let named: Vec<&String> = report.uploaded.iter().take(NAMED_IN_JOURNAL).collect();
        let summary = json!({
            "uploaded": report.uploaded.len(), "unchanged": report.skipped, "bytes": report.bytes, "files": named,
            "removed": removed,
        });
        let uploaded = Uploaded {
            unchanged: u32::try_from(report.skipped).unwrap_or(u32::MAX),
            bytes: report.bytes,
            files: report.uploaded,
        };
        Ok((Outcome::Uploaded(uploaded), summary))
    })?;
    Ok(Answer::Handle(handle))
}

/// Sends the files. A future of its own, like [`prune`]: within a larger one the compiler can't tell that it may move
/// between threads.
fn send(
    login: Arc<SshLogin>,
    request: UploadRequest,
    progress: mpsc::Sender<capstep_ssh::UploadProgress>,
) -> std::pin::Pin<Box<dyn Future<Output = Result<capstep_ssh::UploadReport, Fault>> + Send>> {
    Box::pin(async move {
        let report = login.session.upload(request, Some(progress)).await;
        report.map_err(|error| error::fault(error, &login.target))
    })
}

/// Finds what is to be removed in the end; a future of its own, like [`send`].
#[allow(clippy::type_complexity)]
fn look(
    login: Arc<SshLogin>,
    deletions: Vec<Deletion>,
    selections: Vec<(String, Arc<Selection>)>,
    request: UploadRequest,
) -> std::pin::Pin<
    Box<dyn Future<Output = Result<(UploadRequest, Vec<capstep_ssh::Unlisted>), Fault>> + Send>,
> {
    Box::pin(async move {
        let unlisted = deletion::find(&login, &deletions, &selections, &request).await?;
        Ok((request, unlisted))
    })
}

/// Whether a transfer may remove what its source has not, and how much of it at once.
fn limit_of_deletion(
    shared: &Shared,
    login: &SshLogin,
    transfer: &Transfer,
) -> Result<Option<usize>, Fault> {
    let granted = shared.authority.bound.grants.iter().any(|grant| {
        grant.pointer == transfer.destination && grant.access.contains(&Access::Delete)
    });
    if !granted {
        return Ok(None);
    }
    let act = Act::SshDelete {
        target: &login.target,
        source: &transfer.source,
        destination: &transfer.destination,
    };
    let Permit::Transfer { remote, .. } = shared.permit(&act)? else {
        return wrong_permit();
    };
    // A new release has nothing but what is uploaded anyway.
    if !remote.path.starts_with('/') {
        return Ok(None);
    }
    let limit = roles::role_count(shared, RoleKind::MaxDelete, &transfer.destination)?;
    Ok(Some(limit.unwrap_or(MAX_DELETE)))
}

/// Takes out of a release what is not part of it.
fn prune(
    login: Arc<SshLogin>,
    open: OpenRelease,
) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>> {
    Box::pin(async move {
        let pruned = login.session.prune_extra(&open.release, &open.kept).await;
        pruned.map_err(|error| error::fault(error, &login.target))?;
        login.set_release(Some(open));
        Ok(())
    })
}

struct Gathered {
    request: UploadRequest,
    /// What belongs to the release, relative to it.
    kept: Vec<String>,
    /// Folders whose other content is to go.
    deletions: Vec<Deletion>,
    /// What of each destination is left out.
    selections: Vec<(String, Arc<Selection>)>,
}

/// Lists and hashes what is to be uploaded.
fn gather(
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
            .map_err(|error| file_fault(error, &task.source, task.root.as_str()))?;
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
            return Err(Fault::error(
                ErrorKind::NotFound,
                format!("`{}` matches no file", task.root),
            ));
        }
        if let Some(limit) = task.delete {
            if single {
                return Err(Fault::error(
                    ErrorKind::Invalid,
                    format!("`delete` is for folders, and `{}` is a file", task.root),
                ));
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
        request.directories.push(remote.to_owned());
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
        use cap_std::fs::MetadataExt as _;
        let (sha256, size) = hash(&entry.place).map_err(fault)?;
        request.entries.push(UploadEntry {
            local: Arc::new(Local(entry.place)),
            remote: remote.to_owned(),
            sha256,
            size,
            mode: entry.metadata.mode() & 0o777,
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

fn hash(place: &Place) -> Result<([u8; 32], u64), crate::files::FileError> {
    let mut file = place.file()?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; HASH_CHUNK];
    let mut size = 0_u64;
    loop {
        let length = file.read(&mut chunk)?;
        if length == 0 {
            return Ok((digest.finalize().into(), size));
        }
        size += length as u64;
        digest.update(chunk.get(..length).unwrap_or_default());
    }
}

/// A designated file; its real bytes, for the host alone.
struct Local(Place);

impl LocalFile for Local {
    fn open(&self) -> Opening<'_> {
        Box::pin(async move {
            let file = self.0.file().map_err(|error| match error {
                crate::files::FileError::Io(error) => error,
                _ => io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "a link took the file's place",
                ),
            })?;
            let reader: capstep_ssh::upload::Reader =
                Box::new(tokio::fs::File::from_std(file.into_std()));
            Ok(reader)
        })
    }
}
