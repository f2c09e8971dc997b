//! From a step's grants to what the sandbox takes.

use std::path::PathBuf;
use std::time::Duration;

use capstep_grants::bind::RoleKind;
use capstep_grants::{Authority, Grant, WorkspacePath, pointer};
use capstep_process::{Environment, Files, Limits, Network, Origin, Requirements, Shell, StepSpec};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::files::Place;
use crate::journal::GrantReference;
use crate::protocol::ErrorKind;
use crate::step::Shared;
use crate::verbs::roles;

/// The inputs of the runner's own manifest for scripts.
const SCRIPT: &str = "/run";
pub(super) const READS: &str = "/reads";
pub(super) const WRITES: &str = "/writes";

/// What the journal says of it: how it is run, never its text.
pub(super) fn told(shared: &Shared) -> Value {
    json!({ "input": SCRIPT, "shell": shell(shared), "working-directory": directory(shared) })
}

/// Everything that it was handed.
pub(super) fn granted(shared: &Shared) -> Vec<GrantReference> {
    let grants = shared.authority.bound.grants.iter();
    let pointers: Vec<&str> = grants.map(|grant| grant.pointer.as_str()).collect();
    shared.grants(&pointers)
}

/// The secrets in its environment, by name.
pub(super) fn secrets(shared: &Shared) -> Vec<String> {
    let secrets = shared.authority.bound.secrets.iter();
    shared.secret_names(secrets.map(|secret| secret.pointer.as_str()))
}

pub(super) fn of(shared: &Shared, time: Duration) -> Result<StepSpec, Fault> {
    let script = shared
        .authority
        .bound
        .values
        .pointer(SCRIPT)
        .and_then(Value::as_str)
        .unwrap_or_default();
    let (variables, _) = roles::environment(shared, SCRIPT, "")?;
    let environment: Environment = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let errexit = roles::role_value(shared, RoleKind::Errexit, SCRIPT)
        .and_then(Value::as_bool)
        .unwrap_or(true);
    Ok(StepSpec {
        script: script.to_owned(),
        shell: shell(shared),
        errexit,
        environment,
        working_directory: PathBuf::from(directory(shared)),
        files: files(shared)?,
        network: network(shared),
        limits: Limits {
            wall_time: time,
            ..Limits::default()
        },
        requirements: Requirements::default(),
    })
}

fn shell(shared: &Shared) -> Shell {
    match roles::role_value(shared, RoleKind::Shell, SCRIPT).and_then(Value::as_str) {
        Some("sh") => Shell::Sh,
        _ => Shell::Bash,
    }
}

pub(super) fn directory(shared: &Shared) -> String {
    roles::role_value(shared, RoleKind::WorkingDirectory, SCRIPT)
        .and_then(Value::as_str)
        .unwrap_or(".")
        .to_owned()
}

/// What it sees: the named paths, or where it has no list of them the whole folder. Never what is reserved, and no file that
/// holds secrets.
fn files(shared: &Shared) -> Result<Files, Fault> {
    let root = shared.workspace.path().to_owned();
    let mut files = Files::workspace(&root);
    if shared.authority.bound.says_its_paths() {
        files.read = paths(shared, &below(shared, READS), false)?;
        files.write = paths(shared, &below(shared, WRITES), true)?;
    }
    files.reserved = shared.workspace.reserved().map(PathBuf::from).collect();
    let sealed = shared.sealed.paths();
    files.hidden = sealed
        .into_iter()
        .map(PathBuf::from)
        .filter(|path| root.join(path).symlink_metadata().is_ok())
        .collect();
    Ok(files)
}

/// The grants on the items of a list.
fn below<'s>(shared: &'s Shared, list: &str) -> Vec<&'s Grant> {
    let grants = shared.authority.bound.grants.iter();
    grants
        .filter(|grant| pointer::is_within(&grant.pointer, list))
        .collect()
}

fn paths(shared: &Shared, grants: &[&Grant], make: bool) -> Result<Vec<PathBuf>, Fault> {
    let mut paths = Vec::new();
    for grant in grants {
        let Some(Authority::Path { path }) = &grant.authority else {
            continue;
        };
        if path.is_glob() {
            return Err(Fault::error(
                ErrorKind::Invalid,
                format!("`{path}`: a script's files and folders are named without wildcards"),
            ));
        }
        let found = if make {
            made(shared, path, &grant.pointer)
        } else {
            there(shared, path, &grant.pointer)
        };
        found.map_err(|fault| shared.located(&grant.pointer, fault))?;
        paths.push(PathBuf::from(path.as_str()));
    }
    Ok(paths)
}

/// A folder to write to that isn't there yet is made: what a build makes is seldom there before it.
fn made(shared: &Shared, path: &WorkspacePath, at: &str) -> Result<(), Fault> {
    let fault = |error| crate::verbs::files::file_fault(error, at, path.as_str());
    let place = Place::create(&shared.workspace, path, path).map_err(fault)?;
    place.make_folder().map_err(fault)
}

/// What is to be read has to be there; whatever else is wrong with it is found where it is handed over.
fn there(shared: &Shared, path: &WorkspacePath, at: &str) -> Result<(), Fault> {
    let found = Place::open(&shared.workspace, path, path).and_then(|place| place.stat());
    match found.map_err(|error| crate::verbs::files::file_fault(error, at, path.as_str())) {
        Err(Fault::Error(error)) if error.kind == ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn network(shared: &Shared) -> Network {
    let grants = shared.authority.bound.grants.iter();
    let origins: Vec<Origin> = grants
        .filter_map(|grant| origin_of(grant.authority.as_ref()?))
        .collect();
    if origins.is_empty() {
        Network::None
    } else {
        Network::Origins(origins)
    }
}

/// The origin that an authority leads to.
pub(super) fn origin_of(authority: &Authority) -> Option<Origin> {
    match authority {
        Authority::Url { url, .. } => {
            let url = url::Url::parse(url).ok()?;
            url.origin().ascii_serialization().parse().ok()
        }
        _ => None,
    }
}
