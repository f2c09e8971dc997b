//! Where earlier attempts have left something that may be the beginning of a large file.

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::fs::Metadata;

use super::Search;
use crate::remote::{RemoteKind, RemoteStat, is_below};
use crate::upload::folders::staging_folders;
use crate::upload::parallel::in_flight;
use crate::upload::staging::FOLDER_MODE;
use crate::upload::transfer::MODE_WHILE_WRITTEN;
use crate::upload::{REQUESTS_IN_FLIGHT, UploadEntry};

/// What is less than this is not worth the copy and its digest.
const WORTH_TAKING: u64 = 1024 * 1024;

/// Something that may be the beginning of a file.
pub(super) struct Candidate {
    pub(super) entry: usize,
    pub(super) path: String,
    /// Seconds since 1970.
    modified: u32,
}

impl Search<'_> {
    /// The account's number on the server: it has just made the staging folder.
    pub(super) async fn owner(&self) -> Option<u32> {
        let folder = self.staging.folders().first()?;
        self.sftp.symlink_metadata(folder).await.ok()?.uid
    }

    /// The likeliest beginning of each file: of several attempts the last one.
    pub(super) async fn candidates(
        &self,
        large: &[(usize, &UploadEntry)],
        owner: u32,
    ) -> Vec<Candidate> {
        let mut roots: Vec<usize> = large
            .iter()
            .filter_map(|(index, _)| self.plan.entry_roots.get(*index).copied())
            .collect();
        roots.sort_unstable();
        roots.dedup();
        let given_up = match &self.request.release {
            Some(release) => self.session.abandoned_releases(release).await,
            None => Ok(Vec::new()),
        };
        let given_up = given_up.unwrap_or_default();
        let mut newest: HashMap<usize, Candidate> = HashMap::new();
        for root in roots {
            let folders = self.folders(root, &given_up, owner).await;
            let mut paths = Vec::new();
            for &(index, entry) in large {
                let Some(name) = self.staging.file(index).rsplit('/').next() else {
                    continue;
                };
                if self.plan.entry_roots.get(index) == Some(&root) {
                    let path = |folder: &String| (index, entry, format!("{folder}/{name}"));
                    paths.extend(folders.iter().map(path));
                }
            }
            for found in self.look(paths, owner).await {
                let known = newest.get(&found.entry);
                if known.is_none_or(|known| known.modified < found.modified) {
                    newest.insert(found.entry, found);
                }
            }
        }
        newest.into_values().collect()
    }

    /// The staging folders that may hold files of this root: those beside the new one, and those of releases that were
    /// given up. Only the account's own, that nobody else could write to.
    async fn folders(&self, root: usize, given_up: &[String], owner: u32) -> Vec<String> {
        let mut folders = self.left.get(root).cloned().unwrap_or_default();
        let anchor = self.plan.roots.get(root).map(|root| root.anchor.as_str());
        if let (Some(release), Some(anchor)) = (&self.request.release, anchor)
            && is_below(anchor, &release.path)
            && let Some(below) = anchor.strip_prefix(&release.path)
        {
            for earlier in given_up {
                let there = staging_folders(self.sftp, &format!("{earlier}{below}")).await;
                folders.extend(there.unwrap_or_default());
            }
        }
        let looked = in_flight(folders, REQUESTS_IN_FLIGHT, |folder| {
            let sftp = Arc::clone(self.sftp);
            async move {
                let found = sftp.symlink_metadata(folder.clone()).await.ok();
                let ours = found
                    .is_some_and(|found| is(&found, RemoteKind::Directory, owner, &[FOLDER_MODE]));
                Ok::<_, ()>(ours.then_some(folder))
            }
        });
        looked
            .await
            .unwrap_or_default()
            .into_iter()
            .flatten()
            .collect()
    }

    /// Which of these paths may be what they are looked at for.
    async fn look(&self, paths: Vec<(usize, &UploadEntry, String)>, owner: u32) -> Vec<Candidate> {
        let paths = paths
            .into_iter()
            .map(|(index, entry, path)| (index, entry.size, entry.mode & 0o7777, path))
            .collect();
        let looked = in_flight(paths, REQUESTS_IN_FLIGHT, |(entry, size, mode, path)| {
            let sftp = Arc::clone(self.sftp);
            async move {
                let found = sftp.symlink_metadata(path.clone()).await.ok();
                let found = found.filter(|found| {
                    // One that is whole may have its final mode already.
                    is(found, RemoteKind::File, owner, &[MODE_WHILE_WRITTEN, mode])
                        && (WORTH_TAKING..=size).contains(&found.size.unwrap_or(0))
                });
                Ok::<_, ()>(found.map(|found| Candidate {
                    entry,
                    path,
                    modified: found.mtime.unwrap_or(0),
                }))
            }
        });
        looked
            .await
            .unwrap_or_default()
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Whether an entry is of this kind and the account's own, with one of these modes.
fn is(found: &Metadata, kind: RemoteKind, owner: u32, modes: &[u32]) -> bool {
    let stat = RemoteStat::from(found);
    stat.kind == kind && found.uid == Some(owner) && modes.contains(&stat.mode)
}
