//! One operation: its events as they come, its result when it is done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::flow::{FlowSink, FlowSource};
use super::held::Lease;
use crate::protocol::{
    Built, ErrorKind, Event, Exit, Image, Progress, Released, RemoteStat, Response, TcpAnswer,
    Transferred, Uploaded, VerbError,
};
use crate::verbs::SshLogin;

/// How many events may wait for the plugin before whoever sends them has to: a script's output is held back rather
/// than piled up.
const EVENTS_IN_FLIGHT: usize = 64;

/// Counts events of all operations, so that waiting for any of them can tell in which order they came.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

fn stamp() -> u64 {
    SEQUENCE.fetch_add(1, Ordering::Relaxed)
}

/// What an operation came to.
#[derive(Clone)]
pub(crate) enum Outcome {
    Nothing,
    Response(Response),
    Tcp(TcpAnswer),
    Login(Arc<SshLogin>),
    Exit(Exit),
    Uploaded(Uploaded),
    Found(Option<RemoteStat>),
    Released(Released),
    Built(Built),
    Transferred(Transferred),
    Inspected(Option<Image>),
}

/// Something under way.
pub(crate) struct Operation {
    events: tokio::sync::Mutex<Events>,
    result: Mutex<Option<Result<Outcome, VerbError>>>,
    cancel: CancellationToken,
    source: Mutex<Option<FlowSource>>,
    sink: Mutex<Option<FlowSink>>,
    finished: AtomicU64,
    /// What its result keeps in memory.
    held: Mutex<Option<Lease>>,
}

struct Events {
    receiver: mpsc::Receiver<(u64, Event)>,
    /// An event that was waited for and not taken yet.
    waiting: Option<(u64, Event)>,
}

/// The other end: what the work reports through.
#[derive(Clone)]
pub(crate) struct Reporter {
    sender: mpsc::Sender<(u64, Event)>,
}

impl Reporter {
    /// Hands over an event; waits while the plugin is behind. Ends quietly when nobody listens any more.
    pub(crate) async fn send(&self, event: Event) {
        let _ = self.sender.send((stamp(), event)).await;
    }

    /// Tells how far the work has come, unless the plugin is behind: the next one will do.
    pub(crate) fn progress(&self, progress: Progress) {
        let _ = self.sender.try_send((stamp(), Event::Progress(progress)));
    }
}

impl Operation {
    pub(crate) fn new(cancel: CancellationToken) -> (Arc<Self>, Reporter) {
        let (sender, receiver) = mpsc::channel(EVENTS_IN_FLIGHT);
        let operation = Arc::new(Self {
            events: tokio::sync::Mutex::new(Events {
                receiver,
                waiting: None,
            }),
            result: Mutex::new(None),
            cancel,
            source: Mutex::new(None),
            sink: Mutex::new(None),
            finished: AtomicU64::new(0),
            held: Mutex::new(None),
        });
        (operation, Reporter { sender })
    }

    /// What ends the work early.
    pub(crate) fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Ends the work early.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Called once by the work; the reporter is dropped after it, which ends the events.
    pub(crate) fn finish(&self, result: Result<Outcome, VerbError>) {
        self.finished.store(stamp(), Ordering::Relaxed);
        *lock(&self.result) = Some(result);
    }

    /// Waits for the next event.
    pub(crate) async fn next(&self, timeout: Option<Duration>) -> Option<Event> {
        let wait = async {
            let mut events = self.events.lock().await;
            match events.waiting.take() {
                Some((_, event)) => event,
                None => events
                    .receiver
                    .recv()
                    .await
                    .map_or(Event::Done, |(_, event)| event),
            }
        };
        match timeout {
            None => Some(wait.await),
            Some(timeout) => tokio::time::timeout(timeout, wait).await.ok(),
        }
    }

    /// Waits until there is an event to take, and leaves it there; gives its place in the order of all events.
    pub(crate) async fn ready(&self) -> u64 {
        let mut events = self.events.lock().await;
        if let Some((order, _)) = &events.waiting {
            return *order;
        }
        let event = events
            .receiver
            .recv()
            .await
            .unwrap_or_else(|| (self.finished.load(Ordering::Relaxed), Event::Done));
        let order = event.0;
        events.waiting = Some(event);
        order
    }

    /// The result, once there is one.
    pub(crate) fn result(&self) -> Result<Outcome, VerbError> {
        lock(&self.result).clone().unwrap_or_else(|| {
            Err(VerbError::new(
                ErrorKind::Invalid,
                "the operation is not done yet: wait for `done`",
            ))
        })
    }

    /// Keeps the account of its result's memory, until it is dropped.
    pub(crate) fn hold(&self, lease: Lease) {
        *lock(&self.held) = Some(lease);
    }

    pub(crate) fn set_source(&self, source: FlowSource) {
        *lock(&self.source) = Some(source);
    }

    pub(crate) fn set_sink(&self, sink: FlowSink) {
        *lock(&self.sink) = Some(sink);
    }

    /// Takes the stream that the operation reads; once.
    pub(crate) fn take_source(&self) -> Option<FlowSource> {
        lock(&self.source).take()
    }

    /// Takes the stream that the operation writes; once.
    pub(crate) fn take_sink(&self) -> Option<FlowSink> {
        lock(&self.sink).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
