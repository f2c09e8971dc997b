//! Where links inside a context lead, so that what BuildKit asks for by a link's name comes with what the link means.

use std::collections::BTreeSet;

use crate::context::ignore::clean::clean;
use crate::context::ignore::pattern::Pattern;
use crate::context::source::ContextSource;

/// More links than this one after the other are a loop, or a trap.
const LINK_LIMIT: usize = 255;

/// The paths, and for each that is or passes through a link what that leads to, by text and within the context. None
/// where one of them is the context itself: then everything is meant.
pub(crate) fn follow<'a>(
    source: &ContextSource,
    paths: impl IntoIterator<Item = &'a str>,
) -> Option<Vec<String>> {
    let mut resolver = Resolver {
        source,
        found: BTreeSet::new(),
    };
    for path in paths {
        resolver.add(path, 0);
    }
    let mut result: Vec<String> = Vec::new();
    for path in resolver.found {
        if path.is_empty() {
            return None;
        }
        // What lies below a path that is meant anyway needs no mention.
        if !result.last().is_some_and(|last| {
            path.strip_prefix(last.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        }) {
            result.push(path);
        }
    }
    Some(result)
}

struct Resolver<'a> {
    source: &'a ContextSource,
    found: BTreeSet<String>,
}

impl Resolver<'_> {
    fn add(&mut self, path: &str, links: usize) {
        if links > LINK_LIMIT {
            return;
        }
        // From the root, so that `..` cannot lead above it.
        let path = clean(&format!("/{path}"));
        let mut current = String::new();
        let mut rest = path.trim_start_matches('/');
        loop {
            let (part, after) = rest.split_once('/').unwrap_or((rest, ""));
            rest = after;
            if !current.is_empty() {
                current.push('/');
            }
            current.push_str(part);
            let targets = self.targets(&current);
            if targets.is_empty() {
                if rest.is_empty() {
                    self.found.insert(current);
                    return;
                }
                continue;
            }
            if !self.found.insert(current) {
                return;
            }
            for target in targets {
                self.add(&format!("{target}/{rest}"), links + 1);
            }
            return;
        }
    }

    /// Where a link leads, or the links that a pattern in the last part names; nothing for anything else.
    fn targets(&self, path: &str) -> Vec<String> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !has_wildcard(name) {
            return self.target(folder, name).into_iter().collect();
        }
        let dir = if folder.is_empty() { "." } else { folder };
        let (Ok(entries), Ok(Some(pattern))) =
            (self.source.dir().read_dir(dir), Pattern::parse(name))
        else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| pattern.matches(name))
            .filter_map(|name| self.target(folder, &name))
            .collect()
    }

    fn target(&self, folder: &str, name: &str) -> Option<String> {
        let path = if folder.is_empty() {
            name.to_owned()
        } else {
            format!("{folder}/{name}")
        };
        let dir = self.source.dir();
        if !dir.symlink_metadata(&path).ok()?.is_symlink() {
            return None;
        }
        let link = dir.read_link_contents(&path).ok()?;
        let link = link.to_str()?;
        Some(if link.starts_with('/') {
            clean(link)
        } else {
            clean(&format!("/{folder}/{link}"))
        })
    }
}

fn has_wildcard(name: &str) -> bool {
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    use cap_std::ambient_authority;
    use cap_std::fs::Dir;

    use super::*;
    use crate::context::source::Open;

    #[test]
    fn links_are_followed_by_text_within_the_context() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("real/sub")).unwrap();
        symlink("real", at("door")).unwrap();
        symlink("/real/sub", at("absolute")).unwrap();
        symlink("../../../etc/passwd", at("real/out")).unwrap();
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        symlink("self/x", at("self")).unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let source = ContextSource::new(Arc::new(dir), Arc::new(Open));
        for (paths, expected) in [
            (vec!["real"], Some(vec!["real"])),
            (vec!["missing/x"], Some(vec!["missing/x"])),
            (vec!["door/sub"], Some(vec!["door", "real/sub"])),
            (vec!["absolute"], Some(vec!["absolute", "real/sub"])),
            (vec!["real/out"], Some(vec!["etc/passwd", "real/out"])),
            (vec!["../../x"], Some(vec!["x"])),
            (vec!["a"], Some(vec!["a", "b"])),
            (vec!["self"], Some(vec!["self"])),
            (vec!["d*r"], Some(vec!["d*r", "real"])),
            (
                vec!["real", "real/sub", "realm"],
                Some(vec!["real", "realm"]),
            ),
            (vec!["real", "/"], None),
        ] {
            let found = follow(&source, paths.iter().copied());
            let expected = expected.map(|list| list.into_iter().map(str::to_owned).collect());
            assert_eq!(found, expected, "{paths:?}");
        }
    }
}
