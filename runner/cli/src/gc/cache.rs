//! Compiled plugins beyond a size: those that were used longest ago go first.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{Found, RemovedKind};
use crate::error::CliError;

/// How the cache calls a file that is being written.
const UNFINISHED: &str = ".new-";
/// How it calls compiled code.
const COMPILED: &str = "cwasm";

struct Compiled {
    path: PathBuf,
    bytes: u64,
    used: i64,
}

/// Files that a killed run was writing. No run is under way.
pub(super) fn unfinished(folder: &Path, found: &mut Found) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_one = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        if is_one && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            found.remove(RemovedKind::Leftover, entry.path(), |path| {
                fs::remove_file(path)
            });
        }
    }
}

/// Compiled code beyond a size.
pub(super) fn collect(folder: &Path, limit: u64, found: &mut Found) -> Result<(), CliError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let message = format!("`{}` can't be read: {error}", folder.display());
            return Err(CliError::infrastructure(message));
        }
    };
    let mut compiled = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if !metadata.is_file() {
            continue;
        }
        if path
            .extension()
            .is_some_and(|extension| extension == COMPILED)
        {
            compiled.push(Compiled {
                path,
                bytes: metadata.size(),
                // Where access times are not kept, the time it was compiled.
                used: metadata.atime().max(metadata.mtime()),
            });
        }
    }
    let mut total: u64 = compiled.iter().map(|file| file.bytes).sum();
    compiled.sort_by_key(|file| file.used);
    for file in compiled {
        if total <= limit {
            break;
        }
        total -= file.bytes;
        // A run that has it open keeps it; one that comes later compiles again.
        found.remove(RemovedKind::Compiled, file.path, |path| {
            fs::remove_file(path)
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        for (name, age) in [("old.cwasm", 300), ("new.cwasm", 100), ("mid.cwasm", 200)] {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).unwrap();
            let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
            let times = fs::FileTimes::new().set_accessed(time).set_modified(time);
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_times(times).unwrap();
        }
        fs::write(folder.path().join(".new-abc"), "half").unwrap();
        fs::write(folder.path().join("other"), "not ours").unwrap();
        let check = |limit, alone, expected: &[&str]| {
            let mut found = Found {
                dry_run: true,
                removed: Vec::new(),
                failed: Vec::new(),
            };
            if alone {
                unfinished(folder.path(), &mut found);
            }
            collect(folder.path(), limit, &mut found).unwrap();
            let names: Vec<String> = found
                .removed
                .iter()
                .map(|removed| removed.path.file_name().unwrap().to_string_lossy().into())
                .collect();
            assert_eq!(names, expected);
        };
        check(1_000, false, &[]);
        check(1_000, true, &[".new-abc"]);
        check(200, false, &["old.cwasm"]);
        check(150, false, &["old.cwasm", "mid.cwasm"]);
        check(0, false, &["old.cwasm", "mid.cwasm", "new.cwasm"]);
        assert!(folder.path().join("old.cwasm").exists());
    }
}
