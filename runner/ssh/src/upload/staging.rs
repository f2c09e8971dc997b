//! The folders that files arrive in before they are put in place.

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::SftpSession;

use super::compare::Changes;
use super::folders::remove_staging;
use super::plan::Plan;
use super::{STAGING_PREFIX, UploadRequest, resume};
use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

/// Who may look into a staging folder: the account alone.
pub(super) const FOLDER_MODE: u32 = 0o700;

/// The staging folders of one upload, one for each designated path that gets something. Dropped before it is removed,
/// it removes itself as far as the connection allows.
pub(super) struct Staging {
    sftp: Option<Arc<SftpSession>>,
    folders: Vec<String>,
    /// Where each file that is sent is staged.
    of_entry: HashMap<usize, String>,
    of_link: HashMap<usize, String>,
}

impl Staging {
    pub(super) async fn make(
        session: &Session,
        sftp: &Arc<SftpSession>,
        request: &UploadRequest,
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
        let mut folders = Vec::new();
        let mut of_entry = HashMap::new();
        for &index in &changes.files {
            let (Some(&root), Some(entry)) =
                (plan.entry_roots.get(index), request.entries.get(index))
            else {
                continue;
            };
            let anchor = plan.roots.get(root).map_or("", |root| root.anchor.as_str());
            let name =
                resume::name(anchor, &entry.remote, entry.size).unwrap_or(format!("f{index}"));
            of_entry.insert(index, format!("{}/{name}", folder(root)));
            folders.push(folder(root));
        }
        let mut of_link = HashMap::new();
        for &index in &changes.links {
            if let Some(&root) = plan.symlink_roots.get(index) {
                of_link.insert(index, format!("{}/l{index}", folder(root)));
                folders.push(folder(root));
            }
        }
        folders.sort();
        folders.dedup();
        let mut staging = Self {
            sftp: Some(Arc::clone(sftp)),
            folders: Vec::new(),
            of_entry,
            of_link,
        };
        for folder in folders {
            sftp.create_dir(folder.clone())
                .await
                .map_err(|error| session.sftp_error(error, &folder))?;
            staging.folders.push(folder.clone());
            session.set_mode(sftp, &folder, FOLDER_MODE).await?;
        }
        Ok(staging)
    }

    /// The folders.
    pub(super) fn folders(&self) -> &[String] {
        &self.folders
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
                remove_staging(&sftp, folder).await;
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
                remove_staging(&sftp, &folder).await;
            }
        });
    }
}
