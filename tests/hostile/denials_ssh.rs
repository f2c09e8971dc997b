//! `ssh`.

use capstep_grants::check::Rule;
use serde_json::{Value, json};

use crate::runner::{Case, call, case, named, run, switched, wait};

/// Logs in; the session is `$session`.
fn login(target: &str) -> Vec<Value> {
    vec![
        named("login", "ssh/connect", json!({ "target": target })),
        wait("login"),
        named("session", "ssh/session", json!({ "op": "$login" })),
    ]
}

/// Logs in, does one thing and takes its result.
fn does(target: &str, method: &str, params: Value, result: &str) -> Vec<Value> {
    let mut whole = json!({ "self": "$session" });
    whole
        .as_object_mut()
        .unwrap()
        .extend(params.as_object().unwrap().clone());
    let mut calls = login(target);
    calls.extend([
        named("op", method, whole),
        wait("op"),
        call(result, json!({ "op": "$op" })),
    ]);
    calls
}

fn script(target: &str, script: &str) -> Vec<Value> {
    does(
        target,
        "ssh/run",
        json!({ "script": script, "options": {} }),
        "ssh/exit",
    )
}

fn upload(target: &str, source: &str, destination: &str) -> Vec<Value> {
    let transfers = json!([{ "source": source, "destination": destination }]);
    does(
        target,
        "ssh/upload",
        json!({ "transfers": transfers }),
        "ssh/uploaded",
    )
}

fn download(target: &str, source: &str, destination: &str) -> Vec<Value> {
    does(
        target,
        "ssh/download",
        json!({ "source": source, "destination": destination }),
        "ssh/uploaded",
    )
}

fn stat(target: &str, path: &str, entry: &str) -> Vec<Value> {
    does(
        target,
        "ssh/stat",
        json!({ "path": path, "entry": entry }),
        "ssh/found",
    )
}

fn release(target: &str, release: &str) -> Vec<Value> {
    does(
        target,
        "ssh/begin-release",
        json!({ "release": release }),
        "ssh/released",
    )
}

fn exec(target: &str) -> Vec<Value> {
    does(
        target,
        "ssh/exec",
        json!({ "command": ["true"], "options": {} }),
        "ssh/exit",
    )
}

pub(crate) fn cases() -> Vec<Case> {
    let sent = |name: &str| {
        upload(
            &format!("/{name}"),
            &format!("/{name}-upload/0/from"),
            &format!("/{name}-upload/0/to"),
        )
    };
    let fetched = |name: &str| {
        download(
            &format!("/{name}"),
            &format!("/{name}-fetch/0/from"),
            &format!("/{name}-fetch/0/to"),
        )
    };
    let ran = || script("/target", "/target-run");
    let looked = || stat("/target", "/target-look", "there.txt");
    let released = || release("/target", "/target-release");
    vec![
        case(
            "ssh/connect",
            Rule::UndeclaredInput,
            login("/nothing"),
            login("/target"),
        ),
        case(
            "ssh/connect",
            Rule::NoAuthority,
            login("/text"),
            login("/target"),
        ),
        case(
            "ssh/connect",
            Rule::AddressRefused,
            login("/metadata-target"),
            login("/target"),
        ),
        case(
            "ssh/connect",
            Rule::AddressRefused,
            login("/loopback-target"),
            login("/target"),
        ),
        // A host on the way is gone through, and no more than that.
        case(
            "ssh/connect",
            Rule::AccessNotRequested,
            login("/way"),
            login("/behind"),
        ),
        switched("ssh/connect", login("/off")),
        //
        case(
            "ssh/run",
            Rule::UndeclaredInput,
            script("/target", "/nothing"),
            ran(),
        ),
        case(
            "ssh/run",
            Rule::NoAuthority,
            script("/target", "/text"),
            ran(),
        ),
        case(
            "ssh/run",
            Rule::AccessNotRequested,
            script("/rest", "/rest-run"),
            ran(),
        ),
        case(
            "ssh/run",
            Rule::OtherTarget,
            script("/target", "/other-run"),
            script("/other", "/other-run"),
        ),
        switched("ssh/run", script("/half", "/half-run")),
        //
        case(
            "ssh/upload",
            Rule::UndeclaredInput,
            upload("/target", "/nothing", "/target-upload/0/to"),
            sent("target"),
        ),
        case(
            "ssh/upload",
            Rule::NoAuthority,
            upload("/target", "/target-upload/0/from", "/text"),
            sent("target"),
        ),
        case(
            "ssh/upload",
            Rule::AccessNotRequested,
            upload("/target", "/read", "/target-upload/0/to"),
            sent("target"),
        ),
        case(
            "ssh/upload",
            Rule::AccessNotRequested,
            sent("only"),
            sent("target"),
        ),
        case(
            "ssh/upload",
            Rule::OtherTarget,
            upload("/target", "/other-upload/0/from", "/other-upload/0/to"),
            sent("other"),
        ),
        case(
            "ssh/upload",
            Rule::NotSiblings,
            upload("/target", "/target-upload/0/from", "/target-upload/1/to"),
            sent("target"),
        ),
        case(
            "ssh/upload",
            Rule::LinkLeavesPath,
            upload("/target", "/target-upload/2/from", "/target-upload/2/to"),
            sent("target"),
        ),
        case(
            "ssh/upload",
            Rule::LinkLeavesPath,
            upload("/target", "/target-upload/3/from", "/target-upload/3/to"),
            sent("target"),
        ),
        switched("ssh/upload", sent("half")),
        //
        case(
            "ssh/download",
            Rule::UndeclaredInput,
            download("/target", "/nothing", "/target-fetch/0/to"),
            fetched("target"),
        ),
        case(
            "ssh/download",
            Rule::NoAuthority,
            download("/target", "/target-fetch/0/from", "/text"),
            fetched("target"),
        ),
        case(
            "ssh/download",
            Rule::AccessNotRequested,
            download("/target", "/target-look", "/target-fetch/0/to"),
            fetched("target"),
        ),
        case(
            "ssh/download",
            Rule::AccessNotRequested,
            fetched("only"),
            fetched("target"),
        ),
        case(
            "ssh/download",
            Rule::OtherTarget,
            download("/target", "/other-fetch/0/from", "/other-fetch/0/to"),
            fetched("other"),
        ),
        case(
            "ssh/download",
            Rule::NotSiblings,
            download("/target", "/target-fetch/0/from", "/target-fetch/1/to"),
            fetched("target"),
        ),
        switched("ssh/download", fetched("half")),
        //
        case(
            "ssh/stat",
            Rule::UndeclaredInput,
            stat("/target", "/nothing", ""),
            looked(),
        ),
        case(
            "ssh/stat",
            Rule::NoAuthority,
            stat("/target", "/text", ""),
            looked(),
        ),
        case(
            "ssh/stat",
            Rule::AccessNotRequested,
            stat("/target", "/target-release", ""),
            looked(),
        ),
        case(
            "ssh/stat",
            Rule::AccessNotRequested,
            stat("/only", "/only-look", ""),
            looked(),
        ),
        case(
            "ssh/stat",
            Rule::OtherTarget,
            stat("/target", "/other-look", ""),
            stat("/other", "/other-look", ""),
        ),
        case(
            "ssh/stat",
            Rule::OutsidePath,
            stat("/target", "/target-look", "../elsewhere"),
            looked(),
        ),
        case(
            "ssh/stat",
            Rule::OutsidePath,
            stat("/target", "/target-look", "/etc/passwd"),
            looked(),
        ),
        case(
            "ssh/stat",
            Rule::LinkLeavesPath,
            stat("/target", "/target-look", "out/x.txt"),
            looked(),
        ),
        switched("ssh/stat", stat("/half", "/half-look", "")),
        //
        case(
            "ssh/begin-release",
            Rule::UndeclaredInput,
            release("/target", "/nothing"),
            released(),
        ),
        case(
            "ssh/begin-release",
            Rule::NoAuthority,
            release("/target", "/text"),
            released(),
        ),
        case(
            "ssh/begin-release",
            Rule::AccessNotRequested,
            release("/target", "/target-look"),
            released(),
        ),
        case(
            "ssh/begin-release",
            Rule::AccessNotRequested,
            release("/only", "/only-release"),
            released(),
        ),
        case(
            "ssh/begin-release",
            Rule::OtherTarget,
            release("/target", "/other-release"),
            release("/other", "/other-release"),
        ),
        switched("ssh/begin-release", release("/half", "/half-release")),
        //
        case(
            "ssh/exec",
            Rule::AccessNotRequested,
            exec("/target"),
            exec("/other"),
        ),
        switched("ssh/exec", exec("/rest")),
    ]
}

#[test]
fn logins_scripts_and_transfers() {
    run(cases());
}
