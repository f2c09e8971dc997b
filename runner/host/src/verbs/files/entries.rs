//! `files.write-entries`: a file of named values, secrets among them.

use capstep_envfile::{EncodeOptions, Entry as Row, EnvFormat, encode};
use capstep_grants::check::{Act, Permit, Rule};
use capstep_grants::manifest::SinkKind;
use capstep_grants::pointer;
use capstep_secrets::{Held, SecretValue};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{MODE_MASK, Target, unseal, writing};
use crate::fault::Fault;
use crate::journal::hex;
use crate::protocol::{Answer, EntriesOptions, ErrorKind, VerbError, Written};
use crate::step::{Meta, Shared};
use crate::verbs::wrong_permit;

/// The mode of a file of named values; always, where a secret is among them.
const SEALED_MODE: u32 = 0o600;

/// A value and what is known of it.
struct Named<'a> {
    /// The input's pointer, whose last part is the name.
    pointer: &'a str,
    name: String,
    value: SecretValue,
    secret: bool,
}

pub(super) async fn write(
    shared: &Shared,
    meta: Meta,
    input: &str,
    format: &str,
    pointers: &[String],
    options: &EntriesOptions,
) -> Result<Answer, Fault> {
    let target = Target::permitted(shared, &writing(input, ""))?;
    let known = EnvFormat::parse(format).ok_or_else(|| {
        Fault::error(
            ErrorKind::Invalid,
            format!("`{format}` is no format: compose, docker, shell or json"),
        )
    })?;
    let values = pointers
        .iter()
        .map(|pointer| named(shared, pointer, input, format))
        .collect::<Result<Vec<_>, Fault>>()?;
    let names = shared.secret_names(pointers.iter().map(String::as_str));
    let meta = meta.under(shared.grants(&[input])).using(names.clone());
    shared
        .effect(&meta, async {
            write_all(shared, &target, known, &values, names, options)
        })
        .await
}

/// The value at an input, where it may go into that file in that format.
fn named<'a>(
    shared: &Shared,
    pointer: &'a str,
    file: &str,
    format: &str,
) -> Result<Named<'a>, Fault> {
    let act = Act::Use {
        input: pointer,
        sink: SinkKind::File,
        to: file,
    };
    let Permit::Value { secret } = shared.permit(&act)? else {
        return wrong_permit();
    };
    if secret {
        check_format(shared, pointer, format)?;
    }
    let value = shared.value(pointer).ok_or_else(|| {
        Fault::error(
            ErrorKind::NotFound,
            format!("the input at `{pointer}` was not set"),
        )
    })?;
    Ok(Named {
        pointer,
        name: pointer::last(pointer),
        value,
        secret,
    })
}

fn write_all(
    shared: &Shared,
    target: &Target,
    format: EnvFormat,
    values: &[Named<'_>],
    names: Vec<String>,
    options: &EntriesOptions,
) -> Result<(Answer, Value), Fault> {
    let sealed = values.iter().any(|value| value.secret);
    let content = text(format, values, options, |value| {
        Zeroizing::new(value.value.expose().to_owned())
    })?;
    let place = target.create(shared)?;
    let before = place.read(0, content.len() as u64 + 1).ok();
    let changed = before.as_deref() != Some(content.as_bytes());
    if sealed {
        let template = text(format, values, options, |value| {
            Zeroizing::new(if value.secret {
                let names = shared.secret_names([value.pointer]);
                format!("[secret {}]", names.join("+"))
            } else {
                value.value.expose().to_owned()
            })
        })?;
        // Remembered before it is there: a run that is killed between the two must not leave a file that nobody knows
        // to be secret.
        let held = Held {
            format: format.name().to_owned(),
            entries: values
                .iter()
                .filter(|value| value.secret)
                .map(|value| (value.name.clone(), shared.secret_names([value.pointer])))
                .collect(),
        };
        shared
            .sealed
            .remember(
                &place.name(),
                content.as_bytes(),
                template.to_string(),
                names,
                Some(held),
            )
            .map_err(|message| Fault::error(ErrorKind::Internal, message))?;
    }
    let mode = match options.mode {
        Some(mode) if !sealed => mode & MODE_MASK,
        _ => SEALED_MODE,
    };
    place.remove_leftovers();
    place
        .replace(content.as_bytes(), mode)
        .map_err(|error| target.fault(error))?;
    if !sealed {
        unseal(shared, &place)?;
    }
    let digest = if sealed {
        json!({ "hmac": shared.sealed.digest(content.as_bytes()) })
    } else {
        json!({ "sha256": hex(&Sha256::digest(content.as_bytes())) })
    };
    let written = Written {
        entries: u32::try_from(values.len()).unwrap_or(u32::MAX),
        size: content.len() as u64,
        changed,
        sealed,
    };
    let summary = json!({ "entries": written.entries, "size": written.size, "sealed": sealed, "digest": digest });
    Ok((Answer::Written(written), summary))
}

/// The file's text, with each value as it is to be shown.
fn text(
    format: EnvFormat,
    values: &[Named<'_>],
    options: &EntriesOptions,
    shown: impl Fn(&Named<'_>) -> Zeroizing<String>,
) -> Result<Zeroizing<String>, Fault> {
    let shown: Vec<Zeroizing<String>> = values.iter().map(shown).collect();
    let rows: Vec<Row<'_>> = values
        .iter()
        .zip(&shown)
        .map(|(value, text)| Row {
            name: &value.name,
            value: text,
        })
        .collect();
    let encoding = EncodeOptions {
        comment: options.comment.clone(),
        strip_cr: options.strip_cr,
    };
    encode(format, &rows, &encoding).map_err(|error| {
        Fault::Error(
            VerbError::new(ErrorKind::Invalid, error.to_string())
                .with(json!({ "name": error.name, "reason": error.reason, "hint": error.hint })),
        )
    })
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
