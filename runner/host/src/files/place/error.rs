//! Why a file operation did not come about.

use std::io;

/// Why a file operation did not come about.
#[derive(Debug)]
pub(crate) enum FileError {
    /// A link leads out of the designated path.
    LinkLeaves,
    /// What a link leads to is reserved.
    Reserved,
    /// The system said no.
    Io(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        // cap-std answers an escape with an error of its own making, which has no number of the system's; a loop of
        // links or a link where none is followed has one.
        let escape =
            error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none();
        let link = error.raw_os_error() == Some(nix::libc::ELOOP);
        if escape || link {
            Self::LinkLeaves
        } else {
            Self::Io(error)
        }
    }
}
