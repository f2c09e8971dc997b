//! Where state and compiled plugins are kept.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access, geteuid};

use super::Check;
use crate::context::Context;
use crate::directories;
use crate::error::CliError;
use crate::gc::bytes;

const PART: &str = "folders";

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Permission bits of group and others to write.
const OTHERS_WRITE: u32 = 0o022;

/// Less free space than this is worth a word: a run's log may have 64 MiB a step.
const LITTLE_SPACE: u64 = 256 * 1024 * 1024;

pub(super) fn checks(context: &Context) -> Vec<Check> {
    let mut checks = Vec::new();
    match directories::state(&context.environment) {
        Ok(path) => {
            checks.push(own("state", &path));
            checks.extend(space("state space", &path));
        }
        Err(error) => checks.push(nowhere("state", &error)),
    }
    match directories::cache(&context.environment) {
        Ok(cache) => {
            checks.push(own("compile cache", &cache.user));
            checks.extend(cache.system.as_deref().and_then(system));
        }
        Err(error) => checks.push(nowhere("compile cache", &error)),
    }
    checks
}

fn nowhere(name: &'static str, error: &CliError) -> Check {
    let check = Check::problem(PART, name, error.message.clone());
    match error.hints.first() {
        Some(hint) => check.hint(hint.clone()),
        None => check,
    }
}

/// A folder of the user's own, which nobody else may look into.
fn own(name: &'static str, path: &Path) -> Check {
    let shown = path.display();
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(_) => return missing(name, path),
    };
    if !metadata.is_dir() {
        return Check::problem(PART, name, format!("{shown} is no folder"))
            .hint("move it away, or set the variable that says where it is");
    }
    let me = geteuid().as_raw();
    if metadata.uid() != me {
        let owner = metadata.uid();
        return Check::problem(
            PART,
            name,
            format!("{shown} belongs to the user {owner}, not to {me}"),
        )
        .hint(format!("give it back: chown -R {me} {shown}"));
    }
    if mode(&metadata) & OTHERS != 0 {
        let found = format!(
            "{shown} has the mode {:04o}: others can look into it",
            mode(&metadata)
        );
        let hint = format!("chmod 0700 {shown}");
        // What is compiled is read as code: a run refuses such a folder. State is only more open than it should be.
        return if name == "state" && mode(&metadata) & OTHERS_WRITE == 0 {
            Check::note(PART, name, found).hint(hint)
        } else {
            Check::problem(PART, name, found).hint(hint)
        };
    }
    if access(path, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        return Check::problem(PART, name, format!("{shown} can't be written to"));
    }
    Check::good(PART, name, format!("{shown}, {:04o}", mode(&metadata)))
}

/// One that is not there is made by the first run, where it can be.
fn missing(name: &'static str, path: &Path) -> Check {
    let shown = path.display();
    let above = existing(path);
    match access(&above, AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) => Check::good(PART, name, format!("{shown}, made by the first run")),
        Err(_) => Check::problem(
            PART,
            name,
            format!(
                "{shown} is not there and can't be made: {} can't be written to",
                above.display()
            ),
        ),
    }
}

/// The nearest folder above that is there.
fn existing(path: &Path) -> PathBuf {
    let mut above = path.ancestors().filter(|above| above.exists());
    above.next().unwrap_or(Path::new("/")).to_owned()
}

fn space(name: &'static str, path: &Path) -> Option<Check> {
    let found = statvfs(&existing(path)).ok()?;
    let free = wide(found.blocks_available()).saturating_mul(wide(found.fragment_size()));
    let text = format!("{} free", bytes(free));
    Some(if free < LITTLE_SPACE {
        Check::note(PART, name, text).hint("`capstep gc` removes old runs and compiled plugins")
    } else {
        Check::good(PART, name, text)
    })
}

/// As 64 bits: systems differ in how wide these numbers are.
fn wide(number: impl Into<u64>) -> u64 {
    number.into()
}

/// The machine's cache: read where it is there, and then only root may write to it.
fn system(path: &Path) -> Option<Check> {
    const NAME: &str = "machine's cache";
    let metadata = path.symlink_metadata().ok()?;
    let shown = path.display();
    let safe = metadata.is_dir() && metadata.uid() == 0 && mode(&metadata) & OTHERS_WRITE == 0;
    Some(if safe {
        Check::good(PART, NAME, format!("{shown}, {:04o}", mode(&metadata)))
    } else {
        Check::problem(
            PART,
            NAME,
            format!("{shown} may be written to by others than root"),
        )
        .hint(format!("chown root {shown} && chmod 0755 {shown}"))
    })
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o7777
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::CheckState;
    use super::*;

    #[test]
    fn folders_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own");
        assert_eq!(own("state", &path).state, CheckState::Good);
        fs::create_dir(&path).unwrap();
        let check = |name, mode, expected| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(own(name, &path).state, expected, "{name} {mode:o}");
        };
        check("state", 0o700, CheckState::Good);
        check("state", 0o755, CheckState::Note);
        check("state", 0o775, CheckState::Problem);
        check("compile cache", 0o755, CheckState::Problem);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(own("state", &file).state, CheckState::Problem);
    }
}
