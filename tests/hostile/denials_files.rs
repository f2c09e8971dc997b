//! `files` and `secrets`.

use capstep_grants::check::Rule;
use serde_json::{Value, json};

use crate::runner::{Case, call, case, run, switched};

/// The parameters of a verb on an entry of an input.
fn on(verb: &str, input: &str, entry: &str) -> Vec<Value> {
    let mut params = json!({ "input": input, "entry": entry });
    match verb {
        "files/read" => {
            params["offset"] = json!(0);
            params["length"] = json!(100);
        }
        "files/write" => {
            params["content"] = json!("aGVsbG8=");
            params["options"] = json!({});
        }
        "files/list" => params["recursive"] = json!(false),
        _ => {}
    }
    vec![call(verb, params)]
}

fn entries(input: &str, format: &str, values: &[&str]) -> Vec<Value> {
    vec![call(
        "files/write-entries",
        json!({ "input": input, "format": format, "values": values, "options": {} }),
    )]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for verb in [
        "files/read",
        "files/write",
        "files/list",
        "files/stat",
        "files/remove",
        "files/digest",
        "files/open-read",
        "files/open-write",
    ] {
        let writes = matches!(verb, "files/write" | "files/remove" | "files/open-write");
        // What a verb can do at all; removing takes something away, which is there again for each attempt by a write.
        let (entry, own) = if verb == "files/list" {
            ("", "/read")
        } else {
            ("a.txt", if writes { "/write" } else { "/read" })
        };
        let mut granted = on(verb, own, entry);
        if verb == "files/remove" {
            granted.insert(0, on("files/write", own, entry).remove(0));
        }
        // A look needs any access; a path that the host alone reads has none.
        let unasked = match verb {
            "files/read" | "files/open-read" => "/write",
            "files/list" | "files/stat" | "files/digest" => "/target-known",
            _ => "/read",
        };
        let unasked_entry = if unasked == "/target-known" {
            ""
        } else {
            entry
        };
        let link = match verb {
            // The link itself may be looked at, and taken away; what is behind it may not.
            "files/stat" | "files/remove" => "up/outside.txt",
            "files/list" => "up/linked",
            _ => "out",
        };
        cases.extend([
            case(
                verb,
                Rule::UndeclaredInput,
                on(verb, "/nothing", entry),
                granted.clone(),
            ),
            case(
                verb,
                Rule::NoAuthority,
                on(verb, "/text", entry),
                granted.clone(),
            ),
            case(
                verb,
                Rule::AccessNotRequested,
                on(verb, unasked, unasked_entry),
                granted.clone(),
            ),
            case(
                verb,
                Rule::OutsidePath,
                on(verb, own, "../outside.txt"),
                granted.clone(),
            ),
            case(
                verb,
                Rule::OutsidePath,
                on(verb, own, "/etc/passwd"),
                granted.clone(),
            ),
            case(
                verb,
                Rule::ReservedPath,
                on(verb, "/everything", ".git/config"),
                granted.clone(),
            ),
            case(
                verb,
                Rule::ReservedPath,
                on(verb, "/everything", "capstep.yml"),
                granted.clone(),
            ),
        ]);
        // A new file replaces a link in its own place: nothing is written through it, and nothing is denied.
        if verb != "files/open-write" {
            let mut denied = on(verb, own, link);
            if verb == "files/write" {
                denied[0]["params"]["options"]["append"] = json!(true);
            }
            cases.push(case(verb, Rule::LinkLeavesPath, denied, granted.clone()));
        }
        // A folder on the way that is a link: one that stays may be gone through, one that leaves may not, whether the
        // file behind it is there or would be new.
        if matches!(verb, "files/write" | "files/open-write") {
            for through in ["up/outside.txt", "up/new.txt", "up/new/deep.txt"] {
                cases.push(case(
                    verb,
                    Rule::LinkLeavesPath,
                    on(verb, own, through),
                    on(verb, own, "inner/a.txt"),
                ));
            }
        }
        let mut calls = on(verb, "/switched", entry);
        if verb == "files/remove" {
            calls = on(verb, "/switched", "gone.txt");
            let mut case = switched(verb, calls.clone());
            case.granted
                .calls
                .insert(0, on("files/write", "/switched", "gone.txt").remove(0));
            cases.push(case);
        } else {
            cases.push(switched(verb, calls));
        }
    }
    // By a link inside what was handed over, to what is never handed over.
    for verb in [
        "files/read",
        "files/write",
        "files/list",
        "files/stat",
        "files/remove",
        "files/digest",
        "files/open-read",
        "files/open-write",
    ] {
        let entry = if verb == "files/list" {
            "readable/up/.git"
        } else {
            "readable/up/.git/config"
        };
        let own = if verb == "files/list" {
            "readable"
        } else {
            "both/a.txt"
        };
        let mut granted = on(verb, "/everything", own);
        if verb == "files/remove" {
            granted.push(on("files/write", "/everything", own).remove(0));
        }
        cases.push(case(
            verb,
            Rule::ReservedPath,
            on(verb, "/everything", entry),
            granted,
        ));
    }

    let granted = || entries("/settings", "compose", &["/vars/PLAIN", "/vars/SECRET"]);
    let verb = "files/write-entries";
    cases.extend([
        case(
            verb,
            Rule::UndeclaredInput,
            entries("/nothing", "compose", &["/vars/PLAIN"]),
            granted(),
        ),
        case(
            verb,
            Rule::UndeclaredInput,
            entries("/settings", "compose", &["/nothing"]),
            granted(),
        ),
        case(
            verb,
            Rule::NoAuthority,
            entries("/text", "compose", &["/vars/PLAIN"]),
            granted(),
        ),
        case(
            verb,
            Rule::AccessNotRequested,
            entries("/read", "compose", &["/vars/PLAIN"]),
            granted(),
        ),
        // Another secret into that file; that secret into another file; in another format than its sink's.
        case(
            verb,
            Rule::OtherSink,
            entries("/settings", "compose", &["/token"]),
            granted(),
        ),
        case(
            verb,
            Rule::OtherSink,
            entries("/everything", "compose", &["/vars/SECRET"]),
            granted(),
        ),
        case(
            verb,
            Rule::OtherSink,
            entries("/settings", "shell", &["/vars/SECRET"]),
            granted(),
        ),
    ]);
    cases.push(switched_entries());

    // A file with secrets is not opened up by adding to it.
    let append = |input: &str, entry: &str| {
        call(
            "files/write",
            json!({ "input": input, "entry": entry, "content": "aGVsbG8=", "options": { "append": true } }),
        )
    };
    let mut denied = granted();
    denied.push(append("/settings", ""));
    cases.push(case(
        "files/write",
        Rule::SealedFile,
        denied,
        vec![append("/write", "log.txt")],
    ));

    let reveal = |input: &str| vec![call("secrets/reveal", json!({ "input": input }))];
    cases.extend([
        case(
            "secrets/reveal",
            Rule::NotRevealed,
            reveal("/token"),
            reveal("/text"),
        ),
        case(
            "secrets/reveal",
            Rule::NotRevealed,
            reveal("/target-identity"),
            reveal("/text"),
        ),
        case(
            "secrets/reveal",
            Rule::UndeclaredInput,
            reveal("/nothing"),
            reveal("/text"),
        ),
    ]);
    cases
}

/// `/switched` is a folder; entries are written to a file, so what is granted is the refusal of the disk, not of a rule.
fn switched_entries() -> Case {
    let mut case = switched(
        "files/write-entries",
        entries("/switched", "compose", &["/vars/PLAIN"]),
    );
    case.granted.calls = entries("/settings", "compose", &["/vars/PLAIN"]);
    case
}

#[test]
fn files_and_secrets() {
    run(cases());
}
