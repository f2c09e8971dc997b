//! The host-process sandbox: where a pipeline's own shell lines (`run:` steps) execute.
//!
//! The crate knows nothing of pipelines or grants. A caller says in a [`StepSpec`] what a script may see and do, and
//! [`run`] starts it, streams its output and says how it ended. What is not in the spec is not there for the script:
//! no home folder, no variable, no socket, no network, no process but its own.
//!
//! Between `fork` and `exec` only `unsafe` code could set up a sandbox, so the runner executes *itself* with a hidden
//! first argument instead, and that child applies everything to itself before it starts the shell. A program that calls
//! [`run`] therefore calls [`inside::enter`] first in its `main`:
//!
//! ```text
//!  runner ──spec──▶ outer                ──spec──▶ init                               ──▶ shell
//!  (launch)         own session, user,             process 1 of the namespace: new       the script
//!         ◀─report─ mount, pid, net, …   ◀─report─ root, limits, no capabilities,
//!                   namespaces, `lo`               landlock, seccomp; waits, reports
//! ```
//!
//! Spec and reports cross a socket pair; nothing of a script, a variable or a secret is on a command line. When `init`
//! ends, the kernel ends everything in its process namespace; when the runner ends, however it ends, `outer` sees the
//! socket close and takes `init` with it. So nothing outlives the step.
//!
//! Layout:
//!
//! - [`spec`]: what a caller asks for; [`error`]: what can go wrong
//! - `wire`: frames between the runner and the inside part
//! - `launch`: the runner's side: checks, the private folder, streams, time, the [`proxy`] that is the only way out
//! - [`inside`]: the child's side: `outer`, `init`, and one file for each thing that is applied
//! - [`features`]: what this machine's kernel enforces, found by trying
//!
//! Where the promise ends: without user namespaces (see [`Requirements`]) sealed files, reserved places inside a
//! writable folder and the network cannot be guarded, and such steps are refused. Landlock does not govern `chmod`,
//! `utime` and extended attributes; where there are namespaces, read-only mounts do.

pub mod error;
#[cfg(target_os = "linux")]
pub mod features;
#[cfg(target_os = "linux")]
pub mod inside;
#[cfg(target_os = "linux")]
mod launch;
pub mod proxy;
pub mod spec;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(target_os = "linux")]
mod wire;

pub use error::{ProcessError, SetupStage};
#[cfg(target_os = "linux")]
pub use features::{Features, features};
#[cfg(target_os = "linux")]
pub use launch::{Host, run};
pub use proxy::{Answer, Attempt, Origin, OriginError, Scheme, Upstream, UpstreamError};
pub use spec::{
    Enforced, Environment, Event, Files, Limits, Network, Outcome, Program, Requirements, Shell,
    StepEnd, StepSpec, Stream,
};
#[cfg(not(target_os = "linux"))]
pub use unsupported::{Features, Host, features, inside, run};
