//! A designated file as it was when it was listed.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::fs::{Metadata, MetadataExt as _};
use capstep_ssh::LocalFile;
use capstep_ssh::upload::Reader;

use crate::files::{FileError, Place};

/// How long a file must have been left alone for its times to show the next write. Within the tick of the system's clock
/// two writes get the same time; and a program that has a file mapped gets a new one only once the system has written
/// back what it changed before, which takes half a minute.
const SETTLED: Duration = Duration::from_secs(60);

/// A designated file; its real bytes, for the host alone.
pub(super) struct Local {
    place: Place,
    listed: Stamp,
    /// When it was listed.
    at: SystemTime,
}

/// What changes when a file is written to, or when another one takes its place.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Local {
    /// A file with what is known of it.
    pub(super) fn listed(place: Place, metadata: &Metadata) -> Self {
        Self {
            place,
            listed: Stamp::of(metadata),
            at: SystemTime::now(),
        }
    }
}

impl LocalFile for Local {
    fn open(&self) -> io::Result<Reader> {
        let file = self.place.file().map_err(|error| match error {
            FileError::Io(error) => error,
            _ => io::Error::new(
                io::ErrorKind::PermissionDenied,
                "a link took the file's place",
            ),
        })?;
        Ok(Box::new(file.into_std()))
    }

    fn shows_writes(&self) -> bool {
        self.listed.is_settled(self.at)
    }

    fn is_untouched(&self) -> bool {
        let now = self.place.stat();
        now.is_ok_and(|metadata| Stamp::of(&metadata) == self.listed)
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the next write will show.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (last, _) = self.modified.max(self.changed);
        // A time before 1970 is no recent one; one to come, of another clock, is no time to go by.
        let last = Duration::from_secs(u64::try_from(last).unwrap_or(0));
        now.checked_sub(last).is_some_and(|age| age > SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_settles() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let check = |modified: i64, changed: i64, expected: bool| {
            let stamp = Stamp {
                device: 1,
                inode: 1,
                size: 1,
                modified: (modified, 0),
                changed: (changed, 0),
            };
            assert_eq!(stamp.is_settled(now), expected, "{modified} {changed}");
        };
        check(900, 900, true);
        check(900, 939, true);
        check(900, 940, false);
        check(940, 900, false);
        check(1001, 900, false);
        check(900, 1001, false);
        check(-5, -5, true);
    }

    #[test]
    fn a_touched_file_is_told_from_an_untouched_one() {
        use capstep_grants::WorkspacePath;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let workspace = crate::files::Workspace::open(folder.path()).unwrap();
        let place = || {
            let path = WorkspacePath::parse("file").unwrap();
            Place::open(&workspace, &path, &path).unwrap()
        };
        let listed = || Local::listed(place(), &place().stat().unwrap());
        std::fs::write(&path, "content").unwrap();
        let before = listed();
        assert!(!before.shows_writes(), "its times say nothing yet");
        assert!(before.is_untouched());
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, "another").unwrap();
        assert!(!before.is_untouched(), "it was written to");
        let before = listed();
        std::fs::write(folder.path().join("new"), "another").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert!(!before.is_untouched(), "another took its place");
        std::fs::remove_file(&path).unwrap();
        assert!(!before.is_untouched(), "it is gone");
    }
}
