//! The one way from a call to a verb, whatever way in it came by.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use capstep_grants::check::{Denial, Rule};
use serde_json::{Value, json};

use super::effect::Meta;
use super::shared::{Shared, StepRun};
use crate::fault::Fault;
use crate::protocol::{Answer, Call, VerbError};
use crate::sandbox::{DoorFuture, DoorRequest, OutputStream, StepHost, WasiAttempt};
use crate::verbs;

impl StepHost for StepRun {
    fn call(
        &self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, VerbError>> + Send + '_>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let meta = meta(&shared, &call);
            dispatch(&shared, &meta, call)
                .await
                .map_err(|fault| shared.settle(&meta, fault))
        })
    }

    fn http(&self, request: DoorRequest) -> DoorFuture {
        Box::pin(verbs::http_door::send(Arc::clone(&self.shared), request))
    }

    fn output(&self, stream: OutputStream, bytes: &[u8]) {
        let index = match stream {
            OutputStream::Stdout => 0,
            OutputStream::Stderr => 1,
        };
        self.shared.voice.stream(index, bytes);
    }

    fn attempt(&self, attempt: WasiAttempt) {
        let (rule, verb, message, arguments) = match attempt {
            WasiAttempt::Socket { addr, purpose } => (
                Rule::RawSocket,
                "wasi/socket",
                format!("the plugin tried to {purpose} {addr} by itself"),
                json!({ "address": addr.to_string() }),
            ),
            WasiAttempt::NameLookup { name } => (
                Rule::NameLookup,
                "wasi/name-lookup",
                format!("the plugin tried to look up the name `{name}` by itself"),
                json!({ "name": name }),
            ),
            WasiAttempt::Http { function } => (
                Rule::RawHttp,
                "wasi/http",
                format!("the plugin tried to send a request by itself, by `{function}`"),
                Value::Null,
            ),
        };
        let shared = &self.shared;
        let meta = shared.meta(verb, arguments, false);
        let hint = Some(
            "plugins reach the network through the host's verbs, on inputs that designate where"
                .to_owned(),
        );
        shared.deny(
            &meta,
            Denial {
                rule,
                pointer: String::new(),
                message,
                hint,
                place: None,
            },
        );
    }
}

/// What the journal says of a call: its method and parameters; bytes by their number.
fn meta(shared: &Shared, call: &Call) -> Meta {
    let (verb, arguments) = match serde_json::to_value(abridged(call)) {
        Ok(Value::Object(mut object)) => {
            let verb = object
                .get("method")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            (verb, object.remove("params").unwrap_or(Value::Null))
        }
        _ => (String::new(), Value::Null),
    };
    shared.meta(&verb, arguments, changes(call))
}

/// Without the bulk.
fn abridged(call: &Call) -> std::borrow::Cow<'_, Call> {
    use crate::protocol::Body;
    use std::borrow::Cow;
    match call {
        Call::FilesWrite {
            input,
            entry,
            options,
            ..
        } => Cow::Owned(Call::FilesWrite {
            input: input.clone(),
            entry: entry.clone(),
            content: Vec::new().into(),
            options: options.clone(),
        }),
        Call::HttpSend { request } if matches!(request.body, Body::Bytes(_) | Body::Json(_)) => {
            let mut request = request.clone();
            request.body = Body::Empty;
            Cow::Owned(Call::HttpSend { request })
        }
        Call::StateSet { input, name, .. } => Cow::Owned(Call::StateSet {
            input: input.clone(),
            name: name.clone(),
            value: String::new(),
        }),
        other => Cow::Borrowed(other),
    }
}

/// Whether a call changes something outside: then its intent is recorded before it happens.
fn changes(call: &Call) -> bool {
    match call {
        Call::FilesWrite { .. }
        | Call::FilesWriteEntries { .. }
        | Call::FilesRemove { .. }
        | Call::FilesOpenWrite { .. }
        | Call::SshRun { .. }
        | Call::SshUpload { .. }
        | Call::SshDownload { .. }
        | Call::SshBeginRelease { .. }
        | Call::SshCommitRelease { .. }
        | Call::SshAbortRelease { .. }
        | Call::SshExec { .. }
        | Call::DockerBuild { .. }
        | Call::DockerPull { .. }
        | Call::DockerPush { .. }
        | Call::DockerTag { .. }
        | Call::StateSet { .. }
        | Call::StateRemove { .. } => true,
        Call::HttpSend { request } => verbs::http::changes(&request.method),
        _ => false,
    }
}

async fn dispatch(shared: &Arc<Shared>, meta: &Meta, call: Call) -> Result<Answer, Fault> {
    let meta = meta.clone();
    match call {
        Call::OpNext { .. }
        | Call::OpCancel { .. }
        | Call::OpDrop { .. }
        | Call::OpWaitAny { .. }
        | Call::OpPipe { .. } => verbs::op::call(shared, meta, call).await,
        Call::LogLine { .. }
        | Call::LogGroup { .. }
        | Call::LogEndGroup {}
        | Call::LogProgress { .. }
        | Call::LogAnnotate { .. } => Ok(verbs::log::call(shared, call)),
        Call::TimeNow {} | Call::TimeSleep { .. } => verbs::time::call(shared, call),
        Call::FilesRead { .. }
        | Call::FilesWrite { .. }
        | Call::FilesWriteEntries { .. }
        | Call::FilesList { .. }
        | Call::FilesStat { .. }
        | Call::FilesRemove { .. }
        | Call::FilesDigest { .. }
        | Call::FilesOpenRead { .. }
        | Call::FilesOpenWrite { .. } => verbs::files::call(shared, meta, call).await,
        Call::HttpSend { .. } | Call::HttpResponse { .. } => verbs::http::call(shared, meta, call),
        Call::TcpConnect { .. } | Call::TcpAnswer { .. } => verbs::tcp::call(shared, meta, call),
        Call::StateGet { .. }
        | Call::StateSet { .. }
        | Call::StateRemove { .. }
        | Call::StateNames { .. } => verbs::state::call(shared, meta, call).await,
        Call::SshConnect { .. }
        | Call::SshSession { .. }
        | Call::SshRun { .. }
        | Call::SshUpload { .. }
        | Call::SshDownload { .. }
        | Call::SshStat { .. }
        | Call::SshBeginRelease { .. }
        | Call::SshCommitRelease { .. }
        | Call::SshAbortRelease { .. }
        | Call::SshExec { .. }
        | Call::SshDrop { .. }
        | Call::SshExit { .. }
        | Call::SshUploaded { .. }
        | Call::SshFound { .. }
        | Call::SshReleased { .. } => verbs::ssh::call(shared, meta, call).await,
        Call::DockerLogin { .. }
        | Call::DockerBuild { .. }
        | Call::DockerPull { .. }
        | Call::DockerPush { .. }
        | Call::DockerTag { .. }
        | Call::DockerInspect { .. }
        | Call::DockerCompleted { .. }
        | Call::DockerBuilt { .. }
        | Call::DockerTransferred { .. }
        | Call::DockerInspected { .. } => verbs::docker::call(shared, meta, call),
        Call::SecretsReveal { .. } => verbs::secrets::call(shared, meta, call).await,
    }
}
