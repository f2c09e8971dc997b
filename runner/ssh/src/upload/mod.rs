//! Uploads: only what changed, and all of it at once.
//!
//! Files whose content is already there are skipped. The others are written, each with its final mode, into a staging
//! folder beside their target and renamed into place when all of them have arrived, so that a connection cut midway
//! leaves every target file as it was. The renames themselves are many steps: each file is old or new, never half,
//! and a cut in that moment can leave some of each. What a dead upload left is removed by the next one to the same
//! folder, so of two uploads at once to one folder the later wins and the earlier fails.

mod folders;
mod local;
mod parallel;
mod plan;
mod switch;
mod transfer;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, StatusCode};
use tokio::sync::mpsc;

use crate::error::{SshError, SshErrorKind};
use crate::remote::{RemoteKind, RemoteStat};
use crate::session::Session;

pub use local::{LocalFile, Opening, Reader};
pub use switch::RENAME_COMMAND;

use parallel::in_flight;
use plan::Plan;
use transfer::{Failure, Meter};

/// How staging folders begin; 64 random bits follow.
pub const STAGING_PREFIX: &str = ".capstep-upload-";

/// Small requests on their way at once.
const REQUESTS_IN_FLIGHT: usize = 32;

/// Files on their way at once. Small files are bound by round trips; a large one fills the connection alone.
const FILES_IN_FLIGHT: usize = 8;

/// A file to upload.
pub struct UploadEntry {
    /// Where its bytes come from.
    pub local: Arc<dyn LocalFile>,
    /// Absolute, without `.`, `..` and empty parts.
    pub remote: String,
    /// Of the whole content; decides whether the file is sent, and is compared with what was sent.
    pub sha256: [u8; 32],
    /// In bytes, for progress.
    pub size: u64,
    /// The permission bits that the remote file gets.
    pub mode: u32,
}

/// A symbolic link to make.
#[derive(Debug, Clone)]
pub struct UploadSymlink {
    /// Absolute.
    pub remote: String,
    /// As it is to be written; must stay within the designated path.
    pub target: String,
}

/// What to upload.
#[derive(Default)]
pub struct UploadRequest {
    /// The designated remote paths, folders or single files: nothing is written outside of them.
    pub within: Vec<String>,
    /// The files.
    pub entries: Vec<UploadEntry>,
    /// Folders that are to exist even if nothing is in them.
    pub directories: Vec<String>,
    /// Links.
    pub symlinks: Vec<UploadSymlink>,
}

/// How far an upload has come, in bytes of the files that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// So far.
    pub sent: u64,
    /// In the end.
    pub total: u64,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploadReport {
    /// Remote paths of the files and links that were written, in the request's order.
    pub uploaded: Vec<String>,
    /// Files that were there already.
    pub skipped: usize,
    /// Files of these whose permissions were put right.
    pub modes_changed: usize,
    /// Bytes sent.
    pub bytes: u64,
    /// The server could not tell digests, so every file was sent.
    pub without_digests: bool,
}

impl Session {
    /// Uploads files; see the module for what is promised when it is cut short.
    ///
    /// Progress is told where the receiver keeps up, and skipped where it doesn't. Errors: `outside` for a path that
    /// leaves the designated ones, by its text or through a link on the server; `conflict` where a folder or a file is
    /// in the way, or a local file changed meanwhile; `invalid` for paths that mean nothing.
    pub async fn upload(
        &self,
        request: UploadRequest,
        progress: Option<mpsc::Sender<UploadProgress>>,
    ) -> Result<UploadReport, SshError> {
        let plan = plan::plan(&request)?;
        let sftp = self.sftp().await?;
        for (root, folders) in plan.roots.iter().zip(&plan.directories) {
            let real = self.make_anchor(&root.anchor).await?;
            self.make_folders(folders, &root.within, &real).await?;
            self.remove_stale(&root.anchor).await?;
        }
        let mut report = UploadReport::default();
        let digests = self.existing(&request, &mut report).await?;
        let changes = self.compare(&request, &digests, &sftp, &mut report).await?;
        if changes.nothing() {
            return Ok(report);
        }
        let staging = Staging::make(self, &sftp, &plan, &changes).await?;
        let renamer = self.renamer().await?;
        let pairs = self
            .fill(&staging, &request, &changes, &sftp, progress, &mut report)
            .await?;
        self.rename_all(&renamer, pairs, staging).await?;
        for &index in &changes.modes {
            if let Some(entry) = request.entries.get(index) {
                self.set_mode(&sftp, &entry.remote, entry.mode).await?;
            }
        }
        Ok(report)
    }

    /// The digests of the files that are there, by path.
    async fn existing(
        &self,
        request: &UploadRequest,
        report: &mut UploadReport,
    ) -> Result<HashMap<String, [u8; 32]>, SshError> {
        let names: Vec<String> = request
            .entries
            .iter()
            .map(|entry| entry.remote.trim_start_matches('/').to_owned())
            .collect();
        match self.digests("/", &names).await {
            Err(error) if error.kind == SshErrorKind::Unsupported => {
                report.without_digests = true;
                Ok(HashMap::new())
            }
            result => result,
        }
    }

    /// Finds what differs from the server's state, and what is in the way of it.
    async fn compare(
        &self,
        request: &UploadRequest,
        digests: &HashMap<String, [u8; 32]>,
        sftp: &Arc<SftpSession>,
        report: &mut UploadReport,
    ) -> Result<Changes, SshError> {
        let mut changes = Changes::default();
        let paths = request
            .entries
            .iter()
            .map(|entry| entry.remote.clone())
            .chain(request.symlinks.iter().map(|link| link.remote.clone()))
            .collect();
        let found = in_flight(paths, REQUESTS_IN_FLIGHT, |path| {
            let sftp = Arc::clone(sftp);
            async move {
                match sftp.symlink_metadata(path.clone()).await {
                    Ok(found) => Ok(Some(RemoteStat::from(&found))),
                    Err(SftpError::Status(status))
                        if status.status_code == StatusCode::NoSuchFile =>
                    {
                        Ok(None)
                    }
                    Err(error) => Err((path, error)),
                }
            }
        })
        .await
        .map_err(|(path, error)| self.sftp_error(error, &path))?;
        let (files, links) = found.split_at(request.entries.len().min(found.len()));
        for (index, (entry, found)) in request.entries.iter().zip(files).enumerate() {
            match found {
                Some(stat) if stat.kind == RemoteKind::Directory => {
                    return Err(folder_in_the_way(&entry.remote));
                }
                Some(stat)
                    if stat.kind == RemoteKind::File
                        && digests.get(entry.remote.trim_start_matches('/'))
                            == Some(&entry.sha256) =>
                {
                    report.skipped += 1;
                    if stat.mode != entry.mode & 0o7777 {
                        report.modes_changed += 1;
                        changes.modes.push(index);
                    }
                }
                _ => changes.files.push(index),
            }
        }
        for (index, (link, found)) in request.symlinks.iter().zip(links).enumerate() {
            match found {
                Some(stat) if stat.kind == RemoteKind::Directory => {
                    return Err(folder_in_the_way(&link.remote));
                }
                Some(stat)
                    if stat.kind == RemoteKind::Symlink
                        && self.read_link(&link.remote).await? == link.target =>
                {
                    report.skipped += 1;
                }
                _ => changes.links.push(index),
            }
        }
        Ok(changes)
    }

    /// Writes the changed files and links into the staging folders, and returns what is to be renamed to what.
    async fn fill(
        &self,
        staging: &Staging,
        request: &UploadRequest,
        changes: &Changes,
        sftp: &Arc<SftpSession>,
        progress: Option<mpsc::Sender<UploadProgress>>,
        report: &mut UploadReport,
    ) -> Result<Vec<(String, String)>, SshError> {
        let entries = || {
            changes
                .files
                .iter()
                .filter_map(|&index| Some((index, request.entries.get(index)?)))
        };
        let meter = Meter {
            sent: Arc::new(AtomicU64::new(0)),
            total: entries().map(|(_, entry)| entry.size).sum(),
            progress,
        };
        let mut pairs = in_flight(entries().collect(), FILES_IN_FLIGHT, |(index, entry)| {
            let sftp = Arc::clone(sftp);
            let local = Arc::clone(&entry.local);
            let (mode, sha256, meter) = (entry.mode, entry.sha256, meter.clone());
            let (staged, remote) = (staging.file(index), entry.remote.clone());
            async move {
                match transfer::send(&sftp, &*local, &staged, mode, sha256, &meter).await {
                    Ok(()) => Ok((staged, remote)),
                    Err(failure) => Err((failure, remote)),
                }
            }
        })
        .await
        .map_err(|(failure, remote)| self.transfer_error(failure, &remote))?;
        for (index, link) in changes
            .links
            .iter()
            .filter_map(|&index| Some((index, request.symlinks.get(index)?)))
        {
            let staged = staging.link(index);
            // OpenSSH takes the two paths in the order opposite to the draft's, and everybody follows OpenSSH.
            sftp.symlink(link.target.clone(), staged.clone())
                .await
                .map_err(|error| self.sftp_error(error, &link.remote))?;
            pairs.push((staged, link.remote.clone()));
        }
        report.bytes = meter.sent.load(std::sync::atomic::Ordering::Relaxed);
        report.uploaded = pairs.iter().map(|(_, remote)| remote.clone()).collect();
        Ok(pairs)
    }

    async fn set_mode(&self, sftp: &SftpSession, path: &str, mode: u32) -> Result<(), SshError> {
        let attributes = FileAttributes {
            permissions: Some(mode & 0o7777),
            ..FileAttributes::empty()
        };
        sftp.set_metadata(path, attributes)
            .await
            .map_err(|error| self.sftp_error(error, path))
    }

    fn transfer_error(&self, failure: Failure, remote: &str) -> SshError {
        match failure {
            Failure::Remote(error) => self.sftp_error(error, remote),
            Failure::Local(error) => SshError::channel(
                SshErrorKind::NotFound,
                format!("the local file for {remote:?} cannot be read: {error}"),
            ),
            Failure::Changed => SshError::channel(
                SshErrorKind::Conflict,
                format!("the local file for {remote:?} changed while it was uploaded"),
            ),
        }
    }
}

/// Indices into a request: what has to be done.
#[derive(Debug, Default)]
struct Changes {
    files: Vec<usize>,
    links: Vec<usize>,
    modes: Vec<usize>,
}

impl Changes {
    fn nothing(&self) -> bool {
        self.files.is_empty() && self.links.is_empty() && self.modes.is_empty()
    }
}

/// The staging folders of one upload, one for each designated path that gets something. Dropped before it is removed,
/// it removes itself as far as the connection allows.
struct Staging {
    sftp: Option<Arc<SftpSession>>,
    folders: Vec<String>,
    of_entry: HashMap<usize, String>,
    of_link: HashMap<usize, String>,
}

impl Staging {
    async fn make(
        session: &Session,
        sftp: &Arc<SftpSession>,
        plan: &Plan,
        changes: &Changes,
    ) -> Result<Self, SshError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| {
            SshError::channel(SshErrorKind::Internal, format!("no random bytes: {error}"))
        })?;
        let id = u64::from_be_bytes(random);
        let folder = |root: usize| {
            let anchor = plan.roots.get(root).map_or("", |root| root.anchor.as_str());
            format!("{}/{STAGING_PREFIX}{id:016x}", anchor.trim_end_matches('/'))
        };
        let placed = |indices: &[usize], roots: &[usize]| -> HashMap<usize, String> {
            indices
                .iter()
                .filter_map(|&index| Some((index, folder(*roots.get(index)?))))
                .collect()
        };
        let mut staging = Self {
            sftp: Some(Arc::clone(sftp)),
            folders: Vec::new(),
            of_entry: placed(&changes.files, &plan.entry_roots),
            of_link: placed(&changes.links, &plan.symlink_roots),
        };
        let mut folders: Vec<String> = staging
            .of_entry
            .values()
            .chain(staging.of_link.values())
            .cloned()
            .collect();
        folders.sort();
        folders.dedup();
        for folder in folders {
            sftp.create_dir(folder.clone())
                .await
                .map_err(|error| session.sftp_error(error, &folder))?;
            staging.folders.push(folder.clone());
            session.set_mode(sftp, &folder, 0o700).await?;
        }
        Ok(staging)
    }

    fn file(&self, index: usize) -> String {
        format!(
            "{}/f{index}",
            self.of_entry.get(&index).map_or("", String::as_str)
        )
    }

    fn link(&self, index: usize) -> String {
        format!(
            "{}/l{index}",
            self.of_link.get(&index).map_or("", String::as_str)
        )
    }

    /// Removes the folders, with what was not renamed out of them.
    async fn remove(mut self) {
        if let Some(sftp) = self.sftp.take() {
            for folder in &self.folders {
                folders::remove_staging(&sftp, folder).await;
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let (Some(sftp), Ok(runtime)) = (self.sftp.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let folders = std::mem::take(&mut self.folders);
        runtime.spawn(async move {
            for folder in folders {
                folders::remove_staging(&sftp, &folder).await;
            }
        });
    }
}

fn folder_in_the_way(path: &str) -> SshError {
    SshError::channel(
        SshErrorKind::Conflict,
        format!("{path:?} is a folder there, and a file here"),
    )
}
