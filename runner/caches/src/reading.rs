//! How a file is opened that somebody else may have made.

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{OpenOptions, OpenOptionsExt as _};

/// No link is followed, and nothing is waited for: a pipe that stands in the file's place would hold the open until somebody
/// writes into it. What was opened is still to be looked at.
pub(crate) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .follow(FollowSymlinks::No)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options
}
