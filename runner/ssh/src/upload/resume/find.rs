//! Where earlier attempts have left something that may be the beginning of a large file.

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::fs::Metadata;

use super::Search;
use crate::remote::{RemoteKind, RemoteStat, is_below};
use crate::upload::leftovers;
use crate::upload::parallel::in_flight;
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
    size: u64,
}

impl Candidate {
    /// The later attempt is likelier, and of two within a second, which the protocol tells no finer, the one that came
    /// further: it went on with the other.
    fn is_likelier_than(&self, other: &Self) -> bool {
        (self.modified, self.size) > (other.modified, other.size)
    }
}

impl Search<'_> {
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
                if known.is_none_or(|known| found.is_likelier_than(known)) {
                    newest.insert(found.entry, found);
                }
            }
        }
        newest.into_values().collect()
    }

    /// The staging folders that may hold files of this root: those that were left beside the new one, which have been moved
    /// into it, and those of releases that were given up. Only the account's own, that nobody else could write to.
    ///
    /// The latter are looked at where they are, since an upload into such a release may live, and what is looked at there
    /// may be something else a moment later. That changes nothing there: it is copied, and the copy must have the digest.
    async fn folders(&self, root: usize, given_up: &[String], owner: u32) -> Vec<String> {
        let Some(anchor) = self.plan.roots.get(root).map(|root| root.anchor.as_str()) else {
            return Vec::new();
        };
        let mut folders = leftovers::folders(self.sftp, self.left, anchor, owner).await;
        if let Some(release) = &self.request.release
            && is_below(anchor, &release.path)
            && let Some(below) = anchor.strip_prefix(&release.path)
        {
            for earlier in given_up {
                let there = leftovers::find(self.sftp, &format!("{earlier}{below}")).await;
                let there = there.unwrap_or_default().into_iter();
                let ours = there.filter(|leftover| leftover.is_of(owner));
                folders.extend(ours.map(|leftover| leftover.path));
            }
        }
        folders
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
                    size: found.size.unwrap_or(0),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_counts_and_within_a_second_the_largest() {
        let check = |(modified, size), (than_modified, than_size), expected| {
            let candidate = |modified, size| Candidate {
                entry: 0,
                path: String::new(),
                modified,
                size,
            };
            let one = candidate(modified, size);
            let other = candidate(than_modified, than_size);
            assert_eq!(one.is_likelier_than(&other), expected);
        };
        check((2, 1), (1, 9), true);
        check((1, 9), (2, 1), false);
        check((1, 9), (1, 1), true);
        check((1, 1), (1, 9), false);
        check((1, 1), (1, 1), false);
    }
}
