//! RSA keys of users, which sign by `ring`: russh's own way is the `rsa` crate, whose timing leak (RUSTSEC-2023-0071) has no
//! fixed release. Signatures are with SHA-2; SHA-1 (`ssh-rsa`) is not made.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::{BoxedUint, NonZero};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512};
use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::private::RsaKeypair;
use russh::keys::ssh_key::public::{KeyData, RsaPublicKey};
use russh::keys::ssh_key::{Mpint, PublicKey};
use russh::keys::{Algorithm, HashAlg};
use zeroize::Zeroizing;

/// The sizes that `ring` signs with.
pub(crate) const SIZES: &str = "2048 to 4096 bits";

/// A key that can sign.
#[derive(Clone)]
pub(crate) struct RsaKey {
    pair: Arc<KeyPair>,
    pub(crate) public: PublicKey,
}

/// Why a text is no usable RSA key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It can't be read.
    Broken,
    /// It can be read, and is too small, too large or not sound.
    Refused(String),
}

impl RsaKey {
    /// A key in OpenSSH's format, which leaves out two of the numbers that signing takes.
    pub(crate) fn from_openssh(key: &RsaKeypair) -> Result<Self, Unusable> {
        let [d, p, q, inverse] = [
            key.private().d(),
            key.private().p(),
            key.private().q(),
            key.private().iqmp(),
        ]
        .map(bytes);
        let (d, p, q, inverse) = (d?, p?, q?, inverse?);
        let pair = KeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents {
                n: bytes(key.public().n())?,
                e: bytes(key.public().e())?,
            },
            d,
            p,
            q,
            dP: &exponent(d, p)?,
            dQ: &exponent(d, q)?,
            qInv: inverse,
        });
        Self::of(pair)
    }

    /// A key as `openssl` and older `ssh-keygen` write it: PKCS#1 (`BEGIN RSA PRIVATE KEY`) or PKCS#8 (`BEGIN PRIVATE KEY`), not encrypted.
    pub(crate) fn from_pem(text: &str) -> Result<Self, Unusable> {
        let between: String = text
            .lines()
            .skip_while(|line| !line.starts_with("-----BEGIN "))
            .skip(1)
            .take_while(|line| !line.starts_with("-----END "))
            .collect();
        let between = Zeroizing::new(between);
        let der = STANDARD.decode(between.as_bytes());
        let der = Zeroizing::new(der.map_err(|_| Unusable::Broken)?);
        Self::of(if text.contains("BEGIN RSA PRIVATE KEY") {
            KeyPair::from_der(&der)
        } else {
            KeyPair::from_pkcs8(&der)
        })
    }

    fn of(pair: Result<KeyPair, ring::error::KeyRejected>) -> Result<Self, Unusable> {
        let pair = pair.map_err(|error| match error.to_string().as_str() {
            "InvalidEncoding" => Unusable::Broken,
            "TooSmall" | "TooLarge" | "PrivateModulusLenNotMultipleOf512Bits" => {
                Unusable::Refused(format!("has a size that is not supported: {SIZES} are"))
            }
            _ => Unusable::Refused("is not a sound key: its numbers do not belong together".into()),
        })?;
        let numbers = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let [e, n] = [&numbers.e, &numbers.n].map(|bytes| Mpint::from_positive_bytes(bytes));
        let public = RsaPublicKey::new(e, n);
        let public = public.map_err(|_| Unusable::Broken)?;
        Ok(Self {
            pair: Arc::new(pair),
            public: PublicKey::from(KeyData::Rsa(public)),
        })
    }

    /// Signs, and gives the signature as it stands in a login: its algorithm and its bytes.
    fn sign(&self, hash: HashAlg, data: &[u8]) -> Result<Vec<u8>, russh::Error> {
        let padding: &dyn ring::signature::RsaEncoding = match hash {
            HashAlg::Sha256 => &RSA_PKCS1_SHA256,
            _ => &RSA_PKCS1_SHA512,
        };
        let name = Algorithm::Rsa { hash: Some(hash) };
        let name = name.as_str().as_bytes();
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(padding, &SystemRandom::new(), data, &mut signature)
            .map_err(|_| russh::Error::Inconsistent)?;
        let mut whole = Vec::with_capacity(name.len() + signature.len() + 8);
        for part in [name, &signature] {
            // Neither is longer than some hundred bytes.
            whole.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            whole.extend(part);
        }
        Ok(whole)
    }
}

/// russh's error, under a name that can be made from what russh demands.
pub(crate) struct NotSigned(pub(crate) russh::Error);

impl From<russh::SendError> for NotSigned {
    fn from(_: russh::SendError) -> Self {
        Self(russh::Error::SendError)
    }
}

impl russh::Signer for RsaKey {
    type Error = NotSigned;

    /// russh wants what it gave, with the signature behind it.
    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        let hash = hash.unwrap_or(HashAlg::Sha512);
        let signature = self.sign(hash, &to_sign).map_err(NotSigned)?;
        to_sign.extend(
            u32::try_from(signature.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        to_sign.extend(signature);
        Ok(to_sign)
    }
}

fn bytes(number: &Mpint) -> Result<&[u8], Unusable> {
    number.as_positive_bytes().ok_or(Unusable::Broken)
}

/// `d mod (prime - 1)`, in a time that does not depend on their values.
fn exponent(d: &[u8], prime: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unusable> {
    let number = |bytes: &[u8]| {
        let bits = u32::try_from(bytes.len() * 8).map_err(|_| Unusable::Broken)?;
        let number = BoxedUint::from_be_slice(bytes, bits).map_err(|_| Unusable::Broken)?;
        Ok(Zeroizing::new(number))
    };
    let one = BoxedUint::one();
    let below = Zeroizing::new(number(prime)?.wrapping_sub(&one));
    let below: Option<NonZero<BoxedUint>> = NonZero::new((*below).clone()).into_option();
    let below = Zeroizing::new(below.ok_or(Unusable::Broken)?);
    let rest = Zeroizing::new(number(d)?.rem(&*below));
    let all = Zeroizing::new(rest.to_be_bytes().into_vec());
    // As `ring` takes numbers: no zeros in front.
    let zeros = all.iter().take_while(|byte| **byte == 0).count();
    Ok(Zeroizing::new(all[zeros..].to_vec()))
}
