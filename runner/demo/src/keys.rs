//! Keys that are made at the start and are on no disk.

use std::io;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use zeroize::Zeroizing;

/// A fresh ed25519 key.
pub(crate) fn generate() -> io::Result<PrivateKey> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(io::Error::other)?;
    let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
    PrivateKey::new(pair, "capstep-demo").map_err(io::Error::other)
}

/// A private key's text in OpenSSH's format.
pub(crate) fn private_text(key: &PrivateKey) -> io::Result<Zeroizing<String>> {
    key.to_openssh(LineEnding::LF).map_err(io::Error::other)
}

/// A public key as `known_hosts` has it: its type and its base64.
pub(crate) fn public_text(key: &PrivateKey) -> io::Result<String> {
    let text = key.public_key().to_openssh().map_err(io::Error::other)?;
    Ok(text
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" "))
}
