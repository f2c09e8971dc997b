//! Every access word, two-sided: with that word alone the act is done, with all others of its type it is denied.

use std::collections::BTreeSet;
use std::fs;

use capstep_tests::hostile;
use capstep_tests::program::{Ran, root};
use capstep_tests::project::Project;
use capstep_tests::sshd::Sshd;
use serde_json::{Value, json};

use crate::runner::{call, named, wait};

/// Words whose two sides are shown elsewhere, and where.
const ELSEWHERE: [(&str, &str, &str); 6] = [
    // Seen directly: there is no verb that a rule could stop.
    ("path", "mount", "mounts"),
    ("path", "build", "denials_docker"),
    ("image", "pull", "denials_docker"),
    ("image", "build", "denials_docker"),
    ("image", "push", "denials_docker"),
    // No act: nothing is denied without it, and nothing is removed.
    (
        "remote-path",
        "delete",
        "words: what_is_gone_is_removed_by_its_own_word_alone",
    ),
];

/// What stands beside the input `a` that a word is about.
const BESIDE: &str = r#"
[inputs.target]
type = "ssh-target"
access = ["script", "files", "exec"]
[inputs.key]
type = "secret"
sink = "ssh-auth(target)"
[inputs.known]
type = "path"
role = "known-hosts(target)"
[inputs.local]
type = "path"
access = ["upload"]
[inputs.remote]
type = "remote-path(target)"
access = ["upload"]
[inputs.fetched]
type = "path"
access = ["write"]
"#;

/// The same for an input `a` that is a target itself.
const ON_IT: &str = r#"
[inputs.key-of-a]
type = "secret"
sink = "ssh-auth(a)"
[inputs.known-of-a]
type = "path"
role = "known-hosts(a)"
[inputs.script]
type = "script"
on = "a"
[inputs.place]
type = "remote-path(a)"
access = ["upload"]
"#;

struct Word {
    kind: &'static str,
    word: &'static str,
    calls: Vec<Value>,
}

/// Logs in at a target, does one thing and takes its result.
fn on(target: &str, method: &str, params: Value, result: &str) -> Vec<Value> {
    let mut whole = json!({ "self": "$session" });
    whole
        .as_object_mut()
        .unwrap()
        .extend(params.as_object().unwrap().clone());
    vec![
        named("login", "ssh/connect", json!({ "target": target })),
        wait("login"),
        named("session", "ssh/session", json!({ "op": "$login" })),
        named("op", method, whole),
        wait("op"),
        call(result, json!({ "op": "$op" })),
    ]
}

fn upload(source: &str, destination: &str) -> Vec<Value> {
    let transfers = json!([{ "source": source, "destination": destination }]);
    on(
        "/target",
        "ssh/upload",
        json!({ "transfers": transfers }),
        "ssh/uploaded",
    )
}

fn words() -> Vec<Word> {
    let word = |kind, word, calls| Word { kind, word, calls };
    let file = |verb: &str, more: Value| {
        let mut params = json!({ "input": "/a", "entry": "a.txt" });
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        vec![call(verb, params)]
    };
    let state = |verb: &str, more: Value| {
        let mut params = json!({ "input": "/a", "name": "n" });
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        vec![call(verb, params)]
    };
    vec![
        word(
            "path",
            "read",
            file("files/read", json!({ "offset": 0, "length": 9 })),
        ),
        word(
            "path",
            "write",
            file(
                "files/write",
                json!({ "content": "aGVsbG8=", "options": {} }),
            ),
        ),
        word("path", "upload", upload("/a", "/remote")),
        word(
            "ssh-target",
            "script",
            on(
                "/a",
                "ssh/run",
                json!({ "script": "/script", "options": {} }),
                "ssh/exit",
            ),
        ),
        word(
            "ssh-target",
            "files",
            on(
                "/a",
                "ssh/stat",
                json!({ "path": "/place", "entry": "" }),
                "ssh/found",
            ),
        ),
        word(
            "ssh-target",
            "exec",
            on(
                "/a",
                "ssh/exec",
                json!({ "command": ["true"], "options": {} }),
                "ssh/exit",
            ),
        ),
        word("remote-path", "upload", upload("/local", "/a")),
        word(
            "remote-path",
            "download",
            on(
                "/target",
                "ssh/download",
                json!({ "source": "/a", "destination": "/fetched" }),
                "ssh/uploaded",
            ),
        ),
        word(
            "remote-path",
            "release",
            on(
                "/target",
                "ssh/begin-release",
                json!({ "release": "/a" }),
                "ssh/released",
            ),
        ),
        word("state", "read", state("state/get", json!({}))),
        word(
            "state",
            "write",
            state("state/set", json!({ "value": "x" })),
        ),
    ]
}

/// The words of each type, as the documentation has them (the crate `grants` holds its own against that).
fn documented() -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(root().join("docs/grants.md")).unwrap();
    let row =
        regex::Regex::new(r"(?m)^\| `([a-z-]+)(?:\(T\))?` \| [^|]+ \| ((?:`[a-z]+`(?:, )?)+) \|")
            .unwrap();
    let mut words = BTreeSet::new();
    for found in row.captures_iter(&text) {
        for word in found[2].split(", ") {
            words.insert((found[1].to_owned(), word.trim_matches('`').to_owned()));
        }
    }
    words
}

#[test]
fn no_word_is_without_its_two_sides() {
    let here = words().into_iter().map(|word| (word.kind, word.word));
    let elsewhere = ELSEWHERE.iter().map(|(kind, word, _)| (*kind, *word));
    let shown: BTreeSet<(String, String)> = here
        .chain(elsewhere)
        .map(|(kind, word)| (kind.to_owned(), word.to_owned()))
        .collect();
    assert_eq!(shown, documented());
}

struct Place {
    sshd: Sshd,
    project: Project,
}

impl Place {
    fn new() -> Self {
        let sshd = Sshd::start();
        let project = Project::empty();
        project.write("known", sshd.known_hosts());
        for folder in ["handed", "local"] {
            project.write(&format!("{folder}/a.txt"), "hello\n");
        }
        fs::write(project.dir.path().join("key"), sshd.key("user")).unwrap();
        fs::create_dir(sshd.path("there")).unwrap();
        fs::write(sshd.path("there/a.txt"), "there\n").unwrap();
        Self { sshd, project }
    }

    /// Makes calls with an input `a` of this type that asks for these words.
    fn run(&self, kind: &str, words: &[&str], calls: &[Value]) -> Ran {
        let (target, there) = (self.sshd.target(), self.sshd.remote("there"));
        let (written, value, more, with) = match kind {
            "path" => ("path", "handed/".to_owned(), "", String::new()),
            "ssh-target" => (
                "ssh-target",
                target.clone(),
                ON_IT,
                format!(
                    "          key-of-a: \"${{{{ secrets.OTHER }}}}\"\n          known-of-a: known\n          script: \"true\"\n          \
                     place: {there}\n"
                ),
            ),
            // What is downloaded is a file.
            "remote-path" if words == ["download"] => (
                "remote-path(target)",
                format!("{there}/a.txt"),
                "",
                String::new(),
            ),
            "remote-path" => ("remote-path(target)", there.clone(), "", String::new()),
            "state" => ("state", "values".to_owned(), "", String::new()),
            other => panic!("{other}"),
        };
        let inputs =
            format!("{BESIDE}{more}[inputs.a]\ntype = \"{written}\"\naccess = {words:?}\n");
        let with = format!(
            "          target: {target}\n          key: \"${{{{ secrets.OTHER }}}}\"\n          known: known\n          local: local/\n          fetched: fetched/a.txt\n          \
             remote: {there}\n          a: {value}\n{with}"
        );
        let text = hostile::pipeline(&with, &json!(calls));
        self.project.write("capstep.yml", text);
        self.project
            .write("plugins/hostile.wasm", hostile::plugin(&inputs));
        let key = self.project.dir.path().join("key");
        let secret = format!("OTHER=file:{}", key.display());
        self.project
            .capstep(&["run", "--format", "json", "--secret", &secret])
    }
}

#[test]
fn each_word_lets_its_own_act_be_done_and_no_other_word_does() {
    let place = Place::new();
    let documented = documented();
    for Word { kind, word, calls } in words() {
        let granted = place.run(kind, &[word], &calls).expect(0);
        let failed = hostile::answers(&granted)
            .into_iter()
            .find(|answer| answer.get("error").is_some());
        assert_eq!(failed, None, "`{word}` on `{kind}`");
        let others: Vec<&str> = documented
            .iter()
            .filter(|(of, other)| of == kind && other != word)
            .map(|(_, other)| other.as_str())
            // A folder that is mounted is seen as it is, and a mounted one that holds what this one does is not.
            .filter(|other| *other != "mount")
            .collect();
        place
            .run(kind, &others, &calls)
            .expect(3)
            .says("access-not-requested")
            .says(&format!("does not ask for `{word}` on `/a`"));
    }
}

#[test]
fn what_is_gone_is_removed_by_its_own_word_alone() {
    let place = Place::new();
    let more = place.sshd.path("there/more.txt");
    fs::write(&more, "theirs\n").unwrap();
    let calls = upload("/local", "/a");
    let journal = |ran: Ran| {
        ran.expect(0);
        let records = place.project.journal();
        let outcome = records
            .iter()
            .find(|record| record.verb() == "ssh/upload" && record.phase() == "outcome");
        outcome.unwrap().0["result"]["removed"].clone()
    };
    let without = journal(place.run("remote-path", &["upload"], &calls));
    assert!(more.exists(), "removed without the word: {without}");
    // Nor does a word that is not the folder's own.
    place.run("remote-path", &["delete"], &calls).expect(3);
    assert!(more.exists());
    let with = journal(place.run("remote-path", &["upload", "delete"], &calls));
    assert!(!more.exists(), "not removed with the word: {with}");
    assert!(place.sshd.path("there/a.txt").exists());
}
