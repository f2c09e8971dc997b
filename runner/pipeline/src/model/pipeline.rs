//! The types of a pipeline.

use std::time::Duration;

use crate::expr::{Expr, Template};
use crate::source::{Span, Spanned};
use crate::tree::Node;

/// A pipeline file.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// What the project is known by; without it, its folder.
    pub name: Option<Spanned<String>>,
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
    /// Its id, the key in `jobs`.
    pub id: Spanned<String>,
    /// What people call it.
    pub name: Option<Spanned<String>>,
    /// The ids of the jobs that must have ended well before it.
    pub needs: Vec<Spanned<String>>,
    /// Whether it runs.
    pub condition: Option<Expr>,
    /// How long it may take.
    pub timeout: Option<Spanned<Duration>>,
    /// What it hands to jobs that need it.
    pub outputs: Vec<(Spanned<String>, Template)>,
    /// Its steps, in the order written. Never empty in a pipeline without errors.
    pub steps: Vec<Step>,
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
    /// How long it may take.
    pub timeout: Option<Spanned<Duration>>,
    /// The whole step.
    pub span: Span,
}
