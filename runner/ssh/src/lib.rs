//! SSH for capstep's host: one checked connection, and the few things that are done over it.
//!
//! The crate knows nothing of plugins, grants or pipelines. The caller hands in a stream that is already connected
//! (the rules about addresses live elsewhere), says which host keys it accepts and which key it logs in with, and
//! gets a [`Session`] or an [`SshError`] that names the stage that failed.
//!
//! Layout, in the order in which a deployment uses it:
//!
//! - [`error`]: stages, kinds and the one error type
//! - [`known_hosts`]: which host key is accepted, as pure functions
//! - [`credentials`]: private keys out of secrets, repaired where a CI variable broke them
//! - [`mod@connect`]: key exchange, host key and authentication, each within a time limit
//! - [`exec`], [`script`]: remote commands and the pipeline's script; nothing secret is on a command line
//! - [`digest`], [`remote`], [`upload`]: files; unchanged ones are skipped, the others are switched at the end
//! - [`unlisted`]: what a remote folder has beyond a list
//! - [`release`]: a folder per release and an atomic switch of `current`
//!
//! RSA host keys and authorities are not supported: russh verifies RSA only with the `rsa` crate, whose timing leak
//! (RUSTSEC-2023-0071) has no fixed release. The errors say which key to make instead. Users' RSA keys sign by `ring` (`rsa`).

pub mod connect;
pub mod credentials;
pub mod digest;
pub mod error;
pub mod exec;
pub mod known_hosts;
pub mod quote;
pub mod release;
pub mod remote;
mod rsa;
pub mod script;
mod session;
mod stream;
pub mod unlisted;
pub mod upload;

pub use connect::{ConnectLimits, Target, connect};
pub use credentials::Credentials;
pub use error::{SshError, SshErrorKind, Stage};
pub use exec::{ExitStatus, Output};
pub use known_hosts::{HostKeyRefusal, HostKeys, check_host_key};
pub use release::{CommitReport, Release, ReleaseInfo};
pub use remote::{RemoteKind, RemoteStat};
pub use script::{Interpreter, ScriptRequest};
pub use session::Session;
pub use unlisted::Unlisted;
pub use upload::{
    LocalFile, UploadEntry, UploadFolder, UploadProgress, UploadReport, UploadRequest,
    UploadSymlink,
};
