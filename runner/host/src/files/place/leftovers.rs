//! What a killed run may leave of a file it was writing: a file of the account's own beside it, named after it.
//!
//! A file that is being written is locked by the one who writes it, and a lock ends with its process: one that can be
//! locked has nobody any more.

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, File, MetadataExt as _, OpenOptions, OpenOptionsExt as _};

/// The digits at the end of such a name: 128 bits, so that nobody has the name already.
const DIGITS: usize = 32;

/// A new name beside `target`.
pub(super) fn name(target: &str) -> String {
    let random = capstep_secrets::Placeholder::random();
    let digits = random.as_str().rsplit(':').next().unwrap_or("new");
    format!(".{target}.{digits}")
}

/// Whether a name is one of [`name`]'s.
fn is_name(target: &str, name: &str) -> bool {
    name.strip_prefix('.')
        .and_then(|name| name.strip_prefix(target))
        .and_then(|name| name.strip_prefix('.'))
        .is_some_and(|digits| {
            digits.len() == DIGITS
                && digits
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

/// Says that somebody writes this file. Where locks are not known nothing is removed either.
pub(super) fn claim(file: &File) {
    if let Ok(file) = file.try_clone() {
        let _ = file.into_std().try_lock();
    }
}

/// Removes what killed runs left of `target` in `dir`. What cannot be removed stays.
pub(super) fn remove(dir: &Dir, target: &str) {
    let Ok(entries) = dir.entries() else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| is_name(target, name)) && is_left(dir, &name) {
            let _ = dir.remove_file(&name);
        }
    }
}

/// Whether it is an ordinary file of this account that nobody writes.
fn is_left(dir: &Dir, name: &std::ffi::OsStr) -> bool {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .follow(FollowSymlinks::No)
        .custom_flags(nix::libc::O_NONBLOCK);
    let Ok(file) = dir.open_with(name, &options) else {
        return false;
    };
    let own = file.metadata().is_ok_and(|metadata| {
        metadata.is_file() && metadata.uid() == nix::unistd::geteuid().as_raw()
    });
    own && file.into_std().try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_nobody_writes_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
        let at = |name: &str| folder.path().join(name);
        let digits = "0123456789abcdef0123456789abcdef";
        let left = name(".env");
        assert!(is_name(".env", &left), "{left}");
        fs::write(at(&left), "x").unwrap();
        let mut stays = vec![
            ".env".to_owned(),
            format!("..env.{}", digits.to_uppercase()),
            format!("..env.{digits}0"),
            format!("..env.{}", &digits[1..]),
            format!("..environment.{digits}"),
            format!(".env.{digits}"),
        ];
        for name in &stays {
            fs::write(at(name), "x").unwrap();
        }
        // A folder, a link and what somebody is writing have the right names.
        let (made, linked, written) = (name(".env"), name(".env"), name(".env"));
        fs::create_dir(at(&made)).unwrap();
        std::os::unix::fs::symlink(".env", at(&linked)).unwrap();
        let writer = fs::File::create(at(&written)).unwrap();
        claim(&File::from_std(writer.try_clone().unwrap()));
        stays.extend([made, linked, written.clone()]);
        remove(&dir, ".env");
        assert!(!at(&left).exists());
        for name in &stays {
            assert!(at(name).symlink_metadata().is_ok(), "`{name}` is gone");
        }
        // Its writer is gone.
        drop(writer);
        remove(&dir, ".env");
        assert!(!at(&written).exists());
    }
}
