//! Everything a plugin can ask of the host: a flat table, one case a verb. Documentation of each verb is in `sdk/wit`,
//! the single source of the interface; a test compares the two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Progress;
use super::bytes::Bytes;
use super::duration::Nanoseconds;

/// A resource's number.
pub type Handle = u32;

/// One call. Its JSON is `{ "method": "files/read", "params": { … } }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "method",
    content = "params",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Call {
    #[serde(rename = "op/next")]
    OpNext {
        #[serde(rename = "self")]
        this: Handle,
        #[serde(default)]
        timeout: Option<Nanoseconds>,
    },
    #[serde(rename = "op/cancel")]
    OpCancel {
        #[serde(rename = "self")]
        this: Handle,
    },
    #[serde(rename = "op/drop")]
    OpDrop {
        #[serde(rename = "self")]
        this: Handle,
    },
    #[serde(rename = "op/wait-any")]
    OpWaitAny {
        ops: Vec<Handle>,
        #[serde(default)]
        timeout: Option<Nanoseconds>,
    },
    #[serde(rename = "op/pipe")]
    OpPipe { source: Handle, sink: Handle },

    #[serde(rename = "log/line")]
    LogLine { level: Level, message: String },
    #[serde(rename = "log/group")]
    LogGroup { title: String },
    #[serde(rename = "log/end-group")]
    LogEndGroup {},
    #[serde(rename = "log/progress")]
    LogProgress { progress: Progress },
    #[serde(rename = "log/annotate")]
    LogAnnotate { annotation: Annotation },

    #[serde(rename = "time/now")]
    TimeNow {},
    #[serde(rename = "time/sleep")]
    TimeSleep { time: Nanoseconds },

    #[serde(rename = "files/read")]
    FilesRead {
        input: String,
        entry: String,
        offset: u64,
        length: u32,
    },
    #[serde(rename = "files/write")]
    FilesWrite {
        input: String,
        entry: String,
        content: Bytes,
        options: WriteOptions,
    },
    #[serde(rename = "files/write-entries")]
    FilesWriteEntries {
        input: String,
        format: String,
        values: Vec<String>,
        options: EntriesOptions,
    },
    #[serde(rename = "files/list")]
    FilesList {
        input: String,
        entry: String,
        recursive: bool,
    },
    #[serde(rename = "files/stat")]
    FilesStat { input: String, entry: String },
    #[serde(rename = "files/remove")]
    FilesRemove { input: String, entry: String },
    #[serde(rename = "files/digest")]
    FilesDigest { input: String, entry: String },
    #[serde(rename = "files/open-read")]
    FilesOpenRead { input: String, entry: String },
    #[serde(rename = "files/open-write")]
    FilesOpenWrite { input: String, entry: String },

    #[serde(rename = "http/send")]
    HttpSend { request: Request },
    #[serde(rename = "http/response")]
    HttpResponse { op: Handle },

    #[serde(rename = "tcp/connect")]
    TcpConnect {
        address: String,
        options: TcpOptions,
    },
    #[serde(rename = "tcp/answer")]
    TcpAnswer { op: Handle },

    #[serde(rename = "state/get")]
    StateGet { input: String, name: String },
    #[serde(rename = "state/set")]
    StateSet {
        input: String,
        name: String,
        value: String,
    },
    #[serde(rename = "state/remove")]
    StateRemove { input: String, name: String },
    #[serde(rename = "state/names")]
    StateNames { input: String },

    #[serde(rename = "ssh/connect")]
    SshConnect { target: String },
    #[serde(rename = "ssh/session")]
    SshSession { op: Handle },
    #[serde(rename = "ssh/run")]
    SshRun {
        #[serde(rename = "self")]
        this: Handle,
        script: String,
        options: RunOptions,
    },
    #[serde(rename = "ssh/upload")]
    SshUpload {
        #[serde(rename = "self")]
        this: Handle,
        transfers: Vec<Transfer>,
    },
    #[serde(rename = "ssh/download")]
    SshDownload {
        #[serde(rename = "self")]
        this: Handle,
        source: String,
        destination: String,
    },
    #[serde(rename = "ssh/stat")]
    SshStat {
        #[serde(rename = "self")]
        this: Handle,
        path: String,
        entry: String,
    },
    #[serde(rename = "ssh/begin-release")]
    SshBeginRelease {
        #[serde(rename = "self")]
        this: Handle,
        release: String,
    },
    #[serde(rename = "ssh/commit-release")]
    SshCommitRelease {
        #[serde(rename = "self")]
        this: Handle,
    },
    #[serde(rename = "ssh/abort-release")]
    SshAbortRelease {
        #[serde(rename = "self")]
        this: Handle,
    },
    #[serde(rename = "ssh/exec")]
    SshExec {
        #[serde(rename = "self")]
        this: Handle,
        command: Vec<String>,
        options: RunOptions,
    },
    #[serde(rename = "ssh/drop")]
    SshDrop {
        #[serde(rename = "self")]
        this: Handle,
    },
    #[serde(rename = "ssh/exit")]
    SshExit { op: Handle },
    #[serde(rename = "ssh/uploaded")]
    SshUploaded { op: Handle },
    #[serde(rename = "ssh/found")]
    SshFound { op: Handle },
    #[serde(rename = "ssh/released")]
    SshReleased { op: Handle },

    #[serde(rename = "docker/login")]
    DockerLogin { registry: String },
    #[serde(rename = "docker/build")]
    DockerBuild {
        context: String,
        tags: Vec<String>,
        options: BuildOptions,
    },
    #[serde(rename = "docker/pull")]
    DockerPull { image: String },
    #[serde(rename = "docker/push")]
    DockerPush { image: String },
    #[serde(rename = "docker/tag")]
    DockerTag { source: String, image: String },
    #[serde(rename = "docker/inspect")]
    DockerInspect { image: String },
    #[serde(rename = "docker/completed")]
    DockerCompleted { op: Handle },
    #[serde(rename = "docker/built")]
    DockerBuilt { op: Handle },
    #[serde(rename = "docker/transferred")]
    DockerTransferred { op: Handle },
    #[serde(rename = "docker/inspected")]
    DockerInspected { op: Handle },

    #[serde(rename = "secrets/reveal")]
    SecretsReveal { input: String },
}

/// How much a line matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Something to show beside a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Annotation {
    pub level: Level,
    pub message: String,
    #[serde(default)]
    pub file: Option<String>,
    #[serde(default)]
    pub line: Option<u32>,
}

/// How to write a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct WriteOptions {
    pub append: bool,
    pub mode: Option<u32>,
}

/// How to write a file of named values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EntriesOptions {
    pub comment: Option<String>,
    pub mode: Option<u32>,
    pub strip_cr: bool,
}

/// An HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Request {
    pub input: String,
    #[serde(default)]
    pub url: Option<String>,
    pub method: String,
    #[serde(default)]
    pub headers: Vec<Field>,
    #[serde(default)]
    pub body: Body,
    #[serde(default)]
    pub timeout: Option<Nanoseconds>,
    #[serde(default)]
    pub redirects: u32,
    #[serde(default)]
    pub keep: Option<u64>,
    #[serde(default)]
    pub stream: bool,
}

/// A header, or a form's field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Field {
    pub name: String,
    pub value: FieldValue,
}

/// A value in a request: a text, or an input by its pointer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldValue {
    Text(String),
    Input(String),
    Bearer(String),
    Basic(Credentials),
}

/// The pointers of a user name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

/// A request's body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    #[default]
    Empty,
    Bytes(Bytes),
    Json(JsonBody),
    Form(Vec<Field>),
    Piped,
}

/// A JSON text with inputs' values put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JsonBody {
    pub text: String,
    #[serde(default)]
    pub values: Vec<Placed>,
}

/// An input's value at a place of a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Placed {
    pub at: String,
    pub input: String,
}

/// How to try a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TcpOptions {
    pub timeout: Option<Nanoseconds>,
    pub banner: bool,
}

/// Local files and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Transfer {
    pub source: String,
    pub destination: String,
}

/// How to show what a script says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RunOptions {
    pub log: bool,
    pub capture: bool,
    pub timeout: Option<Nanoseconds>,
}

/// How to show a build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BuildOptions {
    pub log: bool,
    pub timeout: Option<Nanoseconds>,
}
