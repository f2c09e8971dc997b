//! Which releases there are.

use super::Release;
use super::names::{check_base, is_release_name};
use super::program::check;
use super::programs;
use crate::error::SshError;
use crate::session::Session;

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

    /// The folders of the releases beside this one that were begun and never finished.
    pub(crate) async fn abandoned_releases(
        &self,
        release: &Release,
    ) -> Result<Vec<String>, SshError> {
        let all = self.list_releases(&release.base).await?;
        Ok(all
            .into_iter()
            .filter(|other| other.unfinished && !other.current && other.name != release.name)
            .map(|other| format!("{}/releases/{}", release.base, other.name))
            .collect())
    }
}

/// The release's name in what `current` points at, relative or absolute.
pub(super) fn release_of_link(target: &str) -> Option<String> {
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
