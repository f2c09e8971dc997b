//! What the connection does on its own: the host key is judged, channels of the server's are refused.

use std::future::Future;
use std::sync::{Arc, Mutex};

use russh::ChannelOpenFailure;
use russh::client::{DisconnectReason, Handler};
use russh::keys::PublicKeyOrCertificate;

use super::{Target, now, printable};
use crate::error::{SshError, Stage};
use crate::known_hosts::{HostKeyRefusal, HostKeys, check_certificate, check_host_key};

/// Writes the methods by which a server could open channels: each takes the arguments of its kind and refuses.
macro_rules! refuse_channels {
    ($($method:ident($($argument:ty),*);)*) => {$(
        fn $method(
            &mut self,
            _: russh::Channel<russh::client::Msg>,
            $(_: $argument,)*
            reply: russh::client::ChannelOpenHandle,
            _: &mut russh::client::Session,
        ) -> impl Future<Output = Result<(), Self::Error>> + Send {
            refuse(reply)
        }
    )*};
}

/// What russh's task tells us about the connection.
pub(crate) struct ClientHandler {
    pub(super) target: Target,
    pub(super) host_keys: HostKeys,
    pub(super) end: Arc<Mutex<Option<String>>>,
}

/// Why russh's task ended.
#[derive(Debug)]
pub(crate) enum HandlerError {
    Russh(russh::Error),
    HostKey(HostKeyRefusal),
}

impl From<russh::Error> for HandlerError {
    fn from(error: russh::Error) -> Self {
        Self::Russh(error)
    }
}

impl Handler for ClientHandler {
    type Error = HandlerError;

    async fn check_server_key(
        &mut self,
        offered: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let (host, port) = (&self.target.host, self.target.port);
        match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                check_host_key(&self.host_keys, host, port, key)
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                check_certificate(&self.host_keys, host, port, certificate, now())
            }
        }
        .map_err(HandlerError::HostKey)?;
        Ok(true)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        let (text, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => (
                format!("the server disconnected: {}", printable(&info.message)),
                Ok(()),
            ),
            DisconnectReason::Error(HandlerError::Russh(error)) => (
                SshError::from_russh(Stage::Channel, &error).message,
                Err(HandlerError::Russh(error)),
            ),
            DisconnectReason::Error(error) => ("the host key was refused".to_owned(), Err(error)),
        };
        if let Ok(mut end) = self.end.lock() {
            end.get_or_insert(text);
        }
        result
    }

    // A server has no business opening channels to us: each kind is refused rather than accepted by default.
    refuse_channels! {
        server_channel_open_session();
        server_channel_open_agent_forward();
        server_channel_open_forwarded_streamlocal(&str);
        server_channel_open_direct_streamlocal(&str);
        server_channel_open_x11(&str, u32);
        server_channel_open_forwarded_tcpip(&str, u32, &str, u32);
        server_channel_open_direct_tcpip(&str, u32, &str, u32);
    }
}

async fn refuse(reply: russh::client::ChannelOpenHandle) -> Result<(), HandlerError> {
    reply
        .reject(ChannelOpenFailure::AdministrativelyProhibited)
        .await;
    Ok(())
}
