//! What redraws the area: a thread of its own with a clock, and the signals that matter to a terminal.

use std::panic;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::writer::Writer;

/// How long from one redraw to the next, at least.
const BETWEEN: Duration = Duration::from_millis(100);

/// The thread; it ends when this is dropped.
pub(super) struct Ticker {
    /// Dropped to end it.
    ended: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts it; none where the machine has no thread to give.
    pub(super) fn start(writer: &Arc<Writer>) -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let (ended, until) = oneshot::channel();
        let tick = {
            let writer = Arc::clone(writer);
            move || work(&runtime, &writer, until)
        };
        let name = "live view".to_owned();
        let thread = thread::Builder::new().name(name).spawn(tick).ok()?;
        step_aside_for_panics(Arc::downgrade(writer));
        Some(Self {
            ended: Some(ended),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.ended = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A panic's message stands on lines of its own.
fn step_aside_for_panics(writer: Weak<Writer>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        if let Some(writer) = writer.upgrade() {
            writer.step_aside();
        }
        before(about);
    }));
}

fn work(runtime: &Runtime, writer: &Writer, mut until: oneshot::Receiver<()>) {
    runtime.block_on(async {
        let mut clock = interval(BETWEEN);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopped = signal(SignalKind::from_raw(nix::libc::SIGTSTP)).ok();
        let mut continued = signal(SignalKind::from_raw(nix::libc::SIGCONT)).ok();
        // Whether the next continuing follows a stop that the area was taken away for.
        let mut is_expected = false;
        loop {
            tokio::select! {
                biased;
                _ = &mut until => break,
                () = next(&mut stopped) => {
                    writer.stop();
                    is_expected = true;
                }
                () = next(&mut continued) => {
                    if !std::mem::take(&mut is_expected) {
                        writer.forget();
                    }
                }
                _ = clock.tick() => writer.write(),
            }
        }
    });
}

/// Waits for a signal; for ever, where it can't be listened to.
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
