//! `files`: the workspace, through designated paths.
//!
//! Here is what all of them do: `act` asks the grants and keeps the records, `Target` is what was permitted. `read`,
//! `write`, `look` and `entries` are the verbs that answer at once, `stream` those that open an end of a pipe, `fault`
//! what errors become.

mod entries;
mod fault;
mod look;
mod read;
mod stream;
mod write;

pub(crate) use fault::file_fault;
pub(super) use read::role_text;

use std::sync::Arc;

use capstep_grants::WorkspacePath;
use capstep_grants::check::{Act, Permit};
use serde_json::Value;

use super::{misrouted, wrong_permit};
use crate::fault::Fault;
use crate::files::{FileError, Place};
use crate::protocol::{Answer, Call, ErrorKind};
use crate::step::{Meta, Shared};

/// Modes that a plugin may ask for: no set-user-id, set-group-id or sticky bits.
const MODE_MASK: u32 = 0o777;

pub(crate) async fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::FilesOpenRead { input, entry } => stream::read(shared, meta, &input, &entry),
        Call::FilesOpenWrite { input, entry } => stream::write(shared, meta, &input, &entry),
        other => {
            let shared = Arc::clone(shared);
            // Files may lie on a slow disk or hold gigabytes: not on the threads that serve the network.
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || runtime.block_on(blocking(&shared, meta, other)))
                .await
                .map_err(|_| Fault::error(ErrorKind::Internal, "the file verb broke off"))?
        }
    }
}

async fn blocking(shared: &Shared, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::FilesRead {
            input,
            entry,
            offset,
            length,
        } => {
            let act = reading(&input, &entry);
            perform(shared, meta, &act, |target| {
                read::range(shared, target, offset, length)
            })
            .await
        }
        Call::FilesDigest { input, entry } => {
            let act = looking(&input, &entry);
            perform(shared, meta, &act, |target| read::digest(shared, target)).await
        }
        Call::FilesWrite {
            input,
            entry,
            content,
            options,
        } => {
            let act = writing(&input, &entry);
            perform(shared, meta, &act, |target| {
                write::write(shared, target, &content.0, &options)
            })
            .await
        }
        Call::FilesRemove { input, entry } => {
            let act = writing(&input, &entry);
            perform(shared, meta, &act, |target| write::remove(shared, target)).await
        }
        Call::FilesList {
            input,
            entry,
            recursive,
        } => {
            let act = looking(&input, &entry);
            perform(shared, meta, &act, |target| {
                look::list(shared, target, recursive)
            })
            .await
        }
        Call::FilesStat { input, entry } => {
            let act = looking(&input, &entry);
            perform(shared, meta, &act, |target| look::stat(shared, target)).await
        }
        Call::FilesWriteEntries {
            input,
            format,
            values,
            options,
        } => entries::write(shared, meta, &input, &format, &values, &options).await,
        _ => misrouted(),
    }
}

fn reading<'a>(input: &'a str, entry: &'a str) -> Act<'a> {
    Act::Read { input, entry }
}

fn writing<'a>(input: &'a str, entry: &'a str) -> Act<'a> {
    Act::Write { input, entry }
}

fn looking<'a>(input: &'a str, entry: &'a str) -> Act<'a> {
    Act::Look { input, entry }
}

/// Asks the grants, then does the work between its records.
async fn perform(
    shared: &Shared,
    meta: Meta,
    act: &Act<'_>,
    work: impl FnOnce(&Target) -> Result<(Answer, Value), Fault>,
) -> Result<Answer, Fault> {
    let target = Target::permitted(shared, act)?;
    let meta = meta.under(shared.grants(&[&target.at]));
    shared
        .effect(&meta, async {
            work(&target).map_err(|fault| target.located(shared, fault))
        })
        .await
}

/// A path that an act is permitted on.
struct Target {
    /// The designated path, which nothing leads out of.
    root: WorkspacePath,
    /// The path itself, at or below it.
    path: WorkspacePath,
    /// The pointer of the input that designates it.
    at: String,
}

impl Target {
    fn permitted(shared: &Shared, act: &Act<'_>) -> Result<Self, Fault> {
        let (Act::Read { input, .. } | Act::Write { input, .. } | Act::Look { input, .. }) = act
        else {
            return misrouted();
        };
        match shared.permit(act)? {
            Permit::Path { root, path, .. } => Ok(Self {
                root,
                path,
                at: (*input).to_owned(),
            }),
            _ => wrong_permit(),
        }
    }

    /// What is there, links not followed.
    fn place(&self, shared: &Shared) -> Result<Place, Fault> {
        Place::open(&shared.workspace, &self.root, &self.path).map_err(|error| self.fault(error))
    }

    /// What can be read there: links followed and found to stay.
    fn real(&self, shared: &Shared) -> Result<Place, Fault> {
        self.place(shared)?
            .real()
            .map_err(|error| self.fault(error))
    }

    /// Refuses a way that leads out or to what is reserved; that there is nothing yet is no reason to.
    fn refuse_leaving(&self, shared: &Shared) -> Result<(), Fault> {
        let found = self
            .place(shared)
            .and_then(|place| place.stat().map_err(|error| self.fault(error)));
        match found {
            Err(denied @ Fault::Denied(_)) => Err(denied),
            Ok(_) | Err(Fault::Error(_)) => Ok(()),
        }
    }

    /// Where something can be written: the folders on the way are made.
    fn create(&self, shared: &Shared) -> Result<Place, Fault> {
        Place::create(&shared.workspace, &self.root, &self.path).map_err(|error| self.fault(error))
    }

    /// With its place, where the designated path itself is what isn't there.
    fn located(&self, shared: &Shared, fault: Fault) -> Fault {
        let is_missing = matches!(&fault, Fault::Error(error) if error.kind == ErrorKind::NotFound);
        if is_missing && self.path == self.root {
            shared.located(&self.at, fault)
        } else {
            fault
        }
    }

    fn fault(&self, error: impl Into<FileError>) -> Fault {
        file_fault(error.into(), &self.at, self.path.as_str())
    }
}

/// Forgets that a file was sealed: it is gone, or holds no secret any more.
fn unseal(shared: &Shared, place: &Place) -> Result<(), Fault> {
    shared
        .sealed
        .forget(&place.name())
        .map_err(|message| Fault::error(ErrorKind::Internal, message))
}
