//! Bounds a run in time, whatever the guest or the host does.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Why a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The time was up.
    Time,
    /// It was cancelled, and the grace is over.
    Cancelled,
}

/// Lets a run go on until it ends, its time is up, or it was cancelled and the grace is over. What is stopped is
/// dropped, and with it the guest.
pub(crate) async fn bounded<T>(
    run: impl Future<Output = T>,
    time: Duration,
    grace: Duration,
    cancel: &CancellationToken,
) -> Result<T, Stop> {
    let start = Instant::now();
    let stopped = async {
        let limit = later(start, time);
        tokio::select! {
            () = sleep_until(limit) => return Stop::Time,
            () = cancel.cancelled() => {}
        }
        // The grace does not lengthen the time that the step has.
        sleep_until(limit.min(later(Instant::now(), grace))).await;
        Stop::Cancelled
    };
    tokio::select! {
        biased;
        value = run => Ok(value),
        stop = stopped => Err(stop),
    }
}

fn later(from: Instant, by: Duration) -> Instant {
    /// What the clock can't represent is as good as never.
    const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    from.checked_add(by).unwrap_or_else(|| from + FAR)
}

/// Runs a future in a task of its own, so that a panic in it ends it and nothing else. Dropping this ends it too.
pub(crate) async fn isolated<T: Send + 'static>(
    run: impl Future<Output = T> + Send + 'static,
) -> Result<T, String> {
    let mut task = AbortOnDrop(tokio::spawn(run));
    match (&mut task.0).await {
        Ok(value) => Ok(value),
        Err(error) if error.is_panic() => Err(panic_text(&*error.into_panic())),
        Err(_) => Err("the runner is shutting down".to_owned()),
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Runs a closure that may panic in code of others (a compiler).
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| panic_text(&*payload))
}
