//! `files`: the workspace, through designated paths.

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};

use capstep_envfile::{EncodeOptions, Entry as EnvEntry, EnvFormat, encode};
use capstep_grants::check::{Act, Permit, Rule};
use capstep_grants::manifest::SinkKind;
use capstep_grants::{WorkspacePath, pointer};
use capstep_secrets::SecretValue;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{misrouted, open_file, wrong_permit};
use crate::fault::Fault;
use crate::files::{FileError, MaskedReader, Place, Reading, stat_of, walk};
use crate::journal::hex;
use crate::protocol::{Answer, Call, EntriesOptions, Entry, ErrorKind, Written};
use crate::step::{Meta, Shared};

/// The most that one read gives: it is copied into the plugin's memory.
const READ_LIMIT: u32 = 1024 * 1024;

/// How much of a file is compared with those that are sealed: more than the largest of them.
const SEALED_LIMIT: u64 = 1024 * 1024 + 1;

/// How much of a file is hashed at once.
const DIGEST_CHUNK: usize = 256 * 1024;

/// The mode of a file that a plugin writes and says nothing of.
const FILE_MODE: u32 = 0o644;

/// The mode of a file of named values; always, where a secret is among them.
const SEALED_MODE: u32 = 0o600;

/// Modes that a plugin may ask for: no set-user-id, set-group-id or sticky bits.
const MODE_MASK: u32 = 0o777;

pub(crate) async fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::FilesOpenRead { input, entry } => {
            let (root, path) = permitted(
                shared,
                &Act::Read {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            let place = open(shared, &root, &path, &input)?;
            open_file::read(shared, meta, input, place)
        }
        Call::FilesOpenWrite { input, entry } => {
            let (root, path) = permitted(
                shared,
                &Act::Write {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            let place = Place::create(&shared.workspace, &root, &path)
                .map_err(|error| file_fault(error, &input, path.as_str()))?;
            open_file::write(shared, meta, input, place)
        }
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
            let (root, path) = permitted(
                shared,
                &Act::Read {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            shared
                .effect(&meta, async {
                    let place = open(shared, &root, &path, &input)?;
                    let length = u64::from(length.min(READ_LIMIT));
                    let bytes = read(shared, &place, &input, offset, length)?;
                    let summary = json!({ "bytes": bytes.len() });
                    Ok((Answer::Bytes(bytes.into()), summary))
                })
                .await
        }
        Call::FilesWrite {
            input,
            entry,
            content,
            options,
        } => {
            let (root, path) = permitted(
                shared,
                &Act::Write {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            shared
                .effect(&meta, async {
                    let fault = |error| file_fault(error, &input, path.as_str());
                    let place = Place::create(&shared.workspace, &root, &path).map_err(fault)?;
                    let mode = options.mode.unwrap_or(FILE_MODE) & MODE_MASK;
                    if options.append {
                        if shared.sealed.template(&place.name()).is_some() {
                            return Err(sealed(&input, &place.name()));
                        }
                        place.append(&content.0, mode).map_err(fault)?;
                    } else {
                        place.replace(&content.0, mode).map_err(fault)?;
                        forget(shared, &place.name())?;
                    }
                    let summary = json!({ "bytes": content.0.len(), "sha256": hex(&Sha256::digest(&content.0)) });
                    Ok((Answer::Nothing, summary))
                })
                .await
        }
        Call::FilesWriteEntries {
            input,
            format,
            values,
            options,
        } => write_entries(shared, meta, input, &format, &values, &options).await,
        Call::FilesList {
            input,
            entry,
            recursive,
        } => {
            let (root, path) = permitted(
                shared,
                &Act::Look {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            shared
                .effect(&meta, async {
                    let found = walk(&shared.workspace, &root, &path, recursive)
                        .map_err(|error| file_fault(error, &input, path.as_str()))?;
                    let entries: Vec<Entry> = found
                        .into_iter()
                        .map(|found| {
                            let sealed = shared.sealed.template(&found.place.name()).is_some();
                            Entry {
                                path: found.path,
                                stat: stat_of(&found.metadata, sealed),
                            }
                        })
                        .collect();
                    let summary = json!({ "entries": entries.len() });
                    Ok((Answer::Entries(entries), summary))
                })
                .await
        }
        Call::FilesStat { input, entry } => {
            let (root, path) = permitted(
                shared,
                &Act::Look {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            shared
                .effect(&meta, async {
                    let fault = |error| file_fault(error, &input, path.as_str());
                    let place = Place::open(&shared.workspace, &root, &path).map_err(fault)?;
                    let metadata = place.stat().map_err(fault)?;
                    let sealed = shared.sealed.template(&place.name()).is_some();
                    Ok((
                        Answer::Stat(stat_of(&metadata, sealed)),
                        json!({ "size": metadata.len() }),
                    ))
                })
                .await
        }
        Call::FilesRemove { input, entry } => {
            let (root, path) = permitted(
                shared,
                &Act::Write {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            shared
                .effect(&meta, async {
                    let fault = |error| file_fault(error, &input, path.as_str());
                    let place = Place::open(&shared.workspace, &root, &path).map_err(fault)?;
                    place.remove().map_err(fault)?;
                    forget(shared, &place.name())?;
                    Ok((Answer::Nothing, json!({ "removed": true })))
                })
                .await
        }
        Call::FilesDigest { input, entry } => {
            let (root, path) = permitted(
                shared,
                &Act::Look {
                    input: &input,
                    entry: &entry,
                },
            )?;
            let meta = meta.under(shared.grants(&[&input]));
            shared
                .effect(&meta, async {
                    let place = open(shared, &root, &path, &input)?;
                    let mut reader = readable(shared, &place, &input)?;
                    let mut digest = Sha256::new();
                    let mut chunk = vec![0; DIGEST_CHUNK];
                    loop {
                        let read = reader.read(&mut chunk);
                        let length =
                            read.map_err(|error| file_fault(error.into(), &input, path.as_str()))?;
                        if length == 0 {
                            break;
                        }
                        digest.update(chunk.get(..length).unwrap_or_default());
                    }
                    let text = hex(&digest.finalize());
                    Ok((Answer::Text(text.clone()), json!({ "sha256": text })))
                })
                .await
        }
        _ => misrouted(),
    }
}

async fn write_entries(
    shared: &Shared,
    meta: Meta,
    input: String,
    format: &str,
    values: &[String],
    options: &EntriesOptions,
) -> Result<Answer, Fault> {
    let (root, path) = permitted(
        shared,
        &Act::Write {
            input: &input,
            entry: "",
        },
    )?;
    let known = EnvFormat::parse(format).ok_or_else(|| {
        Fault::error(
            ErrorKind::Invalid,
            format!("`{format}` is no format: compose, docker, shell or json"),
        )
    })?;
    let mut entries: Vec<(String, SecretValue, bool)> = Vec::new();
    for value in values {
        let Permit::Value { secret } = shared.permit(&Act::Use {
            input: value,
            sink: SinkKind::File,
            to: &input,
        })?
        else {
            return wrong_permit();
        };
        if secret {
            check_format(shared, value, format)?;
        }
        let text = shared.value(value).ok_or_else(|| {
            Fault::error(
                ErrorKind::NotFound,
                format!("the input at `{value}` was not set"),
            )
        })?;
        entries.push((pointer::last(value), text, secret));
    }
    let names = shared.secret_names(values.iter().map(String::as_str));
    let is_sealed = entries.iter().any(|(_, _, secret)| *secret);
    let meta = meta.under(shared.grants(&[&input])).using(names.clone());
    shared
        .effect(&meta, async {
            let encoding = EncodeOptions { comment: options.comment.clone(), strip_cr: options.strip_cr };
            let write = |texts: &[&str]| {
                let rows: Vec<EnvEntry<'_>> =
                    entries.iter().zip(texts).map(|((name, _, _), value)| EnvEntry { name, value }).collect();
                encode(known, &rows, &encoding).map_err(|error| {
                    Fault::Error(
                        crate::protocol::VerbError::new(ErrorKind::Invalid, error.to_string())
                            .with(json!({ "name": error.name, "reason": error.reason, "hint": error.hint })),
                    )
                })
            };
            let real: Vec<&str> = entries.iter().map(|(_, value, _)| value.expose()).collect();
            let content = write(&real)?;
            let fault = |error| file_fault(error, &input, path.as_str());
            let place = Place::create(&shared.workspace, &root, &path).map_err(fault)?;
            let before = place.read(0, content.len() as u64 + 1).ok();
            let changed = before.as_deref() != Some(content.as_bytes());
            let mode = if is_sealed { SEALED_MODE } else { options.mode.unwrap_or(SEALED_MODE) & MODE_MASK };
            if is_sealed {
                let shown: Vec<String> = entries
                    .iter()
                    .zip(values)
                    .map(|((_, value, secret), pointer)| {
                        if *secret { format!("[secret {}]", shared.secret_names([pointer.as_str()]).join("+")) } else { value.expose().to_owned() }
                    })
                    .collect();
                let template = write(&shown.iter().map(String::as_str).collect::<Vec<_>>())?;
                // Remembered before it is there: a run that is killed between the two must not leave a file that
                // nobody knows to be secret.
                shared
                    .sealed
                    .remember(&place.name(), content.as_bytes(), template.to_string(), names)
                    .map_err(|message| Fault::error(ErrorKind::Internal, message))?;
            }
            place.replace(content.as_bytes(), mode).map_err(fault)?;
            if !is_sealed {
                forget(shared, &place.name())?;
            }
            let digest = if is_sealed {
                json!({ "hmac": shared.sealed.digest(content.as_bytes()) })
            } else {
                json!({ "sha256": hex(&Sha256::digest(content.as_bytes())) })
            };
            let written = Written {
                entries: u32::try_from(entries.len()).unwrap_or(u32::MAX),
                size: content.len() as u64,
                changed,
                sealed: is_sealed,
            };
            let summary = json!({ "entries": written.entries, "size": written.size, "sealed": is_sealed, "digest": digest });
            Ok((Answer::Written(written), summary))
        })
        .await
}

/// A secret's sink names the format that its file is written in; in another one its quoting would not hold.
fn check_format(shared: &Shared, value: &str, format: &str) -> Result<(), Fault> {
    let declared = shared
        .authority
        .bound
        .secrets
        .iter()
        .find(|secret| secret.pointer == value)
        .and_then(|secret| secret.sink.as_ref())
        .and_then(|sink| sink.format.as_deref());
    match declared {
        Some(declared) if declared != format => Err(Fault::denied(
            Rule::OtherSink,
            value,
            format!(
                "the secret at `{value}` is for a file in the format `{declared}`, not `{format}`"
            ),
        )),
        _ => Ok(()),
    }
}

/// The text of a file that the host reads in a role.
pub(super) fn role_text(shared: &Shared, at: &str, limit: u64) -> Result<Option<String>, Fault> {
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
    let place = open(shared, path, path, at)?;
    let bytes = place
        .read(0, limit + 1)
        .map_err(|error| file_fault(error, at, path.as_str()))?;
    if bytes.len() as u64 > limit {
        return Err(Fault::error(
            ErrorKind::TooLarge,
            format!("`{path}` is larger than {limit} bytes"),
        ));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| Fault::error(ErrorKind::Invalid, format!("`{path}` is no text")))
}

fn permitted(shared: &Shared, act: &Act<'_>) -> Result<(WorkspacePath, WorkspacePath), Fault> {
    match shared.permit(act)? {
        Permit::Path { root, path, .. } => Ok((root, path)),
        _ => wrong_permit(),
    }
}

/// A place that can be read: links followed and found to stay.
pub(super) fn open(
    shared: &Shared,
    root: &WorkspacePath,
    path: &WorkspacePath,
    at: &str,
) -> Result<Place, Fault> {
    Place::open(&shared.workspace, root, path)
        .and_then(|place| place.real())
        .map_err(|error| file_fault(error, at, path.as_str()))
}

/// A range of what the plugin may see of a file.
fn read(
    shared: &Shared,
    place: &Place,
    at: &str,
    offset: u64,
    length: u64,
) -> Result<Vec<u8>, Fault> {
    let fault = |error| file_fault(error, at, &place.name());
    let metadata = place.stat().map_err(fault)?;
    let mut kept = shared
        .reading
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let mut reading = match kept.take() {
        Some(reading) if reading.continues(&place.name(), &metadata, offset) => reading,
        _ => {
            let reader = MaskedReader::new(readable(shared, place, at)?, &shared.masker);
            Reading::new(place.name(), &metadata, reader)
        }
    };
    let bytes = reading
        .read(offset, length)
        .map_err(|error| fault(error.into()))?;
    if bytes.len() as u64 == length {
        *shared
            .reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }
    Ok(bytes)
}

/// What a plugin may read of a file, not yet masked: the template where it is sealed, by its name or by its bytes.
pub(super) fn readable(
    shared: &Shared,
    place: &Place,
    at: &str,
) -> Result<Box<dyn Read + Send>, Fault> {
    let template = |text: String| Box::new(io::Cursor::new(text.into_bytes()));
    if let Some(text) = shared.sealed.template(&place.name()) {
        return Ok(template(text));
    }
    let fault = |error| file_fault(error, at, &place.name());
    let mut file = place.file().map_err(fault)?;
    if shared.sealed.is_empty() {
        return Ok(Box::new(file));
    }
    // What is compared is what is read: the file isn't opened again.
    let mut beginning = Vec::new();
    Read::by_ref(&mut file)
        .take(SEALED_LIMIT)
        .read_to_end(&mut beginning)
        .map_err(|error| fault(error.into()))?;
    if let Some(text) = shared.sealed.template_of_copy(&beginning) {
        return Ok(template(text));
    }
    Ok(Box::new(io::Cursor::new(beginning).chain(file)))
}

fn forget(shared: &Shared, name: &str) -> Result<(), Fault> {
    shared
        .sealed
        .forget(name)
        .map_err(|message| Fault::error(ErrorKind::Internal, message))
}

fn sealed(at: &str, name: &str) -> Fault {
    Fault::denied(
        Rule::SealedFile,
        at,
        format!("`{name}` holds secrets: it is replaced as a whole or left alone"),
    )
}

/// Folds a file error; a link that leaves is a denial.
pub(crate) fn file_fault(error: FileError, at: &str, name: &str) -> Fault {
    match error {
        FileError::LinkLeaves => Fault::denied(
            Rule::LinkLeavesPath,
            at,
            format!("a link at `{name}` leads out of what was handed over"),
        ),
        FileError::Reserved => Fault::denied(
            Rule::ReservedPath,
            at,
            format!("`{name}` leads to what is never handed to a step"),
        ),
        FileError::Io(error) => {
            let kind = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ErrorKind::NotFound,
                io::ErrorKind::AlreadyExists
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::DirectoryNotEmpty => ErrorKind::Conflict,
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => ErrorKind::Invalid,
                _ => ErrorKind::Internal,
            };
            let message = match error.kind() {
                io::ErrorKind::NotFound => format!("`{name}` is not there"),
                _ => format!("`{name}`: {error}"),
            };
            Fault::error(kind, message)
        }
    }
}
