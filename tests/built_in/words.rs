//! Words that are written down in several places, because a plugin and the host share no code.

use std::collections::BTreeSet;

use capstep_sdk::ErrorKind;
use capstep_sdk::secrets::has_placeholder;
use capstep_secrets::Placeholder;
use capstep_tests::program::root;
use capstep_tests::project::Project;
use serde_json::Value;

#[test]
fn kinds_of_errors_are_the_same_in_host_sdk_and_interface() {
    let sdk: BTreeSet<String> = ErrorKind::ALL
        .iter()
        .map(|kind| kind.word().to_owned())
        .collect();

    // The host's, as it tells them to programs.
    let schema = Project::empty().capstep(&["schema", "protocol"]).expect(0);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let host: BTreeSet<String> = schema["$defs"]["ErrorKind"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["const"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(host, sdk, "the host's and the SDK's");

    // The interface's, in the words of its documentation: a `string` there, so that there may be more of them one day.
    let wit = std::fs::read_to_string(root().join("sdk/wit/types.wit")).unwrap();
    let (_, text) = wit.split_once("One documented word:").unwrap();
    let (text, _) = text.split_once("Treat a word").unwrap();
    let pattern = regex::Regex::new("`([a-z-]+)`").unwrap();
    let interface: BTreeSet<String> = pattern
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect();
    assert_eq!(interface, sdk, "the interface's and the SDK's");
}

#[test]
fn the_sdk_knows_the_hosts_placeholders() {
    for _ in 0..50 {
        let placeholder = Placeholder::random();
        let whole = placeholder.as_str();
        assert!(has_placeholder(whole), "{whole}");
        assert!(has_placeholder(&format!("postgres://app:{whole}@db")));
        // What is none to the host is none to the SDK.
        for other in [
            whole.to_uppercase(),
            whole[..whole.len() - 1].to_owned(),
            whole[1..].to_owned(),
            whole.replacen(':', " ", 1),
            format!("{}g", &whole[..whole.len() - 1]),
        ] {
            assert_eq!(
                has_placeholder(&other),
                Placeholder::looks_like(&other),
                "{other}"
            );
        }
    }
}
