//! A host that answers as a test tells it to and remembers everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use capstep_host::protocol::{Answer, Call, ErrorKind, Event, VerbError};
use capstep_host::sandbox::{
    AbiKind, CallFuture, DeclaredInterfaces, DoorFuture, DoorRequest, Interface, Invocation,
    LoadedPlugin, OutputStream, RunReport, Sandbox, SandboxConfig, StepHost, WasiAttempt,
};

/// Remembers calls, output and attempts; operations are sleeps.
#[derive(Default)]
pub(crate) struct Host {
    pub calls: Mutex<Vec<Call>>,
    pub stdout: Mutex<Vec<u8>>,
    pub stderr: Mutex<Vec<u8>>,
    pub attempts: Mutex<Vec<WasiAttempt>>,
    /// Bytes of output, whether or not they are kept.
    pub written: Mutex<u64>,
    operations: Mutex<BTreeMap<u32, Duration>>,
}

/// As much output as is kept.
const KEPT: usize = 4 << 20;

impl Host {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    pub(crate) fn attempts(&self) -> Vec<WasiAttempt> {
        self.attempts.lock().unwrap().clone()
    }

    fn operation(&self, time: Duration) -> Answer {
        let mut operations = self.operations.lock().unwrap();
        let handle = u32::try_from(operations.len()).unwrap() + 1;
        operations.insert(handle, time);
        Answer::Handle(handle)
    }

    fn time_of(&self, handle: u32) -> Option<Duration> {
        self.operations.lock().unwrap().get(&handle).copied()
    }
}

impl StepHost for Host {
    fn call(&self, call: Call) -> CallFuture<'_> {
        self.calls.lock().unwrap().push(call.clone());
        Box::pin(async move {
            match call {
                Call::LogLine { .. }
                | Call::OpDrop { .. }
                | Call::OpCancel { .. }
                | Call::FilesWrite { .. } => Ok(Answer::Nothing),
                Call::TimeNow {} => Ok(Answer::Instant(42)),
                Call::TimeSleep { time } => Ok(self.operation(time.duration())),
                Call::OpNext { this, .. } => {
                    tokio::time::sleep(self.time_of(this).unwrap()).await;
                    Ok(Answer::Event(Some(Event::Done)))
                }
                Call::OpWaitAny { .. } => std::future::pending().await,
                Call::FilesRead { length, .. } => {
                    Ok(Answer::Bytes(vec![b'x'; length as usize].into()))
                }
                Call::SecretsReveal { .. } => Err(VerbError::new(
                    ErrorKind::Denied,
                    "the input is not marked `reveal: true`",
                )),
                Call::TcpConnect { .. } => panic!("a fault of the host"),
                // The answer of another call.
                Call::FilesDigest { .. } => Ok(Answer::Handle(1)),
                other => Err(VerbError::new(
                    ErrorKind::Unsupported,
                    format!("not in this test: {other:?}"),
                )),
            }
        })
    }

    fn http(&self, _request: DoorRequest) -> DoorFuture {
        Box::pin(async {
            Err(VerbError::new(
                ErrorKind::Unsupported,
                "not in this test: a request",
            ))
        })
    }

    fn output(&self, stream: OutputStream, bytes: &[u8]) {
        *self.written.lock().unwrap() += bytes.len() as u64;
        let kept = match stream {
            OutputStream::Stdout => &self.stdout,
            OutputStream::Stderr => &self.stderr,
        };
        let mut kept = kept.lock().unwrap();
        if kept.len() < KEPT {
            kept.extend_from_slice(bytes);
        }
    }

    fn attempt(&self, what: WasiAttempt) {
        self.attempts.lock().unwrap().push(what);
    }
}

pub(crate) fn sandbox() -> Arc<Sandbox> {
    Sandbox::new(SandboxConfig::default()).unwrap()
}

/// A plugin with every interface that there is.
pub(crate) fn declared(abi: AbiKind) -> DeclaredInterfaces {
    DeclaredInterfaces::new("test", abi, Interface::ALL)
}

pub(crate) async fn load(sandbox: &Sandbox, bytes: &[u8], abi: AbiKind) -> Arc<LoadedPlugin> {
    sandbox.load(bytes, &declared(abi)).await.unwrap()
}

/// Loads and runs in a sandbox of its own.
pub(crate) async fn run(
    bytes: &[u8],
    abi: AbiKind,
    invocation: Invocation,
) -> (RunReport, Arc<Host>) {
    let sandbox = sandbox();
    let plugin = load(&sandbox, bytes, abi).await;
    let host = Host::new();
    let report = sandbox
        .run(&plugin, invocation, Arc::clone(&host) as Arc<dyn StepHost>)
        .await;
    (report, host)
}
