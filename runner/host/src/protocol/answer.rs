//! Everything the host answers with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::call::Handle;
use super::duration::Nanoseconds;

/// The answer to a call that succeeded. Its JSON is the value alone; the method says which it is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Nothing to say.
    Nothing,
    /// A new operation or session.
    Handle(Handle),
    /// `op.next`.
    Event(Option<Event>),
    /// `op.wait-any`.
    Indexes(Vec<u32>),
    /// `time.now`: nanoseconds since 1970.
    Instant(u64),
    /// `files.read`.
    Bytes(Bytes),
    /// `files.write-entries`.
    Written(Written),
    /// `files.list`.
    Entries(Vec<Entry>),
    /// `files.stat`.
    Stat(Stat),
    /// A digest, a revealed secret.
    Text(String),
    /// `http.response`.
    Response(Response),
    /// `tcp.answer`.
    Tcp(TcpAnswer),
    /// `state.get`.
    Value(Option<String>),
    /// `state.names`.
    Names(Vec<String>),
    /// `ssh.exit`.
    Exit(Exit),
    /// `ssh.uploaded`.
    Uploaded(Uploaded),
    /// `ssh.found`.
    Found(Option<RemoteStat>),
    /// `ssh.released`.
    Released(Released),
    /// `docker.built`.
    Built(Built),
    /// `docker.transferred`.
    Transferred(Transferred),
    /// `docker.inspected`.
    Inspected(Option<Image>),
}

/// Something that happened to an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    Progress(Progress),
    Stdout(Bytes),
    Stderr(Bytes),
    Done,
}

/// How far something has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Progress {
    pub what: String,
    pub done: u64,
    #[serde(default)]
    pub total: Option<u64>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    File,
    Folder,
    Link,
    Other,
}

/// What is known of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Stat {
    pub kind: EntryKind,
    pub size: u64,
    pub modified: Option<u64>,
    pub mode: u32,
    pub sealed: bool,
}

/// An entry and its path below the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    pub path: String,
    pub stat: Stat,
}

/// What writing entries did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Written {
    pub entries: u32,
    pub size: u64,
    pub changed: bool,
    pub sealed: bool,
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Response {
    pub status: u16,
    pub headers: Vec<ResponseHeader>,
    pub body: Bytes,
    pub truncated: bool,
    pub url: String,
    pub peer: String,
    pub latency: Nanoseconds,
}

/// A header of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ResponseHeader {
    pub name: String,
    pub value: String,
}

/// What came of trying a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TcpAnswer {
    pub peer: String,
    pub latency: Nanoseconds,
    pub banner: Bytes,
}

/// How a script or command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Exit {
    pub code: Option<u32>,
    pub signal: Option<String>,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Uploaded {
    pub files: Vec<String>,
    pub unchanged: u32,
    pub bytes: u64,
}

/// What is known of a remote entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RemoteStat {
    pub size: u64,
    pub mode: u32,
    pub folder: bool,
    pub link: bool,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Released {
    pub name: String,
    pub previous: Option<String>,
    pub pruned: Vec<String>,
}

/// What a build made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Built {
    pub image: String,
    pub builder: String,
    pub cached: u32,
    pub steps: u32,
}

/// What a pull or a push moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Transferred {
    pub reference: String,
    pub digest: Option<String>,
    pub image: Option<String>,
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Image {
    pub image: String,
    pub digests: Vec<String>,
    pub size: u64,
    pub created: Option<u64>,
    pub os: String,
    pub architecture: String,
    pub labels: Vec<Label>,
}

/// A label of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Label {
    pub name: String,
    pub value: String,
}
