//! Whether a registry accepts an account.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::credentials::RegistryCredentials;
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::client::ANSWER_LIMIT;

impl Engine {
    /// Has the engine log in to the registry, so that wrong credentials show before anything is built. The engine
    /// keeps nothing: each later request carries its credentials itself.
    ///
    /// # Errors
    /// [`DockerErrorKind::Unauthorized`] where the registry refuses the account; [`DockerErrorKind::Unreachable`]
    /// where the engine cannot reach the registry.
    pub async fn login(&self, credentials: &RegistryCredentials) -> Result<(), DockerError> {
        let stage = Stage::Login;
        credentials.check(stage)?;
        let body = Bytes::from_owner(credentials.json(stage)?);
        let call = self.client.call(stage)?;
        // Bollard 0.21.1 has no login.
        let request = Request::post("/auth").header(CONTENT_TYPE, "application/json");
        let refused = match tokio::time::timeout(ANSWER_LIMIT, call.send(request, body)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(refused)) => refused,
            Err(_) => {
                return Err(DockerError::new(
                    stage,
                    DockerErrorKind::Timeout,
                    format!(
                        "the registry {} did not answer in time",
                        credentials.registry
                    ),
                ));
            }
        };
        // Without a status it is the engine that was not reached.
        let Some(status) = refused.details.get("status").and_then(Value::as_u64) else {
            return Err(refused);
        };
        // The engine hands a registry's 401 on, and wraps what kept it from asking in a 500.
        let kind = if refused.message.contains("status: 401") {
            DockerErrorKind::Unauthorized
        } else {
            refused.kind
        };
        let message = match kind {
            DockerErrorKind::Unauthorized => format!(
                "the registry {} refused the account `{}`: check the username and the password or token ({})",
                credentials.registry, credentials.username, refused.message
            ),
            DockerErrorKind::Unreachable | DockerErrorKind::Timeout => format!(
                "the engine cannot reach the registry {}: {}",
                credentials.registry, refused.message
            ),
            _ => format!(
                "the login at {} failed: {}",
                credentials.registry, refused.message
            ),
        };
        Err(DockerError::new(stage, kind, message).with_details(json!({
            "registry": credentials.registry,
            "username": credentials.username,
            "status": status,
        })))
    }
}
