//! A file as it was at a revision, read by `git`.
//!
//! The program is run with fixed arguments and a cleared environment: nothing of the caller's (`GIT_DIR` in a hook, say)
//! decides which repository is read. Only `rev-parse` and `cat-file blob` are asked for: neither runs a hook, a filter or
//! a program of the repository's configuration.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::context::Environment;
use crate::error::CliError;

/// What git needs of the environment: where programs are, and the user's own settings, among them which folders of other
/// owners are safe.
const PASSED: [&str; 3] = ["PATH", "HOME", "XDG_CONFIG_HOME"];
/// What keeps git from asking, fetching, writing and from other languages.
const SET: [(&str, &str); 5] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("LC_ALL", "C"),
];

/// The folder of a pipeline as it was at a revision.
pub(crate) struct Past<'a> {
    git: Git<'a>,
    /// The commit that the revision is.
    pub(crate) commit: String,
}

/// Finds a revision. `shown` is what the pipeline's file in this folder is called.
pub(crate) fn at<'a>(
    environment: &'a Environment,
    folder: &'a Path,
    shown: &str,
    revision: &str,
) -> Result<Past<'a>, CliError> {
    let git = Git {
        environment,
        folder,
    };
    let inside = git.run(&["rev-parse", "--is-inside-work-tree"])?;
    if !inside.status.success() {
        let error = CliError::usage(format!(
            "`{shown}` is in no git repository: there is no earlier version to compare with"
        ));
        let said = said(&inside);
        return Err(if said.contains("not a git repository") {
            error
        } else {
            error.hint(format!("git says: {said}"))
        });
    }
    let unknown = || {
        CliError::usage(format!("git knows no revision `{revision}` here"))
            .hint("name a commit, a branch or a tag: `HEAD~1`, `main`, `v1.2`; a shallow clone has only its newest commits")
    };
    if revision.is_empty() || revision.starts_with('-') || revision.contains([':', '\0', '\n']) {
        return Err(unknown());
    }
    let commit = format!("{revision}^{{commit}}");
    let resolved = git.run(&[
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &commit,
    ])?;
    let id = String::from_utf8_lossy(&resolved.stdout).trim().to_owned();
    if !resolved.status.success() || id.is_empty() || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(unknown());
    }
    Ok(Past { git, commit: id })
}

impl Past<'_> {
    /// A file's bytes, by its path in the folder; none where it was not there.
    pub(crate) fn file(&self, path: &OsStr) -> Result<Option<Vec<u8>>, CliError> {
        let mut object = OsString::from(format!("{}:./", self.commit));
        object.push(path);
        let found = self
            .git
            .run(&[OsStr::new("cat-file"), OsStr::new("blob"), &object])?;
        Ok(found.status.success().then_some(found.stdout))
    }
}

struct Git<'a> {
    environment: &'a Environment,
    folder: &'a Path,
}

impl Git<'_> {
    fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Output, CliError> {
        let mut command = Command::new("git");
        command.env_clear();
        for name in PASSED {
            if let Some(value) = self.environment.get(name) {
                command.env(name, value);
            }
        }
        if !self.folder.as_os_str().is_empty() {
            command.current_dir(self.folder);
        }
        command
            .envs(SET)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => CliError::infrastructure("there is no program `git`")
                    .hint("install git, or compare two plans' JSON yourself"),
                _ => CliError::infrastructure(format!("`git` can't be run: {error}")),
            })
    }
}

/// The last line that git said to people.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().next_back().unwrap_or_default().to_owned()
}

/// What `git --version` says; none where there is no git.
pub(crate) fn version(environment: &Environment) -> Option<String> {
    let git = Git {
        environment,
        folder: Path::new(""),
    };
    let output = git.run(&["--version"]).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().strip_prefix("git version ")?;
    output.status.success().then(|| version.to_owned())
}
