//! Every kind of error, caused for real: each is what the plugin is told, and what the journal says where there is a
//! record.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Command;

use capstep_sdk::ErrorKind;
use capstep_tests::hostile;
use capstep_tests::program::{Ran, capstep, start};
use capstep_tests::project::Project;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;
use serde_json::{Value, json};

use crate::runner::{call, named, wait};

const INPUTS: &str = r#"
[inputs.read]
type = "path"
access = ["read"]
[inputs.write]
type = "path"
access = ["write"]
[inputs.silent]
type = "url"
[inputs.talking]
type = "url"
[inputs.closed]
type = "tcp-address"
[inputs.kept]
type = "state"
access = ["write"]
[inputs.target]
type = "ssh-target"
access = ["script"]
[inputs.key]
type = "secret"
sink = "ssh-auth(target)"
[inputs.known]
type = "path"
role = "known-hosts(target)"
"#;

/// How a kind is caused: what the plugin calls, the last call being the one that fails.
struct Cause {
    kind: ErrorKind,
    calls: Vec<Value>,
    /// Whether the failed call is in the journal, by its own verb.
    recorded: Option<&'static str>,
    code: i32,
}

fn cause(kind: ErrorKind, calls: Vec<Value>, recorded: Option<&'static str>) -> Cause {
    let code = if kind == ErrorKind::Denied { 3 } else { 0 };
    Cause {
        kind,
        calls,
        recorded,
        code,
    }
}

/// Sends a request; `more` is done before its answer is taken.
fn send(request: Value, more: Option<Value>) -> Vec<Value> {
    let mut whole = json!({ "method": "GET" });
    whole
        .as_object_mut()
        .unwrap()
        .extend(request.as_object().unwrap().clone());
    let mut calls = vec![named("op", "http/send", json!({ "request": whole }))];
    calls.extend(more);
    calls.extend([wait("op"), call("http/response", json!({ "op": "$op" }))]);
    calls
}

fn causes() -> Vec<Cause> {
    let read = |input: &str, entry: &str| {
        call(
            "files/read",
            json!({ "input": input, "entry": entry, "offset": 0, "length": 10 }),
        )
    };
    let write = |entry: &str| {
        call(
            "files/write",
            json!({ "input": "/write", "entry": entry, "content": "aGVsbG8=", "options": {} }),
        )
    };
    let silent = || json!({ "input": "/silent" });
    let login = vec![
        named("op", "ssh/connect", json!({ "target": "/target" })),
        wait("op"),
        call("ssh/session", json!({ "op": "$op" })),
    ];
    let value = "x".repeat(100_000);
    let value = json!({ "input": "/kept", "name": "n", "value": value });
    vec![
        cause(ErrorKind::Denied, vec![read("/nothing", "")], None),
        cause(
            ErrorKind::NotFound,
            vec![read("/read", "absent.txt")],
            Some("files/read"),
        ),
        // Longer than any file system has names.
        cause(
            ErrorKind::Invalid,
            vec![read("/read", &"n".repeat(300))],
            Some("files/read"),
        ),
        cause(
            ErrorKind::Unreachable,
            vec![
                named(
                    "op",
                    "tcp/connect",
                    json!({ "address": "/closed", "options": {} }),
                ),
                wait("op"),
                call("tcp/answer", json!({ "op": "$op" })),
            ],
            Some("tcp/connect"),
        ),
        cause(
            ErrorKind::Timeout,
            send(json!({ "input": "/silent", "timeout": "200ms" }), None),
            Some("http/send"),
        ),
        cause(ErrorKind::Unauthorized, login, Some("ssh/connect")),
        // A folder is in the file's place.
        cause(
            ErrorKind::Conflict,
            vec![write("folder")],
            Some("files/write"),
        ),
        cause(
            ErrorKind::Peer,
            send(json!({ "input": "/talking" }), None),
            Some("http/send"),
        ),
        cause(ErrorKind::TooLarge, vec![call("state/set", value)], None),
        cause(
            ErrorKind::Cancelled,
            send(silent(), Some(call("op/cancel", json!({ "self": "$op" })))),
            Some("http/send"),
        ),
        cause(
            ErrorKind::Unsupported,
            vec![call("files/teleport", json!({}))],
            None,
        ),
    ]
}

struct Peers {
    project: Project,
    _sshd: Sshd,
    with: String,
    key: String,
}

impl Peers {
    fn start() -> Self {
        let sshd = Sshd::start();
        let silent = servers::silent();
        let (talking, _) = servers::talking(1000);
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let with = format!(
            "          read: readable/\n          write: writable/\n          silent: http://127.0.0.1:{silent}/\n          \
             talking: http://127.0.0.1:{talking}/\n          closed: 127.0.0.1:{port}\n          kept: values\n          \
             target: {}\n          key: \"${{{{ secrets.OTHER }}}}\"\n          known: known_hosts\n",
            sshd.target()
        );
        let project = hostile::project(INPUTS, &with, &json!([]));
        project.write("readable/a.txt", "hello\n");
        project.write("writable/folder/a.txt", "hello\n");
        project.write("known_hosts", sshd.known_hosts());
        let key = project.dir.path().join("key");
        // One that the server doesn't know.
        std::fs::write(&key, sshd.key("stranger")).unwrap();
        let key = format!("OTHER=file:{}", key.display());
        Self {
            project,
            _sshd: sshd,
            with,
            key,
        }
    }

    fn prepare(&self, calls: &[Value]) {
        let text = hostile::pipeline(&self.with, &json!(calls));
        self.project.write("capstep.yml", text);
    }

    fn run(&self, calls: &[Value]) -> Ran {
        self.prepare(calls);
        let arguments = ["run", "--format", "json", "--secret", &self.key];
        self.project.capstep(&arguments)
    }

    /// The same where no file may have more than 64 KiB: the disk's owner says so, as by a quota.
    fn run_with_small_files(&self, calls: &[Value]) -> Ran {
        self.prepare(calls);
        let arguments = ["run", "--format", "json", "--secret", &self.key];
        let inner = capstep(&self.project.folder(), &self.project.state(), &arguments);
        let mut shell = Command::new("bash");
        shell
            .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(self.project.folder())
            .env_clear();
        for (name, value) in inner.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        start(&mut shell).wait()
    }
}

/// The kind of the last answer's error.
fn last_kind(ran: &Ran) -> String {
    let answers = hostile::answers(ran);
    let last = answers
        .last()
        .unwrap_or_else(|| panic!("no answers: {}", ran.text()));
    last["error"]["kind"]
        .as_str()
        .unwrap_or("no error")
        .to_owned()
}

#[test]
fn every_kind_is_met() {
    let peers = Peers::start();
    let mut met = BTreeSet::new();
    for cause in causes() {
        let word = cause.kind.word();
        let ran = peers.run(&cause.calls);
        assert_eq!(ran.code(), cause.code, "{word}: {}", ran.text());
        if cause.kind == ErrorKind::Denied {
            // A denied step gives nothing; its plugin was told all the same, as the tests of the SDK's host show.
            let journal = peers.project.journal();
            assert!(journal.iter().any(|record| record.phase() == "denied"));
        } else {
            assert_eq!(last_kind(&ran), word, "{}", ran.text());
        }
        if let Some(verb) = cause.recorded {
            let journal = peers.project.journal();
            let record = journal
                .iter()
                .find(|record| record.verb() == verb && record.0["error"]["kind"] == word);
            assert!(record.is_some(), "{word}: {journal:?}");
        }
        met.insert(word);
    }

    // A fault of the host: its disk takes no more.
    let content = "QUFB".repeat(40_000);
    let write = json!({ "input": "/write", "entry": "b.txt", "content": content, "options": {} });
    let calls = [call("files/write", write)];
    assert_eq!(peers.run(&calls).code(), 0);
    let written = peers.project.read("writable/b.txt");
    let ran = peers.run_with_small_files(&calls);
    assert_eq!(
        last_kind(&ran),
        ErrorKind::Internal.word(),
        "{}",
        ran.text()
    );
    met.insert(ErrorKind::Internal.word());
    // Nothing is half done: the file is the one from before, and nothing lies beside it.
    assert_eq!(peers.project.read("writable/b.txt"), written);
    let beside = std::fs::read_dir(peers.project.path("writable")).unwrap();
    assert_eq!(beside.count(), 2);

    let all: BTreeSet<&str> = ErrorKind::ALL.iter().map(|kind| kind.word()).collect();
    assert_eq!(met, all);
}
