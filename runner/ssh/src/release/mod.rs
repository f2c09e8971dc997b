//! Releases: a folder each, a link `current`, and a way back.
//!
//! Below the base folder are `releases/<name>`, `shared/` and the link `current`. A release begins as a copy of the
//! current one, so that unchanged files need no upload; it is marked unfinished until [`Session::commit_release`]
//! switches `current` to it in one step. A failure before that leaves `current` as it was. Names sort by age: the
//! caller uses times.

mod extra;
mod list;
mod names;
mod program;
pub mod programs;

use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

pub use list::ReleaseInfo;
pub use names::is_release_name;
pub use program::{PROGRAM_START, program_text};

pub use crate::unlisted::{REMOVE_FILES_COMMAND, REMOVE_FOLDERS_COMMAND};
use list::release_of_link;
use names::{check_base, check_nesting, check_shared, to_prune};
pub(crate) use program::check;

/// A release that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its folder: uploads go below it and the script runs in it.
    pub path: String,
    base: String,
    shared: Vec<String>,
}

impl Release {
    /// Whether a path, relative to the release, is a shared one or below one. Such files are not the release's: an
    /// upload of them is refused as leading outside, so the caller leaves them out.
    pub fn is_shared(&self, relative: &str) -> bool {
        self.shared
            .iter()
            .any(|shared| crate::remote::is_below(relative, shared))
    }
}

/// What a switch did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitReport {
    /// The release that was current before.
    pub previous: Option<String>,
    /// Releases that were removed.
    pub pruned: Vec<String>,
    /// What could not be removed, a sentence each; the switch itself has taken place.
    pub warnings: Vec<String>,
}

impl Session {
    /// Makes `base/releases/<name>` as a copy of the current release, with the shared paths linked into it.
    ///
    /// A shared path that `base/shared` lacks is taken from the copied release, else made as an empty folder. Fails
    /// with `conflict` if there is a release of that name; after any other failure nothing of it is left.
    pub async fn begin_release(
        &self,
        base: &str,
        name: &str,
        shared: &[String],
    ) -> Result<Release, SshError> {
        let base = check_base(base)?;
        check_name(name)?;
        let shared = shared
            .iter()
            .map(|path| check_shared(path))
            .collect::<Result<Vec<_>, _>>()?;
        check_nesting(&shared)?;
        let release = Release {
            name: name.to_owned(),
            path: format!("{base}/releases/{name}"),
            base: base.to_owned(),
            shared: shared.iter().map(|&path| path.to_owned()).collect(),
        };
        let begun = self
            .program(programs::BEGIN, &[("base", base), ("name", name)])
            .await?;
        if begun.status.code == Some(programs::EXISTS) {
            return Err(SshError::channel(
                SshErrorKind::Conflict,
                format!("there is a release {name} in {base} already"),
            ));
        }
        let mut result = check("the release could not be begun", &begun);
        for path in &shared {
            if result.is_ok() {
                let values = [("base", base), ("name", name), ("shared", path)];
                result = match self.program(programs::SHARE, &values).await {
                    Ok(ran) => check(&format!("{path:?} could not be shared"), &ran),
                    Err(error) => Err(error),
                };
            }
        }
        if let Err(error) = result {
            let _ = self.abort_release(&release).await;
            return Err(error);
        }
        Ok(release)
    }

    /// Points `current` at a release, in one step, then removes the oldest releases beyond `keep` (never the new
    /// current and the previous one) and older ones that were never finished.
    ///
    /// Runs to its end on the server once it has begun. Failing to remove old releases is a warning.
    pub async fn commit_release(
        &self,
        release: &Release,
        keep: usize,
    ) -> Result<CommitReport, SshError> {
        let (base, name) = (release.base.as_str(), release.name.as_str());
        let values = [("base", base), ("name", name)];
        let mut ran = self.program(programs::COMMIT, &values).await?;
        match ran.status.code {
            Some(programs::MISSING) => {
                return Err(SshError::channel(
                    SshErrorKind::NotFound,
                    format!("there is no release {name} in {base}"),
                ));
            }
            Some(programs::CURRENT_IS_NO_LINK) => {
                return Err(SshError::channel(
                    SshErrorKind::Conflict,
                    format!("{base}/current is there and is no link"),
                ));
            }
            Some(programs::NO_ATOMIC_MOVE) => {
                ran = self.program(programs::PREPARE_LINK, &values).await?;
                check("the link current could not be made", &ran)?;
                self.replace(
                    &format!("{base}/.current-{name}"),
                    &format!("{base}/current"),
                )
                .await?;
                let finished = self.program(programs::FINISH, &values).await?;
                check("the release could not be marked as finished", &finished)?;
            }
            _ => check("the release could not be switched to", &ran)?,
        }
        let previous = release_of_link(&String::from_utf8_lossy(&ran.stdout))
            .filter(|previous| previous != name);
        let mut report = CommitReport {
            previous,
            ..CommitReport::default()
        };
        match self.list_releases(base).await {
            Err(error) => report.warnings.push(format!(
                "old releases could not be listed: {}",
                error.message
            )),
            Ok(all) => {
                for old in to_prune(&all, name, report.previous.as_deref(), keep) {
                    let values = [("base", base), ("name", old.as_str())];
                    match self.program(programs::REMOVE, &values).await {
                        Ok(ran) if ran.status.success() => report.pruned.push(old),
                        Ok(ran) => report.warnings.push(format!(
                            "release {old} could not be removed: {}",
                            ran.complaint()
                        )),
                        Err(error) => report.warnings.push(format!(
                            "release {old} could not be removed: {}",
                            error.message
                        )),
                    }
                }
            }
        }
        Ok(report)
    }

    /// Removes a release that was not committed; `current` stays as it is. A committed one is refused (`conflict`).
    pub async fn abort_release(&self, release: &Release) -> Result<(), SshError> {
        let values = [
            ("base", release.base.as_str()),
            ("name", release.name.as_str()),
        ];
        let ran = self.program(programs::REMOVE, &values).await?;
        if ran.status.code == Some(programs::CURRENT_IS_NO_LINK) {
            return Err(SshError::channel(
                SshErrorKind::Conflict,
                format!("{} is the current release", release.name),
            ));
        }
        check("the release could not be removed", &ran)
    }
}

fn check_name(name: &str) -> Result<(), SshError> {
    if is_release_name(name) {
        Ok(())
    } else {
        Err(SshError::channel(
            SshErrorKind::Invalid,
            format!("{name:?} is not a release's name: letters, digits, `.`, `_` and `-`"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_goes_by_components() {
        let release = Release {
            name: "1".into(),
            path: "/b/releases/1".into(),
            base: "/b".into(),
            shared: vec!["storage/log".into()],
        };
        assert!(release.is_shared("storage/log/x"));
        assert!(!release.is_shared("storage/logs"));
    }
}
