//! An ignore file's lines.

use crate::context::ignore::clean::clean;
use crate::error::{DockerError, Stage};

/// Docker's tools stop at longer lines, and so does this.
const LINE_LIMIT: usize = 64 * 1024;

/// The patterns of an ignore file, one a line: comments and blank lines are left out, `!` stays in front, a leading
/// slash goes, paths get their shortest form.
///
/// # Errors
/// A line is longer than 64 KiB.
pub fn parse(text: &str) -> Result<Vec<String>, DockerError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut patterns = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if line.len() >= LINE_LIMIT {
            return Err(DockerError::invalid(
                Stage::Context,
                format!(
                    "line {} of the ignore file is longer than 64 KiB",
                    index + 1
                ),
            ));
        }
        // A comment is told by the very first character: ` # x` is a pattern.
        if line.starts_with('#') {
            continue;
        }
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (mark, pattern) = match line.strip_prefix('!') {
            Some(rest) => ("!", rest.trim()),
            None => ("", line),
        };
        let pattern = if pattern.is_empty() {
            String::new()
        } else {
            let cleaned = clean(pattern);
            match cleaned.strip_prefix('/') {
                Some(rest) if !rest.is_empty() => rest.to_owned(),
                _ => cleaned,
            }
        };
        patterns.push(format!("{mark}{pattern}"));
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_become_patterns() {
        for (text, expected) in [
            ("", vec![]),
            ("\u{feff}a\r\nb\n", vec!["a", "b"]),
            ("# a\n # b\n#c", vec!["# b"]),
            ("  a  \n\t\n/b/\n//c", vec!["a", "b", "c"]),
            ("! a\n!/b/../c\n!", vec!["!a", "!c", "!"]),
            ("/\n.\n./\n../x", vec!["/", ".", ".", "../x"]),
            ("a b\n\\ c", vec!["a b", "\\ c"]),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text:?}");
        }
        assert!(parse(&"x".repeat(70_000)).is_err());
    }
}
