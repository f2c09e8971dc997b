//! TLS for outgoing connections: whom to trust, and failures in plain words.
//!
//! The cryptography is ring's, chosen here explicitly: a process-wide default that another part of the program may have
//! set is never used. Client certificates and session resumption are not supported.

mod certificate;
mod failure;
mod trust;

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection};

use crate::error::{NetError, NetErrorKind};

pub(crate) use failure::tls_error_in;

/// Settings of a TLS connection.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Certificates (PEM) of authorities that are trusted beside the system's.
    pub extra_ca_pem: Option<String>,
}

/// What a TLS handshake showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// The protocol, `TLSv1.2` or `TLSv1.3`.
    pub protocol: String,
    /// When the server's certificate became valid.
    pub not_before: Option<Timestamp>,
    /// When the server's certificate expires.
    pub not_after: Option<Timestamp>,
}

/// A TLS session over `stream` with the server `host` (canonical), whose certificate must be for that host.
///
/// There is no time limit here: the caller has one.
///
/// # Errors
/// `Tls` if there is no acceptable session; `details.reason` says why in a word. `Invalid` if the extra CA is no PEM.
pub async fn connect(
    stream: TcpStream,
    host: &str,
    options: &TlsOptions,
) -> Result<(TlsStream<TcpStream>, TlsInfo), NetError> {
    let name = server_name(host)?;
    let roots = trust::roots(options).await?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::new(NetErrorKind::Tls, format!("cannot set up TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| failure::handshake_error(host, &error))?;
    let info = info(stream.get_ref().1);
    Ok((stream, info))
}

fn server_name(host: &str) -> Result<ServerName<'static>, NetError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(ServerName::from(address));
    }
    ServerName::try_from(host.to_owned()).map_err(|_| {
        NetError::invalid(format!(
            "`{host}` is not a name that a certificate can have"
        ))
    })
}

fn info(session: &ClientConnection) -> TlsInfo {
    let validity = session
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|leaf| certificate::validity(leaf));
    TlsInfo {
        protocol: session
            .protocol_version()
            .and_then(|version| version.as_str())
            .unwrap_or("unknown")
            .replace('_', "."),
        not_before: validity.map(|(from, _)| from),
        not_after: validity.map(|(_, until)| until),
    }
}
