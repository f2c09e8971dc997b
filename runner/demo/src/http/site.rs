//! The files of the current release.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::root::{Root, SITE};

/// The largest file that is served; the demo's are far smaller.
const FILE_LIMIT: u64 = 1024 * 1024;

/// A file and what kind it is.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
}

/// The file at a URL's path; none if there is none. Names that begin with a dot are not served: `.env` is one.
pub(super) fn find(root: &Root, path: &str) -> Option<Found> {
    let path = relative(path)?;
    let file = root
        .open_file(&Path::new(SITE).join("current").join(&path))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= FILE_LIMIT).then_some(Found {
        bytes,
        content_type: content_type(&path),
    })
}

fn relative(path: &str) -> Option<PathBuf> {
    let path = path.strip_prefix('/')?;
    if path.is_empty() {
        return Some(PathBuf::from("index.html"));
    }
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    path.split('/').all(plain).then(|| PathBuf::from(path))
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_paths() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(relative(path).as_deref(), expected.map(Path::new), "{path}");
        };
        check("/", Some("index.html"));
        check("/style.css", Some("style.css"));
        check("/a/b.txt", Some("a/b.txt"));
        for refused in [
            "",
            "x",
            "//",
            "/.env",
            "/a/../b",
            "/a//b",
            "/%2e%2e/x",
            "/a\\b",
            "/a/.git",
            "/é",
        ] {
            check(refused, None);
        }
    }
}
