//! What the sandbox needs from the rest of the host.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::protocol::{Answer, Call, VerbError};

/// The answer to come of a call.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<Answer, VerbError>> + Send + 'a>>;

/// The rest of the host, as a running step sees it; one for each step.
///
/// The sandbox checks nothing of what a call asks: that is this trait's work, so that all ways in pass one place.
pub trait StepHost: Send + Sync + 'static {
    /// Carries out a call. The future is dropped where the step ends before it is done.
    fn call(&self, call: Call) -> CallFuture<'_>;

    /// Carries out a request that came by `wasi:http`. The future is dropped where the step ends before it is done.
    fn http(&self, request: DoorRequest) -> DoorFuture;

    /// Takes bytes of the guest's standard output or error. They come as the guest wrote them, at most
    /// [`super::limits::OUTPUT_CHUNK`] at once; the guest does not go on before this returns.
    fn output(&self, stream: OutputStream, bytes: &[u8]);

    /// Takes note of something that the guest tried by way of WASI and that was denied.
    fn attempt(&self, what: WasiAttempt);
}

/// The answer to come of a request.
pub type DoorFuture = Pin<Box<dyn Future<Output = Result<DoorResponse, VerbError>> + Send>>;

/// A body's parts, as they come; an error ends them.
pub type DoorBody = mpsc::Receiver<Result<Bytes, String>>;

/// A request that a guest sends by `wasi:http`, as it wrote it.
#[derive(Debug)]
pub struct DoorRequest {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; none where there is none.
    pub body: Option<DoorBody>,
    /// For the connection and the answer's head, where the guest says it.
    pub timeout: Option<Duration>,
}

/// The answer to it.
#[derive(Debug)]
pub struct DoorResponse {
    /// The status code.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: DoorBody,
}

/// A stream of the guest's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Something that a guest tried by way of WASI. All of it is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WasiAttempt {
    /// A socket was to be used with an address.
    Socket {
        /// The address.
        addr: SocketAddr,
        /// What for.
        purpose: SocketPurpose,
    },
    /// A name was to be looked up.
    NameLookup {
        /// The name, as the guest wrote it; cut at [`super::limits::ATTEMPT_TEXT`] bytes.
        name: String,
    },
    /// A function of `wasi:http` that is not offered was called.
    Http {
        /// Interface and function, `wasi:http/outgoing-handler@0.2.0#handle`.
        function: String,
    },
}

/// What a socket was to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketPurpose {
    /// Binding a TCP socket.
    TcpBind,
    /// Waiting for TCP connections.
    TcpListen,
    /// Taking a TCP connection.
    TcpAccept,
    /// Opening a TCP connection.
    TcpConnect,
    /// Binding a UDP socket.
    UdpBind,
    /// Sending a datagram.
    UdpSend,
    /// Receiving a datagram.
    UdpReceive,
}

impl fmt::Display for SocketPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TcpBind => "bind a TCP socket to",
            Self::TcpListen => "listen for TCP connections on",
            Self::TcpAccept => "accept a TCP connection from",
            Self::TcpConnect => "connect by TCP to",
            Self::UdpBind => "bind a UDP socket to",
            Self::UdpSend => "send a datagram to",
            Self::UdpReceive => "receive a datagram from",
        })
    }
}

impl fmt::Display for WasiAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { addr, purpose } => write!(f, "{purpose} {addr}"),
            Self::NameLookup { name } => write!(f, "look up the name `{}`", name.escape_debug()),
            Self::Http { function } => write!(f, "call `{function}`"),
        }
    }
}
