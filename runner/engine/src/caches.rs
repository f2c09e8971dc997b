//! What a job keeps between runs: brought back before its first step, kept after its last.

use std::future::Future;
use std::io;
use std::time::Instant;

use capstep_grants::plan::{CachePlan, caches};
use capstep_host::journal::{Actor, GrantReference};
use capstep_host::{JobAct, JobCache, Kept, NotKept, Restored, Wanted};
use capstep_pipeline::{Job, Save};

use crate::context::Context;
use crate::event::{CacheAct, Event, Level, Outcome};
use crate::scope::RunScope;

/// The caches of a job that runs.
pub(crate) struct JobCaches {
    job: String,
    open: Vec<Open>,
    /// How many acts there were.
    calls: u64,
}

struct Open {
    cache: JobCache,
    save: Save,
    /// Whether the paths are as they were kept under the key itself.
    is_whole: bool,
    /// Whether something was at them before the job.
    was_there: bool,
}

/// Why something isn't kept that may have come from an untrusted run.
const TAINTED: &str = "it was there before the job, and an untrusted run has worked in this folder: remove it, and what the next run makes is kept";

/// Why the job can't go on: what it came to, and the reason.
pub(crate) type Problem = (Outcome, String);

impl JobCaches {
    /// Works out what is kept under which keys, which every value is known for by now.
    ///
    /// # Errors
    /// Why a key can't be used.
    pub(crate) fn of(context: &Context, job: &Job, scope: &RunScope) -> Result<Self, Problem> {
        let (planned, mistakes) = caches(&context.source, job, scope);
        if let Some(first) = mistakes.iter().find(|mistake| mistake.is_error()) {
            let place = context.source.place(first.span);
            let message = context.masker.mask_str(&first.message);
            return Err((Outcome::Failed, format!("{place}: {message}")));
        }
        Ok(Self {
            job: job.id.value.clone(),
            open: planned
                .iter()
                .map(|cache| Open::new(context, cache))
                .collect(),
            calls: 0,
        })
    }

    /// Brings back what is kept, and tells of it. Ends early where `end` comes about.
    ///
    /// # Errors
    /// What was done can't be recorded.
    pub(crate) async fn restore<E: Future<Output = ()>>(
        &mut self,
        context: &Context,
        end: impl Fn() -> E,
    ) -> Result<(), Problem> {
        for open in &mut self.open {
            self.calls += 1;
            let act = act(context, &self.job, self.calls);
            let told = Told::new(&self.job, open);
            let found = |_: &str, bytes| {
                context
                    .emitter
                    .emit(told.started(CacheAct::Restore, Some(bytes)));
            };
            let restored = context.caches.restore(&act, &open.cache, end(), found);
            let restored = restored.await.map_err(unrecorded)?;
            open.is_whole = matches!(restored, Restored::Hit { exact: true, .. });
            open.was_there = matches!(restored, Restored::Miss { occupied: true, .. });
            context.emitter.emit(told.restored(restored));
        }
        Ok(())
    }

    /// Keeps what is to be kept of a job that came to this so far, and tells of it. Ends early where `end` comes about.
    ///
    /// # Errors
    /// A file holds secrets, or what was done can't be recorded.
    pub(crate) async fn save<E: Future<Output = ()>>(
        &mut self,
        context: &Context,
        outcome: Outcome,
        end: impl Fn() -> E,
    ) -> Result<(), Problem> {
        let mut secrets = Vec::new();
        for open in self.open.iter().filter(|open| open.is_to_be_kept(outcome)) {
            self.calls += 1;
            let act = act(context, &self.job, self.calls);
            let told = Told::new(&self.job, open);
            if open.was_there && context.is_tainted {
                // It might be the work of what nobody has looked at, and trusted runs would take it for their own.
                context
                    .emitter
                    .emit(told.kept(Kept::No(NotKept::Other, TAINTED.to_owned())));
                continue;
            }
            context.emitter.emit(told.started(CacheAct::Save, None));
            let kept = context.caches.save(&act, &open.cache, end());
            let kept = kept.await.map_err(unrecorded)?;
            if let Kept::No(NotKept::Secret, why) = &kept {
                secrets.push(format!("{why}: write it elsewhere, or cache other paths"));
            }
            context.emitter.emit(told.kept(kept));
        }
        if secrets.is_empty() {
            Ok(())
        } else {
            Err((Outcome::Failed, secrets.join("; ")))
        }
    }
}

impl Open {
    fn new(context: &Context, planned: &CachePlan) -> Self {
        let masked = |text: &String| context.masker.mask_str(text).into_owned();
        let paths = planned.paths.iter();
        let grants = paths.clone().map(|cached| GrantReference {
            pointer: cached.pointer.clone(),
            authority: cached.path.to_string(),
            place: cached.place.clone(),
        });
        Self {
            cache: JobCache {
                wanted: Wanted::new(
                    paths.map(|cached| cached.path.to_string()).collect(),
                    masked(&planned.key),
                    planned.fallback_keys.iter().map(masked).collect(),
                ),
                grants: grants.collect(),
            },
            save: planned.save,
            is_whole: false,
            was_there: false,
        }
    }

    fn is_to_be_kept(&self, outcome: Outcome) -> bool {
        let asked = match self.save {
            Save::OnSuccess => outcome == Outcome::Passed,
            // Never after a denial: what a plugin did that tried what it may not is no thing to keep.
            Save::Always => matches!(
                outcome,
                Outcome::Passed | Outcome::Failed | Outcome::Infrastructure
            ),
            Save::Never => false,
        };
        asked && !self.is_whole
    }
}

/// What is told of a cache.
struct Told {
    job: String,
    key: String,
    paths: Vec<String>,
    begun: Instant,
}

impl Told {
    fn new(job: &str, open: &Open) -> Self {
        Self {
            job: job.to_owned(),
            key: open.cache.wanted.key.clone(),
            paths: open.cache.wanted.paths().to_vec(),
            begun: Instant::now(),
        }
    }

    fn started(&self, act: CacheAct, bytes: Option<u64>) -> Event {
        Event::CacheStarted {
            job: self.job.clone(),
            act,
            key: self.key.clone(),
            bytes,
        }
    }

    fn restored(self, restored: Restored) -> Event {
        let milliseconds = self.milliseconds();
        let Self {
            job, key, paths, ..
        } = self;
        match restored {
            Restored::Hit {
                key: found,
                exact,
                paths,
                files,
                bytes,
            } => Event::CacheRestored {
                job,
                key,
                found,
                exact,
                paths,
                files,
                bytes,
                milliseconds,
            },
            Restored::Miss { reason, is_odd, .. } => Event::CacheMissed {
                job,
                key,
                paths,
                reason,
                level: if is_odd { Level::Warn } else { Level::Info },
            },
        }
    }

    fn kept(self, kept: Kept) -> Event {
        let milliseconds = self.milliseconds();
        let Self {
            job, key, paths, ..
        } = self;
        let (reason, level) = match kept {
            Kept::Made {
                paths,
                files,
                bytes,
                removed,
            } => {
                return Event::CacheSaved {
                    job,
                    key,
                    paths,
                    files,
                    bytes,
                    removed,
                    milliseconds,
                };
            }
            Kept::ThereAlready => ("it is kept already".to_owned(), Level::Debug),
            Kept::No(NotKept::Stopped, why) => (why, Level::Info),
            Kept::No(NotKept::Secret, why) => (why, Level::Error),
            Kept::No(NotKept::Absent | NotKept::Other, why) => (why, Level::Warn),
        };
        Event::CacheNotSaved {
            job,
            key,
            paths,
            reason,
            level,
        }
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn act(context: &Context, job: &str, call: u64) -> JobAct {
    JobAct {
        actor: Actor {
            run: context.run.clone(),
            job: job.to_owned(),
            step: None,
            attempt: 1,
        },
        call,
    }
}

fn unrecorded(error: io::Error) -> Problem {
    let message = format!("the journal can't be written: {error}");
    (Outcome::Infrastructure, message)
}
