//! Lists of steps.

use std::collections::HashMap;
use std::sync::Arc;

use super::env::EnvLevel;
use super::fields::{is_misspelt, mark};
use super::jobs::{Around, Sight, StepsSeen};
use super::keys::STEP;
use super::names::{self, shown};
use super::pipeline::Step;
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Target, Template, has_expression};
use crate::included::INCLUDE;
use crate::source::{Span, Spanned};
use crate::tree::{Node, Value};

/// A list of steps, as far as it was read.
pub(super) struct StepList {
    pub(super) around: Around,
    pub(super) steps: Vec<Step>,
    /// How many steps of the job there are so far. One that can't be read counts as well.
    pub(super) places: usize,
    /// The ids in this list.
    pub(super) ids: HashMap<String, Span>,
    /// What the includes around it ask for.
    pub(super) condition: Option<Expr>,
    /// Where it was included, outermost first.
    pub(super) included: Vec<Span>,
}

impl StepList {
    /// The list of a job.
    pub(super) fn new(around: Around) -> Self {
        Self {
            around,
            steps: Vec::new(),
            places: 0,
            ids: HashMap::new(),
            condition: None,
            included: Vec::new(),
        }
    }

    /// From where the next step's expressions look.
    pub(super) fn sight(&self) -> Sight {
        Sight {
            job: self.around.job,
            steps: StepsSeen::Before(self.places),
            frame: Arc::clone(&self.around.env.frame),
        }
    }
}

impl Reader<'_> {
    /// Reads steps that stand behind those that the list has.
    pub(super) fn steps(&mut self, list: &mut StepList, key: &Spanned<String>, node: &Node) {
        let what = format!("`{}`", key.value);
        let Some(items) = node.as_list() else {
            self.wrong_type(&what, "a list of steps", mark(key.span, node), node);
            return;
        };
        if items.is_empty() {
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, node.span, format!("{what} is empty"))
                    .help("add at least one step: `- uses:` with the name of a plugin"),
            );
        }
        for item in items {
            if item.get(INCLUDE).is_some() {
                self.include(list, key, item);
            } else {
                let step = self.step(list, key, item);
                list.steps.extend(step);
                list.places += 1;
            }
        }
    }

    fn step(&mut self, list: &mut StepList, key: &Spanned<String>, node: &Node) -> Option<Step> {
        if let Some(text) = node.as_str() {
            let message = "a step must be a map, found text";
            self.report(
                Diagnostic::error(codes::WRONG_TYPE, node.span, message)
                    .help(format!("write `- uses: {}`", shown(text))),
            );
            return None;
        }
        let here = first_place(key, node);
        let what = match node.get("id").and_then(Node::as_str) {
            Some(id) => format!("the step `{}`", shown(id)),
            None => format!("step {}", list.places + 1),
        };
        let entries = self.level(node, &STEP, &what, here)?;
        let mut sight = list.sight();
        let mut env = list.around.env.nothing_more();
        if let Some((key, node)) = node.entry("env") {
            let (own, references) = self.env(key, node, &list.around.env, EnvLevel::Step);
            self.refer(&sight, references);
            env = own;
        }
        sight.frame = Arc::clone(&env.frame);
        let (uses, script) = self.what_it_runs(node, here, &what, &list.around.defaults);
        let has_script = script.is_some();
        let mut step = Step {
            id: None,
            name: None,
            uses: Spanned::new(String::new(), here),
            with: script.map(|inputs| self.inputs(&sight, &inputs)),
            allow: Vec::new(),
            condition: list.condition.clone(),
            timeout: list.around.defaults.timeout.clone(),
            env: env.env,
            retry: list.around.defaults.retry.clone(),
            continue_on_error: false,
            finally: false,
            included: list.included.clone(),
            span: node.span,
        };
        for (key, node) in entries {
            match key.value.as_str() {
                "id" => step.id = self.step_id(list, key, node),
                "name" => step.name = self.text(key, node),
                "with" if !has_script => step.with = self.with(&sight, key, node),
                "allow" if !has_script => step.allow = self.allow(key, node),
                "if" => {
                    let own = self.condition(&sight, key, node);
                    step.condition = match (step.condition.take(), own) {
                        (Some(outer), Some(own)) => Some(outer.and(own)),
                        (outer, own) => outer.or(own),
                    };
                }
                "timeout" => step.timeout = self.duration(key, node),
                "retry" => step.retry = self.retry(key, node),
                "continue-on-error" => step.continue_on_error = self.flag(key, node),
                _ => {}
            }
        }
        step.uses = uses?;
        // What it is handed could not be read: nothing more can be said of it.
        (has_script || !is_misspelt(node, &STEP, "with")).then_some(step)
    }

    /// The id of a step or an include, as the job has it.
    pub(super) fn step_id(
        &mut self,
        list: &mut StepList,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Spanned<String>> {
        let mut id = self.text(key, node)?;
        if let Some(mistake) = names::check_identifier(&id, "a step's id") {
            self.report(mistake);
        }
        self.once(&mut list.ids, &id, "the step");
        id.value = list.around.env.frame.id_in_job(&id.value);
        if let Some(job) = self.declared.jobs.get_mut(list.around.job) {
            job.steps.push((id.value.clone(), list.places));
        }
        Some(id)
    }

    /// What is handed to a plugin, or to an included file.
    pub(super) fn with(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Node> {
        self.open_map(key, node, "a map of inputs")?;
        Some(self.inputs(sight, node))
    }

    /// The requirements that a step grants.
    fn allow(&mut self, key: &Spanned<String>, node: &Node) -> Vec<(Spanned<String>, Node)> {
        let expected = "a map of requirements to their values";
        let entries = self.open_map(key, node, expected).unwrap_or_default();
        for (name, value) in entries {
            if let Some(mistake) = names::check_identifier(name, "the name of a requirement") {
                self.report(mistake);
            }
            self.has_expressions("what is allowed", value);
        }
        entries.to_vec()
    }

    /// Reads the expressions in a step's inputs, which may be any YAML.
    fn inputs(&mut self, sight: &Sight, node: &Node) -> Node {
        let mut read = node.clone();
        match &mut read.value {
            Value::String(text) if has_expression(text) => {
                return self.input(sight, node, text);
            }
            Value::List(items) => {
                for item in items {
                    *item = self.inputs(sight, item);
                }
            }
            Value::Map(entries) => {
                for (key, node) in entries {
                    self.has_expression("a key", &key.value, key.span);
                    *node = self.inputs(sight, node);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        read
    }

    /// A text with expressions in it.
    fn input(&mut self, sight: &Sight, node: &Node, text: &str) -> Node {
        if let Some(handed) = self.handed_whole(sight, node, text) {
            return handed;
        }
        let mut read = node.clone();
        read.template = Some(Arc::new(self.template(sight, text, node.span)));
        read
    }

    /// What was handed to an included file, if a text is this input and nothing else. It keeps the place where it was
    /// written, since there it was granted.
    fn handed_whole(&self, sight: &Sight, node: &Node, text: &str) -> Option<Node> {
        let file = sight.frame.file()?;
        let (template, _) = Template::parse(text, node.span, self.source);
        let reference = template.single_expr()?.only_reference()?;
        match &reference.target {
            Target::Input(name) if reference.path.len() == 2 => file.inputs.get(name)?.clone(),
            _ => None,
        }
    }
}

/// Where a step begins.
pub(super) fn first_place(list: &Spanned<String>, node: &Node) -> Span {
    let first_key = node.as_map().and_then(|entries| entries.first());
    first_key.map_or_else(|| mark(list.span, node), |(key, _)| key.span)
}
