//! A build's events, as lines of the step's log and as progress.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use capstep_docker::{BuildEvent, BuildListener, LayerListener, LayerProgress};

use crate::ops::Reporter;
use crate::protocol::{Level, Progress};
use crate::step::{Lines, Shared};

/// What is counted of a build while it is told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) steps: u32,
    pub(super) cached: u32,
}

/// One build on its way into the log.
pub(super) struct Told {
    shared: Arc<Shared>,
    reporter: Reporter,
    log: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: HashMap<String, Step>,
    /// The step whose lines were shown last: another one's are introduced by its name.
    speaking: Option<String>,
    counted: Counted,
}

struct Step {
    name: String,
    lines: Lines,
}

impl Told {
    pub(super) fn new(shared: Arc<Shared>, reporter: Reporter, log: bool) -> Arc<Self> {
        Arc::new(Self {
            shared,
            reporter,
            log,
            state: Mutex::default(),
        })
    }

    pub(super) fn listener(self: &Arc<Self>) -> BuildListener {
        let told = Arc::clone(self);
        Arc::new(move |event| told.tell(event))
    }

    pub(super) fn counted(&self) -> Counted {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .counted
    }

    fn tell(&self, event: BuildEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            BuildEvent::Started { id, name, line } => {
                // What has a line is an instruction of the Dockerfile; the rest is work around it.
                if line.is_some() {
                    state.counted.steps += 1;
                }
                let lines = Lines::new(&self.shared.masker);
                state.steps.insert(id, Step { name, lines });
            }
            BuildEvent::Progressed {
                what,
                current,
                total,
                ..
            } => self.reporter.progress(Progress {
                what: self.shared.masker.mask_str(&what).into_owned(),
                done: current,
                total,
            }),
            BuildEvent::Log { id, bytes } => {
                let lines = match state.steps.get_mut(&id) {
                    Some(step) => step.lines.push(&bytes),
                    None => Vec::new(),
                };
                self.lines(&mut state, &id, &lines);
            }
            BuildEvent::Finished { id, cached, error } => {
                let Some(step) = state.steps.remove(&id) else {
                    return;
                };
                let rest = step.lines.finish();
                if cached {
                    state.counted.cached += 1;
                }
                if self.log && !rest.is_empty() {
                    self.introduce(&mut state, &id, &step.name);
                    self.say(&rest);
                }
                if self.log {
                    let how = match (&error, cached) {
                        (Some(_), _) => "failed",
                        (None, true) => "cached",
                        (None, false) => "done",
                    };
                    self.shared
                        .voice
                        .message(Level::Info, &format!("{}: {how}", step.name));
                }
                state.speaking = None;
            }
            BuildEvent::Warning { message, line } => {
                let place = line.map_or_else(String::new, |line| format!("line {line}: "));
                self.shared
                    .voice
                    .message(Level::Warn, &format!("{place}{message}"));
            }
        }
    }

    fn lines(&self, state: &mut State, id: &str, lines: &[String]) {
        if !self.log || lines.is_empty() {
            return;
        }
        let Some(name) = state.steps.get(id).map(|step| step.name.clone()) else {
            return;
        };
        self.introduce(state, id, &name);
        self.say(lines);
    }

    fn introduce(&self, state: &mut State, id: &str, name: &str) {
        if state.speaking.as_deref() != Some(id) {
            self.shared.voice.message(Level::Info, name);
            state.speaking = Some(id.to_owned());
        }
    }

    fn say(&self, lines: &[String]) {
        for line in lines {
            self.shared.voice.line(Level::Info, &format!("  {line}"));
        }
    }
}

/// Layers on their way, as progress alone: there may be dozens at once.
pub(super) fn layers(shared: &Arc<Shared>, reporter: &Reporter) -> LayerListener {
    let (shared, reporter) = (Arc::clone(shared), reporter.clone());
    Arc::new(move |layer: LayerProgress| {
        let Some(done) = layer.current else { return };
        let what = match &layer.layer {
            Some(id) => format!("{} {id}", layer.status),
            None => layer.status,
        };
        reporter.progress(Progress {
            what: shared.masker.mask_str(&what).into_owned(),
            done,
            total: layer.total,
        });
    })
}
