//! The login itself, once the host key is accepted.

use std::time::Duration;

use russh::MethodKind;
use russh::client::{AuthResult, Handle};
use russh::keys::{Certificate, HashAlg, PrivateKeyWithHashAlg};
use serde_json::json;

use super::{ClientHandler, Target, printable};
use crate::credentials::{Login, LoginKey};
use crate::error::{SshError, SshErrorKind, Stage};
use crate::rsa::{NotSigned, RsaKey};

pub(super) async fn authenticate(
    mut handle: Handle<ClientHandler>,
    target: &Target,
    login: Login,
    limit: Duration,
) -> Result<Handle<ClientHandler>, SshError> {
    let tried = describe(&login);
    let attempt = async {
        let user = target.user.clone();
        match (login.key, login.certificate) {
            (LoginKey::Russh(key), Some(certificate)) => {
                let login = handle.authenticate_openssh_cert(user, key, certificate);
                login.await
            }
            (LoginKey::Russh(key), None) => {
                let key = PrivateKeyWithHashAlg::new(key, None);
                handle.authenticate_publickey(user, key).await
            }
            (LoginKey::Rsa(mut key), certificate) => {
                rsa(&mut handle, &user, &mut key, certificate).await
            }
        }
    };
    let result = match tokio::time::timeout(limit, attempt).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => return Err(SshError::from_russh(Stage::Authentication, &error)),
        Err(_) => {
            return Err(SshError::new(
                Stage::Authentication,
                SshErrorKind::Timeout,
                format!(
                    "{target} did not answer the login within {} s",
                    limit.as_secs_f32()
                ),
            ));
        }
    };
    let AuthResult::Failure {
        remaining_methods,
        partial_success,
    } = result
    else {
        return Ok(handle);
    };
    let accepts: Vec<&'static str> = remaining_methods.iter().map(Into::into).collect();
    let details = json!({ "user": target.user, "tried": [tried], "server_accepts": accepts });
    let (kind, message) = if accepts.is_empty() && !partial_success {
        (
            SshErrorKind::Unreachable,
            format!("the server closed the connection during the login; tried {tried}"),
        )
    } else if partial_success {
        (
            SshErrorKind::Unauthorized,
            format!(
                "the key was accepted, but the server also wants: {}",
                accepts.join(", ")
            ),
        )
    } else {
        (
            SshErrorKind::Unauthorized,
            format!(
                "{} was refused; tried {tried}; the server accepts: {}",
                target.user,
                accepts.join(", ")
            ),
        )
    };
    Err(SshError::new(Stage::Authentication, kind, message).with_details(details))
}

/// With the strongest of the hashes that the server says it takes, or that one where it doesn't say; and with the other one
/// where it refuses: OpenSSH before 9.4 names all that it was built with, whatever it was told to accept.
async fn rsa(
    handle: &mut Handle<ClientHandler>,
    user: &str,
    key: &mut RsaKey,
    certificate: Option<Certificate>,
) -> Result<AuthResult, russh::Error> {
    let best = handle.best_supported_rsa_hash().await?.flatten();
    let hashes: &[HashAlg] = match best {
        Some(HashAlg::Sha256) => &[HashAlg::Sha256],
        _ => &[HashAlg::Sha512, HashAlg::Sha256],
    };
    let mut result = Err(russh::Error::NoAuthMethod);
    for &hash in hashes {
        let (user, hash) = (user.to_owned(), Some(hash));
        let login = match &certificate {
            Some(certificate) => {
                let certificate = certificate.clone();
                let login = handle.authenticate_certificate_with(user, certificate, hash, key);
                login.await
            }
            None => {
                let public = key.public.clone();
                let login = handle.authenticate_publickey_with(user, public, hash, key);
                login.await
            }
        };
        result = login.map_err(|NotSigned(error)| error);
        let may_try_again = match &result {
            Ok(AuthResult::Failure {
                remaining_methods,
                partial_success,
            }) => !partial_success && remaining_methods.contains(&MethodKind::PublicKey),
            _ => false,
        };
        if !may_try_again {
            break;
        }
    }
    result
}

/// What is shown to the server, for its refusal: a certificate with whom it is for.
fn describe(login: &Login) -> String {
    let key = format!(
        "{} {}",
        login.key.public().algorithm().as_str(),
        login.key.public().fingerprint(HashAlg::Sha256)
    );
    match &login.certificate {
        None => format!("publickey ({key})"),
        Some(certificate) => {
            let principals = certificate.valid_principals().join(", ");
            let principals = if principals.is_empty() {
                "anybody".to_owned()
            } else {
                printable(&principals)
            };
            format!(
                "certificate {:?} for {principals}, signed by {} ({key})",
                printable(certificate.key_id()),
                certificate.signature_key().fingerprint(HashAlg::Sha256),
            )
        }
    }
}
