//! What is read of files: ranges, digests, and the texts that the host reads for a plugin.

use std::io::{self, Read};
use std::sync::PoisonError;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Target;
use crate::fault::Fault;
use crate::files::{MaskedReader, Place, Reading};
use crate::journal::hex;
use crate::protocol::{Answer, ErrorKind};
use crate::step::Shared;

/// The most that one read gives: it is copied into the plugin's memory.
const READ_LIMIT: u32 = 1024 * 1024;

/// How much of a file is compared with those that are sealed: more than the largest of them.
const SEALED_LIMIT: u64 = 1024 * 1024 + 1;

/// How much of a file is hashed at once.
const DIGEST_CHUNK: usize = 256 * 1024;

/// A range of what the plugin may see of a file.
pub(super) fn range(
    shared: &Shared,
    target: &Target,
    offset: u64,
    length: u32,
) -> Result<(Answer, Value), Fault> {
    let place = target.real(shared)?;
    let length = u64::from(length.min(READ_LIMIT));
    let metadata = place.stat().map_err(|error| target.fault(error))?;
    let kept = shared
        .reading
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let mut reading = match kept {
        Some(reading) if reading.continues(&place.name(), &metadata, offset) => reading,
        _ => {
            let reader = MaskedReader::new(readable(shared, target, &place)?, &shared.masker);
            Reading::new(place.name(), &metadata, reader)
        }
    };
    let bytes = reading
        .read(offset, length)
        .map_err(|error| target.fault(error))?;
    if bytes.len() as u64 == length {
        *shared
            .reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }
    let summary = json!({ "bytes": bytes.len() });
    Ok((Answer::Bytes(bytes.into()), summary))
}

/// The SHA-256 of a file's bytes.
pub(super) fn digest(shared: &Shared, target: &Target) -> Result<(Answer, Value), Fault> {
    let place = target.real(shared)?;
    let mut reader = readable(shared, target, &place)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; DIGEST_CHUNK];
    loop {
        let length = reader
            .read(&mut chunk)
            .map_err(|error| target.fault(error))?;
        if length == 0 {
            break;
        }
        digest.update(chunk.get(..length).unwrap_or_default());
    }
    let text = hex(&digest.finalize());
    Ok((Answer::Text(text.clone()), json!({ "sha256": text })))
}

/// What a plugin may read of a file, not yet masked: the template where it is sealed, by its name or by its bytes.
pub(super) fn readable(
    shared: &Shared,
    target: &Target,
    place: &Place,
) -> Result<Box<dyn Read + Send>, Fault> {
    let template = |text: String| Box::new(io::Cursor::new(text.into_bytes()));
    if let Some(text) = shared.sealed.template(&place.name()) {
        return Ok(template(text));
    }
    let mut file = place.file().map_err(|error| target.fault(error))?;
    if shared.sealed.is_empty() {
        return Ok(Box::new(file));
    }
    // What is compared is what is read: the file isn't opened again.
    let mut beginning = Vec::new();
    Read::by_ref(&mut file)
        .take(SEALED_LIMIT)
        .read_to_end(&mut beginning)
        .map_err(|error| target.fault(error))?;
    if let Some(text) = shared.sealed.template_of_copy(&beginning) {
        return Ok(template(text));
    }
    Ok(Box::new(io::Cursor::new(beginning).chain(file)))
}

/// The text of a file that the host reads in a role.
pub(crate) fn role_text(shared: &Shared, at: &str, limit: u64) -> Result<Option<String>, Fault> {
    let Some(grant) = shared
        .authority
        .bound
        .grants
        .iter()
        .find(|grant| grant.pointer == at)
    else {
        return Ok(None);
    };
    let Some(capstep_grants::Authority::Path { path }) = &grant.authority else {
        return Ok(None);
    };
    let target = Target {
        root: path.clone(),
        path: path.clone(),
        at: at.to_owned(),
    };
    let read = || {
        let bytes = target
            .real(shared)?
            .read(0, limit + 1)
            .map_err(|error| target.fault(error))?;
        if bytes.len() as u64 > limit {
            return Err(Fault::error(
                ErrorKind::TooLarge,
                format!("`{path}` is larger than {limit} bytes"),
            ));
        }
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| Fault::error(ErrorKind::Invalid, format!("`{path}` is no text")))
    };
    read().map_err(|fault| shared.located(at, fault))
}
