//! Inputs that make no sense together, found before anything is asked.

use capstep_sdk::{Duration, Failure};

use crate::inputs::{Inputs, Method};

/// The shortest time between attempts: more often is a load test.
const SHORTEST_EVERY: Duration = Duration::from_millis(100);

/// # Errors
/// Nothing to check, or an input that could never hold or would be ignored.
pub(crate) fn validate(inputs: &Inputs) -> Result<(), Failure> {
    let expect = &inputs.expect;
    let has_url = !inputs.url.is_empty();
    let reads_body = !expect.json.is_empty() || expect.body.is_some() || expect.not_body.is_some();
    let authorized = inputs
        .headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case("authorization"));
    let for_url = [
        ("headers", !inputs.headers.is_empty()),
        ("token", inputs.token.is_some()),
        ("body", inputs.body.is_some()),
        ("ca", inputs.ca.is_some()),
        ("expect.status", !expect.status.is_empty()),
        ("expect.header", !expect.header.is_empty()),
        ("expect", reads_body),
    ];
    let message = if !has_url && inputs.tcp.is_empty() {
        "there is nothing to check: set `url`, `tcp` or both".to_owned()
    } else if let Some((name, _)) = for_url.iter().find(|(_, set)| *set && !has_url) {
        format!("{name}: is for `url`, and there is none")
    } else if expect.banner.is_some() && inputs.tcp.is_empty() {
        "expect.banner: is for `tcp`, and there is none".to_owned()
    } else if inputs.body.is_some() && inputs.method != Method::Post {
        format!(
            "body: {} has none; set `method: POST`",
            inputs.method.word()
        )
    } else if reads_body && inputs.method == Method::Head {
        "expect: an answer to HEAD has no body".to_owned()
    } else if inputs.token.is_some() && authorized {
        "token: `headers` has an Authorization already".to_owned()
    } else if inputs.attempts == 0 {
        "attempts: at least one is needed".to_owned()
    } else if inputs.successes == 0 {
        "successes: at least one is needed".to_owned()
    } else if inputs.successes > inputs.attempts {
        format!(
            "successes: {} can't come of {} attempts",
            inputs.successes, inputs.attempts
        )
    } else if inputs.every < SHORTEST_EVERY {
        format!("every: at least {SHORTEST_EVERY}")
    } else if inputs.timeout.is_zero() {
        "timeout: no answer comes in no time".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::invalid(message))
}
