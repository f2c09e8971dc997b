//! The login itself, once the host key is accepted.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use serde_json::json;

use super::{ClientHandler, Target};
use crate::error::{SshError, SshErrorKind, Stage};

pub(super) async fn authenticate(
    mut handle: Handle<ClientHandler>,
    target: &Target,
    key: Arc<PrivateKey>,
    limit: Duration,
) -> Result<Handle<ClientHandler>, SshError> {
    let tried = format!(
        "publickey ({} {})",
        key.algorithm().as_str(),
        key.fingerprint(HashAlg::Sha256)
    );
    let key = PrivateKeyWithHashAlg::new(key, None);
    let attempt = handle.authenticate_publickey(target.user.clone(), key);
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
