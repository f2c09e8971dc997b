//! That the table has a case of every act, and of every rule that can stop it.

use std::collections::BTreeSet;

use super::{Outcome, name, step, table};
use crate::check::{Act, Refusal, Rule, authorize};
use crate::manifest::SinkKind;

#[test]
fn every_act_has_a_yes_a_no_and_an_absence() {
    let acts: BTreeSet<&str> = table().iter().map(|(act, _)| name(act)).collect();
    assert_eq!(acts.len(), 24);
    for act in acts {
        let has = |wanted: fn(&Outcome) -> bool| {
            table()
                .iter()
                .any(|(other, outcome)| name(other) == act && wanted(outcome))
        };
        assert!(has(|outcome| matches!(outcome, Outcome::Yes(_))), "{act}");
        assert!(has(|outcome| matches!(outcome, Outcome::No(..))), "{act}");
        assert!(has(|outcome| matches!(outcome, Outcome::NotSet)), "{act}");
    }
}

/// Whatever combination of pointers, entries, URLs and methods is asked for, no act is denied by a rule that the table
/// has no case of.
#[test]
fn the_table_has_every_rule_of_every_act() {
    let step = step();
    let covered: BTreeSet<(&str, Rule)> = table()
        .iter()
        .filter_map(|(act, outcome)| match outcome {
            Outcome::No(rule, _) => Some((name(act), *rule)),
            _ => None,
        })
        .collect();
    let mut pointers: Vec<String> = step
        .manifest
        .inputs
        .iter()
        .map(|input| crate::pointer::join("", &input.name))
        .collect();
    pointers.extend(
        [
            "",
            "/nothing",
            "/two/0",
            "/two/1",
            "/two/x",
            "/pairs/0",
            "/pairs/0/local",
            "/pairs/1/far",
            "/pairs/9/far",
            "/env/KEY",
            "/env/A~1B~0C",
            "requires/api",
            "requires/x",
            "/text/0",
        ]
        .map(str::to_owned),
    );
    let entries = ["", "a", "../a", "/a", ".git", "capstep.lock", "dist/a.txt"];
    let urls = [
        None,
        Some("x"),
        Some("https://a.example/v2/x"),
        Some("https://b.example/"),
        Some("https://api.example.com/v2/"),
    ];
    let mut seen = BTreeSet::new();
    let mut ask = |act: Act<'_>| {
        if let Err(Refusal::Denied(denial)) = authorize(&step, &act) {
            seen.insert((name(&act), denial.rule));
        }
    };
    for input in pointers.iter().map(String::as_str) {
        for entry in entries {
            ask(Act::Look { input, entry });
            ask(Act::Read { input, entry });
            ask(Act::Write { input, entry });
        }
        for url in urls {
            for method in ["GET", "POST"] {
                ask(Act::Http { input, url, method });
            }
        }
        ask(Act::Tcp { input });
        ask(Act::StateRead { input });
        ask(Act::StateWrite { input });
        ask(Act::SshConnect { target: input });
        ask(Act::SshExec { target: input });
        ask(Act::Reveal { input });
        ask(Act::DockerLogin { registry: input });
        ask(Act::DockerInspect { image: input });
        ask(Act::DockerBuild {
            context: input,
            image: None,
        });
        for other in pointers.iter().map(String::as_str) {
            ask(Act::DockerPull {
                image: input,
                registry: Some(other),
            });
            ask(Act::DockerPush {
                image: input,
                registry: Some(other),
            });
            ask(Act::DockerBuild {
                context: input,
                image: Some(other),
            });
            ask(Act::DockerTag {
                source: other,
                image: input,
            });
        }
        for to in pointers.iter().map(String::as_str) {
            ask(Act::SshJump {
                target: input,
                through: to,
            });
            ask(Act::SshScript {
                target: input,
                script: to,
            });
            ask(Act::SshRelease {
                target: input,
                release: to,
            });
            for sink in [
                SinkKind::SshAuth,
                SinkKind::Passphrase,
                SinkKind::RemoteEnv,
                SinkKind::HttpHeader,
                SinkKind::HttpBody,
                SinkKind::File,
                SinkKind::RegistryAuth,
                SinkKind::BuildSecret,
            ] {
                ask(Act::Use { input, sink, to });
            }
            for entry in entries {
                ask(Act::SshStat {
                    target: input,
                    path: to,
                    entry,
                });
            }
            for source in pointers.iter().map(String::as_str) {
                ask(Act::SshDelete {
                    target: input,
                    source,
                    destination: to,
                });
                ask(Act::SshUpload {
                    target: input,
                    source,
                    destination: to,
                });
                ask(Act::SshDownload {
                    target: input,
                    source,
                    destination: to,
                });
            }
        }
    }
    assert_eq!(seen, covered);
}

/// Rules that only the host can find: they are about links, bytes, addresses and sockets.
#[test]
fn the_other_rules_are_the_hosts() {
    let here: BTreeSet<Rule> = table()
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::No(rule, _) => Some(*rule),
            _ => None,
        })
        .collect();
    let others: Vec<&str> = Rule::ALL
        .iter()
        .filter(|rule| !here.contains(rule))
        .map(|rule| rule.word())
        .collect();
    assert_eq!(
        others,
        [
            "link-leaves-path",
            "sealed-file",
            "address-refused",
            "raw-socket",
            "name-lookup",
            "raw-http"
        ]
    );
    for rule in Rule::ALL {
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.word());
    }
}
