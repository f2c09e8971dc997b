//! Access tokens that can be told by their shape, whoever they belong to.

/// How many token characters must follow the prefix.
pub(crate) const MIN_BODY: usize = 16;

/// What a token's body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Letters, digits, `_`, `-` and `.`.
    Wide,
    /// Letters and digits: `npm_config_registry` is no token.
    Alphanumeric,
    /// Capitals and digits.
    Capitals,
}

/// How many alphabets there are.
pub(crate) const ALPHABETS: usize = 3;

impl Alphabet {
    /// All of them, each at its own [`Alphabet::index`].
    pub(crate) const ALL: [Self; ALPHABETS] = [Self::Wide, Self::Alphanumeric, Self::Capitals];

    /// A number below [`ALPHABETS`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    fn holds(self, byte: u8) -> bool {
        match self {
            Self::Wide => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }

    /// How many bytes at the start of `bytes` belong to the alphabet.
    pub(crate) fn run(self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.holds(**byte)).count()
    }
}

/// The known prefixes, each at least four bytes long.
///
/// `pypi-` is followed here by the first characters of every such token (the base64 of the macaroon's version), since
/// `pypi-` alone begins the names of packages and mirrors.
pub(crate) const SHAPES: &[(&str, Alphabet)] = &[
    ("ghp_", Alphabet::Wide),
    ("gho_", Alphabet::Wide),
    ("ghu_", Alphabet::Wide),
    ("ghs_", Alphabet::Wide),
    ("ghr_", Alphabet::Wide),
    ("github_pat_", Alphabet::Wide),
    ("glpat-", Alphabet::Wide),
    ("glrt-", Alphabet::Wide),
    ("glrtr-", Alphabet::Wide),
    ("gldt-", Alphabet::Wide),
    ("glcbt-", Alphabet::Wide),
    ("glptt-", Alphabet::Wide),
    ("glft-", Alphabet::Wide),
    ("glimt-", Alphabet::Wide),
    ("glagent-", Alphabet::Wide),
    ("gloas-", Alphabet::Wide),
    ("glsoat-", Alphabet::Wide),
    ("GR1348941", Alphabet::Wide),
    ("xoxa-", Alphabet::Wide),
    ("xoxb-", Alphabet::Wide),
    ("xoxp-", Alphabet::Wide),
    ("xoxr-", Alphabet::Wide),
    ("xoxs-", Alphabet::Wide),
    ("npm_", Alphabet::Alphanumeric),
    ("pypi-AgE", Alphabet::Wide),
    ("dop_v1_", Alphabet::Wide),
    ("AKIA", Alphabet::Capitals),
    ("ASIA", Alphabet::Capitals),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_long_enough_for_the_index() {
        for (prefix, _) in SHAPES {
            assert!(prefix.len() >= crate::forms::MIN_PATTERN, "{prefix}");
        }
    }

    /// At one position at most one token can begin, which `scan` relies on.
    #[test]
    fn no_prefix_begins_another() {
        for (one, _) in SHAPES {
            assert_eq!(
                SHAPES
                    .iter()
                    .filter(|(other, _)| other.starts_with(one))
                    .count(),
                1,
                "{one}"
            );
        }
    }

    #[test]
    fn indexes_match() {
        for (index, alphabet) in Alphabet::ALL.into_iter().enumerate() {
            assert_eq!(alphabet.index(), index);
        }
    }
}
