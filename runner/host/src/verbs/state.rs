//! `state`: small values that last between runs.

use std::sync::Arc;

use capstep_grants::check::{Act, Permit};
use capstep_secrets::Placeholder;
use serde_json::{Value, json};

use super::{misrouted, wrong_permit};
use crate::fault::Fault;
use crate::kept_values::{KeptValues, KeptValuesError, MAX_NAME, MAX_VALUE};
use crate::protocol::{Answer, Call, ErrorKind};
use crate::step::{Meta, Shared};

pub(crate) async fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    let act = match &call {
        Call::StateGet { input, .. } | Call::StateNames { input } => Act::StateRead { input },
        Call::StateSet { input, .. } | Call::StateRemove { input, .. } => Act::StateWrite { input },
        _ => return misrouted(),
    };
    let Permit::State { grant, name, .. } = shared.permit(&act)? else {
        return wrong_permit();
    };
    let meta = meta.under(shared.grants(&[&grant]));
    check(shared, &call)?;
    let values = Arc::clone(&shared.values);
    let masking = Arc::clone(shared);
    let work = async move {
        // It waits for a lock and for the disk.
        tokio::task::spawn_blocking(move || act_on(&masking, &values, &name, call))
            .await
            .map_err(|_| Fault::error(ErrorKind::Internal, "the state verb broke off"))?
    };
    shared.effect(&meta, work).await
}

/// Whether the plugin's own words can be kept.
fn check(shared: &Shared, call: &Call) -> Result<(), Fault> {
    let invalid = |message: String| Err(Fault::error(ErrorKind::Invalid, message));
    if let Call::StateGet { name, .. }
    | Call::StateSet { name, .. }
    | Call::StateRemove { name, .. } = call
        && (name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control))
    {
        return invalid(format!(
            "a value's name has 1 to {MAX_NAME} bytes, none of them a control character"
        ));
    }
    let Call::StateSet { name, value, .. } = call else {
        return Ok(());
    };
    if value.len() > MAX_VALUE {
        return Err(Fault::error(
            ErrorKind::TooLarge,
            format!(
                "the value has {} bytes; at most {MAX_VALUE} are kept",
                value.len()
            ),
        ));
    }
    // Later runs, and other people's, would read it.
    for text in [name, value] {
        if shared.masker.mask_str(text) != text.as_str() || Placeholder::is_in(text) {
            return invalid(
                "a secret is not kept between runs: take it out of the value".to_owned(),
            );
        }
    }
    Ok(())
}

fn act_on(
    shared: &Shared,
    values: &KeptValues,
    state: &str,
    call: Call,
) -> Result<(Answer, Value), Fault> {
    Ok(match call {
        Call::StateGet { name, .. } => {
            let value = values.get(state, &name).map_err(fault)?;
            // Written before a secret had the value that it has now.
            let value = value.map(|value| shared.masker.mask_str(&value).into_owned());
            let summary =
                json!({ "found": value.is_some(), "bytes": value.as_ref().map(String::len) });
            (Answer::Value(value), summary)
        }
        Call::StateNames { .. } => {
            let names = values.names(state).map_err(fault)?;
            let summary = json!({ "names": names.len() });
            (Answer::Names(names), summary)
        }
        Call::StateSet { name, value, .. } => {
            let changed = values.set(state, &name, Some(&value)).map_err(fault)?;
            (
                Answer::Nothing,
                json!({ "changed": changed, "bytes": value.len() }),
            )
        }
        Call::StateRemove { name, .. } => {
            let changed = values.set(state, &name, None).map_err(fault)?;
            (Answer::Nothing, json!({ "changed": changed }))
        }
        _ => return misrouted(),
    })
}

fn fault(error: KeptValuesError) -> Fault {
    let kind = match error {
        KeptValuesError::Io { .. } | KeptValuesError::Damaged { .. } => ErrorKind::Internal,
        KeptValuesError::Full => ErrorKind::TooLarge,
    };
    Fault::error(kind, error.to_string())
}
