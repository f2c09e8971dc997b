//! The values that stand in sealed files. A run that wasn't given them may send such a file to a server, whose answers then
//! have them: they are masked as well.

use std::io::Read as _;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{OpenOptions, OpenOptionsExt as _};
use capstep_envfile::{EnvFormat, read_back};
use capstep_secrets::{Held, SecretValue};
use zeroize::Zeroizing;

use super::COMPARE_LIMIT;
use crate::files::workspace::Workspace;

/// A value in a sealed file.
#[derive(Debug)]
pub struct HeldSecret {
    /// The secrets that it is made of.
    pub names: Vec<String>,
    /// The value as a reader of the file gets it.
    pub value: SecretValue,
}

/// What a file holds now; nothing where it is gone, or is none that the host wrote any more.
pub(super) fn read(workspace: &Workspace, path: &str, held: &Held) -> Vec<HeldSecret> {
    of_file(workspace, path, held).unwrap_or_default()
}

fn of_file(workspace: &Workspace, path: &str, held: &Held) -> Option<Vec<HeldSecret>> {
    let entries = read_back(EnvFormat::parse(&held.format)?, &text(workspace, path)?)?;
    let secrets = entries.into_iter().filter_map(|(name, value)| {
        let names = held.entries.get(&name)?.clone();
        (!value.is_empty()).then(|| HeldSecret {
            names,
            value: SecretValue::new(value.as_str()),
        })
    });
    Some(secrets.collect())
}

fn text(workspace: &Workspace, path: &str) -> Option<Zeroizing<String>> {
    let mut options = OpenOptions::new();
    // Whatever has come in its place, a pipe say, must not hold up the run.
    options
        .read(true)
        .follow(FollowSymlinks::No)
        .custom_flags(nix::libc::O_NONBLOCK);
    let file = workspace.dir.open_with(path, &options).ok()?;
    let found = file.metadata().ok()?;
    if !found.is_file() || found.len() > COMPARE_LIMIT as u64 {
        return None;
    }
    let size = usize::try_from(found.len()).ok()?;
    let mut text = Zeroizing::new(String::with_capacity(size));
    file.take(COMPARE_LIMIT as u64)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}
