//! Whether a registry accepts an account.

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use crate::credentials::RegistryCredentials;
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::client::refusal;
use crate::transport::request::{Request, RequestBody};

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
        let request =
            Request::post("/auth").body(RequestBody::Full(Some(body)), "application/json");
        let answer = async {
            let reply = self.client.open(stage, request).await?;
            let status = reply.status();
            Ok((status, reply.text(stage).await?))
        };
        let (status, text) =
            match tokio::time::timeout(crate::transport::client::ANSWER_LIMIT, answer).await {
                Ok(answer) => answer?,
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
        if status.is_success() {
            return Ok(());
        }
        let refused = refusal(stage, status, &text);
        // The engine hands a registry's 401 on, and wraps what kept it from asking in a 500.
        let kind = if status == StatusCode::UNAUTHORIZED || text.contains("status: 401") {
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
            "status": status.as_u16(),
        })))
    }
}
