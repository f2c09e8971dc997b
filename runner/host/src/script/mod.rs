//! `run:` steps: the pipeline's own script, in the host-process sandbox.
//!
//! No plugin leads here: the engine starts it for a step that has a script and no plugin. What the script may see and
//! reach is made of the step's grants, as for any plugin; what it asks the proxy for is recorded, and a denial fails
//! the step.
//!
//! - `spec`: from grants to what the sandbox takes; `network`: the way out, and what is recorded of it;
//! - `attend`: its output, and its end; `signs`: what its output says of the sandbox.

mod attend;
mod network;
mod signs;
mod spec;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use capstep_process::{Host, Outcome, Program, StepEnd};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::fault::Fault;
use crate::protocol::VerbError;
use crate::step::{Shared, StepRun};
use signs::Signs;

/// What the journal calls it.
const VERB: &str = "script/run";

/// How many pieces of output may wait to be logged before the script is held back.
const PIECES_IN_FLIGHT: usize = 16;

/// What the machine brings along for scripts.
#[derive(Debug, Clone)]
pub struct ScriptHost {
    /// How the runner executes itself: its `main` calls `capstep_process::inside::enter`.
    pub program: Program,
    /// The folder in which each script gets a private one, such as `/tmp`. Not in a workspace.
    pub scratch: PathBuf,
}

/// How a script ended.
#[derive(Debug)]
pub struct ScriptEnd {
    /// How.
    pub end: StepEnd,
    /// Where it failed: what of the sandbox may have been in its way, and what to write in the pipeline then.
    pub hints: Vec<String>,
}

impl StepRun {
    /// Runs the step's script, for at most this long.
    ///
    /// # Errors
    /// The sandbox could not be set up, or the machine can't enforce it: then nothing was started. A script that fails
    /// is no error.
    pub async fn run_script(
        &self,
        on: &ScriptHost,
        time: Duration,
    ) -> Result<ScriptEnd, VerbError> {
        let shared = &self.shared;
        let meta = shared
            .meta(VERB, spec::told(shared), true)
            .under(spec::granted(shared))
            .using(spec::secrets(shared));
        let ended = shared.effect(&meta, work(shared, on, time)).await;
        ended.map_err(|fault| shared.settle(&meta, fault))
    }
}

async fn work(
    shared: &Arc<Shared>,
    on: &ScriptHost,
    time: Duration,
) -> Result<(ScriptEnd, Value), Fault> {
    let spec = spec::of(shared, time)?;
    let host = Host {
        program: on.program.clone(),
        scratch: on.scratch.clone(),
        upstream: Some(Arc::new(network::Through::new(shared))),
    };
    let (sender, receiver) = mpsc::channel(PIECES_IN_FLIGHT);
    let cancel = shared.token();
    let run = capstep_process::run(&host, spec, sender, cancel);
    let mut signs = Signs::default();
    let (outcome, said) = tokio::join!(run, attend::relay(shared, receiver, &mut signs));
    let outcome = outcome.map_err(attend::fault)?;
    let said = said?;
    attend::made_what_is_reserved(shared, &outcome);
    let summary = summary(&outcome, said);
    let end = outcome.end;
    let hints = match end {
        StepEnd::Exited(0) | StepEnd::Cancelled => Vec::new(),
        _ => signs.hints(shared),
    };
    Ok((ScriptEnd { end, hints }, summary))
}

fn summary(outcome: &Outcome, said: u64) -> Value {
    let (code, signal) = match outcome.end {
        StepEnd::Exited(code) => (Some(code), None),
        StepEnd::Signalled(signal) => (None, Some(signal)),
        StepEnd::TimedOut | StepEnd::Cancelled => (None, None),
    };
    json!({
        "code": code, "signal": signal, "end": outcome.end, "output-bytes": said,
        "peak-memory": outcome.peak_memory, "enforced": outcome.enforced,
    })
}
