//! `docker`, on a real engine and a real registry.

use capstep_grants::check::Rule;
use serde_json::{Value, json};

use crate::place::Place;
use crate::runner::{Case, call, case, named, run_at, switched, wait};

/// Starts an operation, waits for it and takes its result.
fn operate(verb: &str, params: Value, result: &str) -> Vec<Value> {
    vec![
        named("op", verb, params),
        wait("op"),
        call(result, json!({ "op": "$op" })),
    ]
}

fn login(registry: &str) -> Vec<Value> {
    operate(
        "docker/login",
        json!({ "registry": registry }),
        "docker/completed",
    )
}

fn build(context: &str, tags: &[&str]) -> Vec<Value> {
    operate(
        "docker/build",
        json!({ "context": context, "tags": tags, "options": { "log": true } }),
        "docker/built",
    )
}

fn on(verb: &str, image: &str) -> Vec<Value> {
    let result = match verb {
        "docker/inspect" => "docker/inspected",
        _ => "docker/transferred",
    };
    operate(verb, json!({ "image": image }), result)
}

fn tag(source: &str, image: &str) -> Vec<Value> {
    operate(
        "docker/tag",
        json!({ "source": source, "image": image }),
        "docker/completed",
    )
}

/// The same calls after others that make what they are about.
fn after(before: &[Vec<Value>], calls: Vec<Value>) -> Vec<Value> {
    before.iter().flatten().cloned().chain(calls).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let built = || build("/context", &["/tag"]);
    let pushed = || vec![built(), on("docker/push", "/tag")];
    let mut cases = vec![
        case(
            "docker/login",
            Rule::UndeclaredInput,
            login("/nothing"),
            login("/registry"),
        ),
        case(
            "docker/login",
            Rule::NoAuthority,
            login("/text"),
            login("/registry"),
        ),
    ];
    for (rule, context, image) in [
        (Rule::UndeclaredInput, "/nothing", "/tag"),
        (Rule::UndeclaredInput, "/context", "/nothing"),
        (Rule::NoAuthority, "/text", "/tag"),
        (Rule::NoAuthority, "/context", "/text"),
        // A folder that may be read is not one to send; an image that may be pulled is not one to make.
        (Rule::AccessNotRequested, "/read", "/tag"),
        (Rule::AccessNotRequested, "/context", "/pulled"),
    ] {
        cases.push(case(
            "docker/build",
            rule,
            build(context, &[image]),
            built(),
        ));
    }
    cases.push(switched("docker/build", build("/off-context", &["/tag"])));
    for (rule, image) in [
        (Rule::UndeclaredInput, "/nothing"),
        (Rule::NoAuthority, "/text"),
        (Rule::AccessNotRequested, "/tag"),
    ] {
        let granted = after(&pushed(), on("docker/pull", "/pulled"));
        cases.push(case("docker/pull", rule, on("docker/pull", image), granted));
    }
    cases.push(switched(
        "docker/pull",
        after(&pushed(), on("docker/pull", "/off-image")),
    ));
    for (rule, image) in [
        (Rule::UndeclaredInput, "/nothing"),
        (Rule::NoAuthority, "/text"),
        (Rule::AccessNotRequested, "/pulled"),
    ] {
        let granted = after(&[built()], on("docker/push", "/tag"));
        cases.push(case("docker/push", rule, on("docker/push", image), granted));
    }
    cases.push(switched(
        "docker/push",
        after(&[built()], on("docker/push", "/off-image")),
    ));
    for (rule, source, image) in [
        (Rule::UndeclaredInput, "/nothing", "/second"),
        (Rule::UndeclaredInput, "/tag", "/nothing"),
        (Rule::NoAuthority, "/text", "/second"),
        (Rule::NoAuthority, "/tag", "/text"),
        (Rule::AccessNotRequested, "/tag", "/pulled"),
    ] {
        let granted = after(&[built()], tag("/tag", "/second"));
        cases.push(case("docker/tag", rule, tag(source, image), granted));
    }
    cases.push(switched(
        "docker/tag",
        after(&[built()], tag("/tag", "/off-image")),
    ));
    for (rule, image) in [
        (Rule::UndeclaredInput, "/nothing"),
        (Rule::NoAuthority, "/text"),
    ] {
        let granted = after(&[built()], on("docker/inspect", "/tag"));
        cases.push(case(
            "docker/inspect",
            rule,
            on("docker/inspect", image),
            granted,
        ));
    }
    cases.push(switched(
        "docker/inspect",
        after(&[built()], on("docker/inspect", "/off-image")),
    ));
    cases
}

#[test]
fn images_builds_and_registries() {
    run_at(&Place::with_engine(), cases());
}
