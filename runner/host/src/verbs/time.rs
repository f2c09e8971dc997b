//! `time`: now, and waiting.

use std::sync::Arc;

use serde_json::Value;

use super::misrouted;
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, Call};
use crate::step::Shared;

/// The longest sleep: more would overflow the clock, and no step lives that long.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

pub(crate) fn call(shared: &Arc<Shared>, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::TimeNow {} => {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default();
            Ok(Answer::Instant(
                u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
            ))
        }
        Call::TimeSleep { time } => {
            let time = time.duration().min(LONGEST);
            let handle = shared.launch(shared.token(), None, |_, _, _| async move {
                tokio::time::sleep(time).await;
                Ok((Outcome::Nothing, Value::Null))
            })?;
            Ok(Answer::Handle(handle))
        }
        _ => misrouted(),
    }
}
