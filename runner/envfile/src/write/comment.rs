//! The comment at the top of a file.

use crate::secret_text::SecretText;

/// The longest comment line, in characters. `docker --env-file` refuses a file with any line over
/// 64 KiB, a comment included, and nobody reads a comment that long.
const MAX_COMMENT_LINE: usize = 1_000;

/// Writes `text` as comment lines. Carriage returns count as line ends, since python-dotenv ends a
/// comment there, and other control characters become spaces, so no comment can become an entry.
pub(super) fn write(text: &str, out: &mut SecretText) {
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        out.push('#');
        let clean: String = line
            .chars()
            .take(MAX_COMMENT_LINE)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let clean = clean.trim_end();
        if !clean.is_empty() {
            out.push(' ');
            out.push_str(clean);
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment() {
        let check = |text: &str, expected: &str| {
            let mut out = SecretText::with_capacity(0);
            write(text, &mut out);
            assert_eq!(*out.into_inner(), expected, "{text:?}");
        };
        check("one", "# one\n");
        check("one\ntwo", "# one\n# two\n");
        check("one\r\ntwo\rTHREE=3", "# one\n# two\n# THREE=3\n");
        check("", "#\n");
        check("a\0b\u{85}c\t", "# a b c\n");
        check(&"x".repeat(2_000), &format!("# {}\n", "x".repeat(1_000)));
    }
}
