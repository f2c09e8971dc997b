//! The types of a pipeline.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::cache::Cache;
use super::triggers::Triggers;
use crate::expr::{Expr, Reference, Template};
use crate::source::{Span, Spanned};
use crate::tree::Node;

/// A pipeline file.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// What the project is known by; without it, its folder.
    pub name: Option<Spanned<String>>,
    /// The events it is for; without it, any.
    pub on: Option<Triggers>,
    /// The variables it declares, in the order written.
    pub vars: Vec<VarDecl>,
    /// The names of the secrets it declares.
    pub secrets: Vec<Spanned<String>>,
    /// Plugins that it names itself.
    pub plugins: Vec<PluginDecl>,
    /// The jobs, in the order written.
    pub jobs: Vec<Job>,
}

/// A declared variable.
#[derive(Debug, Clone, PartialEq)]
pub struct VarDecl {
    /// Its name, also that of the environment variable it may be taken from.
    pub name: Spanned<String>,
    /// The value where none is given: text, a number or true/false. None: one must be given.
    ///
    /// [`Node::scalar_text`] is what was written; `1.10` is not `1.1`.
    pub default: Option<Node>,
}

/// A plugin that the pipeline names.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginDecl {
    /// The name that steps use.
    pub name: Spanned<String>,
    /// Where it comes from.
    pub source: Spanned<String>,
}

/// A job: steps in order, in one workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id: the key in `jobs`, and for a job of a matrix its values behind it: `test (linux, 3.12)`.
    pub id: Spanned<String>,
    /// The key in `jobs`.
    pub key: String,
    /// Which job of a matrix it is.
    pub matrix: Option<Variant>,
    /// What people call it.
    pub name: Option<Spanned<String>>,
    /// The ids of the jobs that must have ended well before it; a job with a matrix is all of its jobs.
    pub needs: Vec<Spanned<String>>,
    /// The events it is for; without it, any that the pipeline is for.
    pub on: Option<Arc<Triggers>>,
    /// Whether it runs.
    pub condition: Option<Expr>,
    /// How long it may take.
    pub timeout: Option<Spanned<Duration>>,
    /// What it hands to jobs that need it. The jobs of a matrix have these in common.
    pub outputs: Arc<Vec<(Spanned<String>, Template)>>,
    /// Where it deploys to.
    pub environment: Option<Environment>,
    /// What must not run beside it.
    pub concurrency: Option<Concurrency>,
    /// What it keeps between runs. The jobs of a matrix have these in common.
    pub caches: Arc<Vec<Cache>>,
    /// Whether the run goes on as if it had passed where it fails.
    pub continue_on_error: bool,
    /// Its steps, in the order written, those of `finally` last. Never empty in a pipeline without errors. The jobs of a
    /// matrix have them in common.
    pub steps: Arc<Vec<Step>>,
}

impl Job {
    /// Whether a name on the command line means this job: its id, or its key, which means all of a matrix.
    pub fn is_called(&self, name: &str) -> bool {
        self.id.value == name || self.key == name
    }
}

/// Where a job deploys to.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// What it is called.
    pub name: Template,
    /// Where it can be seen.
    pub url: Option<Template>,
}

/// A group of jobs of which one runs at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    /// What the group is called.
    pub group: Template,
    /// Whether the job that runs is to end, and not to be waited for.
    pub cancel_in_progress: bool,
}

/// One job of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The values of the axes.
    pub values: Map<String, Value>,
    /// How many of the matrix may run at once.
    pub max_parallel: Option<u32>,
    /// Whether the others are cancelled where one fails.
    pub fail_fast: bool,
}

/// A step: one run of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its id, unique in the job; without one, nothing can refer to its outputs.
    pub id: Option<Spanned<String>>,
    /// What people call it.
    pub name: Option<Spanned<String>>,
    /// The plugin.
    pub uses: Spanned<String>,
    /// The plugin's inputs: a map, typed by the plugin's manifest.
    pub with: Option<Node>,
    /// Fixed authority that the plugin requires, repeated here to grant it.
    pub allow: Vec<(Spanned<String>, Node)>,
    /// Whether it runs.
    pub condition: Option<Expr>,
    /// How long each try may take.
    pub timeout: Option<Spanned<Duration>>,
    /// The environment for what it runs; the innermost level is the step's own.
    pub env: Arc<Env>,
    /// How often it is tried again.
    pub retry: Option<Retry>,
    /// Whether the job goes on as if it had passed where it fails.
    pub continue_on_error: bool,
    /// Whether it runs at the end of its job, however the others went.
    pub finally: bool,
    /// Where it was included, if it comes from another file: the outermost place first.
    pub included: Vec<Span>,
    /// The whole step.
    pub span: Span,
}

impl Step {
    /// Every path in its expressions.
    pub fn references(&self) -> Vec<Reference> {
        let condition = self.condition.iter().flat_map(Expr::references);
        let inputs = self.with.iter().flat_map(Node::references);
        let env = self.env.entries();
        let env = env.iter().flat_map(|(_, node)| node.references());
        condition.chain(inputs).chain(env).collect()
    }
}

/// Variables for the environment of a script or program: what is written here, over what is around it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Env {
    /// What is written here, each name once: text with expressions, numbers, true/false.
    pub own: Vec<(Spanned<String>, Node)>,
    /// What is around it: the job's, and around that the pipeline's. All steps of a job have it in common.
    pub around: Option<Arc<Env>>,
}

impl Env {
    /// All of it, what is around first; a name that is written again has its innermost value.
    pub fn entries(&self) -> Vec<&(Spanned<String>, Node)> {
        let mut levels = Vec::new();
        let mut level = Some(self);
        while let Some(env) = level {
            levels.push(env);
            level = env.around.as_deref();
        }
        let mut seen = HashSet::new();
        let mut entries: Vec<_> = levels
            .iter()
            .flat_map(|level| level.own.iter().rev())
            .filter(|(name, _)| seen.insert(name.value.as_str()))
            .collect();
        entries.reverse();
        entries
    }
}

/// How often a step is tried again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried in all.
    pub attempts: u32,
    /// How long to wait before the second try.
    pub delay: Duration,
    /// How long to wait before further ones.
    pub backoff: Backoff,
    /// Which failures are worth another try; all where there is none. One of [`FAILURES`] each.
    pub on: Vec<&'static str>,
}

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// Each is as long as the first.
    Constant,
    /// Each is twice as long as the one before.
    Exponential,
}

/// The kinds of failures that `retry` knows. Those of plugins are the kinds of errors of the interface; a denial is no
/// such failure, and is never tried again.
pub const FAILURES: &[&str] = &[
    "failed",
    "crashed",
    "timeout",
    "unreachable",
    "unauthorized",
    "not-found",
    "invalid",
    "conflict",
    "peer",
    "too-large",
    "unsupported",
    "internal",
];
