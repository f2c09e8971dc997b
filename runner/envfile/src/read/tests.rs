use proptest::prelude::*;

use super::*;
use crate::{EncodeOptions, Entry, EnvFormat, encode};

fn check(text: &str, expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(parse_dotenv(text), Ok(expected), "{text:?}");
}

fn refused(text: &str, line: usize, column: usize, message: &str) {
    let error = parse_dotenv(text).unwrap_err();
    assert_eq!(
        (error.line, error.column),
        (line, column),
        "{text:?}: {error}"
    );
    assert!(error.message.contains(message), "{text:?}: {error}");
}

#[test]
fn statements() {
    check("", &[]);
    check("\u{feff}A=1", &[("A", "1")]);
    check("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]);
    check("  export A=1\nexport\tB=2", &[("A", "1"), ("B", "2")]);
    check("export=1", &[("export", "1")]);
    check("exported=1", &[("exported", "1")]);
    check("A = 1 \nB: 2", &[("A", "1"), ("B", "2")]);
    check("# c\n\n  # d\nA=1", &[("A", "1")]);
    check("a.b-c=1", &[("a.b-c", "1")]);
}

#[test]
fn later_values_win_in_the_first_place() {
    check("A=1\nB=2\nA=3", &[("A", "3"), ("B", "2")]);
}

#[test]
fn unquoted_values() {
    check("A=", &[("A", "")]);
    check("A=\nB=1", &[("A", ""), ("B", "1")]);
    check("A=a b  # c", &[("A", "a b")]);
    check("A=a#b", &[("A", "a#b")]);
    check("A=#b", &[("A", "#b")]);
    check("A= #b", &[("A", "#b")]);
    check("A=a\t#b", &[("A", "a\t#b")]);
    check("A=C:\\new\\", &[("A", "C:\\new\\")]);
    check("A=a'b\"c", &[("A", "a'b\"c")]);
    check("A=$$x", &[("A", "$x")]);
    check("A=$ 5$1 $$$", &[("A", "$ 5$1 $$")]);
    check("A=a=b", &[("A", "a=b")]);
}

#[test]
fn quoted_values() {
    check("A=' a # b ' # c", &[("A", " a # b ")]);
    check("A=\"x\"#c\nB=1", &[("A", "x"), ("B", "1")]);
    check("A='one\ntwo'\nB=1", &[("A", "one\ntwo"), ("B", "1")]);
    check("A=\"one\r\ntwo\"", &[("A", "one\r\ntwo")]);
    check("A='$HOME $(id) ${X}'", &[("A", "$HOME $(id) ${X}")]);
    check("A='it\\'s \\n \\\\'", &[("A", "it's \\n \\\\")]);
    check(r#"A="a\nb\t\"\\\$x $$y""#, &[("A", "a\nb\t\"\\$x $y")]);
    check(r#"A="\a\b\f\r\v""#, &[("A", "\u{7}\u{8}\u{c}\r\u{b}")]);
    check(r#"A="\c \x \'""#, &[("A", r"\c \x \'")]);
    check(r#"A="\01401 \0200 \012x""#, &[("A", "`1 \u{80} \\12x")]);
    check(r#"A="\0 \0777 \0189""#, &[("A", r"\ \777 \189")]);
}

#[test]
fn errors_are_located() {
    refused("A=1\nB=\"x", 2, 3, "never closed");
    refused("A='x\\'", 1, 3, "never closed");
    refused("A=1\n  9=1", 2, 3, "expected a name");
    refused("=1", 1, 1, "expected a name");
    refused("export =1", 1, 8, "expected a name");
    refused("A b=1", 1, 3, "expected `=`");
    refused("é=1", 1, 1, "expected a name");
    refused("A=1\nB\n", 2, 1, "no value");
    refused("A # c", 1, 1, "no value");
    refused("A='x' B=y", 1, 7, "after the closing quote");
    refused("A=x$(id)", 1, 4, "run a command");
    refused("A=\"é\n$(id)\"", 2, 1, "run a command");
    refused("A=é${X}", 1, 4, "not interpolated");
    refused("A=\"$X\"", 1, 4, "not interpolated");
    refused(r#"A="\0044HOME""#, 1, 4, "not interpolated");
    refused(r#"A="\$$X""#, 1, 6, "not interpolated");
    refused("A=1$\u{212a}", 1, 4, "not interpolated");
}

#[test]
fn errors_quote_nothing() {
    for text in ["A=\"s3cr3t", "A='x' s3cr3t", "s3cr3t\n", "A=s3cr3t$X"] {
        let error = parse_dotenv(text).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t"), "{text}");
    }
}

/// Text rich in the characters that quoting is about.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "'", "\"", "\\", "$", "`", "#", " #", "\n", "\r", "\t", " ", "=", "{", "}", "(", ")",
            "0", "1", "n", "A", "\u{85}", "\u{a0}", "export ", "~", "!", ":",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = parse_dotenv(&text);
    }

    #[test]
    fn awkward_text_never_panics(text in awkward()) {
        let _ = parse_dotenv(&text);
        let _ = parse_dotenv(&format!("A={text}"));
        let _ = parse_dotenv(&format!("A=\"{text}\""));
    }

    #[test]
    fn what_is_written_for_compose_reads_back(values in prop::collection::vec(awkward(), 0..6)) {
        let written: Vec<(String, String)> = values
            .into_iter()
            .enumerate()
            .map(|(index, value)| (format!("V{index}"), value.replace('\0', "")))
            .collect();
        let entries: Vec<Entry<'_>> = written
            .iter()
            .map(|(name, value)| Entry { name, value })
            .collect();
        let options = EncodeOptions { comment: Some("top".to_owned()), strip_cr: false };
        let text = encode(EnvFormat::Compose, &entries, &options).unwrap();
        prop_assert_eq!(parse_dotenv(&text), Ok(written));
    }

    #[test]
    fn what_is_written_never_runs_in_bash(value in awkward()) {
        // A backtick or `$` outside single quotes must have a backslash before it; this is the
        // half of the live test in tests/bash.rs that can look at many more values.
        let value = value.replace('\0', "");
        let entries = [Entry { name: "A", value: &value }];
        let text = encode(EnvFormat::Compose, &entries, &EncodeOptions::default()).unwrap();
        let body = text.strip_prefix("A=").unwrap();
        if !body.starts_with('\'') {
            prop_assert!(!body.contains('`'));
            let unescaped = body.replace("\\\\", "").replace("\\$", "");
            prop_assert!(!unescaped.contains('$'));
        } else {
            prop_assert_eq!(body.matches('\'').count(), 2);
        }
    }
}
