//! Mounting things so that nothing can be swapped under the hand, and closing mounts afterwards.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};
use nix::mount::{MsFlags, mount};

/// Binds `source` (with what is mounted below it) at `target`. Neither path may lead through a link.
pub(super) fn bind(source: &Path, target: &Path) -> io::Result<()> {
    let (source, target) = (pin(source)?, pin(target)?);
    mount(
        Some(&pinned_path(&source)),
        &pinned_path(&target),
        None::<&Path>,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        None::<&Path>,
    )?;
    Ok(())
}

/// Mounts a file system that the kernel makes.
pub(super) fn fresh(kind: &str, target: &Path, flags: MsFlags, options: &str) -> io::Result<()> {
    mount(
        Some(kind),
        target,
        Some(kind),
        flags | MsFlags::MS_NOSUID,
        Some(options),
    )?;
    Ok(())
}

fn pin(path: &Path) -> io::Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW)
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
    Ok(openat2(AT_FDCWD, path, how)?)
}

fn pinned_path(descriptor: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

/// A mount below the new root, as `/proc/self/mountinfo` tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// Where.
    pub(super) at: PathBuf,
    /// The flags that a change of it must repeat: a mount of a more privileged owner cannot be made less strict.
    pub(super) flags: MsFlags,
}

/// The mounts at and below `root`.
pub(super) fn mounted_below(root: &Path) -> io::Result<Vec<Mounted>> {
    let table = fs::read("/proc/self/mountinfo")?;
    Ok(parse(&table)
        .filter(|mounted| mounted.at.starts_with(root))
        .collect())
}

fn parse(table: &[u8]) -> impl Iterator<Item = Mounted> {
    table.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut words = line.split(|byte| *byte == b' ');
        let at = words.nth(4)?;
        let options = words.next()?;
        let flags = options
            .split(|byte| *byte == b',')
            .map(|option| match option {
                b"ro" => MsFlags::MS_RDONLY,
                b"nosuid" => MsFlags::MS_NOSUID,
                b"nodev" => MsFlags::MS_NODEV,
                b"noexec" => MsFlags::MS_NOEXEC,
                _ => MsFlags::empty(),
            })
            .fold(MsFlags::empty(), |all, flag| all | flag);
        Some(Mounted {
            at: unescape(at),
            flags,
        })
    })
}

/// Blanks, tabs, line ends and backslashes are written as a backslash and three octal digits.
fn unescape(text: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = match code {
            Some(_) => after.get(3..).unwrap_or_default(),
            None => after,
        };
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Adds flags to a mount.
pub(super) fn restrict(mounted: &Mounted, more: MsFlags) -> io::Result<()> {
    if mounted.flags.contains(more) {
        return Ok(());
    }
    mount(
        None::<&Path>,
        mounted.at.as_os_str().as_bytes(),
        None::<&Path>,
        MsFlags::MS_BIND | MsFlags::MS_REMOUNT | mounted.flags | more,
        None::<&Path>,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table =
            b"36 35 98:0 /mnt1 /mnt\\0402/a\\134b rw,noatime,nosuid master:1 - ext3 /dev/root rw\n\
            37 35 98:0 / /x ro,nodev,noexec,relatime - tmpfs none rw\n\nbroken line\n";
        let found: Vec<_> = parse(table).collect();
        assert_eq!(
            found,
            [
                Mounted {
                    at: "/mnt 2/a\\b".into(),
                    flags: MsFlags::MS_NOSUID
                },
                Mounted {
                    at: "/x".into(),
                    flags: MsFlags::MS_RDONLY | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC
                },
            ]
        );
    }

    #[test]
    fn a_trailing_backslash_stays() {
        assert_eq!(unescape(b"a\\"), Path::new("a\\"));
        assert_eq!(unescape(b"\\04"), Path::new("\\04"));
    }
}
