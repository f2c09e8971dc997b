//! Digests for people: as much as they compare. What is for programs has the whole.

/// How many hexadecimal digits are shown: what `docker` and `git` show of theirs.
const DIGITS: usize = 12;

/// `sha256:4dc317e8619a`, of the digest in hexadecimal.
pub(crate) fn short_digest(hex: &str) -> String {
    format!("sha256:{}", hex.get(..DIGITS).unwrap_or(hex))
}
