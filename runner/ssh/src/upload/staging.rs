//! The folders that files arrive in before they are put in place.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use russh_sftp::client::SftpSession;

use super::compare::Changes;
use super::folders::in_the_way;
use super::leftovers::{Leftover, remove_own};
use super::plan::{Plan, parent};
use super::{STAGING_PREFIX, UploadRequest, resume, transfer};
use crate::error::{SshError, SshErrorKind};
use crate::remote::RemoteStat;
use crate::session::Session;

/// Who may look into a staging folder: the account alone.
pub(super) const FOLDER_MODE: u32 = 0o700;

/// The staging folders of one upload, one beside each designated path that gets something. Dropped before it is removed,
/// it removes itself as far as the connection allows.
pub(super) struct Staging {
    sftp: Option<Arc<SftpSession>>,
    /// How the folders are called.
    name: String,
    /// The folders that were made.
    folders: Vec<String>,
    /// The account's number, where the server says it: that of the folders.
    owner: Option<u32>,
    /// Where each file that is sent is staged.
    of_entry: HashMap<usize, String>,
    of_link: HashMap<usize, String>,
}

impl Staging {
    /// Says what is staged where. Nothing is made yet.
    pub(super) fn new(
        sftp: &Arc<SftpSession>,
        request: &UploadRequest,
        plan: &Plan,
        changes: &Changes,
    ) -> Result<Self, SshError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| {
            SshError::channel(SshErrorKind::Internal, format!("no random bytes: {error}"))
        })?;
        let mut staging = Self {
            sftp: Some(Arc::clone(sftp)),
            name: format!("{STAGING_PREFIX}{:016x}", u64::from_be_bytes(random)),
            folders: Vec::new(),
            owner: None,
            of_entry: HashMap::new(),
            of_link: HashMap::new(),
        };
        let anchor = |root: usize| plan.roots.get(root).map_or("", |root| root.anchor.as_str());
        for &index in &changes.files {
            let (Some(&root), Some(entry)) =
                (plan.entry_roots.get(index), request.entries.get(index))
            else {
                continue;
            };
            let name = resume::name(anchor(root), &entry.remote, entry.size)
                .unwrap_or(format!("f{index}"));
            let path = format!("{}/{name}", staging.folder(anchor(root)));
            staging.of_entry.insert(index, path);
        }
        for &index in &changes.links {
            if let Some(&root) = plan.symlink_roots.get(index) {
                let path = format!("{}/l{index}", staging.folder(anchor(root)));
                staging.of_link.insert(index, path);
            }
        }
        Ok(staging)
    }

    /// Makes the folders. Where nothing is staged beside leftovers, one is made to look at them in; that it can't be made
    /// is no error then.
    pub(super) async fn make(
        &mut self,
        session: &Session,
        plan: &Plan,
        left: &[Vec<Leftover>],
    ) -> Result<(), SshError> {
        let paths = self.of_entry.values().chain(self.of_link.values());
        let needed: BTreeSet<String> = paths.map(|path| parent(path).to_owned()).collect();
        let beside = plan.roots.iter().zip(left);
        let beside = beside.filter(|(_, left)| left.iter().any(Leftover::may_be_ours));
        let beside: BTreeSet<String> = beside
            .map(|(root, _)| self.folder(&root.anchor))
            .filter(|folder| !needed.contains(folder))
            .collect();
        for folder in needed {
            self.make_folder(session, folder).await?;
        }
        for folder in beside {
            if self.make_folder(session, folder).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Makes a folder that is the account's alone from the beginning: a mode that is set afterwards comes too late where
    /// others can exchange the folder for something else, which would get it.
    async fn make_folder(&mut self, session: &Session, folder: String) -> Result<(), SshError> {
        let (sftp, raw) = (session.sftp().await?, session.renamer().await?);
        let failed = |error| session.sftp_error(error, &folder);
        let making = raw.raw.mkdir(folder.as_str(), transfer::mode(FOLDER_MODE));
        making.await.map_err(failed)?;
        self.folders.push(folder.clone());
        let found = sftp.symlink_metadata(folder.as_str()).await;
        let found = found.map_err(failed)?;
        if found.permissions.is_some() && !found.file_type().is_dir() {
            return Err(in_the_way(&folder));
        }
        self.owner = self.owner.or(found.uid);
        // Not every server gives a new folder the mode that was asked for.
        if RemoteStat::from(&found).mode & 0o777 != FOLDER_MODE {
            session.set_mode(&sftp, &folder, FOLDER_MODE).await?;
        }
        Ok(())
    }

    fn folder(&self, anchor: &str) -> String {
        format!("{}/{}", anchor.trim_end_matches('/'), self.name)
    }

    /// The folder that was made in `anchor`.
    pub(super) fn beside(&self, anchor: &str) -> Option<&str> {
        let folder = self.folder(anchor);
        let mut made = self.folders.iter().map(String::as_str);
        made.find(|made| *made == folder)
    }

    /// The account's number on the server, where it says it: it has just made the folders.
    pub(super) fn owner(&self) -> Option<u32> {
        self.owner
    }

    pub(super) fn file(&self, index: usize) -> &str {
        self.of_entry.get(&index).map_or("", String::as_str)
    }

    pub(super) fn link(&self, index: usize) -> &str {
        self.of_link.get(&index).map_or("", String::as_str)
    }

    /// Removes the folders, with what was not renamed out of them.
    pub(super) async fn remove(mut self) {
        if let Some(sftp) = self.sftp.take() {
            for folder in &self.folders {
                remove_own(&sftp, folder, self.owner).await;
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
        let (folders, owner) = (std::mem::take(&mut self.folders), self.owner);
        runtime.spawn(async move {
            for folder in folders {
                remove_own(&sftp, &folder, owner).await;
            }
        });
    }
}
