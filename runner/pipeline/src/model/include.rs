//! `include`: a step that stands for the steps of a file.
//!
//! The file sees what is handed to it (`inputs`), its own steps and nothing else of the pipeline. Its steps become steps of
//! the job, under ids of their own.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::env::Surroundings;
use super::fields::mark;
use super::jobs::{Around, Sight, StepsSeen};
use super::keys::{INCLUDE_STEP, INCLUDED};
use super::names::{self, shown};
use super::reader::Reader;
use super::steps::{StepList, first_place};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, FileNames, Frame, Template};
use crate::included::{INCLUDE, normalized};
use crate::source::Spanned;
use crate::suggest::similar;
use crate::tree::{Node, Value, parse_tree};

/// What stands between the id of an include and those of its steps. No id has it.
pub(super) const INNER: char = '.';

/// How deep includes may nest. What is deeper can't be followed by its readers.
const MAX_DEPTH: usize = 8;

/// The most steps that includes make, all together. A few files that include each other often could make millions.
const MAX_STEPS: usize = 10_000;

/// What is handed to a file: none for an input whose value could not be read.
type Inputs = BTreeMap<String, Option<Node>>;

impl Reader<'_> {
    /// Reads an include, and the steps that it stands for.
    pub(super) fn include(&mut self, list: &mut StepList, key: &Spanned<String>, node: &Node) {
        let here = first_place(key, node);
        let Some(entries) = self.level(node, &INCLUDE_STEP, "an include", here) else {
            return;
        };
        let sight = list.sight();
        let (mut id, mut path, mut condition) = (None, None, None);
        let mut handed = Some(Vec::new());
        for (key, node) in entries {
            match key.value.as_str() {
                INCLUDE => path = self.text(key, node),
                "id" => id = self.step_id(list, key, node),
                "if" => condition = self.include_condition(&sight, key, node),
                "with" => handed = self.handed(&sight, key, node),
                _ => {}
            }
        }
        let Some(path) = path else { return };
        let outputs = self.file(list, &sight, &path, id.as_ref(), condition, handed);
        let Some(id) = id else { return };
        let frame = &list.around.env.frame;
        let own = id.value.rsplit(INNER).next().unwrap_or_default();
        let with_outputs = frame.with_include(own.to_owned(), outputs.unwrap_or_default());
        list.around.env.frame = Arc::new(with_outputs);
    }

    /// The condition of an include is one of each of its steps: how it went is for them to ask.
    fn include_condition(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Expr> {
        let condition = self.condition(sight, key, node)?;
        if condition.uses_status() {
            let message = "the `if` of an include can't ask how the job went so far";
            self.report(
                Diagnostic::error(codes::STATUS_OUTSIDE_IF, condition.span(), message)
                    .help("ask in the `if` of the steps that are included"),
            );
        }
        Some(condition)
    }

    fn handed(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Vec<(Spanned<String>, Node)>> {
        match self.with(sight, key, node)?.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Reads a file's steps into the list; gives its outputs.
    fn file(
        &mut self,
        list: &mut StepList,
        sight: &Sight,
        path: &Spanned<String>,
        id: Option<&Spanned<String>>,
        condition: Option<Expr>,
        handed: Option<Vec<(Spanned<String>, Node)>>,
    ) -> Option<BTreeMap<String, Arc<Template>>> {
        let (name, root) = self.included_file(path)?;
        let first_key = root.as_map().and_then(|entries| entries.first());
        let here = first_key.map_or(root.span, |(key, _)| key.span);
        let what = format!("the included file `{}`", shown(&name));
        self.level(&root, &INCLUDED, &what, here)?;
        if let Some((key, node)) = root.entry("version") {
            self.version(key, node);
        }
        let inputs = self.file_inputs(&root, path, handed);
        let prefix = match id {
            Some(id) => format!("{}{INNER}", id.value),
            // Ids begin with no digit, so that this is unlike all others.
            None => list
                .around
                .env
                .frame
                .id_in_job(&format!("{}{INNER}", list.places + 1)),
        };
        let frame = Frame::of_file(FileNames { inputs, prefix });
        let mut inner = StepList::new(Around {
            job: sight.job,
            env: Surroundings {
                frame: Arc::new(frame),
                ..Surroundings::default()
            },
            defaults: list.around.defaults.clone(),
        });
        inner.places = list.places;
        inner.included.clone_from(&list.included);
        inner.included.push(path.span);
        inner.condition = match (list.condition.clone(), condition) {
            (Some(outer), Some(own)) => Some(outer.and(own)),
            (outer, own) => outer.or(own),
        };
        self.including.push(name);
        if let Some((key, node)) = root.entry("steps") {
            self.steps(&mut inner, key, node);
        }
        self.including.pop();
        let after = Sight {
            job: sight.job,
            // Steps behind this include are none of the file's.
            steps: StepsSeen::Before(inner.places),
            frame: Arc::clone(&inner.around.env.frame),
        };
        let outputs = root
            .entry("outputs")
            .map(|(key, node)| self.file_outputs(&after, key, node))
            .unwrap_or_default();
        self.included_steps += inner.steps.len();
        if self.included_steps > MAX_STEPS {
            let message = format!("includes make more than {MAX_STEPS} steps");
            self.report(Diagnostic::error(codes::LIMIT_EXCEEDED, path.span, message));
            return None;
        }
        list.places = inner.places;
        list.steps.append(&mut inner.steps);
        Some(outputs)
    }

    /// What stands in a file that can be included here.
    fn included_file(&mut self, path: &Spanned<String>) -> Option<(String, Arc<Node>)> {
        let found = self.find_included(path);
        found.map_err(|mistake| self.report(mistake)).ok()
    }

    fn find_included(&mut self, path: &Spanned<String>) -> Result<(String, Arc<Node>), Diagnostic> {
        let bad = |why: &str| {
            let message = format!("`{}` can't be included: {why}", shown(&path.value));
            Diagnostic::error(codes::BAD_INCLUDE, path.span, message)
        };
        let name = normalized(&path.value).map_err(bad)?;
        if let Some(first) = self.including.iter().position(|file| *file == name) {
            let around = self.including.iter().skip(first);
            let way: Vec<String> = around.map(|file| format!("`{}`", shown(file))).collect();
            let why = format!(
                "it includes itself: {} → `{}`",
                way.join(" → "),
                shown(&name)
            );
            return Err(bad(&why).help("remove one of these includes"));
        }
        if self.including.len() >= MAX_DEPTH {
            return Err(bad(&format!("includes nest at most {MAX_DEPTH} deep")));
        }
        let file = self.source.included().get(&name).map_err(bad)?;
        let root = match self.files.entry(name.clone()) {
            Entry::Occupied(found) => Arc::clone(found.get()),
            Entry::Vacant(place) => Arc::clone(place.insert(Arc::new(parse_tree(file)?))),
        };
        if root.is_null() {
            return Err(bad("there is nothing in it")
                .help("such a file starts with `version: 1`, then `inputs`, then `steps`"));
        }
        Ok((name, root))
    }

    /// What a file's inputs stand for: what was handed over, else their defaults.
    fn file_inputs(
        &mut self,
        root: &Node,
        path: &Spanned<String>,
        handed: Option<Vec<(Spanned<String>, Node)>>,
    ) -> Inputs {
        let none: &[_] = &[];
        let declared = match root.entry("inputs") {
            Some((key, node)) => self
                .open_map(key, node, "a map of names to defaults")
                .unwrap_or(none),
            None => none,
        };
        let mut inputs = Inputs::new();
        for (name, default) in declared {
            if let Some(mistake) = names::check_identifier(name, "an input's name") {
                self.report(mistake);
            }
            let what = format!("the default of `{}`", shown(&name.value));
            self.has_expressions(&what, default);
            let given = handed.iter().flatten().find(|(key, node)| {
                key.value == name.value && !(node.is_null() && node.template.is_none())
            });
            let value = match given {
                Some((_, node)) => Some(node.clone()),
                None if handed.is_none() => None,
                None if !default.is_null() => Some(default.clone()),
                None => {
                    self.missing_input(name, path);
                    None
                }
            };
            inputs.insert(name.value.clone(), value);
        }
        for (key, _) in handed.iter().flatten() {
            if !inputs.contains_key(&key.value) {
                self.unknown_input(key, path, declared);
            }
        }
        inputs
    }

    fn missing_input(&mut self, name: &Spanned<String>, path: &Spanned<String>) {
        let (name_shown, file) = (shown(&name.value), shown(&path.value));
        let message = format!("`{file}` needs the input `{name_shown}`");
        self.report(
            Diagnostic::error(codes::MISSING_INPUT, path.span, message)
                .label(format!("without `{name_shown}`"))
                .related(name.span, "declared here, without a default")
                .help(format!("hand it over: `with: {{ {name_shown}: … }}`")),
        );
    }

    fn unknown_input(
        &mut self,
        key: &Spanned<String>,
        path: &Spanned<String>,
        declared: &[(Spanned<String>, Node)],
    ) {
        let known = || declared.iter().map(|(name, _)| name.value.as_str());
        let help = similar(&key.value, known()).unwrap_or_else(|| match known().next() {
            None => "it declares no `inputs`".to_owned(),
            Some(_) => format!("known there: {}", known().collect::<Vec<_>>().join(", ")),
        });
        let message = format!(
            "`{}` has no input `{}`",
            shown(&path.value),
            shown(&key.value)
        );
        self.report(
            Diagnostic::error(codes::UNKNOWN_INPUT, key.span, message)
                .label("not an input")
                .help(help),
        );
    }

    fn file_outputs(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> BTreeMap<String, Arc<Template>> {
        let entries = self
            .open_map(key, node, "a map of names to texts")
            .unwrap_or_default();
        let mut outputs = BTreeMap::new();
        for (name, node) in entries {
            if let Some(mistake) = names::check_identifier(name, "an output's name") {
                self.report(mistake);
            }
            let Some(text) = node.as_str() else {
                let what = format!("the output `{}`", shown(&name.value));
                self.wrong_type(&what, "text", mark(name.span, node), node);
                continue;
            };
            let template = self.template(sight, text, node.span);
            outputs.insert(name.value.clone(), Arc::new(template));
        }
        outputs
    }
}
