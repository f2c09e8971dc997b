//! The process itself: what others may read of it, its threads, and the signals that end it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use capstep_engine::Cancel;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;
use crate::exit;

/// How long what was cut off has when the program ends: enough for files to be removed and processes to be ended. A
/// thread that looks up a name or compiles can't be stopped, and may take as long as it likes: it is not waited for.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Does the work on a runtime with several threads: a plugin computes on the thread that polls it, and must keep neither
/// another job's connections nor the signals waiting. One thread a job at once is enough, and one more for everything
/// else. Starting them takes a tenth of a millisecond.
pub(crate) fn block_on<T>(
    threads: usize,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads + 1)
        .enable_all()
        .build()
        .map_err(|error| CliError::infrastructure(format!("threads can't be started: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(SHUTDOWN);
    result
}

/// Keeps secrets in memory from other processes of the same user and from core files. Best effort: where the kernel
/// refuses, a run is no less able to do its work.
pub(crate) fn protect_memory() {
    use nix::sys::resource::{Resource, setrlimit};
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// The exit code that the signals so far ask for; 0 where there was none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signalled(Arc<AtomicU8>);

impl Signalled {
    /// The exit code, if a signal came.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }
}

/// Turns signals into requests to end: the first lets steps tidy up, the second ends the run at once. Called within a
/// runtime.
pub(crate) fn cancel_on_signals(cancel: &Cancel) -> Result<Signalled, CliError> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            CliError::infrastructure(format!("signals can't be listened to: {error}"))
        })
    };
    let mut signals = Signals {
        interrupt: listen(SignalKind::interrupt())?,
        terminate: listen(SignalKind::terminate())?,
        hangup: listen(SignalKind::hangup())?,
    };
    let signalled = Signalled::default();
    let (cancel, code) = (cancel.clone(), Arc::clone(&signalled.0));
    tokio::spawn(async move {
        // The first signal says how the run ended.
        code.store(signals.next().await, Ordering::Relaxed);
        cancel.soft.cancel();
        signals.next().await;
        cancel.hard.cancel();
    });
    Ok(signalled)
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => exit::INTERRUPTED,
            _ = self.terminate.recv() => exit::TERMINATED,
            // The terminal is gone: the run tidies up as when it is terminated.
            _ = self.hangup.recv() => exit::TERMINATED,
        }
    }
}
