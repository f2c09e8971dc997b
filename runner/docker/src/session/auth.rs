//! Accounts, served to BuildKit for the registries that they are for, and for no other.

use bytes::Bytes;
use secrecy::ExposeSecret;

use crate::credentials::RegistryCredentials;
use crate::session::grpc::Status;
use crate::session::messages::CredentialsRequest;
use crate::session::secrets::frame;

/// The answer: user name and password, both empty where there is no account for that host, which means "ask without".
pub(super) fn credentials(
    all: &[RegistryCredentials],
    request: &CredentialsRequest,
) -> Result<Bytes, Status> {
    match all
        .iter()
        .find(|credentials| credentials.is_for_host(&request.host))
    {
        Some(found) => frame(&[
            found.username.as_bytes(),
            found.password.expose_secret().as_bytes(),
        ]),
        None => frame(&[]),
    }
}
