//! Quoting for a POSIX shell.

/// `text` as one single-quoted word, whatever it holds.
///
/// NUL cannot be in a shell word; callers refuse it before ([`is_plain`]).
pub fn single_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for char in text.chars() {
        if char == '\'' {
            quoted.push_str("'\\''");
        } else {
            quoted.push(char);
        }
    }
    quoted.push('\'');
    quoted
}

/// Whether a text can be passed to a shell or in a NUL-separated list at all.
pub fn is_plain(text: &str) -> bool {
    !text.contains('\0')
}

/// Whether a text is a portable environment variable's name.
pub fn is_variable_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// What a real `sh` makes of the quoted word.
    fn through_shell(text: &str) -> Vec<u8> {
        let mut child = Command::new("sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let program = format!("printf %s {}", single_quote(text));
        child
            .stdin
            .take()
            .unwrap()
            .write_all(program.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap().stdout
    }

    #[test]
    fn awful_words_survive_a_real_shell() {
        for text in [
            "",
            "'",
            "''",
            "\\",
            "a b",
            "$HOME `id` $(id)",
            "line\nline\n",
            "\"\"",
            "!x",
            "-n",
            "é\u{1f680}",
        ] {
            assert_eq!(through_shell(text), text.as_bytes(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_word_survives_a_real_shell(text in "[^\0]{0,60}") {
            prop_assert_eq!(through_shell(&text), text.as_bytes());
        }
    }

    #[test]
    fn variable_names() {
        for (name, expected) in [
            ("A", true),
            ("_a1", true),
            ("", false),
            ("1A", false),
            ("A-B", false),
            ("A=B", false),
            ("É", false),
        ] {
            assert_eq!(is_variable_name(name), expected, "{name}");
        }
    }
}
