//! A build's events, as lines of the step's log, as annotations and as progress.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstep_docker::{BuildEvent, BuildListener, LayerListener, LayerProgress};

use super::grouped::{Grouped, How, Said};
use crate::ops::Reporter;
use crate::protocol::{Annotation, Level, Progress};
use crate::step::{Lines, Shared};

/// What is counted of a build while it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) steps: u32,
    pub(super) cached: u32,
}

/// One build on its way into the log.
pub(super) struct Told {
    shared: Arc<Shared>,
    reporter: Reporter,
    log: bool,
    /// The Dockerfile, by its path in the workspace.
    dockerfile: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The running steps' bytes on their way to becoming lines.
    streams: HashMap<String, Lines>,
    grouped: Grouped,
    counting: Counting,
}

/// Counts the Dockerfile's instructions, and not the work around them.
#[derive(Default)]
struct Counting {
    running: HashSet<String>,
    counted: Counted,
}

impl Counting {
    /// What has a line is an instruction; `FROM` is no work, wherever its image comes from.
    fn begin(&mut self, id: &str, name: &str, line: Option<u32>) {
        if line.is_some() && !is_from(name) && self.running.insert(id.to_owned()) {
            self.counted.steps += 1;
        }
    }

    fn end(&mut self, id: &str, cached: bool) {
        if self.running.remove(id) && cached {
            self.counted.cached += 1;
        }
    }
}

/// Whether a step is a `FROM`, in either builder's words.
fn is_from(name: &str) -> bool {
    let bracket = name
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    let instruction = bracket.map_or(name, |(_, instruction)| instruction);
    let verb = instruction.split(' ').next().unwrap_or_default();
    verb.eq_ignore_ascii_case("FROM")
}

impl Told {
    pub(super) fn new(
        shared: Arc<Shared>,
        reporter: Reporter,
        log: bool,
        dockerfile: String,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared,
            reporter,
            log,
            dockerfile,
            state: Mutex::default(),
        })
    }

    pub(super) fn listener(self: &Arc<Self>) -> BuildListener {
        let told = Arc::clone(self);
        Arc::new(move |event| told.tell(event))
    }

    /// Says what still waits for its turn, and gives what was counted.
    pub(super) fn finish(&self) -> Counted {
        let mut state = self.state();
        let said = state.grouped.finish();
        self.say(said);
        state.counting.counted
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: BuildEvent) {
        let mut state = self.state();
        let said = match event {
            BuildEvent::Started { id, name, line } => {
                state.counting.begin(&id, &name, line);
                state
                    .streams
                    .insert(id.clone(), Lines::new(&self.shared.masker));
                let name = self.shared.masker.mask_str(&name).into_owned();
                state.grouped.begin(id, name);
                return;
            }
            BuildEvent::Log { id, bytes } => {
                let lines = state
                    .streams
                    .get_mut(&id)
                    .map_or_else(Vec::new, |lines| lines.push(&bytes));
                state.grouped.lines(&id, lines)
            }
            BuildEvent::Finished { id, cached, error } => {
                state.counting.end(&id, cached);
                let rest = state.streams.remove(&id).map(Lines::finish);
                let mut said = state.grouped.lines(&id, rest.unwrap_or_default());
                let how = match (&error, cached) {
                    (Some(_), _) => How::Failed,
                    (None, true) => How::Cached,
                    (None, false) => How::Done,
                };
                said.extend(state.grouped.end(&id, how));
                said
            }
            BuildEvent::Progressed {
                what,
                current,
                total,
                ..
            } => {
                return self.reporter.progress(Progress {
                    what: self.shared.masker.mask_str(&what).into_owned(),
                    done: current,
                    total,
                });
            }
            BuildEvent::CacheMissing { image, why } => {
                let text = format!("note: built without the cache image {image}: {why}");
                return self.shared.voice.message(Level::Info, &text);
            }
            BuildEvent::Warning { message, line } => {
                return self.point(Level::Warn, line, &message);
            }
        };
        self.say(said);
    }

    /// Says something about a line of the Dockerfile.
    pub(super) fn point(&self, level: Level, line: Option<u32>, message: &str) {
        match line {
            None => self.shared.voice.message(level, message),
            Some(line) => self.shared.voice.annotate(Annotation {
                level,
                // An annotation has its place beside it.
                message: message
                    .strip_prefix(&format!("{}:{line}: ", self.dockerfile))
                    .unwrap_or(message)
                    .to_owned(),
                file: Some(self.dockerfile.clone()),
                line: Some(line),
            }),
        }
    }

    fn say(&self, said: Vec<Said>) {
        if !self.log {
            return;
        }
        for said in said {
            let line = match said {
                Said::Step(name) => name,
                Said::Line(line) => format!("  {line}"),
                Said::Ended { name, how } => format!("{name}: {}", how.as_str()),
            };
            self.shared.voice.line(Level::Info, &line);
        }
    }
}

impl Drop for Told {
    /// Of a build that was given up, what waits for its turn is said, too.
    fn drop(&mut self) {
        self.finish();
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
            // Engines count a layer's compressed bytes against its plain ones, or the other way round.
            done: layer.total.map_or(done, |total| done.min(total)),
            total: layer.total,
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instructions_are_counted() {
        let mut counting = Counting::default();
        for (id, name, line) in [
            ("f", "[1/3] FROM base", Some(1)),
            ("g", "from base", Some(1)),
            ("a", "[2/3] RUN a", Some(2)),
            ("b", "exporting to image", None),
            ("c", "COPY from /", Some(3)),
            ("c", "COPY from /", Some(3)),
        ] {
            counting.begin(id, name, line);
        }
        for (id, cached) in [
            ("f", true),
            ("a", true),
            ("b", true),
            ("c", false),
            ("a", true),
            ("d", true),
        ] {
            counting.end(id, cached);
        }
        assert_eq!(
            counting.counted,
            Counted {
                steps: 2,
                cached: 1
            }
        );
    }
}
