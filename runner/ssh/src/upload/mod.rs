//! Uploads: only what changed, and all of it at once.
//!
//! Files whose content is already there are skipped. The others are written, each with its final mode, into a staging
//! folder beside their target and renamed into place when all of them have arrived, so that a connection cut midway
//! leaves every target file as it was. The renames themselves are many steps: each file is old or new, never half,
//! and a cut in that moment can leave some of each. What a dead upload left is removed by the next one to the same
//! folder, so of two uploads at once to one folder the later wins and the earlier fails. Of a large file it is gone on
//! with before. What others put there under such a name is left alone (`leftovers`).

mod compare;
mod fill;
mod folders;
mod leftovers;
mod local;
mod parallel;
mod plan;
mod request;
mod resume;
mod small;
mod source;
mod staging;
mod switch;
mod transfer;

use std::collections::HashSet;

use tokio::sync::mpsc;

use crate::error::SshError;
use crate::session::Session;

pub use local::{LocalFile, Reader};
pub use request::{
    UploadEntry, UploadFolder, UploadProgress, UploadReport, UploadRequest, UploadSymlink,
};
pub use resume::{RESUME_FROM, TAKE_COMMAND};
pub use switch::RENAME_COMMAND;
pub(crate) use switch::Renamer;

use fill::Filling;
use resume::Search;
use staging::Staging;

/// How staging folders begin; 64 random bits follow.
pub const STAGING_PREFIX: &str = ".capstep-upload-";

/// Small requests on their way at once.
const REQUESTS_IN_FLIGHT: usize = 32;

/// Files on their way at once: one fills the connection alone, the next are opened meanwhile.
const FILES_IN_FLIGHT: usize = 8;

/// Files of one packet on their way at once: these are bound by round trips.
const SMALL_FILES_IN_FLIGHT: usize = 32;

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
        let mut left = Vec::new();
        // Folders that are new, in which there is nothing to compare with.
        let mut made = HashSet::new();
        let modes = request.directories.iter();
        let modes = modes
            .map(|folder| (folder.remote.trim_end_matches('/'), folder.mode))
            .collect();
        for (root, folders) in plan.roots.iter().zip(&plan.directories) {
            let real = self.make_anchor(&root.anchor, &mut made).await?;
            self.make_folders(folders, &modes, &root.within, &real, &mut made)
                .await?;
            let there = leftovers::find(&sftp, &root.anchor).await;
            left.push(there.map_err(|error| self.sftp_error(error, &root.anchor))?);
        }
        let mut report = UploadReport::default();
        let changes = self.compare(&request, &made, &sftp, &mut report).await?;
        let mut staging = Staging::new(&sftp, &request, &plan, &changes)?;
        staging.make(self, &plan, &left).await?;
        let left = leftovers::move_in(&sftp, &plan, &staging, &left).await;
        let search = Search {
            session: self,
            sftp: &sftp,
            request: &request,
            plan: &plan,
            staging: &staging,
            left: &left,
        };
        let taken = search.take(&changes.files).await;
        leftovers::remove(&sftp, left, staging.owner()).await;
        if changes.nothing() {
            staging.remove().await;
            return Ok(report);
        }
        let renamer = self.renamer().await?;
        let filling = Filling {
            session: self,
            sftp: &sftp,
            raw: &renamer.raw,
            staging: &staging,
            request: &request,
            changes: &changes,
        };
        let pairs = filling.run(taken, progress, &mut report).await?;
        self.rename_all(&renamer, pairs, staging).await?;
        self.set_modes(&request, &changes.modes, &sftp).await?;
        Ok(report)
    }
}
