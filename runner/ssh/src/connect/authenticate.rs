//! The login itself, once the host key is accepted.

use std::time::Duration;

use russh::client::{AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg};
use serde_json::json;

use super::{ClientHandler, Target, printable};
use crate::credentials::{Login, LoginKey};
use crate::error::{SshError, SshErrorKind, Stage};
use crate::rsa::NotSigned;

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
                // A server that doesn't say what it takes is asked with the stronger one.
                let hash = handle.best_supported_rsa_hash().await?;
                let hash = hash.flatten().or(Some(HashAlg::Sha512));
                let public = key.public.clone();
                let result = match certificate {
                    Some(certificate) => {
                        let login =
                            handle.authenticate_certificate_with(user, certificate, hash, &mut key);
                        login.await
                    }
                    None => {
                        let login =
                            handle.authenticate_publickey_with(user, public, hash, &mut key);
                        login.await
                    }
                };
                result.map_err(|NotSigned(error)| error)
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
