//! What this machine's kernel enforces around a script, found by trying.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::ProcessError;
use crate::inside::rights;
use crate::launch::cgroup::Delegated;
use crate::launch::{Host, run};
use crate::spec::{Network, Requirements, StepEnd, StepSpec};

/// A report for people: what is in force around a `run:` step, and what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// The landlock ABI that was in force in the trial, or that the kernel has; 0 is none.
    pub landlock_abi: u8,
    /// Whether a step gets namespaces of its own: the reason if not.
    pub namespaces: Result<(), String>,
    /// Whether a step starts at all on this machine, and why not: system call filter, shell.
    pub starts: Result<(), String>,
    /// Whether the number of a step's processes can be limited.
    pub process_limit: bool,
    /// The controllers of a delegated cgroup (v2); empty if there is none.
    pub cgroup_controllers: Vec<String>,
}

/// Finds out by running `true` in a sandbox, with and without namespaces being required.
pub async fn features(host: &Host, workspace: &std::path::Path) -> Features {
    let with = trial(host, workspace, true).await;
    let namespaces = with.as_ref().map(|_| ()).map_err(ToString::to_string);
    let tried = match with {
        Ok(enforced) => Ok(enforced),
        Err(_) => trial(host, workspace, false).await,
    };
    Features {
        landlock_abi: match &tried {
            Ok(enforced) => enforced.landlock_abi,
            Err(_) => rights::best_supported(),
        },
        namespaces,
        process_limit: tried.as_ref().is_ok_and(|enforced| enforced.process_limit),
        starts: tried.map(|_| ()).map_err(|error| error.to_string()),
        cgroup_controllers: Delegated::find()
            .map(|delegated| delegated.controllers().to_vec())
            .unwrap_or_default(),
    }
}

async fn trial(
    host: &Host,
    workspace: &std::path::Path,
    namespaces: bool,
) -> Result<crate::spec::Enforced, ProcessError> {
    let mut spec = StepSpec::new("exit 0", workspace);
    spec.shell = crate::spec::Shell::Sh;
    spec.network = Network::None;
    spec.requirements = Requirements {
        landlock_abi: 0,
        namespaces,
        reserved_places: true,
    };
    let (events, _) = mpsc::channel(1);
    let outcome = run(host, spec, events, CancellationToken::new()).await?;
    match outcome.end {
        StepEnd::Exited(0) => Ok(outcome.enforced),
        end => Err(ProcessError::Lost {
            how: format!("{end:?}"),
        }),
    }
}
