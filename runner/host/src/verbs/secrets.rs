//! `secrets`: the bytes, where the pipeline reveals them.

use std::sync::Arc;

use capstep_grants::check::Act;
use serde_json::json;

use super::misrouted;
use crate::fault::Fault;
use crate::protocol::{Answer, Call, ErrorKind};
use crate::step::{Meta, Shared};

pub(crate) async fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    let Call::SecretsReveal { input } = call else {
        return misrouted();
    };
    shared.permit(&Act::Reveal { input: &input })?;
    let meta = meta.using(shared.secret_names([input.as_str()]));
    shared
        .effect(&meta, async {
            let value = shared
                .value(&input)
                .ok_or_else(|| Fault::error(ErrorKind::NotFound, "the input was not set"))?;
            Ok((
                Answer::Text(value.expose().to_owned()),
                json!({ "revealed": true }),
            ))
        })
        .await
}
