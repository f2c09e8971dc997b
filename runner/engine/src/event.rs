//! What happens in a run: one closed set of events. Terminal, JSON lines and reports are consumers of it; nothing else
//! prints. Every text in them is masked.

use capstep_grants::Place;
use capstep_grants::check::Denial;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the events' JSON.
pub const EVENT_VERSION: u32 = 1;

/// One event with the time it happened.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TimedEvent {
    /// RFC 3339, UTC.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Which step of which job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct StepRef {
    /// The job's id.
    pub job: String,
    /// The step's number in the job, from 1.
    pub step: usize,
}

/// `deploy/2`: as the command line calls a step.
impl std::fmt::Display for StepRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.job, self.step)
    }
}

/// What happened.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Event {
    /// The run begins.
    RunStarted {
        version: u32,
        run: String,
        pipeline: String,
        /// Whether what is run is trusted.
        trusted: bool,
        jobs: Vec<String>,
    },
    /// A job begins.
    JobStarted { job: String },
    /// A job is not run, and why.
    JobSkipped { job: String, reason: String },
    /// A job waits until no other one of its group runs.
    JobWaiting { job: String, group: String },
    /// A job that passed has deployed.
    Deployed {
        job: String,
        environment: String,
        /// Where it can be seen.
        url: Option<String>,
    },
    /// What a job keeps between runs is about to be brought back, or to be kept.
    CacheStarted {
        job: String,
        act: CacheAct,
        /// What it is kept under.
        key: String,
        /// How many bytes the files have, where that is known.
        bytes: Option<u64>,
    },
    /// Paths are as an earlier run kept them.
    CacheRestored {
        job: String,
        /// The key that was asked for.
        key: String,
        /// The key that they were kept under.
        found: String,
        /// Whether that is the key itself, and not one that begins with a fallback key.
        exact: bool,
        /// Those of its paths that there was something of.
        paths: Vec<String>,
        /// How many files, folders and links there are.
        files: u64,
        /// How many bytes the files have.
        bytes: u64,
        milliseconds: u64,
    },
    /// Nothing was brought back.
    CacheMissed {
        job: String,
        key: String,
        paths: Vec<String>,
        /// Why; none where nothing is kept.
        reason: Option<String>,
        level: Level,
    },
    /// Paths are kept for later runs.
    CacheSaved {
        job: String,
        key: String,
        /// Those of its paths that there is something of.
        paths: Vec<String>,
        files: u64,
        bytes: u64,
        /// How many others had to go for it.
        removed: usize,
        milliseconds: u64,
    },
    /// Paths are not kept.
    CacheNotSaved {
        job: String,
        key: String,
        paths: Vec<String>,
        reason: String,
        level: Level,
    },
    /// A step begins.
    StepStarted {
        #[serde(flatten)]
        at: StepRef,
        name: String,
        uses: String,
        /// Where the pipeline has it.
        place: Place,
        attempt: u32,
    },
    /// A try of a step failed, and it will be tried again.
    StepRetrying {
        #[serde(flatten)]
        at: StepRef,
        /// The try that failed, from 1.
        attempt: u32,
        /// The kind of failure, as `retry` calls it.
        kind: String,
        /// Why it failed.
        message: Option<String>,
        /// How long until the next try.
        wait_milliseconds: u64,
    },
    /// A step is not run, and why.
    StepSkipped {
        #[serde(flatten)]
        at: StepRef,
        name: String,
        reason: String,
    },
    /// A job is not run: how it ended and what it gave are taken from an earlier run.
    JobTaken {
        job: String,
        /// The earlier run.
        run: String,
        outcome: Outcome,
        outputs: Value,
    },
    /// A step is not run: how it ended and what it gave are taken from an earlier run.
    StepTaken {
        #[serde(flatten)]
        at: StepRef,
        name: String,
        /// The earlier run.
        run: String,
        outcome: Outcome,
        outputs: Value,
    },
    /// A plugin is compiled; it happens once for each plugin and machine.
    Compiling { plugin: String },
    /// A line of a step's log.
    Line {
        #[serde(flatten)]
        at: StepRef,
        level: Level,
        text: String,
    },
    /// A group of lines opens.
    GroupOpened {
        #[serde(flatten)]
        at: StepRef,
        title: String,
    },
    /// The innermost group closes.
    GroupClosed {
        #[serde(flatten)]
        at: StepRef,
    },
    /// A step has come this far.
    Progress {
        #[serde(flatten)]
        at: StepRef,
        what: String,
        done: u64,
        total: Option<u64>,
    },
    /// A step points at a line of a file.
    Annotation {
        #[serde(flatten)]
        at: StepRef,
        level: Level,
        message: String,
        file: Option<String>,
        line: Option<u32>,
    },
    /// A rule stopped something that a step tried.
    Denied {
        #[serde(flatten)]
        at: StepRef,
        denial: Denial,
    },
    /// A step has ended.
    StepFinished {
        #[serde(flatten)]
        at: StepRef,
        /// Where the pipeline has it.
        place: Place,
        outcome: Outcome,
        /// How often it was tried.
        attempts: u32,
        /// Whether its job goes on as if it had passed.
        continues: bool,
        /// Why it did not pass.
        message: Option<String>,
        /// More about that: an error's kind, stage and details.
        details: Value,
        /// Its outputs, where it passed.
        outputs: Value,
        milliseconds: u64,
    },
    /// A job has ended.
    JobFinished {
        job: String,
        outcome: Outcome,
        /// Whether the run goes on as if it had passed.
        continues: bool,
        /// Why it did not pass, where that is not one of its steps.
        message: Option<String>,
        outputs: Value,
        milliseconds: u64,
    },
    /// The run is being cancelled: steps may tidy up.
    Cancelling,
    /// The run has ended.
    RunFinished {
        run: String,
        outcome: Outcome,
        exit_code: u8,
        milliseconds: u64,
        /// The hash of the journal's last record.
        journal_head: String,
    },
}

/// What is done with a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheAct {
    /// Its paths are brought back.
    Restore,
    /// Its paths are kept.
    Save,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For those who look closely.
    Debug,
    /// For everybody.
    Info,
    /// Something to look at.
    Warn,
    /// What went wrong.
    Error,
}

/// How something ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It was not run.
    Skipped,
    /// It failed.
    Failed,
    /// The machine, the engine or the network failed it.
    Infrastructure,
    /// A rule stopped it.
    Denied,
    /// It was cancelled.
    Cancelled,
}

impl Outcome {
    /// Whether something went wrong, and not only the run's end came early.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Infrastructure | Self::Denied)
    }

    /// Whether `continue-on-error` lets it pass. A denial never is: somebody tried what they were not handed.
    pub(crate) fn is_tolerable(self) -> bool {
        matches!(self, Self::Failed | Self::Infrastructure)
    }

    /// How something ended of which one part ended so and another so: the graver, and a denial is the gravest. Whatever
    /// else ended a job, that somebody in it tried what they were not handed is never out of sight.
    pub(crate) fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            _ => self.max(other),
        }
    }

    /// The word for it, as events and expressions have it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Infrastructure => "infrastructure",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }

    /// The exit code that says so. Where several apply the gravest wins: see [`Outcome`]'s order.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed | Self::Skipped => 0,
            Self::Failed => 1,
            Self::Infrastructure => 4,
            Self::Denied => 3,
            Self::Cancelled => 130,
        }
    }
}
