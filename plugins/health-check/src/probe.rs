//! One try of one target.

use capstep_sdk::http::{Http, Response};
use capstep_sdk::tcp::{Answer, Tcp};
use capstep_sdk::{Duration, Error};

use crate::expectation::{Expectation, short};
use crate::target::Probe;

/// How much of a body is kept for the report, in bytes.
const KEPT_BODY: usize = 2048;

/// Headers that help to see why an answer is not what was expected.
const KEPT_HEADERS: [&str; 7] = [
    "content-type",
    "content-length",
    "location",
    "retry-after",
    "server",
    "via",
    "www-authenticate",
];

/// What came of a try.
#[derive(Debug, Clone)]
pub(crate) enum Last {
    /// An HTTP answer.
    Http {
        status: u16,
        url: String,
        headers: Vec<(String, String)>,
        body: String,
        cut: bool,
        latency: Duration,
    },
    /// An open port.
    Tcp {
        peer: String,
        banner: String,
        latency: Duration,
    },
    /// No answer.
    Error(Error),
}

/// What a try says about a target.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// What was seen, in a few words: `http 503`.
    pub(crate) seen: String,
    /// What tells this from other findings: it stays the same while only figures in `seen` change.
    pub(crate) key: String,
    /// What is not as expected, in words; none: it is healthy.
    pub(crate) wrong: Option<String>,
    /// What came.
    pub(crate) last: Last,
}

impl Last {
    pub(crate) fn latency(&self) -> Option<Duration> {
        match self {
            Self::Http { latency, .. } | Self::Tcp { latency, .. } => Some(*latency),
            Self::Error(_) => None,
        }
    }

    /// The latency for people: what was quicker than a millisecond took one.
    pub(crate) fn told_latency(&self) -> Option<Duration> {
        self.latency().map(shown)
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Http { status, .. } => Some(*status),
            Self::Tcp { .. } | Self::Error(_) => None,
        }
    }
}

/// A time for people, in whole milliseconds; never none.
pub(crate) fn shown(time: Duration) -> Duration {
    time.rounded().max(Duration::from_millis(1))
}

/// Starts a try.
pub(crate) fn start<H: Http + Tcp>(host: &H, probe: &Probe) -> Result<H::Op, Error> {
    match probe {
        Probe::Http(request) => host.start_send(request),
        Probe::Tcp { pointer, options } => host.start_tcp_connect(pointer, *options),
    }
}

/// What came of a try that has ended.
///
/// # Errors
/// Those that another try can't change.
pub(crate) fn finding<H: Http + Tcp>(
    host: &H,
    probe: &Probe,
    op: &H::Op,
    expectation: &Expectation,
) -> Result<Finding, Error> {
    let found = match probe {
        Probe::Http(_) => host
            .response(op)
            .map(|response| of_response(&response, expectation)),
        Probe::Tcp { .. } => host
            .answer(op)
            .map(|answer| of_answer(&answer, expectation)),
    };
    found.or_else(of_error)
}

/// An error is a finding as long as it may be gone the next time.
///
/// # Errors
/// The error itself where it can't.
pub(crate) fn of_error(error: Error) -> Result<Finding, Error> {
    if error.is_final() {
        return Err(error);
    }
    let stage = error
        .stage
        .as_deref()
        .map(|stage| format!(" (at {stage})"))
        .unwrap_or_default();
    let seen = format!("{}{stage}", error.message);
    let key = format!("{}{stage}", error.kind);
    Ok(Finding {
        wrong: Some(seen.clone()),
        seen,
        key,
        last: Last::Error(error),
    })
}

fn of_response(response: &Response, expectation: &Expectation) -> Finding {
    let mismatches = expectation.judge(response);
    let status_differs = mismatches
        .first()
        .is_some_and(|first| first.expected.starts_with("status "));
    let mut seen = format!("http {}", response.status);
    if let Some(first) = mismatches.first().filter(|_| !status_differs) {
        seen = format!("{seen}, {first}");
    } else if let Some(location) = response
        .header("location")
        .next()
        .filter(|_| response.status / 100 == 3)
    {
        seen = format!("{seen} to {}", short(location));
    }
    let wrong: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let values: Vec<&str> = response.header(name).collect();
        (!values.is_empty()).then(|| ((*name).to_owned(), short(&values.join(", "))))
    });
    let kept = response.body.get(..KEPT_BODY).unwrap_or(&response.body);
    let last = Last::Http {
        status: response.status,
        url: response.url.clone(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(kept).into_owned(),
        cut: response.truncated || kept.len() < response.body.len(),
        latency: Duration::from_nanos(response.latency),
    };
    Finding {
        key: seen.clone(),
        seen,
        wrong: (!wrong.is_empty()).then(|| wrong.join("; ")),
        last,
    }
}

fn of_answer(answer: &Answer, expectation: &Expectation) -> Finding {
    let wrong = expectation
        .judge_banner(&answer.banner)
        .map(|mismatch| mismatch.to_string());
    let seen = match &wrong {
        Some(wrong) => format!("open, {wrong}"),
        None => "open".to_owned(),
    };
    let last = Last::Tcp {
        peer: answer.peer.clone(),
        banner: String::from_utf8_lossy(&answer.banner).into_owned(),
        latency: Duration::from_nanos(answer.latency),
    };
    Finding {
        key: seen.clone(),
        seen,
        wrong,
        last,
    }
}
