//! What is done around every verb: the record before and after, the time, the end by cancelling, the denial.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use capstep_grants::check::Denial;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::shorten;
use crate::fault::{Fault, denial_error};
use crate::journal::{Entry, GrantReference, Phase};
use crate::ops::{Operation, Outcome, Reporter};
use crate::protocol::{ErrorKind, Handle, VerbError};

/// How many denials of one step are recorded and told. Each is the same news; a plugin that goes on trying must not be
/// able to fill a disk with it.
const DENIALS_RECORDED: usize = 1_000;

/// How many effects in doubt one step's message names. A plugin that cuts off all it begins must not fill the memory.
const DOUBTS_KEPT: usize = 100;

/// How many records one step may cause. A step of an hour that asks something a hundred times a second stays below.
const RECORDS: u64 = 1_000_000;

/// A call, as the journal tells it.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) call: u64,
    pub(crate) verb: String,
    pub(crate) arguments: Value,
    pub(crate) grants: Vec<GrantReference>,
    pub(crate) secrets: Vec<String>,
    /// Whether the effect changes something outside: its intent is recorded first.
    pub(crate) changes: bool,
}

impl Meta {
    /// With what allowed it.
    pub(crate) fn under(mut self, grants: Vec<GrantReference>) -> Self {
        self.grants = grants;
        self
    }

    /// With the secrets it uses, by name.
    pub(crate) fn using(mut self, secrets: Vec<String>) -> Self {
        self.secrets = secrets;
        self
    }
}

impl Shared {
    /// A call's record, under its own number: what a plugin chose in it is masked and kept short.
    pub(crate) fn meta(&self, verb: &str, mut arguments: Value, changes: bool) -> Meta {
        self.masker.mask_json(&mut arguments);
        shorten::value(&mut arguments);
        Meta {
            call: self.next_call(),
            verb: verb.to_owned(),
            arguments,
            grants: Vec::new(),
            secrets: Vec::new(),
            changes,
        }
    }

    fn entry(&self, meta: &Meta, phase: Phase) -> Entry {
        Entry {
            actor: self.actor.clone(),
            call: meta.call,
            phase,
            verb: meta.verb.clone(),
            arguments: meta.arguments.clone(),
            grants: meta.grants.clone(),
            secrets: meta.secrets.clone(),
            denial: None,
            result: Value::Null,
            error: None,
            duration_ms: None,
        }
    }

    /// Writes a record; where that fails the effect must not happen.
    fn append(&self, entry: &Entry) -> Result<(), Fault> {
        if self.count_record() > RECORDS {
            return Err(Fault::error(
                ErrorKind::TooLarge,
                "the step has asked for a million things: no more is recorded, and so no more is done",
            ));
        }
        self.journal.append(entry).map_err(|error| {
            Fault::error(
                ErrorKind::Internal,
                format!("the journal can't be written: {error}"),
            )
        })
    }

    /// Writes a record of its own.
    pub(crate) fn note(&self, meta: &Meta, phase: Phase) -> Result<(), Fault> {
        self.append(&self.entry(meta, phase))
    }

    /// Records that an effect is about to happen; until its outcome is known it is in doubt.
    fn intend(&self, meta: &Meta) -> Result<(), Fault> {
        self.append(&self.entry(meta, Phase::Intent))?;
        let what: Vec<&str> = meta
            .grants
            .iter()
            .map(|grant| grant.authority.as_str())
            .collect();
        let about = match what.as_slice() {
            [] => meta.verb.clone(),
            what => format!("{} of {}", meta.verb, what.join(", ")),
        };
        let mut doubts = self.doubts();
        if doubts.len() < DOUBTS_KEPT {
            doubts.insert(meta.call, about);
        }
        Ok(())
    }

    /// Whether what came of an effect says if it happened: one that was cut off may have, or not.
    fn is_known<T>(result: &Result<T, Fault>) -> bool {
        match result {
            Ok(_) | Err(Fault::Denied(_)) => true,
            Err(Fault::Error(error)) => {
                !matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout)
            }
        }
    }

    /// Records a denial and lets the step fail.
    pub(crate) fn deny(&self, meta: &Meta, mut denial: Denial) -> VerbError {
        denial.message = shorten::text(&self.masker.mask_str(&denial.message));
        denial.pointer = shorten::text(&denial.pointer);
        let mut entry = self.entry(meta, Phase::Denied);
        entry.denial = Some(denial.clone());
        let error = denial_error(&denial);
        if self.denial_count() >= DENIALS_RECORDED {
            return error;
        }
        self.voice.denied(&denial);
        self.remember_denial(denial);
        match self.append(&entry) {
            Ok(()) | Err(Fault::Denied(_)) => error,
            Err(Fault::Error(error)) => error,
        }
    }

    /// Turns a fault into what the plugin sees; a denial is recorded.
    pub(crate) fn settle(&self, meta: &Meta, fault: Fault) -> VerbError {
        match fault {
            Fault::Denied(denial) => self.deny(meta, *denial),
            Fault::Error(mut error) => {
                if error.kind == ErrorKind::Unreachable {
                    self.note_unreachable();
                }
                self.tidy(&mut error);
                error
            }
        }
    }

    /// Masks an error and keeps it short.
    fn tidy(&self, error: &mut VerbError) {
        error.message = shorten::text(&self.masker.mask_str(&error.message));
        self.masker.mask_json(&mut error.details);
        shorten::value(&mut error.details);
    }

    fn conclude<T>(
        &self,
        meta: &Meta,
        started: Instant,
        result: &Result<(T, Value), Fault>,
    ) -> Result<(), Fault> {
        let mut entry = self.entry(
            meta,
            if meta.changes {
                Phase::Outcome
            } else {
                Phase::Read
            },
        );
        entry.duration_ms = u64::try_from(started.elapsed().as_millis()).ok();
        if meta.changes && Self::is_known(result) {
            self.doubts().remove(&meta.call);
        }
        if meta.changes {
            // The intent has said these already.
            entry.arguments = Value::Null;
        }
        match result {
            Ok((_, summary)) => entry.result = summary.clone(),
            Err(Fault::Error(error)) => {
                let mut error = error.clone();
                self.tidy(&mut error);
                entry.error = Some(error);
            }
            Err(Fault::Denied(denial)) if meta.changes => entry.error = Some(denial_error(denial)),
            // A reading call that was denied has its own record.
            Err(Fault::Denied(_)) => return Ok(()),
        }
        self.append(&entry)
    }

    /// Runs a verb that answers at once. The work gives its result and what the journal says of it.
    pub(crate) async fn effect<T>(
        &self,
        meta: &Meta,
        work: impl Future<Output = Result<(T, Value), Fault>>,
    ) -> Result<T, Fault> {
        if meta.changes {
            self.intend(meta)?;
        }
        let started = Instant::now();
        let result = work.await;
        self.conclude(meta, started, &result)?;
        result.map(|(value, _)| value)
    }

    /// Starts a verb that takes its time, as an operation.
    pub(crate) fn start<F>(
        self: &Arc<Self>,
        meta: Meta,
        work: impl FnOnce(Arc<Self>, Reporter, Arc<Operation>) -> F,
    ) -> Result<Handle, Fault>
    where
        F: Future<Output = Result<(Outcome, Value), Fault>> + Send + 'static,
    {
        if meta.changes {
            self.intend(&meta)?;
        }
        let handle = self.launch(self.token(), Some(meta), work)?;
        Ok(handle)
    }

    /// What ends a new operation. Once the run is being cancelled it is only its own end: whatever a plugin starts then
    /// is for tidying up, and has until the grace is over.
    pub(crate) fn token(&self) -> CancellationToken {
        if self.cancel.is_cancelled() {
            CancellationToken::new()
        } else {
            self.cancel.child_token()
        }
    }

    /// Starts an operation; one without a meta leaves no record.
    pub(crate) fn launch<F>(
        self: &Arc<Self>,
        cancel: CancellationToken,
        meta: Option<Meta>,
        work: impl FnOnce(Arc<Self>, Reporter, Arc<Operation>) -> F,
    ) -> Result<Handle, Fault>
    where
        F: Future<Output = Result<(Outcome, Value), Fault>> + Send + 'static,
    {
        let (operation, reporter) = Operation::new(cancel.clone());
        let handle = self.table.insert(Arc::clone(&operation))?;
        let work = work(Arc::clone(self), reporter.clone(), Arc::clone(&operation));
        let shared = Arc::clone(self);
        self.running.spawn(async move {
            let started = Instant::now();
            let result = tokio::select! {
                biased;
                result = work => result,
                () = cancel.cancelled() => Err(Fault::error(ErrorKind::Cancelled, "cancelled")),
            };
            let concluded = meta
                .as_ref()
                .map_or(Ok(()), |meta| shared.conclude(meta, started, &result));
            let result = match (result, concluded) {
                (_, Err(fault)) | (Err(fault), Ok(())) => Err(match &meta {
                    Some(meta) => shared.settle(meta, fault),
                    None => shared.settle(&Meta::unrecorded(), fault),
                }),
                (Ok((outcome, _)), Ok(())) => Ok(outcome),
            };
            operation.finish(result);
            drop(reporter);
        });
        Ok(handle)
    }
}

impl Meta {
    /// Of an operation that is no effect: a sleep.
    fn unrecorded() -> Self {
        Self {
            call: 0,
            verb: "op".to_owned(),
            arguments: Value::Null,
            grants: Vec::new(),
            secrets: Vec::new(),
            changes: false,
        }
    }
}
