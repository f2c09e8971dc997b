//! Releases: a folder each, a link `current`, and a way back.
//!
//! Below the base folder are `releases/<name>`, `shared/` and the link `current`. A release begins as a copy of the
//! current one, so that unchanged files need no upload; it is marked unfinished until [`Session::commit_release`]
//! switches `current` to it in one step. A failure before that leaves `current` as it was. Names sort by age: the
//! caller uses times.

mod names;
pub mod programs;

use std::collections::HashSet;

use zeroize::Zeroizing;

use crate::error::{SshError, SshErrorKind};
use crate::exec::Collected;
use crate::quote::{is_plain, single_quote};
use crate::script::BOOTSTRAP_SH;
use crate::session::Session;

pub use names::is_release_name;
use names::{check_base, check_nesting, check_shared, to_prune};

/// Reads names, separated by NUL, from standard input and removes those files.
pub const REMOVE_FILES_COMMAND: &str = "xargs -0 rm -f";
/// The same for folders, which are empty by then.
pub const REMOVE_FOLDERS_COMMAND: &str = "xargs -0 rmdir";

/// The most that one of the programs may print; a list of 400,000 paths fits.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

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

/// A release on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// Its name.
    pub name: String,
    /// Whether `current` points at it.
    pub current: bool,
    /// It was begun and neither committed nor aborted.
    pub unfinished: bool,
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

    /// Removes from a release the files and folders that are not in `keep` (relative paths of files, links and empty
    /// folders): what the copied release had and the new one has not. Shared paths stay. Returns what was removed.
    pub async fn prune_extra(
        &self,
        release: &Release,
        keep: &[String],
    ) -> Result<Vec<String>, SshError> {
        let found = self
            .program(programs::FIND, &[("folder", release.path.as_str())])
            .await?;
        check("the release could not be listed", &found)?;
        if found.cut {
            return Err(SshError::channel(
                SshErrorKind::TooLarge,
                "the release holds too many files",
            ));
        }
        let (files, folders) = extra(&found.stdout, keep, release);
        for (command, paths) in [
            (REMOVE_FILES_COMMAND, &files),
            (REMOVE_FOLDERS_COMMAND, &folders),
        ] {
            if paths.is_empty() {
                continue;
            }
            let mut input = Vec::new();
            for path in paths {
                input.extend_from_slice(format!("{}/{path}\0", release.path).as_bytes());
            }
            let ran = self.exec_collect(command, &input, ANSWER_LIMIT).await?;
            check("files of the former release could not be removed", &ran)?;
        }
        Ok(files.into_iter().chain(folders).collect())
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

    /// The releases below a folder, sorted by name; none if the folder is not there.
    pub async fn list_releases(&self, base: &str) -> Result<Vec<ReleaseInfo>, SshError> {
        let base = check_base(base)?;
        let ran = self.program(programs::LIST, &[("base", base)]).await?;
        if ran.status.code == Some(programs::MISSING) {
            return Ok(Vec::new());
        }
        check("the releases could not be listed", &ran)?;
        Ok(parse_list(&String::from_utf8_lossy(&ran.stdout)))
    }

    /// Runs one of the fixed programs, with values that reach it as assignments on its standard input.
    async fn program(&self, program: &str, values: &[(&str, &str)]) -> Result<Collected, SshError> {
        let text = program_text(program, values)?;
        self.exec_collect(BOOTSTRAP_SH, text.as_bytes(), ANSWER_LIMIT)
            .await
    }
}

/// How the text of each program begins: messages and sorting are the same on every server.
pub const PROGRAM_START: &str = "LC_ALL=C\nexport LC_ALL\n";

/// What is sent to [`BOOTSTRAP_SH`] for one of [`programs`] with these values. Fails with `invalid` for a NUL in one.
pub fn program_text(program: &str, values: &[(&str, &str)]) -> Result<Zeroizing<String>, SshError> {
    let mut text = Zeroizing::new(String::from(PROGRAM_START));
    for (name, value) in values {
        if !is_plain(value) {
            return Err(SshError::channel(
                SshErrorKind::Invalid,
                "a remote path holds a NUL",
            ));
        }
        text.push_str(&format!("{name}={}\n", single_quote(value)));
    }
    // As one word for `eval`: the shell has read all of it before the first command runs.
    text.push_str(&format!(
        "{{ eval {}\n}} </dev/null\n",
        single_quote(program)
    ));
    Ok(text)
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

fn check(what: &str, ran: &Collected) -> Result<(), SshError> {
    if ran.status.success() {
        Ok(())
    } else {
        Err(SshError::channel(
            SshErrorKind::Peer,
            format!("{what}: {}", ran.complaint()),
        ))
    }
}

/// The release's name in what `current` points at, relative or absolute.
fn release_of_link(target: &str) -> Option<String> {
    let (folder, name) = target.trim_end_matches(['\n', '/']).rsplit_once('/')?;
    (folder.rsplit('/').next() == Some("releases") && is_release_name(name))
        .then(|| name.to_owned())
}

fn parse_list(text: &str) -> Vec<ReleaseInfo> {
    let mut lines = text.lines();
    let current = lines.next().and_then(release_of_link);
    let mut releases: Vec<ReleaseInfo> = lines
        .filter_map(|line| {
            let (unfinished, name) = match line.strip_prefix('!') {
                Some(name) => (true, name),
                None => (false, line),
            };
            is_release_name(name).then(|| ReleaseInfo {
                name: name.to_owned(),
                current: current.as_deref() == Some(name),
                unfinished,
            })
        })
        .collect();
    releases.sort_by(|a, b| a.name.cmp(&b.name));
    releases
}

/// What of a listing is to go: files, and folders that then are empty, children before parents.
fn extra(listing: &[u8], keep: &[String], release: &Release) -> (Vec<String>, Vec<String>) {
    let mut kept: HashSet<&str> = HashSet::new();
    for path in keep.iter().chain(&release.shared) {
        let mut path = path.trim_end_matches('/');
        while kept.insert(path) {
            match path.rsplit_once('/') {
                Some((parent, _)) => path = parent,
                None => break,
            }
        }
    }
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for path in listing.split(|&byte| byte == 0) {
        // A name that is no UTF-8 can't be one of ours; it is left where it is rather than named wrongly.
        let Some(path) = std::str::from_utf8(path)
            .ok()
            .and_then(|path| path.strip_prefix("./"))
        else {
            continue;
        };
        match path.strip_suffix('/') {
            Some("") => {}
            Some(folder) if !kept.contains(folder) => folders.push(folder.to_owned()),
            None if !path.is_empty() && !kept.contains(path) => files.push(path.to_owned()),
            _ => {}
        }
    }
    (files, folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_their_release() {
        for (target, expected) in [
            ("releases/1", Some("1")),
            ("/srv/app/releases/1/\n", Some("1")),
            ("", None),
            ("elsewhere/1", None),
            ("releases/..", None),
        ] {
            assert_eq!(release_of_link(target).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn what_the_new_release_lacks_is_extra() {
        let release = Release {
            name: "1".into(),
            path: "/b/releases/1".into(),
            base: "/b".into(),
            shared: vec!["storage/log".into()],
        };
        let listing = b"./a\0./old\0./d/x\0./d/y\0./d/\0./gone/z\0./gone/\0./storage/log\0./storage/\0./\0./empty/\0";
        let keep = ["a".to_owned(), "d/x".to_owned(), "empty".to_owned()];
        let (files, folders) = extra(listing, &keep, &release);
        assert_eq!(files, ["old", "d/y", "gone/z"]);
        assert_eq!(folders, ["gone"]);
        assert!(release.is_shared("storage/log/x"));
        assert!(!release.is_shared("storage/logs"));
    }

    #[test]
    fn listings_are_read() {
        let list = parse_list("releases/2\n2\n!3\n1\n.x\n");
        let names: Vec<_> = list
            .iter()
            .map(|release| (release.name.as_str(), release.current, release.unfinished))
            .collect();
        assert_eq!(
            names,
            [("1", false, false), ("2", true, false), ("3", false, true)]
        );
        assert!(parse_list("").is_empty());
    }
}
