//! Network access for the host's verbs: where an address may lead, and connections that lead nowhere else.
//!
//! The crate is a plain tokio library. It knows nothing of plugins, pipelines or terminals: a caller hands over what
//! was designated (an [`Endpoint`], a URL) and the operator's [`NetworkPolicy`], and gets a connection or an answer.
//!
//! Every connection, whatever the protocol, is opened by [`Dialer::dial`]. A name is resolved once, each address it
//! leads to is judged by [`may_lead`], and the connection goes to an address that was judged.
//!
//! | module | holds |
//! | --- | --- |
//! | [`class`] | what kind of place an IP address is (pure) |
//! | [`network`] | a network in CIDR notation (pure) |
//! | [`rule`] | the one function that says where an address may lead (pure) |
//! | [`target`] | host and port in canonical form (pure) |
//! | [`dial`], [`resolve`] | resolving and connecting |
//! | [`tcp`] | a probe: does a port answer, and what does it say first |
//! | [`http`] | HTTP/1.1 requests with limits, over TCP or TLS |
//! | [`tls`] | trust settings, and TLS failures in plain words |
//! | [`error`] | the one error type |

pub mod class;
pub mod dial;
mod embedded;
pub mod error;
pub mod http;
pub mod network;
pub mod resolve;
pub mod rule;
pub mod target;
pub mod tcp;
pub mod tls;

pub use class::{AddressClass, classify};
pub use dial::{Dialed, Dialer};
pub use error::{NetError, NetErrorKind};
pub use network::Network;
pub use rule::{AddressRefusal, Designation, NetworkPolicy, Verdict, may_lead};
pub use target::Endpoint;
