//! What a run came to, in the shape that programs read.

use capstep_engine::past::{PastRun, RunState};
use capstep_engine::{Level, Outcome};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The version of these shapes.
const VIEW_VERSION: u32 = 1;

/// A list of runs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RunList {
    /// The version of this shape.
    pub(crate) version: u32,
    /// The runs, newest first.
    pub(crate) runs: Vec<ListedRun>,
    /// How many more there are.
    pub(crate) more: usize,
}

impl RunList {
    pub(crate) fn new(runs: Vec<ListedRun>, more: usize) -> Self {
        Self {
            version: VIEW_VERSION,
            runs,
            more,
        }
    }
}

/// A run in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListedRun {
    /// Its id.
    pub(crate) run: String,
    /// Whether it lives, has ended or was cut short.
    pub(crate) state: RunState,
    /// How it ended; null where it has not said.
    pub(crate) outcome: Option<Outcome>,
    /// Its exit code.
    pub(crate) exit_code: Option<u8>,
    /// The pipeline's file, as it was named.
    pub(crate) pipeline: Option<String>,
    /// The pipeline's folder.
    pub(crate) workspace: Option<String>,
    /// Whether what was run was trusted.
    pub(crate) trusted: Option<bool>,
    /// When it began: RFC 3339, UTC.
    pub(crate) started: Option<String>,
    /// When it ended.
    pub(crate) finished: Option<String>,
    /// How long it took.
    pub(crate) milliseconds: Option<u64>,
    /// The first step that failed, where one did.
    pub(crate) failed: Option<FailedStep>,
}

/// Which step failed, and why.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct FailedStep {
    /// The job's id.
    pub(crate) job: String,
    /// The step's number in its job, from 1; none where the job itself went wrong.
    pub(crate) step: Option<usize>,
    /// What the step is called.
    pub(crate) name: Option<String>,
    /// Where the pipeline has the step.
    pub(crate) place: Option<PlaceView>,
    /// Why.
    pub(crate) message: Option<String>,
}

impl ListedRun {
    pub(super) fn new(run: &PastRun, failed: Option<FailedStep>) -> Self {
        let record = run.record.as_ref();
        Self {
            run: run.id.clone(),
            state: run.state,
            outcome: record.and_then(|record| record.outcome),
            exit_code: record.and_then(|record| record.exit_code),
            pipeline: record.map(|record| record.pipeline.clone()),
            workspace: record.map(|record| record.workspace.clone()),
            trusted: record.map(|record| record.trusted),
            started: record.map(|record| record.started.clone()),
            finished: record.and_then(|record| record.finished.clone()),
            milliseconds: record.and_then(|record| record.milliseconds()),
            failed,
        }
    }
}

/// What happened in a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RunView {
    /// The version of this shape.
    pub(crate) version: u32,
    /// The run's id.
    pub(crate) run: String,
    /// Its folder, with its events and its journal.
    pub(crate) folder: String,
    /// Whether it lives, has ended or was cut short.
    pub(crate) state: RunState,
    /// How it ended; null where it has not said.
    pub(crate) outcome: Option<Outcome>,
    /// Its exit code.
    pub(crate) exit_code: Option<u8>,
    /// The pipeline's file, as it was named.
    pub(crate) pipeline: Option<String>,
    /// SHA-256 of the pipeline's text.
    pub(crate) digest: Option<String>,
    /// The pipeline's folder.
    pub(crate) workspace: Option<String>,
    /// Whether what was run was trusted.
    pub(crate) trusted: Option<bool>,
    /// When it began: RFC 3339, UTC.
    pub(crate) started: Option<String>,
    /// When it ended.
    pub(crate) finished: Option<String>,
    /// How long it took.
    pub(crate) milliseconds: Option<u64>,
    /// Its jobs, in the order they began or were settled.
    pub(crate) jobs: Vec<JobView>,
    /// What its journal says.
    pub(crate) journal: JournalView,
}

impl RunView {
    pub(super) fn new(run: &PastRun, jobs: Vec<JobView>, journal: JournalView) -> Self {
        let listed = ListedRun::new(run, None);
        Self {
            version: VIEW_VERSION,
            run: listed.run,
            folder: run.path.display().to_string(),
            state: listed.state,
            outcome: listed.outcome,
            exit_code: listed.exit_code,
            pipeline: listed.pipeline,
            digest: run.record.as_ref().map(|record| record.digest.clone()),
            workspace: listed.workspace,
            trusted: listed.trusted,
            started: listed.started,
            finished: listed.finished,
            milliseconds: listed.milliseconds,
            jobs,
            journal,
        }
    }
}

/// What happened in a job.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct JobView {
    /// Its id.
    pub(crate) job: String,
    /// How it ended; null where it has not.
    pub(crate) outcome: Option<Outcome>,
    /// Whether the run went on as if it had passed.
    pub(crate) continues: bool,
    /// Why it was not run, or what went wrong beside its steps.
    pub(crate) reason: Option<String>,
    /// The run that its outcome and outputs were taken from.
    pub(crate) taken_from: Option<String>,
    /// How long it took.
    pub(crate) milliseconds: Option<u64>,
    /// What it hands to other jobs.
    pub(crate) outputs: Value,
    /// Where it deployed to.
    pub(crate) deployed: Option<DeployedView>,
    /// Its steps.
    pub(crate) steps: Vec<StepView>,
}

/// Where a job deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeployedView {
    /// The environment.
    pub(crate) environment: String,
    /// Where it can be seen.
    pub(crate) url: Option<String>,
}

/// What happened in a step.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StepView {
    /// Its number in its job, from 1.
    pub(crate) step: usize,
    /// What it is called.
    pub(crate) name: String,
    /// What it uses.
    pub(crate) uses: Option<String>,
    /// Where the pipeline has it; null where it was not run.
    pub(crate) place: Option<PlaceView>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it began: RFC 3339, UTC.
    pub(crate) started: Option<String>,
    /// How it ended; null where it has not.
    pub(crate) outcome: Option<Outcome>,
    /// Whether its job went on as if it had passed.
    pub(crate) continues: bool,
    /// Why it was not run, or did not pass.
    pub(crate) reason: Option<String>,
    /// The run that its outcome and outputs were taken from.
    pub(crate) taken_from: Option<String>,
    /// More about why it did not pass: an error's kind, stage and details.
    pub(crate) details: Value,
    /// How long it took.
    pub(crate) milliseconds: Option<u64>,
    /// Its outputs, where it passed.
    pub(crate) outputs: Value,
    /// What was denied: each with its rule, where the input was handed over, and what would grant it.
    pub(crate) denials: Vec<DenialView>,
    /// The lines that are shown: all with `--log`, else the last ones of a step that failed.
    pub(crate) lines: Vec<LineView>,
    /// How many lines came before those.
    pub(crate) lines_before: usize,
}

/// A line of a step's log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LineView {
    /// How much it matters.
    pub(crate) level: Level,
    /// The text.
    pub(crate) text: String,
}

/// A denied act.
#[derive(Debug, Clone, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DenialView {
    /// The rule's word.
    pub(crate) rule: String,
    /// The input that was asked for.
    #[serde(default)]
    pub(crate) pointer: String,
    /// What was tried.
    #[serde(default)]
    pub(crate) message: String,
    /// What would grant it, where anything could.
    #[serde(default)]
    pub(crate) hint: Option<String>,
    /// The line of the pipeline that hands the input over.
    #[serde(default)]
    pub(crate) place: Option<PlaceView>,
}

/// A place in the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PlaceView {
    /// The file, as it was named.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column, from 1.
    pub(crate) column: usize,
}

impl std::fmt::Display for PlaceView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What a journal says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct JournalView {
    /// Whether the file is whole.
    pub(crate) chain: Chain,
    /// How many records there are.
    pub(crate) records: usize,
    /// The hash of the last record that fits.
    pub(crate) head: Option<String>,
    /// What the run did, in the order it was begun.
    pub(crate) effects: Vec<Effect>,
}

/// Whether a journal is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub(crate) enum Chain {
    /// Every record fits the one before, and the last is the one that the run noted at its end.
    Holds,
    /// Every record fits the one before; the run has not noted which is the last, since it has not ended or was killed.
    HoldsSoFar,
    /// The line of this number, from 1, doesn't fit what is before it.
    Broken {
        /// The line.
        line: usize,
    },
    /// Every record fits, but the last is not the one that the run noted at its end: lines are missing.
    OtherHead,
    /// There is no journal.
    Missing,
}

impl Chain {
    /// Whether something is wrong with it.
    pub(crate) fn is_bad(self) -> bool {
        match self {
            Self::Holds | Self::HoldsSoFar => false,
            Self::Broken { .. } | Self::OtherHead | Self::Missing => true,
        }
    }
}

/// Something that a step did, or tried to do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Effect {
    /// The job's id.
    pub(crate) job: String,
    /// The step's number in its job; null where the job itself did it.
    pub(crate) step: Option<usize>,
    /// Which try of the step.
    pub(crate) attempt: u64,
    /// The call's number in its step.
    pub(crate) call: u64,
    /// The verb: `files/write`.
    pub(crate) verb: String,
    /// What came of it.
    pub(crate) state: EffectState,
    /// When it was begun, or told of: RFC 3339, UTC.
    pub(crate) time: String,
    /// What allowed it: the authority, and the line of the pipeline that gave it.
    pub(crate) grants: Vec<GrantView>,
    /// The secrets used, by name.
    pub(crate) secrets: Vec<String>,
    /// Its arguments.
    pub(crate) arguments: Value,
    /// What came of it: sizes, digests, exit codes.
    pub(crate) result: Value,
    /// Why it failed, or which rule stopped it.
    pub(crate) error: Option<String>,
}

/// What allowed an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GrantView {
    /// The input's pointer.
    pub(crate) pointer: String,
    /// What it designated.
    pub(crate) authority: String,
    /// Where that was written.
    pub(crate) place: PlaceView,
}

/// What came of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EffectState {
    /// It changed something.
    Done,
    /// It was begun and failed.
    Failed,
    /// It is under way.
    UnderWay,
    /// It was begun, and nobody knows whether it happened: the run was killed.
    InDoubt,
    /// It only read.
    Read,
    /// Something was handed to a plugin directly: a mount.
    Granted,
    /// A rule stopped it.
    Denied,
}
