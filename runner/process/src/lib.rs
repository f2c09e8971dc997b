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
//! - [`mod@features`]: what this machine's kernel enforces, found by trying
//!
//! Where the promise ends:
//!
//! - Without user namespaces (see [`Requirements`]) sealed files, reserved places inside a writable folder and the network
//!   cannot be guarded, and such steps are refused. Others start with landlock and the filter alone. They see the names
//!   of the machine's processes; they can change modes and times of what their account owns, which landlock does not
//!   govern; and on a kernel before landlock ABI 6 they can signal other processes of their account, the runner included.
//! - A runner that is root runs its steps as root without capabilities: as the owner of root's files, of which it sees the
//!   system's alone, read-only, and of those none that not everybody may read.
//! - What hides a sealed file, or holds a reserved place, hangs on the file that is there when the step starts. If somebody
//!   outside replaces it by a rename while the step runs, the kernel takes that guard away: steps that replace such files
//!   must not run beside one that works in their folder.
//! - Inside a tunnel the proxy looks at nothing: which name a server of a granted origin is asked for is not its affair.
//! - Timing, load and the kernel's own faults are shared with the machine.

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
pub use launch::{Host, left_behind, remove_left_behind, run};
pub use proxy::{Answer, Attempt, Origin, OriginError, Scheme, Upstream, UpstreamError};
pub use spec::{
    Enforced, Environment, Event, Files, Limits, Network, Outcome, Program, Requirements, Shell,
    StepEnd, StepSpec, Stream,
};
#[cfg(not(target_os = "linux"))]
pub use unsupported::{Features, Host, features, inside, left_behind, remove_left_behind, run};
