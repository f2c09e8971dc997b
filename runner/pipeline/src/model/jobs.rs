//! Jobs and steps.

use std::collections::HashMap;
use std::sync::Arc;

use super::env::{EnvLevel, Surroundings};
use super::fields::mark;
use super::keys::{JOB, STEP};
use super::names::{self, shown};
use super::pipeline::{Job, Step};
use super::reader::Reader;
use super::references::{DeclaredJob, Use};
use super::retry::Defaults;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Frame, OPEN, Reference, Template};
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
        // What stands around the steps is needed to read them, wherever it is written.
        let mut around = Around {
            job: place,
            env: self.env.clone(),
            defaults: self.defaults.clone(),
        };
        if let Some((key, node)) = node.entry("env") {
            let (env, references) = self.env(key, node, &around.env, EnvLevel::Job);
            around.env = env;
            let frame = Arc::default();
            self.refer(place, StepsSeen::None, &frame, references.into_iter());
        }
        if let Some((key, node)) = node.entry("defaults") {
            around.defaults = self.defaults(key, node, &around.defaults);
        }
        let frame = Arc::clone(&around.env.frame);
        let mut seen = HashMap::new();
        let mut steps = Vec::new();
        if let Some((key, node)) = node.entry("steps") {
            steps = self.steps(&around, key, node, 0, &mut seen);
        }
        let before = node
            .get("steps")
            .and_then(Node::as_list)
            .map_or(0, <[Node]>::len);
        if let Some((key, node)) = node.entry("finally") {
            let mut last = self.steps(&around, key, node, before, &mut seen);
            last.iter_mut().for_each(|step| step.finally = true);
            steps.append(&mut last);
        }
        let mut job = Job {
            id: id.clone(),
            key: id.value.clone(),
            matrix: None,
            name: None,
            needs: Vec::new(),
            on: None,
            condition: None,
            timeout: None,
            outputs: Arc::default(),
            environment: None,
            concurrency: None,
            continue_on_error: false,
            frame: Arc::clone(&frame),
            steps: Arc::new(steps),
        };
        for (key, node) in entries {
            match key.value.as_str() {
                "name" => job.name = self.text(key, node),
                "needs" => job.needs = self.needs(key, node),
                "on" => job.on = self.triggers(key, node).map(Arc::new),
                "if" => {
                    job.condition = self.condition(key, node);
                    let references = job.condition.iter().flat_map(|expr| expr.references());
                    let seen = StepsSeen::None;
                    self.refer(place, seen, &frame, references);
                }
                "timeout" => job.timeout = self.duration(key, node),
                "outputs" => job.outputs = Arc::new(self.outputs(&around, key, node)),
                "environment" => job.environment = self.environment(place, &frame, key, node),
                "concurrency" => job.concurrency = self.concurrency(place, &frame, key, node),
                "continue-on-error" => job.continue_on_error = self.flag(key, node),
                "matrix" => {
                    let matrix = self.matrix(key, node);
                    if let Some(declared) = self.declared.jobs.get_mut(place) {
                        declared.axes = matrix.as_ref().map(|matrix| matrix.axes.clone());
                        declared.matrix_unread = matrix.is_none();
                    }
                    self.matrices
                        .insert(id.value.clone(), matrix.unwrap_or_default());
                }
                _ => {}
            }
        }
        if let Some(declared) = self.declared.jobs.get_mut(place) {
            declared.needs = job.needs.iter().map(|need| need.value.clone()).collect();
        }
        Some(job)
    }

    /// Notes what expressions refer to.
    pub(super) fn refer(
        &mut self,
        job: usize,
        steps: StepsSeen,
        frame: &Arc<Frame>,
        references: impl Iterator<Item = Reference>,
    ) {
        self.uses.extend(references.map(|reference| Use {
            job,
            steps,
            frame: Arc::clone(frame),
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
        around: &Around,
        key: &Spanned<String>,
        node: &Node,
    ) -> Vec<(Spanned<String>, Template)> {
        let place = around.job;
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
            let seen = StepsSeen::All;
            let template = self.template(place, seen, &around.env.frame, text, node.span);
            outputs.push((name.clone(), template));
        }
        if let Some(job) = self.declared.jobs.get_mut(place) {
            job.outputs = declared;
        }
        outputs
    }

    /// A text with expressions; what they refer to is noted.
    pub(super) fn template(
        &mut self,
        job: usize,
        steps: StepsSeen,
        frame: &Arc<Frame>,
        text: &str,
        span: Span,
    ) -> Template {
        let (template, mistakes) = Template::parse_all(text, span, self.source);
        mistakes
            .into_iter()
            .for_each(|mistake| self.report(mistake));
        self.refer(job, steps, frame, template.references().into_iter());
        template
    }

    /// Reads a list of steps; `before` of them stand before it in the job.
    fn steps(
        &mut self,
        around: &Around,
        key: &Spanned<String>,
        node: &Node,
        before: usize,
        seen: &mut HashMap<String, Span>,
    ) -> Vec<Step> {
        let what = format!("`{}`", key.value);
        let Some(items) = node.as_list() else {
            self.wrong_type(&what, "a list of steps", mark(key.span, node), node);
            return Vec::new();
        };
        if items.is_empty() {
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, node.span, format!("{what} is empty"))
                    .help("add at least one step: `- uses:` with the name of a plugin"),
            );
        }
        let mut steps = Vec::new();
        for (place, item) in items.iter().enumerate() {
            steps.extend(self.step(around, before + place, key, item, seen));
        }
        steps
    }

    fn step(
        &mut self,
        around: &Around,
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
        let job = around.job;
        let mut env = around.env.nothing_more();
        if let Some((key, node)) = node.entry("env") {
            let (own, references) = self.env(key, node, &around.env, EnvLevel::Step);
            self.refer(job, before, &Arc::default(), references.into_iter());
            env = own;
        }
        let frame = Arc::clone(&env.frame);
        let (uses, script) = self.what_it_runs(node, here, &what, &around.defaults);
        let has_script = script.is_some();
        if let Some(inputs) = &script {
            self.inputs(job, before, &frame, inputs);
        }
        let mut step = Step {
            id: None,
            name: None,
            uses: Spanned::new(String::new(), here),
            with: script,
            allow: Vec::new(),
            condition: None,
            timeout: around.defaults.timeout.clone(),
            env: env.env,
            retry: around.defaults.retry.clone(),
            continue_on_error: false,
            finally: false,
            frame: Arc::clone(&frame),
            span: node.span,
        };
        for (key, node) in entries {
            match key.value.as_str() {
                "id" => step.id = self.step_id(job, place, key, node, seen),
                "name" => step.name = self.text(key, node),
                "with" if !has_script => step.with = self.with(job, before, &frame, key, node),
                "allow" if !has_script => step.allow = self.allow(key, node),
                "if" => {
                    step.condition = self.condition(key, node);
                    let references = step.condition.iter().flat_map(|expr| expr.references());
                    self.refer(job, before, &frame, references);
                }
                "timeout" => step.timeout = self.duration(key, node),
                "retry" => step.retry = self.retry(key, node),
                "continue-on-error" => step.continue_on_error = self.flag(key, node),
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
        frame: &Arc<Frame>,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Node> {
        self.open_map(key, node, "a map of inputs")?;
        self.inputs(job, steps, frame, node);
        Some(node.clone())
    }

    /// Checks the expressions in a step's inputs, which may be any YAML.
    fn inputs(&mut self, job: usize, steps: StepsSeen, frame: &Arc<Frame>, node: &Node) {
        match &node.value {
            Value::String(text) => {
                if text.contains(OPEN) {
                    self.template(job, steps, frame, text, node.span);
                }
            }
            Value::List(items) => {
                for item in items {
                    self.inputs(job, steps, frame, item);
                }
            }
            Value::Map(entries) => {
                for (key, node) in entries {
                    self.has_expression("a key", &key.value, key.span);
                    self.inputs(job, steps, frame, node);
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

/// What stands around a job's steps.
struct Around {
    /// The job's place in the file.
    job: usize,
    env: Surroundings,
    defaults: Defaults,
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
