//! `http` and `tcp`.

use capstep_grants::check::Rule;
use serde_json::{Value, json};

use crate::place::Place;
use crate::runner::{Case, call, case, named, run_at, switched, wait};

/// Sends a request and takes its answer.
fn send(request: Value) -> Vec<Value> {
    let mut whole = json!({ "method": "GET" });
    whole
        .as_object_mut()
        .unwrap()
        .extend(request.as_object().unwrap().clone());
    vec![
        named("op", "http/send", json!({ "request": whole })),
        wait("op"),
        call("http/response", json!({ "op": "$op" })),
    ]
}

fn connect(address: &str) -> Vec<Value> {
    vec![
        named(
            "op",
            "tcp/connect",
            json!({ "address": address, "options": {} }),
        ),
        wait("op"),
        call("tcp/answer", json!({ "op": "$op" })),
    ]
}

pub(crate) fn cases(place: &Place) -> Vec<Case> {
    let base = format!("http://127.0.0.1:{}", place.http);
    let elsewhere = format!("http://127.0.0.1:{}/", place.elsewhere);
    let at =
        |input: &str, path: &str| send(json!({ "input": input, "url": format!("{base}{path}") }));
    let granted = || send(json!({ "input": "/exact" }));
    let below = || at("/site", "/site/below/it?and=more");
    let post_chosen = || send(json!({ "input": "/chosen", "method": "POST" }));
    let verb = "http/send";
    let header = |input: &str| {
        send(
            json!({ "input": "/exact", "headers": [{ "name": "X-Token", "value": { "input": input } }] }),
        )
    };
    vec![
        case(
            verb,
            Rule::UndeclaredInput,
            send(json!({ "input": "/nothing" })),
            granted(),
        ),
        case(
            verb,
            Rule::NoAuthority,
            send(json!({ "input": "/text" })),
            granted(),
        ),
        case(
            verb,
            Rule::OtherOrigin,
            send(json!({ "input": "/site", "url": elsewhere })),
            below(),
        ),
        case(
            verb,
            Rule::OtherOrigin,
            send(
                json!({ "input": "/site", "url": format!("http://user@127.0.0.1:{}/site/", place.http) }),
            ),
            below(),
        ),
        // A redirect is a request too.
        case(
            verb,
            Rule::OtherOrigin,
            send(json!({ "input": "/moved", "redirects": 3 })),
            send(json!({ "input": "/moved" })),
        ),
        case(
            verb,
            Rule::OtherPath,
            at("/exact", "/exact/below"),
            granted(),
        ),
        case(
            verb,
            Rule::OtherPath,
            at("/exact", "/exact?query"),
            granted(),
        ),
        case(verb, Rule::OtherPath, at("/site", "/sites"), below()),
        case(
            verb,
            Rule::OtherPath,
            at("/site", "/site/../secret"),
            below(),
        ),
        case(
            verb,
            Rule::OtherPath,
            at("/site", "/site/%2e%2e/secret"),
            below(),
        ),
        case(
            verb,
            Rule::OtherMethod,
            send(json!({ "input": "/site", "method": "DELETE" })),
            below(),
        ),
        case(
            verb,
            Rule::OtherMethod,
            send(json!({ "input": "/site", "method": "POST" })),
            send(json!({ "input": "/exact", "method": "POST" })),
        ),
        // What the manifest could ask for is no matter: the step chose another.
        Case {
            rule: Rule::OtherMethod,
            ..switched(verb, post_chosen())
        },
        case(
            verb,
            Rule::AddressRefused,
            send(json!({ "input": "/metadata" })),
            granted(),
        ),
        // The same server, by a name that leads to it: whoever answers for names must not choose where a step goes.
        case(
            verb,
            Rule::AddressRefused,
            send(json!({ "input": "/loopback" })),
            granted(),
        ),
        case(
            verb,
            Rule::OtherSink,
            header("/target-identity"),
            header("/token"),
        ),
        case(
            verb,
            Rule::OtherSink,
            header("/vars/SECRET"),
            header("/vars/PLAIN"),
        ),
        case(
            verb,
            Rule::UndeclaredInput,
            header("/nothing"),
            header("/text"),
        ),
        case(
            "tcp/connect",
            Rule::UndeclaredInput,
            connect("/nothing"),
            connect("/address"),
        ),
        case(
            "tcp/connect",
            Rule::NoAuthority,
            connect("/text"),
            connect("/address"),
        ),
        case(
            "tcp/connect",
            Rule::AddressRefused,
            connect("/metadata-address"),
            connect("/address"),
        ),
        case(
            "tcp/connect",
            Rule::AddressRefused,
            connect("/loopback-address"),
            connect("/address"),
        ),
    ]
}

#[test]
fn requests_and_connections() {
    let place = Place::new();
    run_at(&place, cases(&place));
}
