//! What a sign means for a step, by what the step was handed.

use std::path::{Component, Path, PathBuf};

use capstep_grants::{Authority, pointer};

use super::super::spec::{READS, WRITES, directory, origin_of};
use super::read::Sign;
use crate::step::Shared;

/// What the step sees, in its own words.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The workspace's real path, as the script sees it.
    root: PathBuf,
    /// Where the script starts, in the workspace.
    directory: PathBuf,
    /// Files that hold secrets, and what no step is handed, both in the workspace.
    sealed: Vec<PathBuf>,
    reserved: Vec<PathBuf>,
    /// Whether it has `reads` or `writes`, and what they name. With neither it has the whole workspace.
    is_narrowed: bool,
    reads: Vec<PathBuf>,
    writes: Vec<PathBuf>,
    /// Whether it has a network at all.
    network: bool,
}

impl Seen {
    pub(super) fn of(shared: &Shared) -> Self {
        let grants = || shared.authority.bound.grants.iter();
        let below = |list: &str| {
            let within = grants().filter(|grant| pointer::is_within(&grant.pointer, list));
            let paths = within.filter_map(|grant| match &grant.authority {
                Some(Authority::Path { path }) => Some(PathBuf::from(path.as_str())),
                _ => None,
            });
            paths.collect()
        };
        let origins = grants().filter_map(|grant| origin_of(grant.authority.as_ref()?));
        Self {
            root: shared.workspace.path().to_owned(),
            directory: PathBuf::from(directory(shared)),
            sealed: shared
                .sealed
                .paths()
                .into_iter()
                .map(PathBuf::from)
                .collect(),
            reserved: shared.workspace.reserved().map(PathBuf::from).collect(),
            is_narrowed: shared.authority.bound.says_its_paths(),
            reads: below(READS),
            writes: below(WRITES),
            network: origins.count() > 0,
        }
    }

    pub(super) fn hint(&self, sign: &Sign) -> Option<String> {
        match sign {
            Sign::Refused(Some(path)) => self.refused(path),
            // Without a path it can be anything; but a step that names what it writes to is likely to have missed one.
            Sign::Refused(None) => self.is_narrowed.then(|| {
                "a file may be the reason that is not in the step's `writes`: it can change nothing else".to_owned()
            }),
            Sign::Absent(path) => self.absent(path),
            Sign::Unreached(host) => Some(self.unreached(host.as_deref())),
            Sign::Engine => Some(
                "no script reaches a container engine: build images with the plugin `docker-build`"
                    .to_owned(),
            ),
        }
    }

    fn refused(&self, path: &str) -> Option<String> {
        let Some(path) = self.inside(path) else {
            return path.starts_with('/').then(|| {
                format!(
                    "`{path}` is outside of the pipeline's folder, where a script can change nothing but `$HOME` and `$TMPDIR`"
                )
            });
        };
        let shown = path.display();
        if holds(&self.sealed, &path) {
            return Some(format!(
                "`{shown}` is sealed: it holds secrets, and no script can open it; hand over by `env` what the script needs of it"
            ));
        }
        if let Some(reserved) = self.reserved.iter().find(|own| path.starts_with(own)) {
            return Some(format!(
                "`{}` is never handed over for writing: no step changes it",
                reserved.display()
            ));
        }
        if !self.is_narrowed || holds(&self.writes, &path) {
            return None;
        }
        Some(format!(
            "`{shown}` may be what it was not allowed to change: add it, or its folder, to the step's `writes`"
        ))
    }

    fn absent(&self, path: &str) -> Option<String> {
        let path = self.inside(path)?;
        let handed = holds(&self.reads, &path) || holds(&self.writes, &path);
        let missing = self.is_narrowed && !handed;
        (missing && self.is_there(&path)).then(|| {
            format!(
                "`{}` is there, but it was not handed over: add it to the step's `reads`",
                path.display()
            )
        })
    }

    fn unreached(&self, host: Option<&str>) -> String {
        let origin = format!("https://{}", host.unwrap_or("HOST"));
        match self.network {
            false => format!(
                "it may have tried to reach the network, of which a script has none but what is handed over: `allow: [{origin}]`"
            ),
            true => format!(
                "it may have gone past the proxy that `http_proxy` and `https_proxy` name, the only way out, or to an origin that is not in `allow`: `{origin}`"
            ),
        }
    }

    /// The path in the workspace that a message means; none if it leads elsewhere.
    fn inside(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let path = match path.strip_prefix(&self.root) {
            Ok(path) => path.to_owned(),
            Err(_) if path.is_absolute() => return None,
            Err(_) => self.directory.join(path),
        };
        let mut normal = PathBuf::new();
        for part in path.components() {
            match part {
                Component::Normal(name) => normal.push(name),
                Component::CurDir => {}
                Component::ParentDir if normal.pop() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        Some(normal)
    }

    /// Whether something is at this path of the workspace. No link is followed: the message is the script's, and it must
    /// not learn by it what is elsewhere on the machine.
    fn is_there(&self, path: &Path) -> bool {
        let mut at = self.root.clone();
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            at.push(part);
            let Ok(found) = at.symlink_metadata() else {
                return false;
            };
            if parts.peek().is_some() && !found.is_dir() {
                return false;
            }
        }
        true
    }
}

/// Whether the path is one of these, or below one.
fn holds(paths: &[PathBuf], path: &Path) -> bool {
    let mut paths = paths.iter();
    paths.any(|one| one == Path::new(".") || path.starts_with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str) -> Sign {
        Sign::Refused(Some(path.to_owned()))
    }

    #[track_caller]
    fn check(seen: &Seen, sign: &Sign, expected: Option<&str>) {
        let hint = seen.hint(sign);
        match expected {
            None => assert_eq!(hint, None, "{sign:?}"),
            Some(part) => assert!(
                hint.as_deref().is_some_and(|hint| hint.contains(part)),
                "{sign:?}: {hint:?}"
            ),
        }
    }

    #[test]
    fn paths_by_what_they_are() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("other")).unwrap();
        std::fs::write(root.path().join("other/a"), "").unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("link")).unwrap();
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        let seen = Seen {
            root: root.path().to_owned(),
            directory: "app".into(),
            sealed: paths(&[".env"]),
            reserved: paths(&[".git"]),
            is_narrowed: true,
            reads: paths(&["src"]),
            writes: paths(&["out"]),
            network: false,
        };
        let whole = root.path().join("src/a").display().to_string();
        check(&seen, &refused(&whole), Some("`src/a` may be"));
        check(&seen, &refused("../src/a"), Some("the step's `writes`"));
        check(&seen, &refused("a"), Some("`app/a` may be"));
        check(&seen, &refused("../out/a"), None);
        check(&seen, &refused("../.env"), Some("`.env` is sealed"));
        check(&seen, &refused("../.git/config"), Some("never handed over"));
        check(
            &seen,
            &refused("/usr/local/a"),
            Some("outside of the pipeline's folder"),
        );
        check(&seen, &refused("../../a"), None);
        check(&seen, &Sign::Refused(None), Some("the step's `writes`"));
        let absent = |path: &str| Sign::Absent(path.to_owned());
        check(&seen, &absent("../other/a"), Some("`other/a` is there"));
        check(&seen, &absent("../other/b"), None);
        check(&seen, &absent("../src/a"), None);
        check(&seen, &absent("../link/passwd"), None);
        check(&seen, &absent("/etc/passwd"), None);
        // With neither `reads` nor `writes` all of the folder is there.
        let all = Seen {
            root: root.path().to_owned(),
            ..Seen::default()
        };
        check(&all, &refused("src/a"), None);
        check(&all, &absent("other/a"), None);
        check(&all, &Sign::Refused(None), None);
    }

    #[test]
    fn the_network() {
        let none = Seen::default();
        let host = Sign::Unreached(Some("example.com".to_owned()));
        check(&none, &host, Some("`allow: [https://example.com]`"));
        check(
            &none,
            &Sign::Unreached(None),
            Some("`allow: [https://HOST]`"),
        );
        let some = Seen {
            network: true,
            ..none
        };
        check(&some, &host, Some("`http_proxy`"));
    }
}
