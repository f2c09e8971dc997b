//! The opaque text that stands for a secret until it reaches its sink.

use std::fmt;

/// What every placeholder begins with.
const PREFIX: &str = "capstep:secret:";

/// Random bytes in a placeholder: 128 bits can't be guessed or met by accident.
const RANDOM_BYTES: usize = 16;

/// The text `capstep:secret:` followed by 32 lower-case hex digits of 128 random bits.
///
/// It says nothing about the secret. The caller keeps the table from placeholder to secret and decides where one
/// is honoured.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placeholder(String);

/// The operating system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes from the operating system: {0}")]
pub struct RandomError(getrandom::Error);

impl Placeholder {
    /// A new placeholder, or the reason why the operating system gave no random bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the system's random source fails, which on Linux happens only very early at boot.
    pub fn try_random() -> Result<Self, RandomError> {
        let mut bytes = [0u8; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(RandomError)?;
        Ok(Self(format!("{PREFIX}{}", crate::hex::lower(&bytes))))
    }

    /// A new placeholder.
    ///
    /// # Panics
    /// When the system's random source fails: there is no safe value to go on with. [`Placeholder::try_random`]
    /// gives the error instead.
    #[allow(
        clippy::expect_used,
        reason = "no input reaches this, and a guessable placeholder would be worse"
    )]
    pub fn random() -> Self {
        Self::try_random().expect("the operating system's random source works")
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether something of the shape of a placeholder stands anywhere in `text`.
    pub fn is_in(text: &str) -> bool {
        let length = PREFIX.len() + RANDOM_BYTES * 2;
        text.match_indices(PREFIX).any(|(start, _)| {
            text.get(start..start + length)
                .is_some_and(Self::looks_like)
        })
    }

    /// Whether `text` has exactly the shape of a placeholder. It says nothing about whether one was ever issued.
    pub fn looks_like(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|digits| {
            digits.len() == RANDOM_BYTES * 2
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ones_differ_and_look_like_placeholders() {
        let (one, two) = (Placeholder::random(), Placeholder::random());
        assert_ne!(one, two);
        assert!(Placeholder::looks_like(one.as_str()));
        assert_eq!(one.to_string(), one.as_str());
    }

    #[test]
    fn shape() {
        let check = |text: &str, expected: bool| {
            assert_eq!(Placeholder::looks_like(text), expected, "{text}");
        };
        check("capstep:secret:00112233445566778899aabbccddeeff", true);
        check("capstep:secret:00112233445566778899AABBCCDDEEFF", false);
        check("capstep:secret:00112233445566778899aabbccddeef", false);
        check("capstep:secret:00112233445566778899aabbccddeeff0", false);
        check(" capstep:secret:00112233445566778899aabbccddeeff", false);
        check("capstep:secret:", false);
        check("", false);
    }

    #[test]
    fn somewhere_in_a_text() {
        let check = |text: &str, expected: bool| {
            assert_eq!(Placeholder::is_in(text), expected, "{text}");
        };
        check("capstep:secret:00112233445566778899aabbccddeeff", true);
        check("é capstep:secret:00112233445566778899aabbccddeeff0", true);
        check(
            "capstep:secret:capstep:secret:00112233445566778899aabbccddeeff",
            true,
        );
        check("capstep:secret:00112233445566778899AABBCCDDEEFF", false);
        check("a capstep:secret:00112233445566778899aabbccddeef é", false);
        check("capstep:secret:é", false);
        check("", false);
    }
}
