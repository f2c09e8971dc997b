//! What a machine gives to scripts: what `doctor` says of it holds, and what killed runners leave is collected.

use std::fs;
use std::process::Command;

use capstep_tests::program::{Ran, capstep, start, wait_until};
use capstep_tests::project::Project;
use nix::sys::signal::Signal;
use serde_json::Value;

/// Starts the program in a user namespace whose limit of further namespaces is zero.
const WITHOUT_NAMESPACES: [&str; 6] = [
    "unshare",
    "--user",
    "--map-root-user",
    "bash",
    "-c",
    "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"",
];

fn without_namespaces(project: &Project, arguments: &[&str]) -> Ran {
    let program = capstep(&project.folder(), &project.state(), arguments);
    let mut command = Command::new(WITHOUT_NAMESPACES[0]);
    command
        .args(&WITHOUT_NAMESPACES[1..])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(project.folder())
        .env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    start(&mut command).wait()
}

fn check(found: &Ran, name: &str) -> Value {
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    let checks = found["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    check
        .unwrap_or_else(|| panic!("no `{name}`: {found}"))
        .clone()
}

fn script(keys: &str) -> Project {
    Project::new(&format!(
        "version: 1\njobs: {{ a: {{ steps: [ {{ run: \"true\"{keys} }} ] }} }}\n"
    ))
}

#[test]
fn without_namespaces_doctor_says_what_is_refused() {
    let doctor = ["doctor", "--format", "json"];
    let found = without_namespaces(&Project::empty(), &doctor).expect(0);
    let scripts = check(&found, "scripts");
    assert_eq!(scripts["state"], "note", "{scripts}");
    let said = scripts["found"].as_str().unwrap();
    assert!(said.contains(", without namespaces: "), "{scripts}");
    let hint = scripts["hint"].as_str().unwrap();
    // Each word of the hint is so.
    for (keys, word) in [
        ("", "without `reads` and `writes`"),
        (
            ", writes: .",
            "change the folder of `.git` and the pipeline",
        ),
        (
            ", writes: out, allow: \"https://example.com\"",
            "with a network",
        ),
    ] {
        assert!(hint.contains(word), "{word}: {hint}");
        without_namespaces(&script(keys), &["run"]).expect(4);
    }
    // What it doesn't name starts.
    without_namespaces(&script(", writes: out"), &["run"]).expect(0);

    let limits = check(&found, "script limits");
    assert!(
        limits["found"]
            .as_str()
            .unwrap()
            .contains("; no delegated cgroup"),
        "{limits}"
    );
}

#[test]
fn with_namespaces_nothing_is_refused() {
    let project = script("");
    let found = project.capstep(&["doctor", "--format", "json"]).expect(0);
    let scripts = check(&found, "scripts");
    assert_eq!(scripts["state"], "good", "{scripts}");
    assert!(scripts["found"].as_str().unwrap().ends_with("namespaces"));
    project.capstep(&["run"]).expect(0);
}

#[test]
fn what_a_killed_runner_left_is_collected() {
    let mut project = Project::new(
        "version: 1\njobs: { a: { steps: [ { run: 'mkdir -p $TMPDIR/deep/er; chmod 0 $TMPDIR/deep; echo begun; sleep 600' } ] } }\n",
    );
    let temporary = project.dir.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let of_its_own = |name: &str| {
        (
            name.to_owned(),
            project.dir.path().join(name).display().to_string(),
        )
    };
    project.environment = vec![
        ("TMPDIR".to_owned(), temporary.display().to_string()),
        of_its_own("XDG_CACHE_HOME"),
    ];
    let left = || fs::read_dir(&temporary).unwrap().count();
    let running = project.start(&["run"]);
    wait_until("the script", || {
        let scratch = fs::read_dir(&temporary).unwrap().flatten();
        let mut deep = scratch.map(|entry| entry.path().join("tmp/deep"));
        deep.any(|path| path.exists())
    });
    // What lives stays.
    project.capstep(&["gc"]).expect(0).says("no leftovers");
    assert_eq!(left(), 1);
    running.signal(Signal::SIGKILL);
    running.wait();
    assert_eq!(left(), 1);
    project
        .capstep(&["gc", "--dry-run"])
        .expect(0)
        .says("1 leftover");
    assert_eq!(left(), 1);
    project.capstep(&["gc"]).expect(0).says("1 leftover");
    assert_eq!(left(), 0);
}
