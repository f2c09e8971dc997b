//! The names and paths of a release, checked. Pure.

use crate::error::{SshError, SshErrorKind};

/// The most characters of a release's name: a file name's limit leaves room for our prefixes.
const NAME_LIMIT: usize = 100;

/// Whether a name can be a release's: letters, digits, `.`, `_`, `-`, not beginning with a dot or a dash.
pub fn is_release_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_LIMIT
        && !name.starts_with(['.', '-'])
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The release folder without a slash at its end; must be absolute, plain, and not the root.
pub(super) fn check_base(base: &str) -> Result<&str, SshError> {
    let base = base.trim_end_matches('/');
    match base.strip_prefix('/') {
        Some(rest) if is_plain_path(rest) => Ok(base),
        _ => Err(invalid(format!(
            "{base:?} is not an absolute path without `.`, `..` and empty parts"
        ))),
    }
}

/// A shared path, relative to the release, without a slash at its end.
pub(super) fn check_shared(path: &str) -> Result<&str, SshError> {
    let path = path.trim_end_matches('/');
    if is_plain_path(path) {
        Ok(path)
    } else {
        Err(invalid(format!(
            "{path:?} is not a relative path without `.`, `..` and empty parts"
        )))
    }
}

/// Refuses shared paths of which one is below another: the inner link would be made inside the shared folder.
pub(super) fn check_nesting(shared: &[&str]) -> Result<(), SshError> {
    for inner in shared {
        for outer in shared {
            if inner != outer && crate::remote::is_below(inner, outer) {
                return Err(invalid(format!(
                    "{inner:?} is shared already with {outer:?}"
                )));
            }
        }
    }
    Ok(())
}

/// The releases to remove, oldest first by name: all but the newest `keep`, never the current or the previous one.
/// Unfinished releases older than the current one are removed too.
pub(super) fn to_prune(
    all: &[super::ReleaseInfo],
    current: &str,
    previous: Option<&str>,
    keep: usize,
) -> Vec<String> {
    let mut complete: Vec<&str> = all
        .iter()
        .filter(|release| !release.unfinished)
        .map(|release| release.name.as_str())
        .collect();
    complete.sort_unstable();
    let extra = complete.len().saturating_sub(keep.max(1));
    let mut prune: Vec<String> = complete
        .into_iter()
        .take(extra)
        .filter(|&name| name != current && Some(name) != previous)
        .map(str::to_owned)
        .collect();
    prune.extend(
        all.iter()
            .filter(|release| release.unfinished && release.name.as_str() < current)
            .map(|release| release.name.clone()),
    );
    prune
}

fn is_plain_path(path: &str) -> bool {
    !path.contains(['\0', '\n']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn invalid(message: String) -> SshError {
    SshError::channel(SshErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::ReleaseInfo;

    #[test]
    fn names_and_paths() {
        for (name, expected) in [
            ("20260101T101010Z", true),
            ("v1.2-3_x", true),
            ("", false),
            (".x", false),
            ("-x", false),
            ("a/b", false),
            ("a b", false),
            ("..", false),
        ] {
            assert_eq!(is_release_name(name), expected, "{name}");
        }
        for (path, expected) in [
            ("/srv/app", true),
            ("/srv/app/", true),
            ("/", false),
            ("", false),
            ("srv", false),
            ("/srv/../etc", false),
        ] {
            assert_eq!(check_base(path).is_ok(), expected, "{path}");
        }
        for (path, expected) in [
            ("log", true),
            ("storage/a b/", true),
            ("", false),
            ("/etc", false),
            ("../x", false),
        ] {
            assert_eq!(check_shared(path).is_ok(), expected, "{path}");
        }
        assert!(check_nesting(&["log", "logs", "a/b"]).is_ok());
        assert!(check_nesting(&["log", "log/x"]).is_err());
    }

    #[test]
    fn pruning_keeps_the_current_and_the_previous_one() {
        let release = |name: &str| ReleaseInfo {
            name: name.trim_end_matches('*').to_owned(),
            current: false,
            unfinished: name.ends_with('*'),
        };
        let check =
            |all: &[&str], current: &str, previous: Option<&str>, keep, expected: &[&str]| {
                let all: Vec<_> = all.iter().map(|name| release(name)).collect();
                assert_eq!(to_prune(&all, current, previous, keep), expected, "{all:?}");
            };
        check(&["1", "2", "3", "4"], "4", Some("3"), 2, &["1", "2"]);
        check(&["4", "2", "3", "1"], "4", Some("3"), 3, &["1"]);
        check(&["1", "2", "3"], "3", Some("1"), 1, &["2"]);
        check(&["1", "2", "3"], "3", Some("2"), 0, &["1"]);
        check(&["1", "2", "3"], "3", Some("2"), 9, &[]);
        check(&["1*", "2", "3", "4*"], "3", Some("2"), 9, &["1"]);
        check(&["1", "2", "3"], "1", Some("3"), 1, &["2"]);
    }
}
