//! Putting a secret into the parts of an HTTP request, without leaving copies behind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::SecretValue;

/// What stays as it is in `application/x-www-form-urlencoded` (WHATWG), the space aside.
const FORM: AsciiSet = NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The value of an `Authorization` header for Basic authentication: `Basic `, then the base64 of `user:password`.
///
/// A `user` with a colon can't be told from a longer password by the server (RFC 7617); the caller refuses it.
pub fn basic(user: &str, password: &SecretValue) -> Zeroizing<String> {
    let pair = joined(&[user, ":", password.expose()]);
    let mut out = Zeroizing::new(String::with_capacity(6 + pair.len().div_ceil(3) * 4));
    out.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut out);
    out
}

/// The value of an `Authorization` header with a bearer token: `Bearer `, then the token.
pub fn bearer(token: &SecretValue) -> Zeroizing<String> {
    joined(&["Bearer ", token.expose()])
}

/// One field of an HTML form, `name=value`, both encoded as `application/x-www-form-urlencoded` (a space is `+`).
pub fn form_field(name: &str, value: &SecretValue) -> Zeroizing<String> {
    // Each byte becomes at most three, so the text never has to move.
    let mut out = Zeroizing::new(String::with_capacity((name.len() + value.len()) * 3 + 1));
    push_form(name, &mut out);
    out.push('=');
    push_form(value.expose(), &mut out);
    out
}

/// Why `text` can't be the value of an HTTP header, if it can't: with these characters it would end the header and
/// begin another.
pub fn header_value_problem(text: &str) -> Option<&'static str> {
    text.bytes().find_map(|byte| match byte {
        b'\r' => Some("it contains a carriage return"),
        b'\n' => Some("it contains a line feed"),
        0 => Some("it contains a NUL"),
        _ => None,
    })
}

fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(
        parts.iter().map(|part| part.len()).sum(),
    ));
    parts.iter().for_each(|part| out.push_str(part));
    out
}

fn push_form(text: &str, out: &mut String) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push('+');
        }
        out.extend(utf8_percent_encode(word, &FORM));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization() {
        // The example of RFC 7617.
        assert_eq!(
            basic("Aladdin", &SecretValue::new("open sesame")).as_str(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(bearer(&SecretValue::new("abc")).as_str(), "Bearer abc");
    }

    #[test]
    fn forms() {
        let check = |value: &str, expected: &str| {
            assert_eq!(
                form_field("a b", &SecretValue::new(value)).as_str(),
                expected
            );
        };
        check("", "a+b=");
        check("p@ss w&rd=+", "a+b=p%40ss+w%26rd%3D%2B");
        check("*-._~ü\n", "a+b=*-._%7E%C3%BC%0A");
    }

    #[test]
    fn header_values() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(header_value_problem(text), expected);
        check("plain \t text", None);
        check("a\r\nX-Other: b", Some("it contains a carriage return"));
        check("a\n", Some("it contains a line feed"));
        check("\0", Some("it contains a NUL"));
    }
}
