//! Reads the shell programs that `capstep-ssh` sends: assignments in front of a fixed text.
//!
//! Nothing here decides anything. What is read is used to build the program anew, and only a program that is the same
//! as the one built is run; a mistake in reading can make this refuse too much and nothing else.

use capstep_ssh::script::LINE_END;

/// A single-quoted word at the beginning of a text, as `capstep_ssh::quote::single_quote` writes it, and the rest.
fn word(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut word = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        word.push_str(part);
        // A line end in a script's program is written otherwise; LINE_END's own first quote is the one just read.
        let line_end = LINE_END.strip_prefix('\'')?;
        if let Some(more) = after.strip_prefix("\\''") {
            word.push('\'');
            rest = more;
        } else if let Some(more) = after.strip_prefix(line_end) {
            word.push('\n');
            rest = more;
        } else {
            return Some((word, after));
        }
    }
}

/// Each `PREFIXname='value'END` at the beginning of a text, and the rest.
pub(super) fn assignments<'a>(
    mut text: &'a str,
    prefix: &str,
    end: &str,
) -> (Vec<(&'a str, String)>, &'a str) {
    let mut found = Vec::new();
    while let Some((name, value, rest)) = assignment(text, prefix, end) {
        found.push((name, value));
        text = rest;
    }
    (found, text)
}

fn assignment<'a>(text: &'a str, prefix: &str, end: &str) -> Option<(&'a str, String, &'a str)> {
    let (name, rest) = text.strip_prefix(prefix)?.split_once('=')?;
    let (value, rest) = word(rest)?;
    Some((name, value, rest.strip_prefix(end)?))
}

/// The folder of `cd -- 'folder'` at the beginning of a text.
pub(super) fn directory(text: &str) -> Option<String> {
    word(text.strip_prefix("cd -- ")?).map(|(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use capstep_ssh::quote::single_quote;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn assignments_are_read_up_to_the_first_other_text() {
        let check = |text: &str, expected: &[(&str, &str)], rest: &str| {
            let (found, left) = assignments(text, "export ", "; ");
            let found: Vec<_> = found.iter().map(|(n, v)| (*n, v.as_str())).collect();
            assert_eq!((found.as_slice(), left), (expected, rest), "{text}");
        };
        check("", &[], "");
        check(
            "export A='1'; export B='x'\\''y'\"$1\"'z'; cd x",
            &[("A", "1"), ("B", "x'y\nz")],
            "cd x",
        );
        check("export A=1; ", &[], "export A=1; ");
        check("export A='1' B=2; ", &[], "export A='1' B=2; ");
        check("export A='1", &[], "export A='1");
        assert_eq!(
            directory("cd -- '/a b' || exit 125; ").as_deref(),
            Some("/a b")
        );
        assert_eq!(directory("cd /a\n"), None);
    }

    proptest! {
        #[test]
        fn every_quoted_word_is_read(text in "[^\0]{0,40}", rest in "[^'\\\\]{0,9}") {
            let quoted = format!("{}{rest}", single_quote(&text));
            prop_assert_eq!(word(&quoted), Some((text, rest.as_str())));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = (assignments(&text, "", ""), directory(&text), word(&text));
        }
    }
}
