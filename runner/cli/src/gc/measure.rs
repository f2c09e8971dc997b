//! How large something is.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The bytes of a file, or of all files in a folder; links count as themselves. What can't be read counts nothing.
pub(super) fn size(path: &Path) -> u64 {
    let mut open = vec![path.to_owned()];
    let mut bytes: u64 = 0;
    while let Some(path) = open.pop() {
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()));
        } else {
            bytes = bytes.saturating_add(metadata.size());
        }
    }
    bytes
}

/// A size as people say it: `340 bytes`, `1.2 KiB`, `3.4 GiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut whole = bytes;
    let mut rest = 0;
    let mut unit = "";
    for name in UNITS {
        if whole < 1024 {
            break;
        }
        rest = whole % 1024;
        whole /= 1024;
        unit = name;
    }
    // Tenths are cut, not rounded.
    format!("{whole}.{} {unit}", rest * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let check = |number, expected| assert_eq!(bytes(number), expected);
        check(0, "0 bytes");
        check(1_023, "1023 bytes");
        check(1_024, "1.0 KiB");
        check(1_536, "1.5 KiB");
        check(1024 * 1024 - 1, "1023.9 KiB");
        check(5 * 1024 * 1024 * 1024, "5.0 GiB");
    }

    #[test]
    fn folders_have_the_size_of_their_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "12345").unwrap();
        fs::write(folder.path().join("c"), "123").unwrap();
        assert_eq!(size(folder.path()), 8);
        assert_eq!(size(&folder.path().join("none")), 0);
    }
}
