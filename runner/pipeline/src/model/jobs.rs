//! Jobs.

use std::collections::HashMap;
use std::sync::Arc;

use super::env::{EnvLevel, Surroundings};
use super::fields::{is_misspelt, mark};
use super::keys::JOB;
use super::names::{self, shown};
use super::pipeline::Job;
use super::reader::Reader;
use super::references::DeclaredJob;
use super::retry::Defaults;
use super::steps::StepList;
use crate::expr::{Frame, Template};
use crate::source::Spanned;
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
            self.refer(&Sight::of_job(place, StepsSeen::None), references);
        }
        if let Some((key, node)) = node.entry("defaults") {
            around.defaults = self.defaults(key, node, &around.defaults);
        }
        let before = Sight {
            job: place,
            steps: StepsSeen::None,
            frame: Arc::clone(&around.env.frame),
        };
        let mut list = StepList::new(around);
        if let Some((key, node)) = node.entry("steps") {
            self.steps(&mut list, key, node);
        }
        if let Some((key, node)) = node.entry("finally") {
            let first = list.steps.len();
            self.steps(&mut list, key, node);
            let last = list.steps.iter_mut().skip(first);
            last.for_each(|step| step.finally = true);
        }
        let after = Sight {
            steps: StepsSeen::All,
            frame: Arc::clone(&list.around.env.frame),
            ..before.clone()
        };
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
            caches: Arc::default(),
            continue_on_error: false,
            steps: Arc::new(list.steps),
        };
        for (key, node) in entries {
            match key.value.as_str() {
                "name" => job.name = self.text(key, node),
                "needs" => job.needs = self.needs(key, node),
                "on" => job.on = self.triggers(key, node).map(Arc::new),
                "if" => job.condition = self.condition(&before, key, node),
                "timeout" => job.timeout = self.duration(key, node),
                "outputs" => job.outputs = Arc::new(self.outputs(&after, key, node)),
                "environment" => {
                    job.environment = self.environment(&before, &after, key, node);
                }
                "concurrency" => job.concurrency = self.concurrency(&before, key, node),
                "cache" => job.caches = Arc::new(self.caches(&before, key, node)),
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
            declared.needs_unread = is_misspelt(node, &JOB, "needs");
            declared.outputs_unread |= is_misspelt(node, &JOB, "outputs");
            declared.matrix_unread |= is_misspelt(node, &JOB, "matrix");
            declared.needs = job.needs.iter().map(|need| need.value.clone()).collect();
        }
        Some(job)
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
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Vec<(Spanned<String>, Template)> {
        let place = sight.job;
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
            let template = self.template(sight, text, node.span);
            outputs.push((name.clone(), template));
        }
        if let Some(job) = self.declared.jobs.get_mut(place) {
            job.outputs = declared;
        }
        outputs
    }
}

/// From where an expression looks.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// The place of its job in the file.
    pub(super) job: usize,
    /// The steps it can see.
    pub(super) steps: StepsSeen,
    /// What names of the file stand for there.
    pub(super) frame: Arc<Frame>,
}

impl Sight {
    /// Where no name stands for anything.
    pub(super) fn of_job(job: usize, steps: StepsSeen) -> Self {
        Self {
            job,
            steps,
            frame: Arc::default(),
        }
    }
}

/// What stands around steps.
pub(super) struct Around {
    /// The job's place in the file.
    pub(super) job: usize,
    pub(super) env: Surroundings,
    pub(super) defaults: Defaults,
}

/// Which steps of its job an expression can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepsSeen {
    /// None: this is worked out before any runs.
    None,
    /// Those before the step at this place.
    Before(usize),
    /// All: the job's outputs are made when it ends.
    All,
}
