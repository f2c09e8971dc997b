//! What steps that run side by side say, put in an order that can be read: one of them is foremost, and its lines are said
//! as they come; those of the others wait for its end. So each step's lines stand together.

use std::collections::HashMap;

/// How many bytes of lines may wait. Where more have come, the step that says so much is foremost from then on, and the
/// other one is named again when it goes on: nothing is lost for it.
const WAITING_LIMIT: usize = 1024 * 1024;

/// How BuildKit's own work around the Dockerfile's instructions is named: of interest only where it fails. (A cache that
/// can't be had is told by itself.)
const INTERNAL: [&str; 2] = ["[internal] ", "importing cache manifest from "];

/// Something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The step whose lines follow.
    Step(String),
    /// A line of it.
    Line(String),
    /// A step has ended.
    Ended { name: String, how: How },
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Done,
    Cached,
    Failed,
}

impl How {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cached => "cached",
            Self::Failed => "failed",
        }
    }
}

/// The steps of one build.
#[derive(Default)]
pub(super) struct Grouped {
    steps: HashMap<String, Step>,
    /// Counts steps, so that of several the earliest is known.
    begun: u64,
    ended: u64,
    foremost: Option<String>,
    /// The bytes of all lines that wait.
    waiting: usize,
}

struct Step {
    name: String,
    begun: u64,
    lines: Vec<String>,
    /// How it ended and as which one, of a step whose lines wait even so.
    end: Option<(u64, How)>,
}

impl Step {
    fn is_internal(&self) -> bool {
        INTERNAL.iter().any(|name| self.name.starts_with(name))
    }

    /// `build` of `[build 2/3] RUN make`.
    fn stage(&self) -> &str {
        let bracket = self
            .name
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'));
        bracket
            .and_then(|(bracket, _)| bracket.rsplit_once(' '))
            .map_or("", |(stage, _)| stage)
    }
}

impl Grouped {
    pub(super) fn begin(&mut self, id: String, name: String) {
        self.begun += 1;
        let step = Step {
            name,
            begun: self.begun,
            lines: Vec::new(),
            end: None,
        };
        self.steps.insert(id, step);
    }

    pub(super) fn lines(&mut self, id: &str, lines: Vec<String>) -> Vec<Said> {
        let Some(step) = self.steps.get_mut(id).filter(|_| !lines.is_empty()) else {
            return Vec::new();
        };
        if self.foremost.as_deref() == Some(id) {
            return lines.into_iter().map(Said::Line).collect();
        }
        self.waiting += lines.iter().map(String::len).sum::<usize>();
        step.lines.extend(lines);
        let is_next = self.foremost.is_none() || self.waiting > WAITING_LIMIT;
        if is_next && !step.is_internal() {
            return self.put_foremost(id);
        }
        Vec::new()
    }

    pub(super) fn end(&mut self, id: &str, how: How) -> Vec<Said> {
        let is_foremost = self.foremost.as_deref() == Some(id);
        let Some(step) = self.steps.get_mut(id) else {
            return Vec::new();
        };
        if step.is_internal() && how != How::Failed {
            return self.close(id, how);
        }
        if !is_foremost && self.foremost.is_some() {
            self.ended += 1;
            step.end = Some((self.ended, how));
            return Vec::new();
        }
        let stage = step.stage().to_owned();
        let mut said = self.close(id, how);
        if is_foremost {
            self.foremost = None;
            said.extend(self.next(&stage));
        }
        said
    }

    /// Everything that waits still: the build has ended.
    pub(super) fn finish(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        loop {
            self.foremost = None;
            let more = self.next("");
            if more.is_empty() {
                return said;
            }
            said.extend(more);
        }
    }

    /// After the foremost step: what has ended meanwhile, and then who goes on, of the same stage where there is one.
    fn next(&mut self, stage: &str) -> Vec<Said> {
        let mut ended: Vec<(u64, String, How)> = self
            .steps
            .iter()
            .filter_map(|(id, step)| step.end.map(|(order, how)| (order, id.clone(), how)))
            .collect();
        ended.sort_by_key(|(order, ..)| *order);
        let mut said = Vec::new();
        for (_, id, how) in ended {
            said.extend(self.close(&id, how));
        }
        let speaking = self
            .steps
            .iter()
            .filter(|(_, step)| !step.lines.is_empty() && !step.is_internal())
            .min_by_key(|(_, step)| (step.stage() != stage, step.begun));
        if let Some(id) = speaking.map(|(id, _)| id.clone()) {
            said.extend(self.put_foremost(&id));
        }
        said
    }

    fn put_foremost(&mut self, id: &str) -> Vec<Said> {
        self.foremost = Some(id.to_owned());
        let Some(step) = self.steps.get_mut(id) else {
            return Vec::new();
        };
        let lines = std::mem::take(&mut step.lines);
        self.waiting = self
            .waiting
            .saturating_sub(lines.iter().map(String::len).sum());
        std::iter::once(Said::Step(step.name.clone()))
            .chain(lines.into_iter().map(Said::Line))
            .collect()
    }

    /// A step's last words. BuildKit's own steps have some only where they fail.
    fn close(&mut self, id: &str, how: How) -> Vec<Said> {
        let Some(step) = self.steps.remove(id) else {
            return Vec::new();
        };
        self.waiting = self
            .waiting
            .saturating_sub(step.lines.iter().map(String::len).sum());
        if step.is_internal() && how != How::Failed {
            return Vec::new();
        }
        let mut said = Vec::new();
        if !step.lines.is_empty() {
            said.push(Said::Step(step.name.clone()));
            said.extend(step.lines.into_iter().map(Said::Line));
        }
        said.push(Said::Ended {
            name: step.name,
            how,
        });
        said
    }
}

#[cfg(test)]
mod tests;
