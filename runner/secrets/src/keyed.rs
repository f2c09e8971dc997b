//! Digests that tell nothing to somebody without the key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The block size of SHA-256, to which HMAC pads a shorter key with zeros.
const BLOCK: usize = 64;

/// HMAC-SHA256 of `bytes` under `key`, as 64 lower-case hex digits.
///
/// A plain digest of a file that holds a weak secret can be tested against a list of guesses; this one can't be
/// without the key.
pub fn keyed_digest(key: &[u8; 32], bytes: &[u8]) -> String {
    // Padding here gives the same result as HMAC's own padding, and a key of exactly one block can't be refused.
    let mut block = Zeroizing::new([0u8; BLOCK]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    mac.update(bytes);
    crate::hex::lower(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 has no 32-byte key; its short keys padded with zeros are the same key to HMAC.
    fn padded(key: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out[..key.len()].copy_from_slice(key);
        out
    }

    #[test]
    fn known_answers() {
        let check = |key: &[u8], text: &[u8], expected: &str| {
            assert_eq!(keyed_digest(&padded(key), text), expected);
        };
        check(
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        );
        check(
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
    }

    #[test]
    fn another_key_is_another_digest() {
        assert_ne!(keyed_digest(&[1; 32], b"x"), keyed_digest(&[2; 32], b"x"));
    }
}
