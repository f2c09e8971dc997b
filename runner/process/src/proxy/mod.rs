//! The only way out of a step's network: an HTTP proxy that leads to designated origins.
//!
//! The step's network has nothing but loopback. A listener in it is accepted on by the runner, whose own network is the
//! ordinary one; connections to origins are opened by the caller's [`Upstream`], which judges addresses. `CONNECT` and
//! requests in absolute form are understood; everything else is answered with an error. What is inside a `CONNECT`
//! tunnel is not looked at: the promise is about host and port.
//!
//! - `origin`: a scheme, host and port
//! - `head`: the first lines of a request, as pure functions
//! - `serve`: connections

#[cfg(target_os = "linux")]
mod head;
mod origin;
#[cfg(target_os = "linux")]
mod serve;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::net::TcpStream;

pub use origin::{Origin, OriginError, Scheme};
#[cfg(target_os = "linux")]
pub(crate) use serve::serve;

/// The rule that an origin which was not designated breaks.
pub const RULE_ORIGIN: &str = "other-origin";

/// Opens connections for the proxy. Implemented by the caller, with the machine's rules about addresses.
pub trait Upstream: Send + Sync + 'static {
    /// A connection to a designated origin. Names are resolved and addresses judged here.
    fn connect<'a>(
        &'a self,
        origin: &'a Origin,
    ) -> Pin<Box<dyn Future<Output = Result<TcpStream, UpstreamError>> + Send + 'a>>;
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamError {
    /// A rule forbids where the origin's name leads. It counts as a denial.
    Denied {
        /// The rule's word, such as `address.metadata`.
        rule: String,
        /// What it says, for the step's log and for the client.
        message: String,
    },
    /// There is no such name, nothing answers, or it took too long.
    Unreachable {
        /// The reason, for the step's log and for the client.
        message: String,
    },
}

/// Something that a script asked of the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `CONNECT`, or the request's method.
    pub method: String,
    /// Where it was to lead: `https://host:port`, as the client wrote it where it is no origin.
    pub target: String,
    /// What became of it.
    pub answer: Answer,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Connected.
    Connected,
    /// Forbidden, by a rule.
    Denied {
        /// The rule's word.
        rule: String,
        /// What it says.
        message: String,
    },
    /// Allowed, and not reached.
    Failed {
        /// The reason.
        message: String,
    },
}

impl Attempt {
    /// Whether a rule forbade it.
    pub fn is_denied(&self) -> bool {
        matches!(self.answer, Answer::Denied { .. })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.method, self.target)?;
        match &self.answer {
            Answer::Connected => f.write_str("connected"),
            Answer::Denied { rule, message } => write!(f, "denied ({rule}): {message}"),
            Answer::Failed { message } => f.write_str(message),
        }
    }
}
