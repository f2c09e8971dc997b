//! Paths on a target: absolute, or relative to a release.

/// The longest path taken, in bytes: Linux's own limit.
const MAX_LENGTH: usize = 4096;

/// Checks and normalizes a remote path: one spelling, no `.` or `..`. A trailing slash is kept in meaning by the
/// caller: here it is dropped.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the remote path is empty".to_owned());
    }
    if text.len() > MAX_LENGTH {
        return Err("the remote path is longer than 4096 bytes".to_owned());
    }
    if text.contains('\0') || text.contains('\n') {
        return Err("the remote path holds a character that no path may have".to_owned());
    }
    let absolute = text.starts_with('/');
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(format!("`{text}` holds `..`; write the path it leads to")),
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    // Also where it is spelt `./~`: what comes out here is one spelling, and is read again.
    if !absolute && joined.starts_with('~') {
        return Err(format!(
            "`{text}`: write the absolute path; `~` means nothing without a shell"
        ));
    }
    Ok(match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    })
}

/// The path of `entry`, a relative path, below `folder`.
pub(crate) fn join(folder: &str, entry: &str) -> String {
    match (folder, entry) {
        (folder, ".") => folder.to_owned(),
        (".", entry) => entry.to_owned(),
        (folder, entry) => format!("{}/{entry}", folder.trim_end_matches('/')),
    }
}

/// Whether a folder contains a path; both absolute, or both relative to the same folder.
pub(crate) fn contains(folder: &str, path: &str) -> bool {
    match folder {
        "/" => path.starts_with('/'),
        "." => !path.starts_with('/'),
        _ => path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

/// Whether one of two absolute paths contains the other.
pub(crate) fn overlap(left: &str, right: &str) -> bool {
    contains(left, right) || contains(right, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_paths_have_one_spelling() {
        for (text, expected) in [
            ("/srv//webapp/", Some("/srv/webapp")),
            ("/", Some("/")),
            ("webapp/./x", Some("webapp/x")),
            (".", Some(".")),
            ("", None),
            ("/a/../b", None),
            ("~/x", None),
            ("/a\nb", None),
        ] {
            assert_eq!(parse(text).ok().as_deref(), expected, "{text:?}");
        }
        for (folder, entry, expected) in [
            ("/srv", "a/b", "/srv/a/b"),
            ("/", "a", "/a"),
            ("/srv", ".", "/srv"),
            (".", "a", "a"),
            (".", ".", "."),
        ] {
            assert_eq!(join(folder, entry), expected);
        }
        assert!(overlap("/srv", "/srv/a") && overlap("/", "/x") && !overlap("/srv", "/srvx"));
    }
}
