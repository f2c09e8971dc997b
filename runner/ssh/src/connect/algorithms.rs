//! What we offer a server: current algorithms first, and what OpenSSH of five years ago, or one that was hardened since,
//! still has in common with us. Nothing that rests on SHA-1, no CBC, no RSA.

use std::borrow::Cow;

use russh::{Preferred, cipher, kex, mac};

use super::Target;
use crate::known_hosts::{HostKeys, preferred_algorithms, preferred_certificates};

/// The hybrid with a post-quantum part first, then curve 25519, the NIST curves for servers that are held to FIPS 140, and
/// finite fields for those without curves.
const KEY_EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    // Counts packets strictly (CVE-2023-48795), where the server can too.
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

/// Measured fastest first. The first three are authenticated by themselves; counter mode needs a MAC beside it, and is for
/// servers that were told to offer nothing else.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// Over the encrypted text first.
const MACS: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
];

/// The offer for one host: the types of keys that are known for it come first.
pub(super) fn preferred(host_keys: &HostKeys, target: &Target) -> Preferred {
    let (host, port) = (target.host.as_str(), target.port);
    Preferred {
        kex: Cow::Borrowed(KEY_EXCHANGES),
        key: Cow::Owned(preferred_algorithms(host_keys, host, port)),
        host_key_certificates: Cow::Owned(preferred_certificates(host_keys, host, port)),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        ..Preferred::DEFAULT
    }
}
