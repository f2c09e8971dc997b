//! The keys of the file, level by level: the one table behind the reader's checks and the JSON Schema.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// The number of the format.
    Version,
    /// Text without expressions.
    Text,
    /// The id of a step.
    Id,
    /// A duration.
    Duration,
    /// A condition.
    Condition,
    /// A list of secrets' names.
    Secrets,
    /// A map of variables to their defaults.
    Vars,
    /// A map of names to where plugins come from.
    Plugins,
    /// A map of ids to jobs.
    Jobs,
    /// A job's id, or a list of them.
    Needs,
    /// A map of names to texts with expressions.
    Outputs,
    /// A list of steps.
    Steps,
    /// A map of inputs, which the plugin's manifest types.
    Inputs,
    /// A map of inputs to their defaults.
    FileInputs,
    /// A map of names to fixed values.
    Grants,
    /// A map of names to texts, numbers or true/false, for environments.
    Env,
    /// What steps have that don't say otherwise.
    Defaults,
    /// How often a step is tried again, and when.
    Retry,
    /// A script.
    Script,
    /// A shell.
    Shell,
    /// Paths of the workspace.
    Paths,
    /// True or false.
    Flag,
    /// A whole number, at least 1.
    Count,
    /// `constant` or `exponential`.
    Backoff,
    /// Kinds of failures.
    Failures,
    /// The events that something is for.
    Triggers,
    /// A name, and where it can be seen.
    Environment,
    /// A group, and what to do with the job of it that runs.
    Concurrency,
    /// The variants of a job.
    Matrix,
    /// What is kept between runs, once or several times.
    Caches,
    /// A text with expressions, or a list of them.
    Texts,
    /// `on-success`, `always` or `never`.
    Save,
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) required: bool,
    /// What it means, for the schema.
    pub(super) doc: &'static str,
}

/// A place with keys of its own.
#[derive(Debug)]
pub(super) struct Level {
    /// What it is, with its article.
    pub(super) noun: &'static str,
    pub(super) keys: &'static [Key],
}

impl Level {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

const fn key(name: &'static str, takes: Takes, doc: &'static str) -> Key {
    Key {
        name,
        takes,
        required: false,
        doc,
    }
}

const fn required(name: &'static str, takes: Takes, doc: &'static str) -> Key {
    Key {
        name,
        takes,
        required: true,
        doc,
    }
}

pub(super) const PIPELINE: Level = Level {
    noun: "a pipeline",
    keys: &[
        required(
            "version",
            Takes::Version,
            "The version of this file's format: 1.",
        ),
        key(
            "name",
            Takes::Text,
            "What the project is known by; without it, its folder.",
        ),
        key(
            "on",
            Takes::Triggers,
            "The events it is for: a run about another one skips all jobs.",
        ),
        key(
            "vars",
            Takes::Vars,
            "Variables and their defaults; nothing after the colon: a value must be given with --var or by the environment.",
        ),
        key(
            "secrets",
            Takes::Secrets,
            "The names of the secrets that expressions may use.",
        ),
        key(
            "plugins",
            Takes::Plugins,
            "Names for plugins that are not built in, and where they come from.",
        ),
        key(
            "env",
            Takes::Env,
            "Variables for the environments of scripts and programs, in all jobs. No secrets.",
        ),
        key(
            "defaults",
            Takes::Defaults,
            "What steps of all jobs have that don't say otherwise.",
        ),
        required("jobs", Takes::Jobs, "The jobs by their ids."),
    ],
};

pub(super) const JOB: Level = Level {
    noun: "a job",
    keys: &[
        key("name", Takes::Text, "What people call it."),
        key(
            "needs",
            Takes::Needs,
            "The jobs that must have ended well before this one starts.",
        ),
        key(
            "on",
            Takes::Triggers,
            "The events it is for: a run about another one skips it.",
        ),
        key(
            "if",
            Takes::Condition,
            "Whether it runs: an expression that is true or false.",
        ),
        key(
            "timeout",
            Takes::Duration,
            "How long it may take, e.g. 30m.",
        ),
        key(
            "outputs",
            Takes::Outputs,
            "What it hands to jobs that need it.",
        ),
        key(
            "env",
            Takes::Env,
            "Variables for the environments of scripts and programs in this job. No secrets.",
        ),
        key(
            "defaults",
            Takes::Defaults,
            "What this job's steps have that don't say otherwise.",
        ),
        key(
            "environment",
            Takes::Environment,
            "Where it deploys to: a name, or a name and a URL. What passed there is remembered.",
        ),
        key(
            "concurrency",
            Takes::Concurrency,
            "A group of jobs of which one runs at a time on this machine.",
        ),
        key(
            "continue-on-error",
            Takes::Flag,
            "Whether the run goes on as if this job had passed where it fails.",
        ),
        key(
            "matrix",
            Takes::Matrix,
            "The job is run once for each combination of these values.",
        ),
        key(
            "cache",
            Takes::Caches,
            "Folders and files that are kept between runs, by key.",
        ),
        required(
            "steps",
            Takes::Steps,
            "The steps, run in this order in one workspace.",
        ),
        key(
            "finally",
            Takes::Steps,
            "Steps that run at the end, however the others went.",
        ),
    ],
};

pub(super) const STEP: Level = Level {
    noun: "a step",
    keys: &[
        key(
            "id",
            Takes::Id,
            "What expressions call it: steps.ID.outputs.NAME.",
        ),
        key("name", Takes::Text, "What people call it."),
        key("uses", Takes::Text, "The plugin to run; or else `run`."),
        key(
            "with",
            Takes::Inputs,
            "The plugin's inputs. What is handed over here is what the step may touch.",
        ),
        key(
            "run",
            Takes::Script,
            "A script to run on this machine, in the sandbox for programs, in place of a plugin. No expressions: use `env`.",
        ),
        key(
            "shell",
            Takes::Shell,
            "Who reads the script: bash (without it) or sh.",
        ),
        key(
            "working-directory",
            Takes::Text,
            "The folder in which the script starts.",
        ),
        key(
            "reads",
            Takes::Paths,
            "The only files and folders that the script may read, besides those of the system.",
        ),
        key(
            "writes",
            Takes::Paths,
            "The only files and folders that the script may change.",
        ),
        key(
            "allow",
            Takes::Grants,
            "Of a plugin: fixed authority that it requires; each value repeats the one in its manifest. Of a script: the origins that it may connect to.",
        ),
        key(
            "if",
            Takes::Condition,
            "Whether it runs: an expression that is true or false.",
        ),
        key(
            "timeout",
            Takes::Duration,
            "How long each try of it may take, e.g. 5m.",
        ),
        key(
            "env",
            Takes::Env,
            "Variables for the environment of the script or program that this step runs.",
        ),
        key(
            "retry",
            Takes::Retry,
            "How often it is tried again where it fails; a number, or more words.",
        ),
        key(
            "continue-on-error",
            Takes::Flag,
            "Whether the job goes on as if it had passed where it fails.",
        ),
    ],
};

/// A step that stands for the steps of a file.
pub(super) const INCLUDE_STEP: Level = Level {
    noun: "an include",
    keys: &[
        required(
            "include",
            Takes::Text,
            "The file with the steps, in the pipeline's folder.",
        ),
        key(
            "id",
            Takes::Id,
            "What expressions call it: steps.ID.outputs.NAME, an output of the file.",
        ),
        key(
            "with",
            Takes::Inputs,
            "What is handed to the file: all that its steps see of the pipeline.",
        ),
        key(
            "if",
            Takes::Condition,
            "Whether its steps run: an expression that is true or false.",
        ),
    ],
};

/// A file that is included.
pub(super) const INCLUDED: Level = Level {
    noun: "an included file",
    keys: &[
        required(
            "version",
            Takes::Version,
            "The version of this file's format: 1.",
        ),
        key(
            "inputs",
            Takes::FileInputs,
            "What can be handed to it: names and their defaults; nothing after the colon: it must be handed over.",
        ),
        key(
            "outputs",
            Takes::Outputs,
            "What it hands to whoever includes it: steps.ID.outputs.NAME.",
        ),
        required("steps", Takes::Steps, "The steps, run in this order."),
    ],
};

pub(super) const ENVIRONMENT: Level = Level {
    noun: "`environment`",
    keys: &[
        required("name", Takes::Text, "What it is called."),
        key("url", Takes::Text, "Where it can be seen."),
    ],
};

pub(super) const CONCURRENCY: Level = Level {
    noun: "`concurrency`",
    keys: &[
        required("group", Takes::Text, "What the group is called."),
        key(
            "cancel-in-progress",
            Takes::Flag,
            "Whether the job of the group that runs is cancelled, and not waited for.",
        ),
    ],
};

pub(super) const CACHE: Level = Level {
    noun: "`cache`",
    keys: &[
        required(
            "paths",
            Takes::Texts,
            "The folders and files that are kept, in the pipeline's folder.",
        ),
        required(
            "key",
            Takes::Text,
            "What they are kept under: what is there once is never changed.",
        ),
        key(
            "fallback-keys",
            Takes::Texts,
            "Where nothing is kept under the key: the beginnings of other keys, in order; the newest that begins so is taken.",
        ),
        key(
            "save",
            Takes::Save,
            "When they are kept: if all steps passed (on-success, without it), also if some failed (always), or never.",
        ),
    ],
};

pub(super) const DEFAULTS: Level = Level {
    noun: "`defaults`",
    keys: &[
        key(
            "timeout",
            Takes::Duration,
            "How long each try of a step may take.",
        ),
        key(
            "retry",
            Takes::Retry,
            "How often a step is tried again where it fails.",
        ),
        key("shell", Takes::Shell, "Who reads the scripts of `run`."),
        key(
            "working-directory",
            Takes::Text,
            "The folder in which the scripts of `run` start.",
        ),
    ],
};

pub(super) const RETRY: Level = Level {
    noun: "`retry`",
    keys: &[
        required(
            "attempts",
            Takes::Count,
            "How often it is tried in all, the first time included.",
        ),
        key(
            "delay",
            Takes::Duration,
            "How long to wait before the second try; without it, 1s.",
        ),
        key(
            "backoff",
            Takes::Backoff,
            "Whether further waits are as long (constant) or twice as long each time (exponential).",
        ),
        key(
            "on",
            Takes::Failures,
            "Which kinds of failures are worth another try; without it, all.",
        ),
    ],
};

pub(super) const LEVELS: &[&Level] = &[&PIPELINE, &JOB, &STEP, &INCLUDE_STEP];

/// Keys that other runners have, and what they are called here.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    (
        "strategy",
        "write `matrix:` with `max-parallel` and `fail-fast` beside its axes",
    ),
    (
        "include",
        "a file is included where its steps are to run: `steps: [{ include: ci/steps.yml }]`",
    ),
    ("timeout-minutes", "write `timeout: 10m`"),
    ("allow_failure", "write `continue-on-error: true`"),
    ("restore-keys", "write `fallback-keys:`"),
    ("fallback_keys", "write `fallback-keys:`"),
];

/// Keys that a later version reads. Until then they are errors: a key that nobody obeys is a promise nobody keeps.
pub(super) const LATER: &[&str] = &["artifacts", "container", "permissions", "services"];
