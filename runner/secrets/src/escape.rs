//! The ways in which programs escape a text: for JSON, for a shell, for a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::inner_base64::Spelling;

/// RFC 3986's unreserved characters stay: `urlencode` of most languages.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// JavaScript's `encodeURIComponent`.
const COMPONENT: AsciiSet = UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
/// Python's `quote`, which leaves the slash.
const KEEPS_SLASH: AsciiSet = UNRESERVED.remove(b'/');
/// HTML forms (WHATWG `application/x-www-form-urlencoded`).
const FORM: AsciiSet = UNRESERVED.add(b'~').remove(b'*');
/// JavaScript's `encodeURI`: all that has a meaning somewhere in a URL stays.
const WHOLE_URI: AsciiSet = COMPONENT
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');
/// The user name and password of a WHATWG URL.
const USERINFO: AsciiSet = percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'=')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'|');
/// The query of a WHATWG URL.
const QUERY: AsciiSet = percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\'');

/// What [`percent`] goes through.
const PERCENT_SETS: [&AsciiSet; 7] = [
    &UNRESERVED,
    &COMPONENT,
    &KEEPS_SLASH,
    &FORM,
    &WHOLE_URI,
    &USERINFO,
    &QUERY,
];

/// `value` percent-encoded: by each common choice of what needs it, a space as `%20` and as `+`, the digits in upper
/// and in lower case.
pub(crate) fn percent(value: &str) -> Vec<Spelling> {
    let mut out = Vec::new();
    for set in PERCENT_SETS {
        let upper = Zeroizing::new(utf8_percent_encode(value, set).to_string());
        let lower = Zeroizing::new(lower_percent_digits(&upper));
        for spelling in [upper, lower] {
            out.push(Zeroizing::new(spelling.replace("%20", "+")));
            out.push(spelling);
        }
    }
    out
}

/// Lower-cases the two digits after each percent sign; everything else is the secret's own text.
fn lower_percent_digits(text: &str) -> String {
    let mut digits_left = 0;
    text.chars()
        .map(|c| {
            if c == '%' {
                digits_left = 2;
                c
            } else if digits_left > 0 {
                digits_left -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

/// `value` as it stands between the quotes of a JSON string: plainly, with everything beyond ASCII as `\u` (both
/// cases), with slashes escaped (PHP), with `<`, `>` and `&` as `\u` (Go), and as JSON within JSON.
pub(crate) fn json(value: &str) -> Vec<Spelling> {
    let plain = json_with(value, |_| None);
    let ascii = |upper: bool| {
        json_with(value, move |c| {
            (!c.is_ascii()).then(|| unicode_escape(c, upper))
        })
    };
    let html = json_with(value, |c| {
        matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}').then(|| unicode_escape(c, false))
    });
    let slashes = json_with(value, |c| (c == '/').then(|| "\\/".to_owned()));
    let nested = json_with(&plain, |_| None);
    vec![plain, ascii(false), ascii(true), html, slashes, nested]
}

/// JSON escapes, where `special` may give its own for a character that needs none.
fn json_with(value: &str, special: impl Fn(char) -> Option<String>) -> Spelling {
    let mut out = Zeroizing::new(String::with_capacity(value.len() * 6));
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&unicode_escape(c, false)),
            c => match special(c) {
                Some(text) => out.push_str(&text),
                None => out.push(c),
            },
        }
    }
    out
}

/// `\uXXXX`, twice for a character beyond the basic plane.
fn unicode_escape(c: char, upper: bool) -> String {
    c.encode_utf16(&mut [0; 2])
        .iter()
        .map(|unit| {
            if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            }
        })
        .collect()
}

/// `value` as a shell's words carry it: within single quotes (two customs), within double quotes (with and without
/// the `!` of history; as compose's files have it, with octal backticks), with backslashes alone (`printf %q`), and within
/// `$'…'`.
pub(crate) fn shell(value: &str) -> Vec<Spelling> {
    let each = |escape: &dyn Fn(char) -> Option<&'static str>, slashed: &str| {
        let mut out = Zeroizing::new(String::with_capacity(value.len() * 5));
        for c in value.chars() {
            if let Some(text) = escape(c) {
                out.push_str(text);
                continue;
            }
            if slashed.contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    let none = |_: char| None;
    let ansi = |c: char| match c {
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        '\t' => Some("\\t"),
        '\u{1b}' => Some("\\E"),
        _ => None,
    };
    vec![
        each(&|c| (c == '\'').then_some("'\\''"), ""),
        each(&|c| (c == '\'').then_some("'\"'\"'"), ""),
        each(&none, "\\\"$`"),
        each(&none, "\\\"$`!"),
        each(&|c| (c == '`').then_some("\\0140"), "\\\"$"),
        each(&none, " !\"#$&'()*,;<>?[\\]^`{|}~"),
        each(&ansi, "\\'"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(spellings: &[Spelling], expected: &str) {
        let texts: Vec<_> = spellings.iter().map(|s| s.as_str()).collect();
        assert!(texts.contains(&expected), "{expected} not in {texts:?}");
    }

    #[test]
    fn percent_forms() {
        let check = |value: &str, expected: &[&str]| {
            for text in expected {
                holds(&percent(value), text);
            }
        };
        check(
            "a b/ü",
            &[
                "a%20b%2F%C3%BC",
                "a+b%2f%c3%bc",
                "a%20b/%C3%BC",
                "a+b/%c3%bc",
            ],
        );
        check("x%A!", &["x%25A%21", "x%25A!"]);
        check(
            "p@ss:w/o~",
            &[
                "p%40ss%3Aw%2Fo~",
                "p%40ss%3Aw%2Fo%7E",
                "p@ss:w/o~",
                "p%40ss%3aw%2fo~",
            ],
        );
    }

    #[test]
    fn json_forms() {
        let check = |value: &str, expected: &[&str]| {
            for text in expected {
                holds(&json(value), text);
            }
        };
        check("a\"b\\\n", &[r#"a\"b\\\n"#, r#"a\\\"b\\\\\\n"#]);
        check("é/<", &[r"\u00e9/<", r"\u00E9/<", r"é\/<", r"é/\u003c"]);
        check("😀\u{1}", &[r"\ud83d\ude00\u0001", r"\uD83D\uDE00\u0001"]);
    }

    #[test]
    fn shell_forms() {
        let check = |value: &str, expected: &[&str]| {
            for text in expected {
                holds(&shell(value), text);
            }
        };
        check("it's", &[r"it'\''s", r#"it'"'"'s"#, r"it\'s"]);
        check("a\"$b`\\", &[r#"a\"\$b\`\\"#, r#"a\"\$b\0140\\"#]);
        check("a b\nc", &["a\\ b\nc", "a b\\nc"]);
    }

    proptest! {
        #[test]
        fn the_plain_json_form_is_serde_jsons(value in any::<String>()) {
            let expected = serde_json::to_string(&value).unwrap();
            let forms = json(&value);
            prop_assert_eq!(forms[0].as_str(), &expected[1..expected.len() - 1]);
        }
    }
}
