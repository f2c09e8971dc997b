//! What the copied release had and the new one has not.

use super::Release;
use crate::error::SshError;
use crate::session::Session;

impl Session {
    /// Removes from a release the files and folders that are not in `keep` (relative paths of files, links and empty
    /// folders): what the copied release had and the new one has not. Shared paths stay. Returns what was removed.
    pub async fn prune_extra(
        &self,
        release: &Release,
        keep: &[String],
    ) -> Result<Vec<String>, SshError> {
        let keep: Vec<&str> = keep
            .iter()
            .chain(&release.shared)
            .map(String::as_str)
            .collect();
        let found = self.unlisted(&release.path, &keep, |_, _| false).await?;
        self.remove_unlisted(&found).await?;
        Ok(found.files.into_iter().chain(found.folders).collect())
    }
}
