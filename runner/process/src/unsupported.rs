//! Systems without a host-process sandbox.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::ProcessError;
use crate::proxy::Upstream;
use crate::spec::{Event, Outcome, Program, StepSpec};

/// What a runner brings along for its steps.
#[derive(Clone)]
pub struct Host {
    /// How it executes itself.
    pub program: Program,
    /// The folder for private folders.
    pub scratch: PathBuf,
    /// Opens the proxy's connections.
    pub upstream: Option<Arc<dyn Upstream>>,
}

/// A report for people: nothing is in force here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// 0.
    pub landlock_abi: u8,
    /// The reason.
    pub namespaces: Result<(), String>,
    /// The reason.
    pub starts: Result<(), String>,
    /// `false`.
    pub process_limit: bool,
    /// Empty.
    pub cgroup_controllers: Vec<String>,
}

/// The report.
pub async fn features(_host: &Host, _workspace: &Path) -> Features {
    let reason = || Err(ProcessError::Unsupported.to_string());
    Features {
        landlock_abi: 0,
        namespaces: reason(),
        starts: reason(),
        process_limit: false,
        cgroup_controllers: Vec::new(),
    }
}

/// None: nothing is ever started here.
///
/// # Errors
/// None.
pub fn left_behind(_parent: &Path) -> std::io::Result<Vec<PathBuf>> {
    Ok(Vec::new())
}

/// Refuses.
///
/// # Errors
/// Always.
pub fn remove_left_behind(_path: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Refuses.
///
/// # Errors
/// Always `Unsupported`.
pub async fn run(
    _host: &Host,
    _spec: StepSpec,
    _events: mpsc::Sender<Event>,
    _cancel: CancellationToken,
) -> Result<Outcome, ProcessError> {
    Err(ProcessError::Unsupported)
}

/// There is no inside here.
pub mod inside {
    use std::ffi::OsString;
    use std::process::ExitCode;

    /// Never takes over.
    pub fn enter(_arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
        None
    }
}
