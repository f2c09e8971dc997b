//! What a plain value can be asked to be.

use serde::{Deserialize, Serialize};

/// What a value's text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// 1 to 65535.
    Port,
    /// A scheme and a host.
    Url,
    /// Something, an `@`, and a domain.
    Email,
    /// Any JSON text.
    Json,
}

impl ValueKind {
    /// Whether the text is one.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::String => true,
            Self::Integer => digits(text.strip_prefix('-').unwrap_or(text)),
            Self::Number => is_number(text.strip_prefix('-').unwrap_or(text)),
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Port => digits(text) && text.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Url => is_url(text),
            Self::Email => is_email(text),
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
        }
    }

    /// What a value that isn't one is told to be.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
            Self::Port => "a port (1 to 65535)",
            Self::Url => "a URL (`scheme://host`)",
            Self::Email => "an e-mail address",
            Self::Json => "JSON",
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, with a fraction or without. No exponent: what reads such a file rarely takes one.
fn is_number(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

/// Meant for connection strings too (`postgres://app@db/app`), so no list of schemes.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let mut letters = scheme.chars();
    let scheme_fits = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    scheme_fits && !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let clean = |part: &str| {
        !part.is_empty()
            && !part
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == '@')
    };
    clean(local) && clean(domain) && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_knows_its_own() {
        let check = |kind: ValueKind, good: &[&str], bad: &[&str]| {
            for text in good {
                assert!(kind.accepts(text), "{kind:?} {text}");
            }
            for text in bad {
                assert!(!kind.accepts(text), "{kind:?} {text}");
            }
        };
        check(ValueKind::String, &["", "a b"], &[]);
        check(
            ValueKind::Integer,
            &["0", "-12", "007"],
            &["", "-", "1.5", "+1", "1 ", "x"],
        );
        check(
            ValueKind::Number,
            &["0", "-1.5", "12"],
            &["", ".5", "1.", "1e3", "1.2.3"],
        );
        check(
            ValueKind::Boolean,
            &["true", "false"],
            &["", "yes", "True", "1"],
        );
        check(
            ValueKind::Port,
            &["1", "8080", "65535"],
            &["0", "65536", "-1", "http", ""],
        );
        check(
            ValueKind::Url,
            &[
                "https://example.com",
                "postgres://app:pw@db:5432/app?x=1",
                "redis://[::1]:6379",
            ],
            &[
                "",
                "example.com",
                "://x",
                "http://",
                "http:///path",
                "1http://x",
                "http://a b",
                "http://user@/",
            ],
        );
        check(
            ValueKind::Email,
            &["a@example.com", "a+b@localhost"],
            &["", "a", "a@", "@b", "a b@c", "a@b..c"],
        );
        check(ValueKind::Json, &["1", "{}", "\"a\""], &["", "{", "a"]);
    }
}
