//! What a running script says, and how it ends.

use std::sync::Arc;

use capstep_grants::check::{Denial, Rule};
use capstep_process::{Event, Outcome, ProcessError, Stream};
use tokio::sync::mpsc;

use super::{Signs, VERB, network, spec};
use crate::fault::Fault;
use crate::protocol::{ErrorKind, Level, VerbError};
use crate::step::{Lines, Shared};

/// Brings output to the log, line by line and masked, and what it asks the proxy for to the journal. Gives how many
/// bytes were said.
pub(super) async fn relay(
    shared: &Arc<Shared>,
    mut events: mpsc::Receiver<Event>,
    signs: &mut Signs,
) -> Result<u64, Fault> {
    let mut lines = [Lines::new(&shared.masker), Lines::new(&shared.masker)];
    let mut said = 0_u64;
    let mut recorded = Ok(());
    while let Some(event) = events.recv().await {
        match event {
            Event::Started(_) => {}
            Event::Output(stream, bytes) => {
                said += bytes.len() as u64;
                let index = match stream {
                    Stream::Stdout => 0,
                    Stream::Stderr => 1,
                };
                if let Some(lines) = lines.get_mut(index) {
                    for line in lines.push(&bytes) {
                        signs.hear(&line);
                        shared.voice.line(Level::Info, &line);
                    }
                }
            }
            // The script goes on, so its output is still taken; the first failure is what is told.
            Event::Network(attempt) => recorded = recorded.and(network::note(shared, &attempt)),
        }
    }
    for line in lines.into_iter().flat_map(Lines::finish) {
        signs.hear(&line);
        shared.voice.line(Level::Info, &line);
    }
    recorded.map(|()| said)
}

/// A script that made what no step is handed is denied, though what it made is gone already.
pub(super) fn made_what_is_reserved(shared: &Shared, outcome: &Outcome) {
    for path in &outcome.reserved_created {
        let meta = shared.meta(VERB, spec::told(shared), false);
        let denial = Denial {
            rule: Rule::ReservedPath,
            pointer: String::new(),
            message: format!(
                "the script made `{}`, which no step is handed; it was removed",
                path.display()
            ),
            hint: None,
            place: None,
        };
        shared.deny(&meta, denial);
    }
}

/// A sandbox that could not be had is the machine's matter, unless what was asked for can't be.
pub(super) fn fault(error: ProcessError) -> Fault {
    let kind = match &error {
        ProcessError::Invalid { .. } => ErrorKind::Invalid,
        ProcessError::Refused { .. } | ProcessError::Unsupported => ErrorKind::Unsupported,
        ProcessError::Setup { .. } | ProcessError::Folder { .. } | ProcessError::Lost { .. } => {
            ErrorKind::Internal
        }
    };
    Fault::Error(VerbError::new(kind, error.to_string()).at("sandbox"))
}
