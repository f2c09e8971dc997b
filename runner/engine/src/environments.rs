//! What belongs to an environment of a project: what was deployed there, one small file for each, and the values that
//! steps keep for later runs.

use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use capstep_host::{KeptValues, Trust};

use crate::state::{key_of, locked, private_folder, write_whole};

/// The version of the file.
const VERSION: u32 = 1;

/// How many deployments are remembered: enough to see what was there before, and the one before that.
const REMEMBERED: usize = 100;

/// The folder of a project's environments.
const FOLDER: &str = "environments";

/// An environment, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Environment {
    version: u32,
    /// What it is called.
    pub name: String,
    /// What was deployed there, the oldest first.
    pub deployments: Vec<Deployment>,
}

/// A job that passed in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Deployment {
    /// The run.
    pub run: String,
    /// The job's id.
    pub job: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Where it can be seen.
    pub url: Option<String>,
}

/// The environments of a project that something was deployed to, by name. `state`: the state folder; `key`: the project's.
///
/// # Errors
/// The folder or a file in it can't be read, or is of another version.
pub fn environments(state: &Path, key: &str) -> io::Result<Vec<Environment>> {
    let folder = state.join("projects").join(key).join(FOLDER);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // Files are put in place whole; what is beside them are locks, and what a killed run was writing.
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.extend(read(&path)?);
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

/// What an environment's file says; none where there is no file.
fn read(path: &Path) -> io::Result<Option<Environment>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let wrong = |why: String| {
        let message = format!("`{}`: {why}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let found: Version =
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if found.version != VERSION {
        let version = found.version;
        return Err(wrong(format!(
            "it is of version {version}, and this capstep reads version {VERSION}"
        )));
    }
    let environment = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok(Some(environment))
}

/// Adds a deployment to an environment's file. Two runs that end at once both have theirs in it.
///
/// # Errors
/// The file can't be read, is none or of another version, or can't be written.
pub(crate) fn record(project: &Path, name: &str, deployment: Deployment) -> io::Result<()> {
    let folder = project.join(FOLDER);
    private_folder(&folder)?;
    let key = key_of(name, name);
    let _lock = locked(&folder.join(format!("{key}.lock")))?;
    let path = folder.join(format!("{key}.json"));
    let mut environment = read(&path)?.unwrap_or_else(|| Environment {
        version: VERSION,
        name: name.to_owned(),
        deployments: Vec::new(),
    });
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
        record(project.path(), "a", deployment(0)).unwrap();
        // As a project stands in the state folder.
        let state = tempfile::tempdir().unwrap();
        std::fs::create_dir(state.path().join("projects")).unwrap();
        let project = project.keep();
        std::fs::rename(&project, state.path().join("projects/p")).unwrap();
        let project = state.path().join("projects/p");
        let found = environments(state.path(), "p").unwrap();
        let [a, found] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(
            (a.name.as_str(), found.name.as_str()),
            ("a", "production/eu")
        );
        assert_eq!(found.deployments.len(), REMEMBERED);
        assert_eq!(found.deployments.first(), Some(&deployment(5)));
        assert_eq!(found.deployments.last(), Some(&deployment(REMEMBERED + 4)));
        assert_eq!(environments(state.path(), "other").unwrap(), []);
        // A file that is none, or of a later version, is neither read nor written over.
        let key = key_of("production/eu", "production/eu");
        let path = project.join(FOLDER).join(format!("{key}.json"));
        let later = r#"{ "version": 2, "places": [] }"#;
        for (text, expected) in [
            ("{", "EOF"),
            (
                later,
                "it is of version 2, and this capstep reads version 1",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = record(&project, "production/eu", deployment(0)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(environments(state.path(), "p").is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
