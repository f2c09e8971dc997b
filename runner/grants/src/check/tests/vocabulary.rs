//! That each word which a manifest may ask for unlocks something: a word that no act needs would be a promise that
//! nobody keeps.

use serde_json::Value;

use super::*;
use crate::manifest::{Access, vocabulary};

/// What each act on the input `/a` needs beside it: a target, a path with every word, a remote path with every word.
const BESIDE: &str = "inputs.t = { type = \"ssh-target\", access = [\"script\", \"files\", \"exec\"] }\n\
     inputs.s = { type = \"script\", on = \"t\" }\n\
     inputs.l = { type = \"path\", access = [\"read\", \"write\", \"upload\", \"build\"] }\n\
     inputs.r = { type = \"remote-path(t)\", access = [\"upload\", \"download\", \"release\", \"delete\"] }\n\
     inputs.i = { type = \"image\", access = [\"pull\", \"build\", \"push\"] }\n";

/// The types with words, and a value.
const TYPES: [(&str, &str); 7] = [
    ("path", "src"),
    ("url", "\"https://a.example/\""),
    ("tcp-address", "\"db:5432\""),
    ("ssh-target", "c@d"),
    ("remote-path(t)", "/srv"),
    ("image", "ruby"),
    ("state", "releases"),
];

/// Words that are no act's: folders are handed over at once when the step starts (`host/step/mounts.rs`).
const WITHOUT_AN_ACT: [(&str, Access); 1] = [("path", Access::Mount)];

/// A step with these words on `/a`.
fn step_with(kind: &str, value: &str, words: &[Access]) -> StepAuthority {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let manifest = manifest(&format!(
        "{BESIDE}inputs.a = {{ type = \"{kind}\", access = [{}] }}\n",
        words.join(", ")
    ));
    let with = format!("with: {{ t: a@b, s: make, l: lib, r: /data, i: node, a: {value} }}");
    let (bound, mistakes) = bound(&manifest, &with, Value::Null);
    assert_eq!(mistakes, Vec::<String>::new());
    StepAuthority {
        manifest: Arc::new(manifest),
        bound,
    }
}

/// Every act about `/a`.
fn acts() -> Vec<Act<'static>> {
    let (a, t) = ("/a", "/t");
    let upload = |target, source, destination| Act::SshUpload {
        target,
        source,
        destination,
    };
    vec![
        Act::Look {
            input: a,
            entry: "",
        },
        Act::Read {
            input: a,
            entry: "",
        },
        Act::Write {
            input: a,
            entry: "",
        },
        Act::Http {
            input: a,
            url: None,
            method: "GET",
        },
        Act::Tcp { input: a },
        Act::StateRead { input: a },
        Act::StateWrite { input: a },
        Act::SshConnect { target: a },
        Act::SshExec { target: a },
        Act::SshScript {
            target: a,
            script: "/s",
        },
        upload(t, a, "/r"),
        upload(t, "/l", a),
        Act::SshDelete {
            target: t,
            source: "/l",
            destination: a,
        },
        Act::SshDownload {
            target: t,
            source: a,
            destination: "/l",
        },
        Act::SshStat {
            target: t,
            path: a,
            entry: "",
        },
        Act::SshStat {
            target: a,
            path: "/r",
            entry: "",
        },
        Act::SshRelease {
            target: t,
            release: a,
        },
        Act::DockerLogin { registry: a },
        Act::DockerBuild {
            context: a,
            image: None,
        },
        Act::DockerBuild {
            context: "/l",
            image: Some(a),
        },
        Act::DockerPull {
            image: a,
            registry: None,
        },
        Act::DockerPush {
            image: a,
            registry: None,
        },
        Act::DockerInspect { image: a },
    ]
}

/// Whether the decision gets as far as the rest of what the act needs: `/a` itself has what it needs.
fn gets_past(step: &StepAuthority, act: &Act<'_>) -> bool {
    match authorize(step, act) {
        Ok(_) => true,
        Err(Refusal::Denied(denial)) => {
            !matches!(
                denial.rule,
                Rule::AccessNotRequested | Rule::AccessOff | Rule::NoAuthority
            ) && denial.rule != Rule::UndeclaredInput
        }
        Err(Refusal::NotSet(_)) => false,
    }
}

#[test]
fn each_word_of_a_type_is_what_some_act_needs() {
    for (kind, value) in TYPES {
        let input = step_with(kind, value, &first_words(kind));
        let input = input.manifest.input("a").unwrap();
        let words = vocabulary(&input.kind).words;
        assert!(!words.is_empty(), "{kind}");
        for word in words {
            let alone = step_with(kind, value, &[*word]);
            let others: Vec<Access> = words
                .iter()
                .copied()
                .filter(|other| other != word)
                .collect();
            let unlocks = acts().into_iter().any(|act| {
                gets_past(&alone, &act)
                    && (others.is_empty() || !gets_past(&step_with(kind, value, &others), &act))
            });
            let exempt = WITHOUT_AN_ACT
                .iter()
                .any(|(other, known)| *other == kind && known == word);
            assert_eq!(unlocks, !exempt, "`{word}` of `{kind}`");
        }
    }
}

/// Any words with which the type is accepted.
fn first_words(kind: &str) -> Vec<Access> {
    Access::ALL
        .into_iter()
        .filter(|word| {
            let keys =
                format!("{BESIDE}inputs.a = {{ type = \"{kind}\", access = [\"{word}\"] }}\n");
            crate::testing::try_manifest(&keys).is_ok()
        })
        .take(1)
        .collect()
}
