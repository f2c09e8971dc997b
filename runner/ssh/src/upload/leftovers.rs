//! What earlier uploads have left in a folder, told apart from what somebody else puts there under such a name.
//!
//! Others may be allowed to write to that folder. They can make anything under a staging folder's name, and exchange it
//! for a link between one request and the next: SFTP knows paths and no open folders, and follows links on the way. So a
//! leftover is not touched where it stands. It is renamed into the new upload's own folder, which nobody else can reach
//! into (a rename takes a link itself, never what it leads to), and looked at there. Only a folder of the account's own
//! with mode 0700 is emptied: what is in one, nobody else has put there or can exchange.
//!
//! In a folder that others may write to and that has no sticky bit, they can rename even our own folder, and no order of
//! requests helps. So nothing is removed but by a name that staging gives ([`is_staged`]), which no file of anybody's has.

use std::sync::Arc;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::Metadata;

use super::parallel::in_flight;
use super::plan::Plan;
use super::staging::{FOLDER_MODE, Staging};
use super::{REQUESTS_IN_FLIGHT, STAGING_PREFIX};
use crate::remote::{RemoteKind, RemoteStat};

/// How the name of a leftover begins that was moved into a staging folder; digits follow.
const MOVED: &str = "o";

/// Folders that one upload looks into, so that nobody keeps it busy by making more; the others are the next one's.
const FOLDER_LIMIT: usize = 1000;

/// Something with a staging folder's name, as the folder above it lists it.
pub(super) struct Leftover {
    pub(super) path: String,
    found: Metadata,
}

impl Leftover {
    /// Whether it is worth a closer look. What the listing says may not hold any more a moment later.
    pub(super) fn may_be_ours(&self) -> bool {
        self.found.uid.is_some_and(|uid| self.is_of(uid))
    }

    /// The same, for this account.
    pub(super) fn is_of(&self, owner: u32) -> bool {
        is_ours(&self.found, owner)
    }
}

/// A leftover that was moved into the new upload's own folder and is the account's own.
pub(super) struct Moved {
    /// The folder that it was found in.
    anchor: String,
    /// Where it was.
    from: String,
    /// Where it is.
    path: String,
}

/// The staging folders that are in a folder: of uploads that died, or of one that is under way.
pub(super) async fn find(sftp: &SftpSession, folder: &str) -> Result<Vec<Leftover>, SftpError> {
    let listing = sftp.read_dir(folder).await?;
    Ok(listing
        .filter(|entry| entry.file_name().starts_with(STAGING_PREFIX) && entry.file_type().is_dir())
        .map(|entry| Leftover {
            path: format!("{}/{}", folder.trim_end_matches('/'), entry.file_name()),
            found: entry.metadata(),
        })
        .collect())
}

/// Moves the leftovers, which are listed for each of the plan's roots, into the new upload's folders. What is none of
/// ours goes back: whoever it belongs to would miss it, and with it in there our own folder could not be removed.
pub(super) async fn move_in(
    sftp: &SftpSession,
    plan: &Plan,
    staging: &Staging,
    left: &[Vec<Leftover>],
) -> Vec<Moved> {
    let Some(owner) = staging.owner() else {
        return Vec::new();
    };
    let mut moved = Vec::new();
    let all = plan.roots.iter().zip(left);
    let all = all.flat_map(|(root, left)| left.iter().map(|leftover| (&root.anchor, leftover)));
    let ours = all.filter(|(_, leftover)| leftover.is_of(owner));
    let ours: Vec<_> = ours.take(FOLDER_LIMIT).collect();
    for (number, (anchor, leftover)) in ours.into_iter().enumerate() {
        let Some(own) = staging.beside(anchor) else {
            continue;
        };
        let (from, path) = (leftover.path.clone(), format!("{own}/{MOVED}{number}"));
        if sftp.rename(&from, &path).await.is_err() {
            continue;
        }
        let found = sftp.symlink_metadata(&path).await;
        if found.as_ref().is_ok_and(|found| is_ours(found, owner)) {
            let anchor = anchor.clone();
            moved.push(Moved { anchor, from, path });
        } else if sftp.rename(&path, from).await.is_err()
            && found.is_ok_and(|found| found.file_type().is_symlink())
        {
            // Something else stands there by now. To remove a link removes nothing of what it leads to.
            let _ = sftp.remove_file(path).await;
        }
    }
    moved
}

/// The folders among these that were found in `anchor`, and those in them that an upload which died had moved there.
pub(super) async fn folders(
    sftp: &SftpSession,
    moved: &[Moved],
    anchor: &str,
    owner: u32,
) -> Vec<String> {
    let here = moved.iter().filter(|moved| moved.anchor == anchor);
    let mut folders: Vec<String> = here.map(|moved| moved.path.clone()).collect();
    let mut next = 0;
    while let Some(folder) = folders.get(next).filter(|_| next < FOLDER_LIMIT) {
        let listing = sftp.read_dir(folder).await;
        next += 1;
        let inner = listing.into_iter().flatten();
        let inner = inner.filter(|entry| is_moved(&entry.file_name()));
        let inner = inner.filter(|entry| is_ours(&entry.metadata(), owner));
        folders.extend(inner.map(|entry| entry.path()));
    }
    folders
}

/// Removes the leftovers. One that holds what no upload makes goes back to where it was, to somebody who knows what it is.
pub(super) async fn remove(sftp: &Arc<SftpSession>, moved: Vec<Moved>, owner: Option<u32>) {
    for moved in moved {
        if !empty_and_remove(sftp, &moved.path, owner).await {
            let _ = sftp.rename(moved.path, moved.from).await;
        }
    }
}

/// Removes a staging folder of this upload's own, if it still is one; what can't be removed is left to the next upload.
pub(super) async fn remove_own(sftp: &Arc<SftpSession>, folder: &str, owner: Option<u32>) {
    let Ok(found) = sftp.symlink_metadata(folder).await else {
        return;
    };
    // Some servers say neither owner nor mode. With them there are no leftovers, but the own folder goes.
    let is_private = found.permissions.is_none_or(|mode| mode & 0o077 == 0);
    if found.file_type().is_dir() && found.uid == owner && is_private {
        empty_and_remove(sftp, folder, owner).await;
    }
}

/// Removes a folder with what staging made in it, and with the leftovers that were moved there; whether it is gone.
async fn empty_and_remove(sftp: &Arc<SftpSession>, top: &str, owner: Option<u32>) -> bool {
    let mut folders = vec![top.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).filter(|_| next < FOLDER_LIMIT) {
        let listing = sftp.read_dir(folder).await;
        next += 1;
        let mut files = Vec::new();
        for entry in listing.into_iter().flatten() {
            let name = entry.file_name();
            if is_staged(&name) {
                files.push(entry.path());
            } else if is_moved(&name)
                && owner.is_some_and(|owner| is_ours(&entry.metadata(), owner))
            {
                folders.push(entry.path());
            }
        }
        let _ = in_flight(files, REQUESTS_IN_FLIGHT, |path| {
            let sftp = Arc::clone(sftp);
            async move {
                let _ = sftp.remove_file(path).await;
                Ok::<(), ()>(())
            }
        })
        .await;
    }
    let mut is_gone = false;
    for folder in folders.into_iter().rev() {
        is_gone = sftp.remove_dir(folder).await.is_ok();
    }
    is_gone
}

/// Whether it is a folder of this account's that nobody else can look into. A bit that it has from the folder above it
/// (set-group-ID) opens it to nobody.
fn is_ours(found: &Metadata, owner: u32) -> bool {
    let stat = RemoteStat::from(found);
    stat.kind == RemoteKind::Directory
        && found.uid == Some(owner)
        && stat.mode & 0o777 == FOLDER_MODE
}

/// Whether a name is one that files and links are staged under: `f` and `l` with a number, `r` with a digest.
fn is_staged(name: &str) -> bool {
    /// Digits of [`super::resume::name`].
    const DIGEST: usize = 32;
    match name.split_at_checked(1) {
        Some(("f" | "l", rest)) => is_number(rest),
        Some(("r", rest)) => {
            rest.len() == DIGEST && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        _ => false,
    }
}

fn is_moved(name: &str) -> bool {
    name.strip_prefix(MOVED).is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::RESUME_FROM;

    #[test]
    fn only_names_of_our_own_making_are_removed() {
        let resumed = crate::upload::resume::name("/srv", "/srv/a", RESUME_FROM);
        for name in ["f0", "l12", &resumed.unwrap_or_default()] {
            assert!(is_staged(name), "{name}");
        }
        for name in ["", "f", "f0.txt", "fé", "é", "r12", "id_rsa", "o0", "l-1"] {
            assert!(!is_staged(name), "{name}");
        }
        assert!(is_moved("o0") && !is_moved("o") && !is_moved("old"));
    }
}
