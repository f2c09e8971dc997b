//! The script's way out: connections to the origins that it was handed, by the rules that hold for all.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use capstep_grants::check::{Denial, Rule};
use capstep_net::{Dialer, Endpoint, NetErrorKind};
use capstep_process::proxy::RULE_ORIGIN;
use capstep_process::{Answer, Attempt, Origin, Upstream, UpstreamError};
use serde_json::json;
use tokio::net::TcpStream;

use super::spec::origin_of;
use crate::fault::Fault;
use crate::journal::Phase;
use crate::step::Shared;

/// What the journal calls a connection of the script's.
const VERB: &str = "script/connect";

/// For resolving a name and opening the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Opens connections as all others are opened.
pub(super) struct Through {
    dialer: Arc<Dialer>,
    /// The origins that stand in the pipeline's own text. Where any other leads is judged as a name's way, whatever it
    /// says.
    written: Vec<Origin>,
}

impl Through {
    pub(super) fn new(shared: &Shared) -> Self {
        let grants = shared.authority.bound.grants.iter();
        let written = grants.filter(|grant| grant.provenance.is_written());
        Self {
            dialer: Arc::clone(&shared.dialer),
            written: written
                .filter_map(|grant| origin_of(grant.authority.as_ref()?))
                .collect(),
        }
    }
}

impl Upstream for Through {
    fn connect<'a>(
        &'a self,
        origin: &'a Origin,
    ) -> Pin<Box<dyn Future<Output = Result<TcpStream, UpstreamError>> + Send + 'a>> {
        Box::pin(async move {
            let dialed = async {
                let written = self.written.contains(origin);
                let endpoint = Endpoint::granted(&origin.host, origin.port, written)?;
                self.dialer.dial(&endpoint, CONNECT_TIMEOUT).await
            };
            match dialed.await {
                Ok(dialed) => Ok(dialed.stream),
                Err(error) if error.kind == NetErrorKind::Refused => Err(UpstreamError::Denied {
                    rule: Rule::AddressRefused.word().to_owned(),
                    message: error.message,
                }),
                Err(error) => Err(UpstreamError::Unreachable {
                    message: error.message,
                }),
            }
        })
    }
}

/// Records what the script asked the proxy for; a denial fails the step.
pub(super) fn note(shared: &Shared, attempt: &Attempt) -> Result<(), Fault> {
    let grant = granting(shared, attempt);
    let pointers: Vec<&str> = grant.iter().map(String::as_str).collect();
    let arguments = json!({ "method": attempt.method, "target": attempt.target });
    let meta = shared
        .meta(VERB, arguments, false)
        .under(shared.grants(&pointers));
    match &attempt.answer {
        Answer::Connected | Answer::Failed { .. } => shared.note(&meta, Phase::Granted),
        Answer::Denied { rule, message } => {
            let hint = (rule == RULE_ORIGIN).then(|| {
                let target = &attempt.target;
                format!("hand it over, if it is meant: `allow: [{target}]`")
            });
            let denial = Denial {
                rule: rule_of(rule),
                pointer: grant.unwrap_or_default(),
                message: message.clone(),
                hint,
                place: None,
            };
            shared.deny(&meta, denial);
            Ok(())
        }
    }
}

/// The pointer of the input that allows the attempt's origin.
fn granting(shared: &Shared, attempt: &Attempt) -> Option<String> {
    let asked: Origin = attempt.target.parse().ok()?;
    let mut grants = shared.authority.bound.grants.iter();
    let grant = grants.find(|grant| {
        let origin = grant.authority.as_ref().and_then(origin_of);
        origin.is_some_and(|origin| origin == asked)
    })?;
    Some(grant.pointer.clone())
}

fn rule_of(word: &str) -> Rule {
    let mut all = Rule::ALL.iter();
    let known = all.find(|rule| rule.word() == word);
    known.copied().unwrap_or(Rule::OtherOrigin)
}
