//! Which links there may be in an entry.

/// Whether a link leads to something in what is kept, wherever other links there lead. `depth` is how many folders of what
/// is kept lie around the link, the outermost one included.
///
/// First it may go up, at most to the outermost folder; from there it goes down and never up again: behind a name that is a
/// link itself, `..` leads anywhere.
pub(super) fn stays_within(target: &str, depth: usize) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let parts = target.split('/').filter(|part| !matches!(*part, "" | "."));
    let (mut up, mut down) = (0, false);
    for part in parts {
        if part != ".." {
            down = true;
        } else if down {
            return false;
        } else {
            up += 1;
        }
    }
    // The folder around the link is reached by no `..` at all.
    up < depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_within() {
        for (target, depth, expected) in [
            ("a", 1, true),
            ("a/b", 1, true),
            ("./a//b/", 1, true),
            (".", 1, true),
            ("..", 1, false),
            ("..", 2, true),
            ("../..", 2, false),
            ("../../x/y", 3, true),
            ("../../../x", 3, false),
            ("a/..", 3, false),
            ("../a/../b", 3, false),
            ("/etc/passwd", 9, false),
            ("/", 9, false),
            ("", 9, false),
            ("..a/..b", 1, true),
        ] {
            assert_eq!(stays_within(target, depth), expected, "{target} {depth}");
        }
    }
}
