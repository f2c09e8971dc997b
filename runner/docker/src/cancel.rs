//! Ending an operation early.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::error::{DockerError, Stage};

/// Runs an operation until it ends or the token is cancelled, whichever is first; what is dropped closes its
/// connection.
pub(crate) async fn until<T>(
    token: &CancellationToken,
    stage: Stage,
    operation: impl Future<Output = Result<T, DockerError>>,
) -> Result<T, DockerError> {
    tokio::select! {
        biased;
        () = token.cancelled() => Err(DockerError::cancelled(stage)),
        result = operation => result,
    }
}
