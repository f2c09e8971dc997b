//! How far a login came when it failed: for each stage one real failure, in the journal, in the events and in the exit code.
//! 4 is for a host that could not be reached or was lost; a host that answers and refuses fails the step, which is 1.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

use capstep_tests::project::Project;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;
use serde_json::Value;

/// Every stage's word, as the interface documents them.
const STAGES: [&str; 7] = [
    "name",
    "tcp",
    "key exchange",
    "host key",
    "authentication",
    "channel",
    "remote exit",
];

/// A failure: what causes it, and how it must be told.
struct Case {
    target: String,
    known_hosts: String,
    key: &'static str,
    /// More inputs, as YAML on a line each.
    inputs: &'static str,
    verb: &'static str,
    stage: &'static str,
    kind: &'static str,
    code: i32,
    says: String,
}

fn cases(sshd: &Sshd) -> Vec<Case> {
    let base = || Case {
        target: sshd.target(),
        known_hosts: sshd.known_hosts(),
        key: "user",
        inputs: "          run: \"true\"\n",
        verb: "ssh/connect",
        stage: "",
        kind: "",
        code: 1,
        says: sshd.target(),
    };
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    // One that says all kinds of things, and not that it speaks SSH; one that says nothing and hangs up.
    let (web, _) = servers::pouring(
        Vec::new(),
        b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
        1 << 20,
    );
    let curt = servers::serve(drop);
    let other = Sshd::start();
    let line = format!("[127.0.0.1]:{} {}\n", sshd.port, other.host_key("ed25519"));
    vec![
        Case {
            target: "deploy@no-such-host.invalid".to_owned(),
            stage: "name",
            kind: "unreachable",
            code: 4,
            says: "no-such-host.invalid".to_owned(),
            ..base()
        },
        Case {
            target: sshd.target_at(port),
            stage: "tcp",
            kind: "unreachable",
            code: 4,
            says: format!("127.0.0.1:{port}"),
            ..base()
        },
        Case {
            target: sshd.target_at(web),
            stage: "key exchange",
            kind: "peer",
            says: format!("127.0.0.1:{web}"),
            ..base()
        },
        Case {
            target: sshd.target_at(curt),
            stage: "key exchange",
            kind: "unreachable",
            code: 4,
            says: format!("127.0.0.1:{curt}"),
            ..base()
        },
        Case {
            known_hosts: line,
            stage: "host key",
            kind: "peer",
            says: sshd.fingerprint("host_ed25519"),
            ..base()
        },
        Case {
            key: "stranger",
            stage: "authentication",
            kind: "unauthorized",
            ..base()
        },
        Case {
            inputs: "          run: \"true\"\n          working-directory: /no/such/folder\n",
            verb: "ssh/run",
            stage: "channel",
            kind: "not-found",
            says: "/no/such/folder".to_owned(),
            ..base()
        },
        // The server's own process for this login is gone in the middle of the script.
        Case {
            inputs: "          run: kill -KILL $PPID; sleep 60\n",
            verb: "ssh/run",
            stage: "remote exit",
            kind: "unreachable",
            code: 4,
            says: "whether it finished is unknown".to_owned(),
            ..base()
        },
    ]
}

#[test]
fn each_stage_is_told_where_it_failed() {
    let sshd = Sshd::start();
    let mut met = BTreeSet::new();
    for case in cases(&sshd) {
        let Case { stage, kind, .. } = case;
        let project = Project::new(&format!(
            "version: 1\nsecrets: [KEY]\njobs:\n  deploy:\n    steps:\n      - uses: ssh-deploy\n        with:\n          target: \
             {}\n          identity: \"${{{{ secrets.KEY }}}}\"\n          known-hosts: known\n{}",
            case.target, case.inputs
        ));
        project.write("known", &case.known_hosts);
        let key = project.dir.path().join("key");
        fs::write(&key, sshd.key(case.key)).unwrap();
        let secret = format!("KEY=file:{}", key.display());
        let ran = project
            .capstep(&["run", "--format", "json", "--secret", &secret])
            .expect(case.code);
        let journal = project.journal();
        let record = journal.iter().find(|record| !record.0["error"].is_null());
        let record = record.unwrap_or_else(|| panic!("{stage}: no error: {journal:?}"));
        assert_eq!(record.verb(), case.verb, "{stage}");
        assert_eq!(record.0["error"]["stage"], stage, "{}", record.0);
        assert_eq!(record.0["error"]["kind"], kind, "{}", record.0);
        let event = ran
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|event| event["event"] == "step-finished")
            .unwrap();
        assert_eq!(event["details"]["kind"], kind, "{event}");
        let message = event["message"].as_str().unwrap();
        assert!(message.contains(&format!("(at {stage})")), "{message}");
        assert!(message.contains(&case.says), "{}: {message}", case.says);
        met.insert(stage);
    }
    assert_eq!(met, STAGES.into_iter().collect());
    // They are the interface's own words.
    let wit = fs::read_to_string(capstep_tests::program::root().join("sdk/wit/types.wit")).unwrap();
    for stage in STAGES {
        assert!(wit.contains(stage), "{stage} is not in types.wit");
    }
}
