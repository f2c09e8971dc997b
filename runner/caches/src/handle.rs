//! A folder as the system's calls about open files want it.

use std::fs::File;
use std::io;

use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags, openat};

/// An open folder that can be locked and changed: those of cap-std can only be gone through.
pub(crate) fn of(dir: &Dir) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(dir, ".", flags, Mode::empty())?.into())
}
