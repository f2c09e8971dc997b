//! That no verb and no rule is forgotten: the verbs are read from the host's own table, the rules from the checker's.

use std::collections::{BTreeMap, BTreeSet};

use capstep_grants::check::Rule;
use capstep_tests::program::root;

use crate::place::Place;
use crate::{
    denials_docker, denials_files, denials_net, denials_ssh, denials_state, without_verbs,
};

/// The rules that can stop a verb; none for one that touches nothing but the step itself, or what another verb was
/// granted already.
fn rules(verb: &str) -> &'static [Rule] {
    use Rule::*;
    match verb {
        "files/write" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OutsidePath,
            ReservedPath,
            LinkLeavesPath,
            SealedFile,
        ],
        "files/read" | "files/list" | "files/stat" | "files/remove" | "files/digest"
        | "files/open-read" | "files/open-write" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OutsidePath,
            ReservedPath,
            LinkLeavesPath,
        ],
        "files/write-entries" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OtherSink,
        ],
        "http/send" => &[
            UndeclaredInput,
            NoAuthority,
            OtherOrigin,
            OtherPath,
            OtherMethod,
            AddressRefused,
            OtherSink,
        ],
        "tcp/connect" => &[UndeclaredInput, NoAuthority, AddressRefused],
        "ssh/connect" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            AddressRefused,
        ],
        "ssh/run" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OtherTarget,
        ],
        "ssh/upload" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OtherTarget,
            NotSiblings,
            LinkLeavesPath,
        ],
        // A download has no entries: where the designated path leads on the server is its author's and its owner's.
        "ssh/download" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OtherTarget,
            NotSiblings,
        ],
        "ssh/stat" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OtherTarget,
            OutsidePath,
            LinkLeavesPath,
        ],
        "ssh/begin-release" => &[
            UndeclaredInput,
            NoAuthority,
            AccessNotRequested,
            AccessOff,
            OtherTarget,
        ],
        "ssh/exec" => &[AccessNotRequested, AccessOff],
        // The address of a registry is judged in untrusted runs alone (`untrusted_addresses`).
        "docker/login" => &[UndeclaredInput, NoAuthority],
        "docker/build" | "docker/pull" | "docker/push" | "docker/tag" => {
            &[UndeclaredInput, NoAuthority, AccessNotRequested, AccessOff]
        }
        // Whoever may do anything with an image may look at it.
        "docker/inspect" => &[UndeclaredInput, NoAuthority, AccessOff],
        "state/get" | "state/set" | "state/remove" | "state/names" => {
            &[UndeclaredInput, NoAuthority, AccessNotRequested, AccessOff]
        }
        "secrets/reveal" => &[UndeclaredInput, NotRevealed],
        // By the operation or session that they are given, which has been granted.
        "ssh/commit-release" | "ssh/abort-release" | "ssh/session" | "ssh/drop" | "ssh/exit"
        | "ssh/uploaded" | "ssh/found" | "ssh/released" | "http/response" | "tcp/answer"
        | "docker/completed" | "docker/built" | "docker/transferred" | "docker/inspected" => &[],
        _ if verb.starts_with("op/") || verb.starts_with("log/") || verb.starts_with("time/") => {
            &[]
        }
        _ => panic!("which rules can stop `{verb}`? say so here, and add their cases"),
    }
}

fn verbs() -> Vec<String> {
    let table = std::fs::read_to_string(root().join("runner/host/src/protocol/call.rs")).unwrap();
    let pattern = regex::Regex::new(r#"rename = "([a-z]+/[a-z-]+)""#).unwrap();
    pattern
        .captures_iter(&table)
        .map(|found| found[1].to_owned())
        .collect()
}

#[test]
fn every_verb_meets_every_rule_that_can_stop_it() {
    let place = Place::new();
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let cases = denials_files::cases()
        .into_iter()
        .chain(denials_net::cases(&place))
        .chain(denials_ssh::cases())
        .chain(denials_docker::cases())
        .chain(denials_state::cases());
    for case in cases {
        there.entry(case.verb).or_default().insert(case.rule.word());
    }
    let mut missing = Vec::new();
    let verbs = verbs();
    assert!(verbs.len() > 40, "{verbs:?}");
    for verb in &verbs {
        for rule in rules(verb) {
            if !there
                .get(verb.as_str())
                .is_some_and(|rules| rules.contains(rule.word()))
            {
                missing.push(format!("{verb} {}", rule.word()));
            }
        }
    }
    assert!(missing.is_empty(), "without a case: {missing:?}");
    // Every rule stops something, somewhere.
    let met: BTreeSet<&str> = there
        .values()
        .flatten()
        .copied()
        .chain(without_verbs::RULES.map(Rule::word))
        .collect();
    let unmet: Vec<&str> = Rule::ALL
        .iter()
        .map(|rule| rule.word())
        .filter(|word| !met.contains(word))
        .collect();
    assert!(unmet.is_empty(), "rules that nothing runs into: {unmet:?}");
}
