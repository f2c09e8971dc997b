//! What a step asks of the host.

use crate::docker::BuildOptions;
use crate::files::{EntriesOptions, WriteOptions};
use crate::http::Request;
use crate::ssh::{RunOptions, Transfer};
use crate::tcp::Options;

/// One call, with its arguments. Logging, time and waiting are the mock's own and don't show here.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// [`crate::files::Files::read`].
    Read {
        input: String,
        entry: String,
        offset: u64,
        length: u32,
    },
    /// [`crate::files::Files::write`].
    Write {
        input: String,
        entry: String,
        content: Vec<u8>,
        options: WriteOptions,
    },
    /// [`crate::files::Files::write_entries`].
    WriteEntries {
        input: String,
        format: String,
        values: Vec<String>,
        options: EntriesOptions,
    },
    /// [`crate::files::Files::list`].
    List {
        input: String,
        entry: String,
        recursive: bool,
    },
    /// [`crate::files::Files::stat`].
    Stat { input: String, entry: String },
    /// [`crate::files::Files::remove`].
    Remove { input: String, entry: String },
    /// [`crate::files::Files::digest`].
    Digest { input: String, entry: String },
    /// [`crate::files::FileStreams::open_read`].
    OpenRead { input: String, entry: String },
    /// [`crate::files::FileStreams::open_write`].
    OpenWrite { input: String, entry: String },
    /// [`crate::files::FileStreams::pipe`].
    Pipe,
    /// [`crate::http::Http::start_send`].
    Send(Request),
    /// [`crate::tcp::Tcp::start_tcp_connect`].
    TcpConnect { address: String, options: Options },
    /// [`crate::ssh::Ssh::start_connect`].
    Connect { target: String },
    /// [`crate::ssh::Ssh::start_run`].
    Run {
        target: String,
        script: String,
        options: RunOptions,
    },
    /// [`crate::ssh::Ssh::start_upload`].
    Upload {
        target: String,
        transfers: Vec<Transfer>,
    },
    /// [`crate::ssh::Ssh::start_download`].
    Download {
        target: String,
        source: String,
        destination: String,
    },
    /// [`crate::ssh::Ssh::start_stat`].
    RemoteStat {
        target: String,
        path: String,
        entry: String,
    },
    /// [`crate::ssh::Ssh::start_begin_release`].
    BeginRelease { target: String, release: String },
    /// [`crate::ssh::Ssh::start_commit_release`].
    CommitRelease { target: String },
    /// [`crate::ssh::Ssh::start_abort_release`].
    AbortRelease { target: String },
    /// [`crate::ssh::Ssh::start_exec`].
    Exec {
        target: String,
        command: Vec<String>,
        options: RunOptions,
    },
    /// A session was dropped: the connection is closed.
    Close { target: String },
    /// [`crate::docker::Docker::start_login`].
    Login { registry: String },
    /// [`crate::docker::Docker::start_build`].
    Build {
        context: String,
        tags: Vec<String>,
        options: BuildOptions,
    },
    /// [`crate::docker::Docker::start_pull`].
    Pull { image: String },
    /// [`crate::docker::Docker::start_push`].
    Push { image: String },
    /// [`crate::docker::Docker::start_tag`].
    Tag { source: String, image: String },
    /// [`crate::docker::Docker::start_inspect`].
    Inspect { image: String },
    /// [`crate::state::State::get`].
    StateGet { input: String, name: String },
    /// [`crate::state::State::set`].
    StateSet {
        input: String,
        name: String,
        value: String,
    },
    /// [`crate::state::State::unset`].
    StateUnset { input: String, name: String },
    /// [`crate::state::State::names`].
    StateNames { input: String },
    /// [`crate::secrets::Secrets::reveal`].
    Reveal { input: String },
}

impl Call {
    /// The call's name and target, for tests that look at the order alone: `upload /target/0`.
    pub fn summary(&self) -> String {
        let (name, of) = match self {
            Self::Read { input, .. } => ("read", input.as_str()),
            Self::Write { input, .. } => ("write", input.as_str()),
            Self::WriteEntries { input, .. } => ("write-entries", input.as_str()),
            Self::List { input, .. } => ("list", input.as_str()),
            Self::Stat { input, .. } => ("stat", input.as_str()),
            Self::Remove { input, .. } => ("remove", input.as_str()),
            Self::Digest { input, .. } => ("digest", input.as_str()),
            Self::OpenRead { input, .. } => ("open-read", input.as_str()),
            Self::OpenWrite { input, .. } => ("open-write", input.as_str()),
            Self::Pipe => ("pipe", ""),
            Self::Send(request) => ("send", request.input.as_str()),
            Self::TcpConnect { address, .. } => ("tcp-connect", address.as_str()),
            Self::Connect { target } => ("connect", target.as_str()),
            Self::Run { target, .. } => ("run", target.as_str()),
            Self::Upload { target, .. } => ("upload", target.as_str()),
            Self::Download { target, .. } => ("download", target.as_str()),
            Self::RemoteStat { target, .. } => ("remote-stat", target.as_str()),
            Self::BeginRelease { target, .. } => ("begin-release", target.as_str()),
            Self::CommitRelease { target } => ("commit-release", target.as_str()),
            Self::AbortRelease { target } => ("abort-release", target.as_str()),
            Self::Exec { target, .. } => ("exec", target.as_str()),
            Self::Close { target } => ("close", target.as_str()),
            Self::Login { registry } => ("login", registry.as_str()),
            Self::Build { context, .. } => ("build", context.as_str()),
            Self::Pull { image } => ("pull", image.as_str()),
            Self::Push { image } => ("push", image.as_str()),
            Self::Tag { image, .. } => ("tag", image.as_str()),
            Self::Inspect { image } => ("inspect", image.as_str()),
            Self::StateGet { input, .. } => ("state-get", input.as_str()),
            Self::StateSet { input, .. } => ("state-set", input.as_str()),
            Self::StateUnset { input, .. } => ("state-unset", input.as_str()),
            Self::StateNames { input } => ("state-names", input.as_str()),
            Self::Reveal { input } => ("reveal", input.as_str()),
        };
        format!("{name} {of}").trim_end().to_owned()
    }
}
