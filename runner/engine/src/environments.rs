//! What belongs to an environment of a project: what was deployed there, one small file for each, and the values that
//! steps keep for later runs.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use capstep_host::{KeptValues, Trust};

use crate::state::{key_of, locked, private_folder, write_whole};

/// The version of the file.
const VERSION: u32 = 1;

/// How many deployments are remembered: enough to see what was there before, and the one before that.
const REMEMBERED: usize = 100;

/// An environment, as its file has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Environment {
    version: u32,
    name: String,
    /// Oldest first.
    deployments: Vec<Deployment>,
}

/// A job that passed in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Deployment {
    pub(crate) run: String,
    pub(crate) job: String,
    /// RFC 3339, UTC.
    pub(crate) time: String,
    /// Where it can be seen.
    pub(crate) url: Option<String>,
}

/// Adds a deployment to an environment's file. Two runs that end at once both have theirs in it.
///
/// # Errors
/// The file can't be read, is none, or can't be written.
pub(crate) fn record(project: &Path, name: &str, deployment: Deployment) -> io::Result<()> {
    let folder = project.join("environments");
    private_folder(&folder)?;
    let key = key_of(name, name);
    let _lock = locked(&folder.join(format!("{key}.lock")))?;
    let path = folder.join(format!("{key}.json"));
    let mut environment = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Environment {
            version: VERSION,
            name: name.to_owned(),
            deployments: Vec::new(),
        },
        Err(error) => return Err(error),
    };
    environment.deployments.push(deployment);
    let old = environment.deployments.len().saturating_sub(REMEMBERED);
    environment.deployments.drain(..old);
    let mut text = serde_json::to_vec_pretty(&environment)?;
    text.push(b'\n');
    write_whole(&path, &text)
}

/// The values that steps keep for an environment of a project; jobs without one have values of their own, and so have those
/// of untrusted runs, which deploy nowhere.
pub(crate) fn kept_values(project: &Path, name: Option<&str>, trust: Trust) -> KeptValues {
    // No environment's key is as short.
    let file = match (name, trust) {
        (Some(name), Trust::Trusted) => key_of(name, name),
        (None, Trust::Trusted) => "none".to_owned(),
        (_, Trust::Untrusted) => "untrusted".to_owned(),
    };
    let path = project.join("values").join(format!("{file}.json"));
    KeptValues::new(path, name.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_are_remembered_in_order() {
        let project = tempfile::tempdir().unwrap();
        let deployment = |number: usize| Deployment {
            run: format!("r{number}"),
            job: "deploy".to_owned(),
            time: "2026-11-21T12:00:00Z".to_owned(),
            url: None,
        };
        for number in 0..REMEMBERED + 5 {
            record(project.path(), "production/eu", deployment(number)).unwrap();
        }
        let folder = project.path().join("environments");
        let path = folder.join(format!("{}.json", key_of("production/eu", "production/eu")));
        let found: Environment = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(found.name, "production/eu");
        assert_eq!(found.deployments.len(), REMEMBERED);
        assert_eq!(found.deployments.first(), Some(&deployment(5)));
        assert_eq!(found.deployments.last(), Some(&deployment(REMEMBERED + 4)));
        // A file that is none is not written over.
        std::fs::write(&path, "{").unwrap();
        assert!(record(project.path(), "production/eu", deployment(0)).is_err());
    }
}
