//! What an upload that was cut has left of a large file, found again and gone on with.
//!
//! A large file is staged under a name that follows from its place and its size, so that a later upload of it can look
//! for it: in the folder's leftovers, and in releases that were given up. What is found is only ever copied, into the
//! new upload's own folder: the old one may still be written to, by an upload that lives or by a server that has not
//! noticed the cut. Nothing about it is believed. It must be a file of this account's that nobody else could write, and
//! its copy must have the digest of as many bytes of the local file, or it is removed and the whole file is sent.

mod copy;
mod find;

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::SftpSession;
use sha2::{Digest as _, Sha256};

use super::leftovers::Moved;
use super::plan::Plan;
use super::staging::Staging;
use super::{UploadEntry, UploadRequest};
use crate::session::Session;

pub use copy::TAKE_COMMAND;

/// Files from this size on are gone on with. Smaller ones are sent again in no more time than looking for them takes.
pub const RESUME_FROM: u64 = 8 * 1024 * 1024;

/// The beginning of a file, copied into the staging folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::upload) struct Taken {
    pub(in crate::upload) size: u64,
    /// Of these bytes, as the server says.
    pub(in crate::upload) sha256: [u8; 32],
}

/// The name that a large file is staged under, by its place below the staging folder's own and its size; none for a
/// file that is not gone on with.
pub(super) fn name(anchor: &str, remote: &str, size: u64) -> Option<String> {
    /// Bytes of the digest: enough that no two places share a name.
    const LENGTH: usize = 16;
    if size < RESUME_FROM {
        return None;
    }
    let relative = remote.strip_prefix(anchor).unwrap_or(remote);
    let mut hasher = Sha256::new();
    hasher.update(size.to_be_bytes());
    hasher.update(relative.trim_start_matches('/').as_bytes());
    let digest = hasher.finalize();
    let digits = digest.iter().take(LENGTH).map(|byte| format!("{byte:02x}"));
    Some(format!("r{}", digits.collect::<String>()))
}

/// What is looked for, and where.
pub(super) struct Search<'a> {
    pub(super) session: &'a Session,
    pub(super) sftp: &'a Arc<SftpSession>,
    pub(super) request: &'a UploadRequest,
    pub(super) plan: &'a Plan,
    /// The new upload's own folders.
    pub(super) staging: &'a Staging,
    /// What was left beside them.
    pub(super) left: &'a [Moved],
}

impl Search<'_> {
    /// Copies what earlier attempts have staged of these files, by their indices in the request. What can't be found,
    /// copied or digested is sent anew: nothing here is an error.
    pub(super) async fn take(&self, files: &[usize]) -> HashMap<usize, Taken> {
        let large: Vec<(usize, &UploadEntry)> = files
            .iter()
            .filter_map(|&index| Some((index, self.request.entries.get(index)?)))
            .filter(|(_, entry)| entry.size >= RESUME_FROM)
            .collect();
        let (false, Some(owner)) = (large.is_empty(), self.staging.owner()) else {
            return HashMap::new();
        };
        let candidates = self.candidates(&large, owner).await;
        self.copy(&large, candidates).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_found_by_its_place_and_size() {
        let name = |anchor: &str, remote: &str, size| super::name(anchor, remote, size);
        let large = RESUME_FROM;
        let one = name("/srv/releases/1", "/srv/releases/1/app.tar", large);
        assert_eq!(
            one,
            name("/srv/releases/2", "/srv/releases/2/app.tar", large)
        );
        assert_eq!(one, name("/", "/app.tar", large));
        assert_ne!(one, name("/srv", "/srv/app.tar", large + 1));
        assert_ne!(one, name("/srv", "/srv/b/app.tar", large));
        assert_eq!(name("/srv", "/srv/app.tar", large - 1), None);
        assert_eq!(one.map(|name| name.len()), Some(33));
    }
}
