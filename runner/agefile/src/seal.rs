//! Encrypted and decrypted.

use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::identity::Identities;
use crate::recipients::Recipients;
use crate::store::Store;

/// The largest file that is read, in bytes: a thousand keys and certificates fit.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Encrypts the secrets for all recipients, as text that a repository can hold.
///
/// # Errors
/// [`SealError::Encrypt`].
pub fn seal(store: &Store, recipients: &Recipients) -> Result<Vec<u8>, SealError> {
    let failed = |_| SealError::Encrypt;
    let list = recipients.list.iter();
    let encryptor = Encryptor::with_recipients(list.map(|recipient| recipient as _))
        .map_err(|_| SealError::Encrypt)?;
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).map_err(failed)?;
    let mut writer = encryptor.wrap_output(armor).map_err(failed)?;
    let plain = store.to_plain();
    writer.write_all(plain.as_bytes()).map_err(failed)?;
    let armor = writer.finish().map_err(failed)?;
    armor.finish().map_err(failed)
}

/// Decrypts the secrets.
///
/// # Errors
/// The file is for others, was changed, or is something else.
pub fn open(bytes: &[u8], identities: &Identities) -> Result<Store, SealError> {
    let decryptor = Decryptor::new(ArmoredReader::new(bytes)).map_err(|error| kind(&error))?;
    if decryptor.is_scrypt() {
        return Err(SealError::Passphrase);
    }
    let list = identities.list.iter();
    let reader = decryptor
        .decrypt(list.map(|identity| identity as _))
        .map_err(|error| kind(&error))?;
    // The plain text is shorter than the file; with that much room it never moves and leaves a copy.
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    reader
        .take(MAX_BYTES)
        .read_to_end(&mut plain)
        .map_err(|_| SealError::Tampered)?;
    Store::from_plain(&plain).map_err(SealError::Store)
}

fn kind(error: &DecryptError) -> SealError {
    match error {
        DecryptError::NoMatchingKeys => SealError::WrongIdentity,
        DecryptError::UnknownFormat => SealError::UnknownFormat,
        DecryptError::ExcessiveWork { .. } | DecryptError::KeyDecryptionFailed => {
            SealError::Passphrase
        }
        DecryptError::InvalidHeader | DecryptError::Io(_) => SealError::NotAge,
        DecryptError::InvalidMac | DecryptError::DecryptionFailed => SealError::Tampered,
    }
}

#[cfg(test)]
mod tests {
    use capstep_secrets::SecretValue;

    use super::*;
    use crate::identity::new_identity;

    fn store() -> Store {
        let mut store = Store::default();
        store.set("KEY", SecretValue::new("multi\nline \"quoted\" ü"));
        store.set("TOKEN", SecretValue::new(""));
        store
    }

    #[test]
    fn each_recipient_reads_it_and_nobody_else() {
        let (mine, my_recipient) = new_identity();
        let (theirs, their_recipient) = new_identity();
        let (others, _) = new_identity();
        let recipients =
            Recipients::parse(&format!("# us\n{my_recipient}\n\n{their_recipient}\n")).unwrap();
        let sealed = seal(&store(), &recipients).unwrap();
        assert!(sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
        for text in [&mine, &theirs] {
            let read = open(&sealed, &Identities::parse(text).unwrap()).unwrap();
            assert_eq!(
                read.get("KEY").unwrap().expose(),
                "multi\nline \"quoted\" ü"
            );
            assert_eq!(read.names().collect::<Vec<_>>(), ["KEY", "TOKEN"]);
        }
        let other = Identities::parse(&others).unwrap();
        assert_eq!(open(&sealed, &other).unwrap_err(), SealError::WrongIdentity);
    }

    #[test]
    fn every_change_shows() {
        let (mine, recipient) = new_identity();
        let identity = Identities::parse(&mine).unwrap();
        assert_eq!(identity.recipients(), std::slice::from_ref(&recipient));
        let sealed = seal(&store(), &Recipients::parse(&recipient).unwrap()).unwrap();
        for at in 36..sealed.len() - 40 {
            let mut changed = sealed.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            if changed != sealed {
                assert!(open(&changed, &identity).is_err(), "byte {at}");
            }
        }
        assert!(open(&sealed[..sealed.len() / 2], &identity).is_err());
        assert_eq!(
            open(b"KEY=value\n", &identity).unwrap_err(),
            SealError::NotAge
        );
        assert_eq!(open(b"", &identity).unwrap_err(), SealError::NotAge);
    }

    /// What others write with `age`.
    #[test]
    fn files_that_are_no_stores() {
        let (mine, recipient) = new_identity();
        let identity = Identities::parse(&mine).unwrap();
        let told = |bytes: &[u8]| open(bytes, &identity).unwrap_err().to_string();
        let write = |encryptor: Encryptor| {
            let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
            writer.write_all(b"KEY=value\n").unwrap();
            writer.finish().unwrap()
        };
        let recipients = Recipients::parse(&recipient).unwrap();
        let list = recipients.list.iter().map(|recipient| recipient as _);
        let other = write(Encryptor::with_recipients(list).unwrap());
        assert_eq!(
            told(&other),
            "it holds no secrets of capstep: its first line is another"
        );
        let passphrase = age::secrecy::SecretString::from("x".to_owned());
        let by_passphrase = write(Encryptor::with_user_passphrase(passphrase));
        assert_eq!(
            told(&by_passphrase),
            "it is encrypted with a passphrase, not for recipients"
        );
        let later = b"age-encryption.org/v9\n-> X25519 a\nb\n--- c\n";
        assert_eq!(told(later), "it has a form that this version does not read");
    }

    #[test]
    fn lines_are_named_and_identities_not_shown() {
        let (mine, recipient) = new_identity();
        let check = |text: &str, expected: &str| {
            assert_eq!(Recipients::parse(text).unwrap_err().to_string(), expected);
        };
        check("", "there is no recipient in it");
        check(
            &format!("{recipient}\nssh-ed25519 AAAA\n"),
            "line 2: `ssh-ed25519 AAAA` is no recipient: one begins with `age1`",
        );
        check(
            &mine,
            "line 2 is an identity: it is secret, and does not belong here",
        );
        let error = |text: &str| Identities::parse(text).err().unwrap().to_string();
        assert_eq!(error("# nothing\n"), "there is no identity in it");
        assert_eq!(
            error("age1abc"),
            "line 1 is no identity: one begins with `AGE-SECRET-KEY-1`"
        );
    }
}
