//! Whether a step is tried again, and when.

use std::time::Duration;

use capstep_pipeline::{Backoff, Retry};

use super::outcome::Ended;

/// The longest wait between two tries, however often it was doubled.
const MAX_WAIT: Duration = Duration::from_secs(10 * 60);

/// The kind of failure and the wait before the next try; none where there is no further one. What was denied is denied
/// the next time too, and what the inputs got wrong stays wrong: only failures that have a kind are tried again.
pub(super) fn again<'e>(
    retry: Option<&Retry>,
    ended: &'e Ended,
    attempt: u32,
) -> Option<(&'e str, Duration)> {
    let retry = retry?;
    let kind = ended.kind.as_deref()?;
    let wanted = retry.on.is_empty() || retry.on.contains(&kind);
    if !ended.outcome.is_tolerable() || !wanted || attempt >= retry.attempts {
        return None;
    }
    let times = match retry.backoff {
        Backoff::Constant => 1,
        Backoff::Exponential => 2_u32.saturating_pow(attempt.saturating_sub(1)),
    };
    Some((
        kind,
        retry
            .delay
            .saturating_mul(times)
            .min(MAX_WAIT.max(retry.delay)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Outcome;

    #[test]
    fn what_is_tried_again_and_when() {
        let seconds = Duration::from_secs;
        let retry = |attempts, backoff, on: &[&'static str]| Retry {
            attempts,
            delay: seconds(5),
            backoff,
            on: on.to_vec(),
        };
        let check = |retry: Option<&Retry>,
                     outcome,
                     kind: Option<&str>,
                     attempt,
                     expected: Option<Duration>| {
            let mut ended = Ended::failed(outcome, "no");
            ended.kind = kind.map(str::to_owned);
            let found = again(retry, &ended, attempt).map(|(_, wait)| wait);
            assert_eq!(found, expected, "{retry:?} {outcome:?} {kind:?} {attempt}");
        };
        let constant = retry(3, Backoff::Constant, &[]);
        let failed = Outcome::Failed;
        check(None, failed, Some("failed"), 1, None);
        check(Some(&constant), failed, Some("failed"), 1, Some(seconds(5)));
        check(Some(&constant), failed, Some("failed"), 2, Some(seconds(5)));
        check(Some(&constant), failed, Some("failed"), 3, None);
        check(
            Some(&constant),
            Outcome::Infrastructure,
            Some("unreachable"),
            1,
            Some(seconds(5)),
        );
        check(Some(&constant), failed, None, 1, None);
        check(Some(&constant), Outcome::Denied, Some("failed"), 1, None);
        check(Some(&constant), Outcome::Cancelled, Some("failed"), 1, None);
        check(Some(&constant), Outcome::Passed, None, 1, None);
        let doubled = retry(100, Backoff::Exponential, &["timeout"]);
        check(Some(&doubled), failed, Some("failed"), 1, None);
        check(Some(&doubled), failed, Some("timeout"), 1, Some(seconds(5)));
        check(
            Some(&doubled),
            failed,
            Some("timeout"),
            2,
            Some(seconds(10)),
        );
        check(
            Some(&doubled),
            failed,
            Some("timeout"),
            4,
            Some(seconds(40)),
        );
        check(Some(&doubled), failed, Some("timeout"), 50, Some(MAX_WAIT));
    }
}
