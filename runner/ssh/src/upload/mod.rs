//! Uploads: only what changed, and all of it at once.
//!
//! Files whose content is already there are skipped. The others are written, each with its final mode, into a staging
//! folder beside their target and renamed into place when all of them have arrived, so that a connection cut midway
//! leaves every target file as it was. The renames themselves are many steps: each file is old or new, never half,
//! and a cut in that moment can leave some of each. What a dead upload left is removed by the next one to the same
//! folder, so of two uploads at once to one folder the later wins and the earlier fails.

mod compare;
mod fill;
mod folders;
mod local;
mod parallel;
mod plan;
mod request;
mod staging;
mod switch;
mod transfer;

use tokio::sync::mpsc;

use crate::error::SshError;
use crate::session::Session;

pub use local::{LocalFile, Opening, Reader};
pub use request::{UploadEntry, UploadProgress, UploadReport, UploadRequest, UploadSymlink};
pub use switch::RENAME_COMMAND;

use staging::Staging;

/// How staging folders begin; 64 random bits follow.
pub const STAGING_PREFIX: &str = ".capstep-upload-";

/// Small requests on their way at once.
const REQUESTS_IN_FLIGHT: usize = 32;

/// Files on their way at once. Small files are bound by round trips; a large one fills the connection alone.
const FILES_IN_FLIGHT: usize = 8;

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
}
