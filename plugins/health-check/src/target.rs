//! What is checked, and how far it has come.

use capstep_sdk::http::{Body, Request, Value};
use capstep_sdk::tcp::Options;
use capstep_sdk::{Duration, Pointer};

use crate::expectation::Expectation;
use crate::inputs::Inputs;
use crate::outputs::TargetResult;
use crate::probe::Last;

/// A URL or a port.
#[derive(Debug)]
pub(crate) struct Target {
    /// As the pipeline writes it.
    pub(crate) label: String,
    /// How it is tried.
    pub(crate) probe: Probe,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// Healthy answers in a row.
    pub(crate) streak: u32,
    /// Whether it has had enough of those.
    pub(crate) healthy: bool,
    /// What was last said about it in the log.
    pub(crate) said: String,
    /// When that was.
    pub(crate) said_at: Duration,
    /// What was not as expected the last time, in words.
    pub(crate) wrong: Option<String>,
    /// What came last.
    pub(crate) last: Option<Last>,
}

/// How a target is tried.
#[derive(Debug, Clone)]
pub(crate) enum Probe {
    Http(Box<Request>),
    Tcp { pointer: String, options: Options },
}

impl Target {
    fn new(label: &str, probe: Probe) -> Self {
        Self {
            label: label.to_owned(),
            probe,
            attempts: 0,
            streak: 0,
            healthy: false,
            said: String::new(),
            said_at: Duration::default(),
            wrong: None,
            last: None,
        }
    }

    pub(crate) fn result(&self) -> TargetResult {
        TargetResult {
            target: self.label.clone(),
            healthy: self.healthy,
            attempts: self.attempts,
            latency_ms: self
                .last
                .as_ref()
                .and_then(Last::latency)
                .map(Duration::as_millis),
            status: self.last.as_ref().and_then(Last::status),
        }
    }
}

/// All targets, URLs first, in the order written.
pub(crate) fn targets(inputs: &Inputs, expectation: &Expectation) -> Vec<Target> {
    let urls = inputs
        .url
        .pointed("url")
        .map(|(pointer, url)| Target::new(url, Probe::Http(Box::new(request(inputs, &pointer)))));
    let ports = inputs.tcp.pointed("tcp").map(|(pointer, address)| {
        let options = Options {
            timeout: Some(inputs.timeout.as_nanos()),
            banner: expectation.wants_banner(),
        };
        Target::new(
            address,
            Probe::Tcp {
                pointer: pointer.to_string(),
                options,
            },
        )
    });
    urls.chain(ports).collect()
}

/// Header values go by pointer, plain ones too: the host puts secrets in.
fn request(inputs: &Inputs, pointer: &Pointer) -> Request {
    let mut request = Request::new(inputs.method.word(), pointer).timeout(inputs.timeout);
    request.redirects = inputs.redirects;
    for name in inputs.headers.keys() {
        request = request.header(
            name,
            Value::Input(Pointer::input("headers").key(name).to_string()),
        );
    }
    if inputs.token.is_some() {
        request = request.header(
            "Authorization",
            Value::Bearer(Pointer::input("token").to_string()),
        );
    }
    if let Some(body) = &inputs.body {
        request.body = Body::Bytes(body.clone().into_bytes());
    }
    request
}
