//! What the journal says of a job's caches.

use std::io;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Caches, JobAct, JobCache};
use crate::journal::{Entry, Phase};
use crate::protocol::{ErrorKind, VerbError};

/// An act that is recorded: before it is done and after it, or after it alone where nothing was changed.
pub(super) struct Recorder<'a> {
    caches: &'a Caches,
    act: &'a JobAct,
    cache: &'a JobCache,
    verb: &'static str,
    started: Instant,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        caches: &'a Caches,
        act: &'a JobAct,
        cache: &'a JobCache,
        verb: &'static str,
    ) -> Self {
        Self {
            caches,
            act,
            cache,
            verb,
            started: Instant::now(),
        }
    }

    /// That it is about to be done.
    pub(super) fn intend(&self) -> io::Result<()> {
        let mut entry = self.entry(Phase::Intent);
        entry.arguments = self.arguments();
        self.caches.journal.append(&entry)
    }

    /// What came of it.
    pub(super) fn conclude(&self, result: Result<Value, VerbError>) -> io::Result<()> {
        self.append(self.entry(Phase::Outcome), result)
    }

    /// That it was looked at, and nothing was changed.
    pub(super) fn looked(&self, result: Result<Value, VerbError>) -> io::Result<()> {
        let mut entry = self.entry(Phase::Read);
        entry.arguments = self.arguments();
        self.append(entry, result)
    }

    fn append(&self, mut entry: Entry, result: Result<Value, VerbError>) -> io::Result<()> {
        entry.duration_ms = u64::try_from(self.started.elapsed().as_millis()).ok();
        match result {
            Ok(result) => entry.result = result,
            Err(error) => entry.error = Some(error),
        }
        self.caches.journal.append(&entry)
    }

    fn arguments(&self) -> Value {
        let wanted = &self.cache.wanted;
        json!({
            "key": wanted.key,
            "fallback-keys": wanted.fallback_keys,
            "paths": wanted.paths(),
        })
    }

    fn entry(&self, phase: Phase) -> Entry {
        Entry {
            actor: self.act.actor.clone(),
            call: self.act.call,
            phase,
            verb: self.verb.to_owned(),
            arguments: Value::Null,
            grants: self.cache.grants.clone(),
            secrets: Vec::new(),
            denial: None,
            result: Value::Null,
            error: None,
            duration_ms: None,
        }
    }
}

/// Why something was not done, for the journal.
pub(super) fn failed(kind: ErrorKind, message: &impl ToString) -> VerbError {
    VerbError::new(kind, message.to_string())
}
