//! The runner's side: checks a spec, starts the program again, streams, watches the time, cleans up.
//!
//! - `checks`: paths and names of a spec, before anything is started
//! - `places`: what is where in a step's file system
//! - `scratch`: the private folder
//! - `cgroup`: limits of memory and processes, where a cgroup is delegated
//! - `child`: the started program and its connection
//! - `watch`: from the start of a script to its end

pub(crate) mod cgroup;
mod checks;
mod child;
pub(crate) mod places;
mod scratch;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{ProcessError, SetupStage};
use crate::inside::rights;
use crate::proxy::Upstream;
use crate::spec::{Event, Network, Outcome, Program, StepSpec};
use crate::wire::Order;
use cgroup::Delegated;
use checks::Checked;
use scratch::Scratch;
pub use scratch::{left_behind, remove_left_behind};

/// What a runner brings along for its steps.
#[derive(Clone)]
pub struct Host {
    /// How it executes itself.
    pub program: Program,
    /// The folder in which each step gets a private folder (for its home and temporary files), such as `/tmp`.
    pub scratch: PathBuf,
    /// Opens the proxy's connections. Without it, steps with a network are refused.
    pub upstream: Option<Arc<dyn Upstream>>,
}

/// Runs a script, and returns when everything of it has ended.
///
/// Events come in order for each stream; a receiver that was dropped loses them, and a slow one slows the script. When
/// `cancel` is cancelled, or the time is up, everything in the step gets `SIGTERM`, and after the grace `SIGKILL`.
/// Dropping the future ends everything at once.
///
/// # Errors
/// `Invalid` for a spec that cannot be, `Refused` if the machine cannot enforce it, `Setup` and `Folder` for what the
/// system refused, `Lost` if the inside part was killed. A script that fails is no error.
pub async fn run(
    host: &Host,
    spec: StepSpec,
    events: mpsc::Sender<Event>,
    cancel: CancellationToken,
) -> Result<Outcome, ProcessError> {
    let Checked { spec, absent } = checks::check(spec)?;
    required_landlock(&spec)?;
    if spec.network != Network::None && host.upstream.is_none() {
        return Err(ProcessError::Refused {
            message: "nothing opens connections for this step's network".to_owned(),
            accept: "hand over an upstream".to_owned(),
        });
    }
    let delegated = Delegated::find();
    if spec.limits.memory.is_some() && !delegated.as_ref().is_some_and(Delegated::limits_memory) {
        return Err(ProcessError::Refused {
            message: "no delegated cgroup limits this step's memory".to_owned(),
            accept: "a delegated cgroup (`systemd-run --user --scope -p Delegate=yes`), or no memory limit, would let it start".to_owned(),
        });
    }
    let scratch = Scratch::make(&host.scratch, &spec.script)?;
    checks::scratch_is_apart(&spec.files, scratch.path())?;
    let mut order = Order {
        landlock_abi: spec.requirements.landlock_abi,
        spec,
        namespaces: true,
        scratch: scratch.path().to_owned(),
        arguments: host.program.arguments.clone(),
        proxy_port: None,
        counted_by_cgroup: delegated.as_ref().is_some_and(Delegated::limits_processes),
    };
    let mut result = watch::watch(host, &order, delegated.as_ref(), &events, &cancel).await;
    if let Err(ProcessError::Setup {
        stage: SetupStage::Namespaces,
        message,
    }) = &result
    {
        without_namespaces(&order.spec, message)?;
        order.namespaces = false;
        result = watch::watch(host, &order, delegated.as_ref(), &events, &cancel).await;
    }
    let created = checks::remove_created(&absent);
    drop(order);
    scratch.remove()?;
    let mut outcome = result?;
    outcome.reserved_created = created?;
    Ok(outcome)
}

fn required_landlock(spec: &StepSpec) -> Result<(), ProcessError> {
    let required = spec.requirements.landlock_abi;
    match rights::supported(required) {
        true => Ok(()),
        false => Err(ProcessError::Refused {
            message: format!(
                "this kernel has no landlock ABI {required} (it has {})",
                match rights::best_supported() {
                    0 => "no landlock".to_owned(),
                    abi => abi.to_string(),
                }
            ),
            accept: "a newer kernel, or a policy that accepts less, would let it start".to_owned(),
        }),
    }
}

/// Whether a step may start without namespaces, which could not be had because of `reason`.
fn without_namespaces(spec: &StepSpec, reason: &str) -> Result<(), ProcessError> {
    let requirements = &spec.requirements;
    let writable = |path: &PathBuf| spec.files.write.iter().any(|write| path.starts_with(write));
    let needs = if !spec.files.hidden.is_empty() {
        "a sealed file can be hidden only in a mount namespace"
    } else if spec.network != Network::None {
        "a network for designated origins alone needs a network namespace"
    } else if requirements.namespaces {
        "namespaces are required"
    } else if requirements.landlock_abi == 0 && !rights::supported(1) {
        "without landlock nothing but a mount namespace guards files"
    } else if requirements.reserved_places && spec.files.reserved.iter().any(writable) {
        "a reserved place in a writable folder can be guarded only in a mount namespace"
    } else {
        return Ok(());
    };
    Err(ProcessError::Refused {
        message: format!("{needs}, and this machine gives none ({reason})"),
        accept: "user namespaces for the runner's account, or a step that asks for less, would let it start".to_owned(),
    })
}
