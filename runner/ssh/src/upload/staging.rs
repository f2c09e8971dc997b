//! The folders that files arrive in before they are put in place.

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::SftpSession;

use super::STAGING_PREFIX;
use super::compare::Changes;
use super::folders::remove_staging;
use super::plan::Plan;
use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

/// The staging folders of one upload, one for each designated path that gets something. Dropped before it is removed,
/// it removes itself as far as the connection allows.
pub(super) struct Staging {
    sftp: Option<Arc<SftpSession>>,
    folders: Vec<String>,
    of_entry: HashMap<usize, String>,
    of_link: HashMap<usize, String>,
}

impl Staging {
    pub(super) async fn make(
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

    pub(super) fn file(&self, index: usize) -> String {
        format!(
            "{}/f{index}",
            self.of_entry.get(&index).map_or("", String::as_str)
        )
    }

    pub(super) fn link(&self, index: usize) -> String {
        format!(
            "{}/l{index}",
            self.of_link.get(&index).map_or("", String::as_str)
        )
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
