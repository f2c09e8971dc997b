//! The copies of what was found, and what the server says of them.

use std::collections::HashMap;

use super::find::Candidate;
use super::{Search, Taken};
use crate::remote::{RemoteKind, RemoteStat};
use crate::upload::UploadEntry;

/// Copies files, pairs of names separated by NUL from standard input. A link is copied as a link, and then refused.
pub const TAKE_COMMAND: &str = "xargs -0 -n 2 cp -RP";

/// What is kept of the complaints of `cp`, which nobody reads.
const COMPLAINT_LIMIT: usize = 4096;

impl Search<'_> {
    /// Copies the candidates and has the copies digested.
    pub(super) async fn copy(
        &self,
        large: &[(usize, &UploadEntry)],
        candidates: Vec<Candidate>,
    ) -> HashMap<usize, Taken> {
        if candidates.is_empty() {
            return HashMap::new();
        }
        let mut input = Vec::new();
        for candidate in &candidates {
            for path in [candidate.path.as_str(), self.staging.file(candidate.entry)] {
                input.extend_from_slice(path.as_bytes());
                input.push(0);
            }
        }
        let copying = self
            .session
            .exec_collect(TAKE_COMMAND, &input, COMPLAINT_LIMIT);
        // Whether each copy is there is seen below.
        let _ = copying.await;
        let mut copies = Vec::new();
        for &(index, entry) in large {
            let path = self.staging.file(index);
            let wanted = candidates.iter().any(|candidate| candidate.entry == index);
            let found = if wanted {
                self.sftp.symlink_metadata(path).await.ok()
            } else {
                None
            };
            match found.map(|found| RemoteStat::from(&found)) {
                Some(stat) if stat.kind == RemoteKind::File && stat.size <= entry.size => {
                    copies.push((index, stat.size, path));
                }
                Some(_) => self.discard(path).await,
                None => {}
            }
        }
        let name = |path: &str| path.trim_start_matches('/').to_owned();
        let names: Vec<String> = copies.iter().map(|(.., path)| name(path)).collect();
        let digests = self.session.digests("/", &names).await.unwrap_or_default();
        let mut taken = HashMap::new();
        for (index, size, path) in copies {
            match digests.get(&name(path)) {
                Some(&sha256) => drop(taken.insert(index, Taken { size, sha256 })),
                None => self.discard(path).await,
            }
        }
        taken
    }

    /// Removes a copy that can't be used, so that its name is free.
    async fn discard(&self, path: &str) {
        let _ = self.sftp.remove_file(path).await;
    }
}
