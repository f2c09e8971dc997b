//! Jobs and steps.

use std::collections::HashMap;

use super::fields::mark;
use super::keys::{JOB, STEP};
use super::names::{self, shown};
use super::pipeline::{Job, Step};
use super::reader::Reader;
use super::references::{DeclaredJob, Use};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{OPEN, Reference, Template};
use crate::source::{Span, Spanned};
use crate::tree::{Node, Value};

impl Reader<'_> {
    /// Reads the job at `place` of the file. None if it isn't even a map.
    pub(super) fn job(&mut self, place: usize, id: &Spanned<String>, node: &Node) -> Option<Job> {
        if let Some(mistake) = names::check_identifier(id, "a job's id") {
            self.report(mistake);
        }
        self.declared
            .jobs
            .push(DeclaredJob::new(id.value.clone(), id.span));
        let what = format!("the job `{}`", shown(&id.value));
        let Some(entries) = self.level(node, &JOB, &what, id.span) else {
            if let Some(declared) = self.declared.jobs.get_mut(place) {
                declared.outputs_unread = true;
            }
            return None;
        };
        let mut job = Job {
            id: id.clone(),
            name: None,
            needs: Vec::new(),
            condition: None,
            timeout: None,
            outputs: Vec::new(),
            steps: Vec::new(),
        };
        for (key, node) in entries {
            match key.value.as_str() {
                "name" => job.name = self.text(key, node),
                "needs" => job.needs = self.needs(key, node),
                "if" => {
                    job.condition = self.condition(key, node);
                    let references = job.condition.iter().flat_map(|expr| expr.references());
                    let seen = StepsSeen::None;
                    self.refer(place, seen, references);
                }
                "timeout" => job.timeout = self.duration(key, node),
                "outputs" => job.outputs = self.outputs(place, key, node),
                "steps" => job.steps = self.steps(place, key, node),
                _ => {}
            }
        }
        if let Some(declared) = self.declared.jobs.get_mut(place) {
            declared.needs = job.needs.iter().map(|need| need.value.clone()).collect();
        }
        Some(job)
    }

    /// Notes what expressions refer to.
    fn refer(&mut self, job: usize, steps: StepsSeen, references: impl Iterator<Item = Reference>) {
        self.uses.extend(references.map(|reference| Use {
            job,
            steps,
            reference,
        }));
    }

    fn needs(&mut self, key: &Spanned<String>, node: &Node) -> Vec<Spanned<String>> {
        let items = match &node.value {
            Value::String(_) => std::slice::from_ref(node),
            Value::List(items) => items,
            _ => {
                let span = mark(key.span, node);
                self.wrong_type("`needs`", "a job's id or a list of them", span, node);
                return Vec::new();
            }
        };
        let mut seen = HashMap::new();
        let mut needs = Vec::new();
        for item in items {
            if let Some(need) = self.plain_text("an id in `needs`", key.span, item) {
                self.once(&mut seen, &need, "the job");
                needs.push(need);
            }
        }
        needs
    }

    fn outputs(
        &mut self,
        place: usize,
        key: &Spanned<String>,
        node: &Node,
    ) -> Vec<(Spanned<String>, Template)> {
        let Some(entries) = self.open_map(key, node, "a map of names to texts") else {
            if let Some(job) = self.declared.jobs.get_mut(place) {
                job.outputs_unread = true;
            }
            return Vec::new();
        };
        let mut outputs = Vec::new();
        let mut declared = Vec::new();
        for (name, node) in entries {
            if let Some(mistake) = names::check_identifier(name, "an output's name") {
                self.report(mistake);
            }
            declared.push(name.value.clone());
            let Some(text) = node.as_str() else {
                let what = format!("the output `{}`", shown(&name.value));
                self.wrong_type(&what, "text", mark(name.span, node), node);
                continue;
            };
            let template = self.template(place, StepsSeen::All, text, node.span);
            outputs.push((name.clone(), template));
        }
        if let Some(job) = self.declared.jobs.get_mut(place) {
            job.outputs = declared;
        }
        outputs
    }

    /// A text with expressions; what they refer to is noted.
    fn template(&mut self, job: usize, steps: StepsSeen, text: &str, span: Span) -> Template {
        let (template, mistakes) = Template::parse_all(text, span, self.source);
        mistakes
            .into_iter()
            .for_each(|mistake| self.report(mistake));
        self.refer(job, steps, template.references().into_iter());
        template
    }

    fn steps(&mut self, job: usize, key: &Spanned<String>, node: &Node) -> Vec<Step> {
        let Some(items) = node.as_list() else {
            self.wrong_type("`steps`", "a list of steps", mark(key.span, node), node);
            return Vec::new();
        };
        if items.is_empty() {
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, node.span, "`steps` is empty")
                    .help("add at least one step: `- uses:` with the name of a plugin"),
            );
        }
        let mut seen = HashMap::new();
        let mut steps = Vec::new();
        for (place, item) in items.iter().enumerate() {
            steps.extend(self.step(job, place, key, item, &mut seen));
        }
        steps
    }

    fn step(
        &mut self,
        job: usize,
        place: usize,
        list: &Spanned<String>,
        node: &Node,
        seen: &mut HashMap<String, Span>,
    ) -> Option<Step> {
        if let Some(text) = node.as_str() {
            let message = "a step must be a map, found text";
            self.report(
                Diagnostic::error(codes::WRONG_TYPE, node.span, message)
                    .help(format!("write `- uses: {}`", shown(text))),
            );
            return None;
        }
        let first_key = node.as_map().and_then(|entries| entries.first());
        let here = first_key.map_or_else(|| mark(list.span, node), |(key, _)| key.span);
        let what = match node.get("id").and_then(Node::as_str) {
            Some(id) => format!("the step `{}`", shown(id)),
            None => format!("step {}", place + 1),
        };
        let entries = self.level(node, &STEP, &what, here)?;
        let before = StepsSeen::Before(place);
        let mut uses = None;
        let mut step = Step {
            id: None,
            name: None,
            uses: Spanned::new(String::new(), here),
            with: None,
            allow: Vec::new(),
            condition: None,
            timeout: None,
            span: node.span,
        };
        for (key, node) in entries {
            match key.value.as_str() {
                "id" => step.id = self.step_id(job, place, key, node, seen),
                "name" => step.name = self.text(key, node),
                "uses" => uses = self.text(key, node),
                "with" => step.with = self.with(job, before, key, node),
                "allow" => step.allow = self.allow(key, node),
                "if" => {
                    step.condition = self.condition(key, node);
                    let references = step.condition.iter().flat_map(|expr| expr.references());
                    self.refer(job, before, references);
                }
                "timeout" => step.timeout = self.duration(key, node),
                _ => {}
            }
        }
        step.uses = uses?;
        Some(step)
    }

    fn step_id(
        &mut self,
        job: usize,
        place: usize,
        key: &Spanned<String>,
        node: &Node,
        seen: &mut HashMap<String, Span>,
    ) -> Option<Spanned<String>> {
        let id = self.text(key, node)?;
        if let Some(mistake) = names::check_identifier(&id, "a step's id") {
            self.report(mistake);
        }
        self.once(seen, &id, "the step");
        if let Some(job) = self.declared.jobs.get_mut(job) {
            job.steps.push((id.value.clone(), place));
        }
        Some(id)
    }

    fn with(
        &mut self,
        job: usize,
        steps: StepsSeen,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Node> {
        self.open_map(key, node, "a map of inputs")?;
        self.inputs(job, steps, node);
        Some(node.clone())
    }

    /// Checks the expressions in a step's inputs, which may be any YAML.
    fn inputs(&mut self, job: usize, steps: StepsSeen, node: &Node) {
        match &node.value {
            Value::String(text) => {
                if text.contains(OPEN) {
                    self.template(job, steps, text, node.span);
                }
            }
            Value::List(items) => {
                for item in items {
                    self.inputs(job, steps, item);
                }
            }
            Value::Map(entries) => {
                for (key, node) in entries {
                    self.has_expression("a key", &key.value, key.span);
                    self.inputs(job, steps, node);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn allow(&mut self, key: &Spanned<String>, node: &Node) -> Vec<(Spanned<String>, Node)> {
        let expected = "a map of requirements to their values";
        let entries = self.open_map(key, node, expected).unwrap_or_default();
        for (name, value) in entries {
            if let Some(mistake) = names::check_identifier(name, "the name of a requirement") {
                self.report(mistake);
            }
            let mut texts = Vec::new();
            value.for_each_text(&mut |text, span| texts.push((text.to_owned(), span)));
            for (text, span) in texts {
                self.has_expression("what is allowed", &text, span);
            }
        }
        entries.to_vec()
    }
}

/// Which steps of its job an expression can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepsSeen {
    /// None: the job's `if` is decided before any runs.
    None,
    /// Those before the step at this place.
    Before(usize),
    /// All: the job's outputs are made when it ends.
    All,
}
