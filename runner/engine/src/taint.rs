//! Which folders untrusted runs have worked in. What is left there is theirs as much as the user's, and looks no different.

use std::io;
use std::path::Path;

use capstep_host::Trust;

use crate::state::{key_of, private_folder, write_whole};

/// In the folder of the state: a file for each such folder, with its path.
pub const UNTRUSTED: &str = "untrusted";

/// Notes an untrusted run, and says whether a trusted one comes after such.
///
/// # Errors
/// It can't be noted.
pub(crate) fn look(state: &Path, workspace: &Path, trust: Trust) -> io::Result<bool> {
    let whole = workspace.display().to_string();
    let shown = workspace.file_name().unwrap_or_default();
    let folder = state.join(UNTRUSTED);
    let note = folder.join(key_of(&shown.to_string_lossy(), &whole));
    match trust {
        Trust::Trusted => note.try_exists(),
        Trust::Untrusted => {
            private_folder(&folder)?;
            write_whole(&note, whole.as_bytes())?;
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_runs_know_where_others_were() {
        let state = tempfile::tempdir().unwrap();
        let check = |workspace: &str, trust, expected| {
            let looked = look(state.path(), Path::new(workspace), trust).unwrap();
            assert_eq!(looked, expected, "{workspace} {trust:?}");
        };
        check("/a/b", Trust::Trusted, false);
        check("/a/b", Trust::Untrusted, false);
        check("/a/b", Trust::Trusted, true);
        check("/b", Trust::Trusted, false);
        check("/c/b", Trust::Trusted, false);
    }
}
