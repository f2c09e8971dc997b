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
    /// A map of names to fixed values.
    Grants,
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
        required(
            "steps",
            Takes::Steps,
            "The steps, run in this order in one workspace.",
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
        required("uses", Takes::Text, "The plugin to run."),
        key(
            "with",
            Takes::Inputs,
            "The plugin's inputs. What is handed over here is what the step may touch.",
        ),
        key(
            "allow",
            Takes::Grants,
            "Fixed authority that the plugin requires; each value repeats the one in its manifest.",
        ),
        key(
            "if",
            Takes::Condition,
            "Whether it runs: an expression that is true or false.",
        ),
        key("timeout", Takes::Duration, "How long it may take, e.g. 5m."),
    ],
};

pub(super) const LEVELS: &[&Level] = &[&PIPELINE, &JOB, &STEP];

/// Keys that a later version reads. Until then they are errors: a key that nobody obeys is a promise nobody keeps.
pub(super) const LATER: &[&str] = &[
    "artifacts",
    "cache",
    "concurrency",
    "container",
    "continue-on-error",
    "defaults",
    "env",
    "environment",
    "finally",
    "include",
    "matrix",
    "on",
    "permissions",
    "reads",
    "retry",
    "run",
    "services",
    "shell",
    "strategy",
    "working-directory",
    "writes",
];
