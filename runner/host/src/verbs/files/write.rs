//! Files written whole or added to, and removed.

use capstep_grants::check::Rule;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{MODE_MASK, Target, unseal};
use crate::fault::Fault;
use crate::journal::hex;
use crate::protocol::{Answer, WriteOptions};
use crate::step::Shared;

/// The mode of a file that a plugin writes and says nothing of.
const FILE_MODE: u32 = 0o644;

pub(super) fn write(
    shared: &Shared,
    target: &Target,
    content: &[u8],
    options: &WriteOptions,
) -> Result<(Answer, Value), Fault> {
    let place = target.create(shared)?;
    let mode = options.mode.unwrap_or(FILE_MODE) & MODE_MASK;
    if options.append {
        let name = place.name();
        if shared.sealed.template(&name).is_some() {
            return Err(Fault::denied(
                Rule::SealedFile,
                &target.at,
                format!("`{name}` holds secrets: it is replaced as a whole or left alone"),
            ));
        }
        place
            .append(content, mode)
            .map_err(|error| target.fault(error))?;
    } else {
        place
            .replace(content, mode)
            .map_err(|error| target.fault(error))?;
        unseal(shared, &place)?;
    }
    let summary = json!({ "bytes": content.len(), "sha256": hex(&Sha256::digest(content)) });
    Ok((Answer::Nothing, summary))
}

pub(super) fn remove(shared: &Shared, target: &Target) -> Result<(Answer, Value), Fault> {
    let place = target.place(shared)?;
    place.remove().map_err(|error| target.fault(error))?;
    unseal(shared, &place)?;
    Ok((Answer::Nothing, json!({ "removed": true })))
}
