//! Goes through the tree and makes the pipeline, collecting what is wrong.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::env::{EnvLevel, Surroundings};
use super::fields::{Entry, is_misspelt, mark};
use super::graph;
use super::jobs::{Sight, StepsSeen};
use super::keys::PIPELINE;
use super::matrix::Matrix;
use super::names;
use super::pipeline::{Job, Pipeline, PluginDecl, VarDecl};
use super::references::{self, Declared, Use};
use super::retry::Defaults;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span, Spanned};
use crate::tree::{Node, Value, parse_tree};

/// The most mistakes that are told of one file. A file that was meant as something else has thousands, and each is
/// compared with every known name.
const MAX_DIAGNOSTICS: usize = 500;

/// Reads a pipeline.
///
/// Gives every mistake at once, in the order of the file; a mistake of YAML alone, since all after it is guesswork.
/// There may be a pipeline beside mistakes, of what could be read: good to look things up in, not to run.
pub fn parse_pipeline(source: &Source) -> (Option<Pipeline>, Vec<Diagnostic>) {
    let root = match parse_tree(source.file_at(0)) {
        Ok(root) => root,
        Err(mistake) => return (None, vec![mistake]),
    };
    let mut reader = Reader::new(source);
    let pipeline = reader.pipeline(&root);
    let mut diagnostics = reader.diagnostics;
    // A file that is included twice has its mistakes twice.
    let mut told = HashSet::new();
    diagnostics.retain(|it| told.insert((it.span, it.code, it.message.clone())));
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    (pipeline, diagnostics)
}

/// What reading collects.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    diagnostics: Vec<Diagnostic>,
    /// What expressions refer to, checked when all is read.
    pub(super) uses: Vec<Use>,
    /// What they may refer to.
    pub(super) declared: Declared,
    /// The pipeline's own `env`.
    pub(super) env: Surroundings,
    /// The pipeline's own `defaults`.
    pub(super) defaults: Defaults,
    /// What the matrices of jobs make, by the jobs' keys.
    pub(super) matrices: HashMap<String, Matrix>,
    /// The files that are being read, the pipeline's own left out: each is included by the one before it.
    pub(super) including: Vec<String>,
    /// What the files that are included say, by their paths.
    pub(super) files: HashMap<String, Arc<Node>>,
    /// How many steps there are by includes.
    pub(super) included_steps: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            diagnostics: Vec::new(),
            uses: Vec::new(),
            declared: Declared::default(),
            env: Surroundings::default(),
            defaults: Defaults::default(),
            matrices: HashMap::new(),
            including: Vec::new(),
            files: HashMap::new(),
            included_steps: 0,
        }
    }

    /// Adds a mistake.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether no more mistakes are told.
    pub(super) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    fn pipeline(&mut self, root: &Node) -> Option<Pipeline> {
        if root.is_null() {
            self.report(
                Diagnostic::error(
                    codes::EMPTY_FILE,
                    root.span,
                    "there is nothing in this file",
                )
                .help("a pipeline starts with `version: 1`, then `jobs:`"),
            );
            return None;
        }
        let first_key = root.as_map().and_then(|entries| entries.first());
        let here = first_key.map_or(root.span, |(key, _)| key.span);
        let entries = self.level(root, &PIPELINE, "the pipeline", here)?;
        let mut pipeline = Pipeline {
            name: None,
            on: None,
            vars: Vec::new(),
            secrets: Vec::new(),
            plugins: Vec::new(),
            jobs: Vec::new(),
        };
        if let Some((key, node)) = root.entry("env") {
            let (env, references) =
                self.env(key, node, &Surroundings::default(), EnvLevel::Pipeline);
            self.env = env;
            let seen = Sight::of_job(0, StepsSeen::None);
            self.refer(&seen, references);
        }
        if let Some((key, node)) = root.entry("defaults") {
            self.defaults = self.defaults(key, node, &Defaults::default());
        }
        for (key, node) in entries {
            match key.value.as_str() {
                "version" => self.version(key, node),
                "name" => pipeline.name = self.text(key, node),
                "on" => pipeline.on = self.triggers(key, node),
                "vars" => pipeline.vars = self.vars(key, node),
                "secrets" => pipeline.secrets = self.secrets(key, node),
                "plugins" => pipeline.plugins = self.plugins(key, node),
                "jobs" => pipeline.jobs = self.jobs(key, node),
                _ => {}
            }
        }
        if is_misspelt(root, &PIPELINE, "vars") {
            self.declared.variables = None;
        }
        if is_misspelt(root, &PIPELINE, "secrets") {
            self.declared.secrets = None;
        }
        self.check_shared_names(&pipeline);
        references::check(self, &pipeline);
        for cycle in graph::cycles(&pipeline) {
            self.report(cycle);
        }
        self.expand(&mut pipeline);
        Some(pipeline)
    }

    pub(super) fn version(&mut self, key: &Spanned<String>, node: &Node) {
        let span = mark(key.span, node);
        let number = node.as_number().and_then(|number| number.value.as_u64());
        match number {
            Some(1) => {}
            Some(newer) if newer > 1 => {
                let message = format!(
                    "this needs a newer capstep: version {newer} is not known to this one ({} reads version 1)",
                    env!("CARGO_PKG_VERSION")
                );
                self.report(
                    Diagnostic::error(codes::UNSUPPORTED_VERSION, span, message).help(
                        "update capstep, or write `version: 1` if the file uses nothing newer",
                    ),
                );
            }
            Some(_) => {
                let message = "there is no version 0 of this file's format";
                self.report(
                    Diagnostic::error(codes::UNSUPPORTED_VERSION, span, message)
                        .help("write `version: 1`"),
                );
            }
            None => {
                let message = format!(
                    "`version` must be the number 1, found {}",
                    super::fields::found(node)
                );
                self.report(
                    Diagnostic::error(codes::WRONG_TYPE, span, message)
                        .help("write `version: 1`, without quotes"),
                );
            }
        }
    }

    /// The entries of a map with keys of the author's choosing.
    pub(super) fn open_map<'n>(
        &mut self,
        key: &Spanned<String>,
        node: &'n Node,
        expected: &str,
    ) -> Option<&'n [Entry]> {
        let entries = node.as_map();
        if entries.is_none() {
            let what = format!("`{}`", key.value);
            self.wrong_type(&what, expected, mark(key.span, node), node);
        }
        entries
    }

    fn vars(&mut self, key: &Spanned<String>, node: &Node) -> Vec<VarDecl> {
        let expected = "a map of names to defaults";
        let Some(entries) = self.open_map(key, node, expected) else {
            self.declared.variables = None;
            return Vec::new();
        };
        let mut vars = Vec::new();
        for (name, default) in entries {
            if let Some(mistake) = names::check_variable(name, "a variable's name") {
                self.report(mistake);
            }
            let span = mark(name.span, default);
            let what = format!("the default of `{}`", names::shown(&name.value));
            match &default.value {
                Value::List(_) | Value::Map(_) => {
                    self.wrong_type(&what, "text, a number or true/false", span, default);
                }
                Value::String(text) => {
                    self.has_expression(&what, text, span);
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
            if let Some(known) = &mut self.declared.variables {
                known.push(name.value.clone());
            }
            vars.push(VarDecl {
                name: name.clone(),
                default: (!default.is_null()).then(|| default.clone()),
            });
        }
        vars
    }

    fn secrets(&mut self, key: &Spanned<String>, node: &Node) -> Vec<Spanned<String>> {
        let Some(items) = node.as_list() else {
            let span = mark(key.span, node);
            self.wrong_type("`secrets`", "a list of names", span, node);
            self.declared.secrets = None;
            return Vec::new();
        };
        let mut secrets = Vec::new();
        let mut seen = HashMap::new();
        for item in items {
            let Some(name) = self.plain_text("a secret's name", key.span, item) else {
                // What was meant is not known, so neither is which secrets are unknown.
                self.declared.secrets = None;
                continue;
            };
            if let Some(mistake) = names::check_variable(&name, "a secret's name") {
                self.report(mistake);
            }
            self.once(&mut seen, &name, "the secret");
            if let Some(known) = &mut self.declared.secrets {
                known.push(name.value.clone());
            }
            secrets.push(name);
        }
        secrets
    }

    /// Refuses a name that was there before.
    pub(super) fn once(
        &mut self,
        seen: &mut HashMap<String, Span>,
        name: &Spanned<String>,
        what: &str,
    ) {
        if let Some(first) = seen.get(&name.value) {
            let message = format!("{what} `{}` is named twice", names::shown(&name.value));
            self.report(
                Diagnostic::error(codes::DUPLICATE_NAME, name.span, message)
                    .related(*first, "the first one")
                    .help("remove one of the two"),
            );
        } else {
            seen.insert(name.value.clone(), name.span);
        }
    }

    fn plugins(&mut self, key: &Spanned<String>, node: &Node) -> Vec<PluginDecl> {
        let expected = "a map of names to where plugins come from";
        let entries = self.open_map(key, node, expected).unwrap_or_default();
        let mut plugins = Vec::new();
        for (name, source) in entries {
            if let Some(mistake) = names::check_identifier(name, "a plugin's name") {
                self.report(mistake);
            }
            if let Some(source) = self.text(name, source) {
                plugins.push(PluginDecl {
                    name: name.clone(),
                    source,
                });
            }
        }
        plugins
    }

    fn jobs(&mut self, key: &Spanned<String>, node: &Node) -> Vec<Job> {
        let Some(entries) = self.open_map(key, node, "a map of ids to jobs") else {
            return Vec::new();
        };
        if entries.is_empty() {
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, node.span, "`jobs` is empty")
                    .help("add at least one job: an id, and below it `steps:`"),
            );
        }
        let read = |(place, (id, node)): (usize, &Entry)| self.job(place, id, node);
        entries.iter().enumerate().filter_map(read).collect()
    }

    /// A secret and a variable of one name would be taken from one environment variable: the secret would be readable
    /// as the variable.
    fn check_shared_names(&mut self, pipeline: &Pipeline) {
        let vars: HashMap<&str, Span> = pipeline
            .vars
            .iter()
            .map(|var| (var.name.value.as_str(), var.name.span))
            .collect();
        for secret in &pipeline.secrets {
            if let Some(var) = vars.get(secret.value.as_str()) {
                let message = format!(
                    "`{}` is declared as a secret and as a variable",
                    names::shown(&secret.value)
                );
                self.report(
                    Diagnostic::error(codes::DUPLICATE_NAME, secret.span, message)
                        .related(*var, "the variable")
                        .help("rename one: both would be taken from the same environment variable"),
                );
            }
        }
    }
}
