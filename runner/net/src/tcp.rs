//! A probe: does a port accept connections, and what does the server say first.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::dial::Dialer;
use crate::error::NetError;
use crate::target::Endpoint;

/// How much of a server's greeting is read: enough for any SSH, SMTP or FTP banner line.
pub const MAX_BANNER: usize = 256;

/// How to probe.
#[derive(Debug, Clone, Copy)]
pub struct TcpProbe {
    /// Whether to wait for the server's first bytes.
    pub banner: bool,
    /// For connecting and waiting together.
    pub timeout: Duration,
}

/// A port that accepted a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpAnswer {
    /// The address that answered.
    pub peer: SocketAddr,
    /// From the start (resolving included) to the open connection.
    pub latency: Duration,
    /// The server's first bytes, at most [`MAX_BANNER`], to the end of its first line. None if not asked for, or if the
    /// server said nothing in time.
    pub banner: Option<Vec<u8>>,
    /// What the journal should say about the address, if anything.
    pub note: Option<String>,
}

/// Opens a connection, reads the banner if asked to, and closes. Nothing is ever sent.
///
/// A server that accepts and stays silent is an answer without a banner, not an error.
///
/// # Errors
/// As [`Dialer::dial`].
pub async fn probe(
    dialer: &Dialer,
    endpoint: &Endpoint,
    probe: &TcpProbe,
) -> Result<TcpAnswer, NetError> {
    let start = Instant::now();
    let mut dialed = dialer.dial(endpoint, probe.timeout).await?;
    let latency = start.elapsed();
    let mut said = Vec::new();
    if probe.banner {
        let left = probe.timeout.saturating_sub(latency);
        // What came before the time ran out counts, and a reset after the accept is still an open port.
        let _ = timeout(left, read_banner(&mut dialed.stream, &mut said)).await;
    }
    Ok(TcpAnswer {
        peer: dialed.peer,
        latency,
        banner: (!said.is_empty()).then_some(said),
        note: dialed.note,
    })
}

async fn read_banner(
    stream: &mut (impl AsyncReadExt + Unpin),
    said: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut rest = stream.take(MAX_BANNER as u64);
    while !said.contains(&b'\n') && rest.read_buf(said).await? > 0 {}
    Ok(())
}
