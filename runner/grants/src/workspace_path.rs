//! Paths in the workspace: relative to the pipeline's folder, in one spelling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest path taken, in bytes: Linux's own limit.
const MAX_LENGTH: usize = 4096;

/// What is wrong with a path, in words that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// It names nothing.
    #[error("is empty")]
    Empty,
    /// It is longer than the system allows.
    #[error("is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// It starts at the root of the file system.
    #[error("is absolute; paths are relative to the pipeline's folder")]
    Absolute,
    /// It starts in somebody's home folder, as a shell would read it.
    #[error(
        "starts with `~`, which only a shell expands, and nothing outside of the pipeline's folder is handed over: copy the file into it, or where it is a key hand it over as a secret (`--secret NAME=file:~/…`)"
    )]
    Home,
    /// It holds a line end or a zero byte.
    #[error("holds a character that no path may have")]
    Character,
    /// It has a `..` in it.
    #[error("leads out of its folder")]
    Outside,
    /// It is, or lies in, what no step is handed.
    #[error(
        "is never handed to a step: `.git`, the pipeline and its lockfile and policy are out of reach"
    )]
    Reserved,
}

/// A relative path without `.`, `..`, empty parts or a leading slash; `.` for the folder itself.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct WorkspacePath(String);

impl WorkspacePath {
    /// Names that no grant on a folder reaches: the repository's own data, and the files that decide what is granted.
    pub const RESERVED: &'static [&'static str] =
        &[".git", "capstep.yml", "capstep.lock", "capstep.policy.yml"];

    /// Reads a path as the pipeline writes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PathProblem> {
        Self::relative(text)?.unreserved()
    }

    /// Reads a path of the pipeline's own text, in which `~` is a mistake: a folder of that name is `./~`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn written(text: &str) -> Result<Self, PathProblem> {
        if text == "~" || text.starts_with("~/") {
            return Err(PathProblem::Home);
        }
        Self::parse(text)
    }

    fn unreserved(self) -> Result<Self, PathProblem> {
        if self.is_reserved() {
            return Err(PathProblem::Reserved);
        }
        Ok(self)
    }

    /// Reads a path without asking whether it is reserved.
    fn relative(text: &str) -> Result<Self, PathProblem> {
        if text.is_empty() {
            return Err(PathProblem::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(PathProblem::TooLong);
        }
        if text.starts_with('/') {
            return Err(PathProblem::Absolute);
        }
        if text.contains('\0') || text.contains('\n') {
            return Err(PathProblem::Character);
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(PathProblem::Outside),
                other => parts.push(other),
            }
        }
        Ok(Self(if parts.is_empty() {
            ".".to_owned()
        } else {
            parts.join("/")
        }))
    }

    /// The path below this one, as a plugin asks for it; the path itself where `entry` is empty.
    ///
    /// # Errors
    /// An absolute entry, one with `..`, or a reserved name.
    pub fn below(&self, entry: &str) -> Result<Self, PathProblem> {
        if entry.is_empty() {
            return Ok(self.clone());
        }
        let entry = Self::relative(entry)?;
        match (self.0.as_str(), entry.0.as_str()) {
            (_, ".") => self.clone(),
            (".", _) => entry,
            (folder, entry) => Self(format!("{folder}/{entry}")),
        }
        .unreserved()
    }

    /// Whether the path, or a folder on the way to it, is reserved.
    pub fn is_reserved(&self) -> bool {
        let first = self.0.split('/').next().unwrap_or_default();
        // Without regard to case, as the file systems of some machines read names.
        Self::RESERVED
            .iter()
            .any(|reserved| first.eq_ignore_ascii_case(reserved))
            || self
                .0
                .split('/')
                .any(|part| part.eq_ignore_ascii_case(".git"))
    }

    /// Whether one of the two contains the other: an overlap, where one is written.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (left, right) = (self.fixed_part(), other.fixed_part());
        contains(left, right) || contains(right, left)
    }

    /// Whether what this designates includes that path: the path itself, what is below it, what a glob matches.
    pub fn holds(&self, path: &Self) -> bool {
        if self == path {
            return true;
        }
        if self.is_glob() {
            let glob = globset::GlobBuilder::new(&self.0)
                .literal_separator(true)
                .build();
            return glob.is_ok_and(|glob| glob.compile_matcher().is_match(&path.0));
        }
        contains(&self.0, path.fixed_part())
    }

    /// The path up to its first wildcard.
    pub fn fixed_part(&self) -> &str {
        match self.0.find(['*', '?', '[', '{']) {
            None => &self.0,
            Some(at) => match self.0[..at].rfind('/') {
                Some(slash) => &self.0[..slash],
                None => ".",
            },
        }
    }

    /// Whether the path holds a wildcard.
    pub fn is_glob(&self) -> bool {
        self.0.contains(['*', '?', '[', '{'])
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn contains(folder: &str, path: &str) -> bool {
    folder == "."
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl std::fmt::Display for WorkspacePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_home_folder_is_written() {
        let check = |text, expected| assert_eq!(WorkspacePath::written(text).err(), expected);
        check("~/.ssh/known_hosts", Some(PathProblem::Home));
        check("~", Some(PathProblem::Home));
        check("./~/known_hosts", None);
        check("~backup", None);
    }

    #[test]
    fn paths_have_one_spelling() {
        for (text, expected) in [
            ("webapp/", Some("webapp")),
            ("./a//b/.", Some("a/b")),
            (".", Some(".")),
            ("a b/ü", Some("a b/ü")),
            ("", None),
            ("/etc/passwd", None),
            ("../x", None),
            ("a/../b", None),
            (".git/config", None),
            ("sub/.GIT/config", None),
            ("capstep.yml", None),
            ("Capstep.YML", None),
            ("sub/capstep.yml", Some("sub/capstep.yml")),
            ("a\0b", None),
        ] {
            assert_eq!(
                WorkspacePath::parse(text)
                    .ok()
                    .as_ref()
                    .map(WorkspacePath::as_str),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn entries_stay_below() {
        let folder = WorkspacePath::parse("web").unwrap();
        assert_eq!(folder.below("a/b").unwrap().as_str(), "web/a/b");
        assert_eq!(folder.below("").unwrap().as_str(), "web");
        for entry in ["../x", "/x", "a/../../x", ".git/config", "a/.git"] {
            assert!(folder.below(entry).is_err(), "{entry}");
        }
    }

    #[test]
    fn overlap_is_containment() {
        for (left, right, expected) in [
            ("a", "a/b", true),
            ("a/b", "a", true),
            ("a", "ab", false),
            (".", "x", true),
            ("a/*.txt", "a/b", true),
        ] {
            let parse = |text| WorkspacePath::parse(text).unwrap();
            assert_eq!(
                parse(left).overlaps(&parse(right)),
                expected,
                "{left} {right}"
            );
        }
    }
}
