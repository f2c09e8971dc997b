//! A machine that doesn't work is nobody's mistake in a pipeline: exit code 4. And what can't be said by a case, since
//! it is the machine's: its environment, its programs, a run that lives.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

use capstep_tests::program::{Ran, capstep, program, start, wait_until};
use capstep_tests::project::Project;
use nix::sys::signal::Signal;

const PIPELINE: &str = "version: 1\njobs: { a: { steps: [{ uses: env-setup, with: { file: .env, vars: { A: b } } }] } }\n";

#[test]
fn a_state_folder_that_is_none() {
    let project = Project::new(PIPELINE);
    fs::remove_dir(project.state()).unwrap();
    fs::write(project.state(), "a file").unwrap();
    let ran = project.capstep(&["run"]).expect(4);
    let expected = "the state folder .* can't be used: Not a directory";
    let is_said = regex::Regex::new(expected).unwrap().is_match(&ran.stderr);
    assert!(is_said, "{}", ran.stderr);
    assert!(!project.path(".env").exists(), "something was run");
}

/// A call whose whole environment is this.
fn call(project: &Project, arguments: &[&str], environment: &[(&str, &OsStr)]) -> Ran {
    let mut command = Command::new(program());
    command
        .current_dir(project.folder())
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied());
    start(&mut command).wait()
}

#[test]
fn without_a_home_there_is_no_place_for_state() {
    let project = Project::new(PIPELINE);
    for (given, missing) in [
        (
            &[][..],
            "there is no place for compiled plugins: `HOME` is not set",
        ),
        (
            &[("XDG_CACHE_HOME", OsStr::new("/c"))][..],
            "there is no place for the state of runs: `HOME` is not set",
        ),
    ] {
        let ran = call(&project, &["run"], given).expect(4).says(missing);
        let hint = if given.is_empty() {
            "XDG_CACHE_HOME"
        } else {
            "XDG_STATE_HOME"
        };
        ran.says(&format!("hint: set `{hint}` to an absolute path"));
    }
    call(&project, &["secret", "identity"], &[])
        .expect(4)
        .says("there is no place for the age identity: `HOME` is not set");
}

#[test]
fn doctor_says_where_state_is_and_will_be() {
    let project = Project::empty();
    let state = project.state().join("capstep");
    let shown = state.display();
    project
        .capstep(&["doctor"])
        .says(&format!("{shown}, made by the first run"));
    fs::write(&state, "a file").unwrap();
    project
        .capstep(&["doctor"])
        .expect(4)
        .says(&format!("{shown} is no folder"))
        .says("hint: move it away, or set the variable that says where it is");
}

#[test]
fn doctor_says_which_engine_is_meant() {
    let project = Project::empty();
    let state = project.state();
    let nowhere = format!("unix://{}/docker.sock", state.display());
    let environment = [
        ("HOME", state.as_os_str()),
        ("DOCKER_HOST", OsStr::new(&nowhere)),
        ("DOCKER_DEFAULT_PLATFORM", OsStr::new("linux/arm64")),
    ];
    call(&project, &["doctor"], &environment)
        .says(&format!("{nowhere} (DOCKER_HOST)"))
        .says("steps that build images need one; DOCKER_HOST or `docker context use` names another")
        .says("DOCKER_DEFAULT_PLATFORM is linux/arm64: a build that names no platform is refused");
}

#[test]
fn without_git_no_earlier_version_is_read() {
    let project = Project::new(PIPELINE);
    let state = project.state();
    let home = [("HOME", state.as_os_str()), ("PATH", OsStr::new(""))];
    call(&project, &["plan", "--diff", "HEAD"], &home)
        .expect(4)
        .says("there is no program `git`")
        .says("hint: install git, or compare two plans' JSON yourself");
    let found = call(&project, &["doctor"], &home).expect(0);
    found.says("not found: `plan --diff` needs it");
}

#[test]
fn values_that_are_no_text() {
    let no_text = OsStr::from_bytes(b"\xff");
    let project = Project::new(
        "version: 1\nvars: { HOST: x }\nsecrets: [TOKEN]\njobs: { a: { steps: [{ uses: env-setup, with: { file: .env, vars: { A: \"${{ secrets.TOKEN }}\" } } }] } }\n",
    );
    let state = project.state();
    let home = ("HOME", state.as_os_str());
    call(&project, &["run"], &[home, ("HOST", no_text)])
        .expect(2)
        .says("the environment variable `HOST` is not UTF-8 text");
    call(&project, &["run"], &[home, ("TOKEN", no_text)])
        .expect(2)
        .says("the environment variable `TOKEN` is not UTF-8 text");
}

#[test]
fn a_value_that_is_too_large_is_not_kept() {
    let project = Project::new(PIPELINE);
    let recipient = project
        .capstep(&["secret", "identity", "--new"])
        .expect(0)
        .stdout;
    project.write("secrets.recipients", recipient);
    let mut command = capstep(
        &project.folder(),
        &project.state(),
        &["secret", "set", "TOKEN"],
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // It reads no more than it keeps.
        let _ = stdin.write_all(&vec![b'x'; 2 * 1024 * 1024]);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("it is larger than 1 MiB"), "{said}");
    assert!(!project.path("secrets.age").exists());
}

#[test]
fn a_run_that_lives_is_not_run_again() {
    let project = Project::new(
        "version: 1\njobs: { a: { steps: [{ uses: health-check, with: { tcp: \"127.0.0.1:1\", every: 100ms, attempts: 10000 } }] } }\n",
    );
    let running = project.start(&["run"]);
    wait_until("the run", || !project.journals().is_empty());
    let journal = project.journals().pop().unwrap();
    let id = journal
        .parent()
        .unwrap()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    project
        .capstep(&["run", "--failed", "latest"])
        .expect(2)
        .says(&format!("the run {id} is under way"));
    running.signal(Signal::SIGTERM);
    running.wait().expect(143);
}

#[test]
fn no_pipeline_in_a_folder_of_a_repository() {
    let project = Project::empty();
    fs::create_dir(project.path("deep")).unwrap();
    let mut command = capstep(&project.path("deep"), &project.state(), &["lint"]);
    let ran = start(&mut command).wait().expect(2);
    ran.says("there is no `capstep.yml` in this folder or above it, up to the repository's root `");
    project.write("deep/capstep.yaml", PIPELINE);
    let mut command = capstep(&project.path("deep"), &project.state(), &["lint"]);
    let ran = start(&mut command).wait().expect(2);
    ran.says("there is a `capstep.yaml`: rename it, or name it on the command line");
}
