//! The commands as they are called: exit codes, and what goes to which stream.

#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// A folder of its own with a pipeline in it.
struct Folder(tempfile::TempDir);

/// How a command ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new(pipeline: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("capstep.yml"), pipeline).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capstep"));
        command
            .current_dir(self.path())
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", self.path().join("state"))
            // Compiled plugins may be shared by all tests: their names are digests.
            .env(
                "XDG_CACHE_HOME",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
            );
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments).output().unwrap())
    }
}

fn ended(output: std::process::Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

const NOOP: &str = "version: 1\njobs: { a: { steps: [ { uses: noop, with: { echo: hi } } ] } }\n";
const MISTAKES: &str = "version: 1\njobs:\n  a:\n    steps:\n      - uses: nop\n      - uses: noop\n        wiht: {}\n";
const SECRET: &str = r#"version: 1
secrets: [TOKEN]
jobs:
  a:
    steps:
      - uses: env-setup
        with: { file: .env, vars: { TOKEN: "${{ secrets.TOKEN }}" } }
"#;

#[test]
fn lint_tells_all_mistakes_on_standard_error() {
    let found = Folder::new(MISTAKES).run(&["lint"]);
    assert_eq!((found.code, found.stdout.as_str()), (Some(2), ""));
    for part in [
        "[capstep.yml:5:15]",
        "there is no plugin `nop`",
        "did you mean `noop`?",
        "[capstep.yml:7:9]",
        "`wiht` is not a key of a step",
    ] {
        assert!(found.stderr.contains(part), "{part}: {}", found.stderr);
    }
    assert!(
        found.stderr.ends_with("error: 2 mistakes in capstep.yml\n"),
        "{}",
        found.stderr
    );

    let found = Folder::new(NOOP).run(&["lint"]);
    assert_eq!((found.code, found.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        found.stderr,
        "capstep.yml: no mistakes in 1 job with 1 step\n"
    );
}

#[test]
fn lint_tells_programs_on_standard_output() {
    let found = Folder::new(MISTAKES).run(&["lint", "--format", "json"]);
    assert_eq!((found.code, found.stderr.as_str()), (Some(2), ""));
    let list: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let places: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["code"].as_str().unwrap(),
                item["line"].as_u64().unwrap(),
                item["column"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [("unknown-plugin", 5, 15), ("unknown-key", 7, 9)]);

    let found = Folder::new(NOOP).run(&["lint", "--format", "json"]);
    assert_eq!((found.code, found.stdout.as_str()), (Some(0), "[]\n"));
}

#[test]
fn plan_shows_what_is_touched_and_where_secrets_go() {
    let found = Folder::new(SECRET).run(&["plan"]);
    let expected = "\
capstep.yml  1 job, 1 step

a
  1. env-setup  0.1.0  capstep.yml:6:15
     write   .env                            capstep.yml:7:23
     secret  TOKEN → file .env (compose)     capstep.yml:7:44
";
    assert_eq!((found.code, found.stderr.as_str()), (Some(0), ""));
    assert_eq!(squeezed(&found.stdout), squeezed(expected));

    let found = Folder::new(SECRET).run(&["plan", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(
        plan["jobs"][0]["steps"][0]["secrets"][0]["to"],
        "file .env (compose)"
    );
}

/// With one space where there are several, so that versions of plugins may grow.
fn squeezed(text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn run_tells_people_on_standard_error() {
    let folder = Folder::new(NOOP);
    let found = folder.run(&["run", "--verbose"]);
    assert_eq!(
        (found.code, found.stdout.as_str()),
        (Some(0), ""),
        "{}",
        found.stderr
    );
    assert!(
        found.stderr.contains("\na\n  1. noop  "),
        "{}",
        found.stderr
    );
    assert!(
        found
            .stderr
            .contains("     output echo: \"hi\"\n     passed in "),
        "{}",
        found.stderr
    );
    assert!(
        found
            .stderr
            .lines()
            .last()
            .unwrap()
            .starts_with("passed in "),
        "{}",
        found.stderr
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("state/capstep/runs"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn run_tells_programs_on_standard_output() {
    let found = Folder::new(NOOP).run(&["run", "--format", "json"]);
    assert_eq!((found.code, found.stderr.as_str()), (Some(0), ""));
    let events: Vec<serde_json::Value> = found
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["exit-code"]),
        (&"run-finished".into(), &0.into())
    );
    assert!(
        events
            .iter()
            .any(|event| event["event"] == "step-finished" && event["outputs"]["echo"] == "hi")
    );
}

#[test]
fn nothing_runs_without_its_secrets() {
    let folder = Folder::new(SECRET);
    let found = folder.run(&["run"]);
    assert_eq!(found.code, Some(2));
    assert!(
        found.stderr.contains("the secret `TOKEN` has no value"),
        "{}",
        found.stderr
    );
    assert!(!folder.path().join("state").exists() && !folder.path().join(".env").exists());

    let found = ended(
        folder
            .command(&["run"])
            .env("TOKEN", "hunter22-hunter22")
            .output()
            .unwrap(),
    );
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert_eq!(
        std::fs::read_to_string(folder.path().join(".env")).unwrap(),
        "TOKEN=hunter22-hunter22\n"
    );
    assert!(!found.stderr.contains("hunter22"), "{}", found.stderr);
}

#[test]
fn mistakes_in_the_command_line_end_with_2() {
    let folder = Folder::new(NOOP);
    for (arguments, expected) in [
        (
            &["lint", "no.yml"][..],
            "error: there is no file `no.yml`\n",
        ),
        (
            &["run", "--job", "b"],
            "error: there is no job `b`\nhint: there are `a`\n",
        ),
        (
            &["plan", "--var", "X=1"],
            "error: `--var X`: the pipeline's `vars` have no `X`\nhint: the pipeline declares no `vars`\n",
        ),
        (
            &["plugin", "inspect", "nop"],
            "error: there is no plugin `nop`\nhint: did you mean `noop`?\n",
        ),
        (
            &["frobnicate"],
            "error: unrecognized subcommand 'frobnicate'\n\nUsage: capstep [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n",
        ),
    ] {
        let found = folder.run(arguments);
        assert_eq!(
            (found.code, found.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert_eq!(found.stderr, expected);
    }
}

#[test]
fn help_is_data() {
    let folder = Folder::new(NOOP);
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["lint", "--help"],
        &["plan", "--help"],
        &["schema", "--help"],
        &["plugin", "inspect", "--help"],
    ] {
        let found = folder.run(arguments);
        assert_eq!(
            (found.code, found.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert!(found.stdout.contains("Usage: capstep"), "{}", found.stdout);
    }
}

#[test]
fn a_signal_ends_a_run_with_its_code() {
    use nix::sys::signal::{Signal, kill};
    let waits = "version: 1\njobs: { a: { steps: [ { uses: health-check, with: { tcp: '127.0.0.1:1', every: 100ms, attempts: 600 } } ] } }\n";
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let folder = Folder::new(waits);
        let mut command = folder.command(&["run", "--format", "json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = |event: &str| {
            let event = format!("\"event\":\"{event}\"");
            events.any(|line| line.unwrap().contains(&event))
        };
        // A line of the plugin's own: it is at work.
        assert!(seen("line"));
        kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        assert!(seen("run-finished"));
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}
