//! Secrets are used where their sinks say, by the host; the step sees placeholders. [`Secrets`] is for the step that
//! truly needs the bytes.

use crate::error::Error;

/// What every placeholder begins with.
const PREFIX: &str = "capstep:secret:";

/// How many hexadecimal digits follow.
const DIGITS: usize = 32;

/// A host that reveals secrets, where the pipeline says `reveal: true`.
pub trait Secrets {
    /// The value of the input at this pointer.
    ///
    /// # Errors
    /// `denied` unless the pipeline says `reveal: true` on it.
    fn reveal(&self, input: &str) -> Result<String, Error>;
}

/// Whether a placeholder stands somewhere in `text`: it, or a part of it, is a secret that can't be looked at here.
pub fn has_placeholder(text: &str) -> bool {
    text.match_indices(PREFIX).any(|(start, _)| {
        let digits = text
            .get(start + PREFIX.len()..)
            .unwrap_or_default()
            .bytes()
            .take(DIGITS);
        digits
            .filter(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            .count()
            == DIGITS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_by_their_shape() {
        let check =
            |text: &str, expected: bool| assert_eq!(has_placeholder(text), expected, "{text}");
        check("capstep:secret:0123456789abcdef0123456789abcdef", true);
        check(
            "postgres://app:capstep:secret:0123456789abcdef0123456789abcdef@db",
            true,
        );
        check(
            "capstep:secret:capstep:secret:0123456789abcdef0123456789abcdef",
            true,
        );
        check("capstep:secret:0123456789abcdef0123456789abcde", false);
        check("capstep:secret:0123456789ABCDEF0123456789ABCDEF", false);
        check("capstep:secret:é", false);
        check("", false);
    }
}
