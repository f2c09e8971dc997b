//! The compose format: one file that as many `.env` readers as possible read alike.
//!
//! compose-go must read every value back; among the ways to write one that it reads right, the one
//! that most other readers agree on is taken. No way is taken in which sourcing the file in bash
//! could run a piece of a value, even where bash then reads something else.
//!
//! | | compose-go | bash | python-dotenv |
//! | --- | --- | --- | --- |
//! | `'…'` | literal, but a `\` keeps the next character from ending it | literal | `\\` and `\'` are escapes; `${…}` is interpolated |
//! | `"…"` | C escapes, octal `\0ddd`; `$` interpolates | `\\`, `\"`, `\$` and backtick | C escapes, not `\$`; `${…}` is interpolated |

use super::refuse_nul;
use crate::secret_text::SecretText;
use crate::{EncodeError, Entry, EnvFormat};

/// Ends a line whose value ends with a backslash. python-dotenv takes the `\\"` there for an
/// escaped quote if it can, that is if another `"` follows anywhere in the file, and would swallow
/// the entries between. With this it finds its `"` in the same line, misreading one value only.
const GUARD: &str = " # \"";

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bare,
    Single,
    Double,
}

impl Style {
    fn of(value: &str) -> Self {
        let runs_or_expands = value.contains(['$', '`']);
        if value.chars().all(is_bare) {
            Self::Bare
        } else if value.contains('\'')
            || value.ends_with('\\')
            || (value.contains("\\\\") && !runs_or_expands)
        {
            // Single quotes can't hold the first two for compose-go, nor the third for
            // python-dotenv, which reads one backslash there.
            Self::Double
        } else {
            Self::Single
        }
    }
}

/// Characters that mean themselves to every reader without quotes. `~` is not one of them: bash
/// expands it at the start and after a colon.
const fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '_' | '-' | '.' | '/' | ':' | '@' | '%' | '+' | ',' | '=')
}

pub(super) fn write(entries: &[Entry<'_>], out: &mut SecretText) -> Result<(), EncodeError> {
    let last_with_quote = entries
        .iter()
        .rposition(|entry| entry.value.contains('"') || Style::of(entry.value) == Style::Double);
    for (index, entry) in entries.iter().enumerate() {
        refuse_nul(entry, EnvFormat::Compose)?;
        out.push_str(entry.name);
        out.push('=');
        match Style::of(entry.value) {
            Style::Bare => out.push_str(entry.value),
            Style::Single => {
                out.push('\'');
                out.push_str(entry.value);
                out.push('\'');
            }
            Style::Double => {
                double_quoted(entry.value, out);
                let quote_follows = last_with_quote.is_some_and(|last| index < last);
                if entry.value.ends_with('\\') && quote_follows {
                    out.push_str(GUARD);
                }
            }
        }
        out.push('\n');
    }
    Ok(())
}

fn double_quoted(value: &str, out: &mut SecretText) {
    out.push('"');
    for c in value.chars() {
        match c {
            '\\' | '"' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // compose-go doesn't know bash's escape for the backtick, and bash would run a bare
            // one. In octal compose-go reads it right, and to bash it is only text.
            '`' => out.push_str("\\0140"),
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(values: &[&str]) -> String {
        let entries: Vec<Entry<'_>> = values
            .iter()
            .map(|value| Entry { name: "A", value })
            .collect();
        let mut out = SecretText::with_capacity(0);
        write(&entries, &mut out).unwrap();
        out.into_inner().to_string()
    }

    #[test]
    fn each_value_has_its_quotes() {
        for (value, expected) in [
            ("", "A="),
            ("8000", "A=8000"),
            ("a=b", "A=a=b"),
            ("~/x", "A='~/x'"),
            (" x ", "A=' x '"),
            ("x #y", "A='x #y'"),
            ("$HOME `id`", "A='$HOME `id`'"),
            ("say \"hi\"", "A='say \"hi\"'"),
            ("it's", "A=\"it's\""),
            ("it's $5", "A=\"it's \\$5\""),
            ("it's `id`", "A=\"it's \\0140id\\0140\""),
            ("C:\\dir", "A='C:\\dir'"),
            ("\\\\server", "A=\"\\\\\\\\server\""),
            ("\\\\$x", "A='\\\\$x'"),
            ("a\nb", "A='a\nb'"),
            ("é", "A='é'"),
            ("C:\\", "A=\"C:\\\\\""),
        ] {
            assert_eq!(encoded(&[value]), format!("{expected}\n"), "{value:?}");
        }
    }

    #[test]
    fn a_final_backslash_is_guarded_if_a_quote_follows() {
        assert_eq!(encoded(&["C:\\", "x y"]), "A=\"C:\\\\\"\nA='x y'\n");
        assert_eq!(
            encoded(&["C:\\", "1", "a\"b"]),
            "A=\"C:\\\\\" # \"\nA=1\nA='a\"b'\n"
        );
        assert_eq!(
            encoded(&["C:\\", "D:\\"]),
            "A=\"C:\\\\\" # \"\nA=\"D:\\\\\"\n"
        );
    }
}
