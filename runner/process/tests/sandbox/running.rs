//! Scripts: what they get, what comes out of them, how they end.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Place, collect, until};
use capstep_process::{Environment, Event, Shell, StepEnd, run};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn output_and_exit_code_come_through() {
    let place = Place::new();
    let ran = place
        .run(place.spec("echo out; echo err >&2; exit 7"))
        .await;
    assert_eq!(ran.outcome().end, StepEnd::Exited(7));
    assert_eq!((ran.out().as_str(), ran.err().as_str()), ("out\n", "err\n"));
    assert!(!ran.outcome().success());
    assert!(ran.outcome().peak_memory.is_some());
}

#[tokio::test]
async fn shells_and_errexit() {
    let place = Place::new();
    let check = async |script: &str, shell, errexit, expected, out: &str| {
        let mut spec = place.spec(script);
        (spec.shell, spec.errexit) = (shell, errexit);
        let ran = place.run(spec).await;
        assert_eq!(
            ran.outcome().end,
            StepEnd::Exited(expected),
            "{script}: {}",
            ran.err()
        );
        assert_eq!(ran.out(), out, "{script}");
    };
    check("false; echo on", Shell::Bash, true, 1, "").await;
    check("false; echo on", Shell::Bash, false, 0, "on\n").await;
    check("false | true; echo on", Shell::Bash, true, 1, "").await;
    check("false | true; echo on", Shell::Sh, true, 0, "on\n").await;
    check("false; echo on", Shell::Sh, true, 1, "").await;
    check(
        "[[ a == a ]] && echo ${BASH_VERSION:+bash}",
        Shell::Bash,
        true,
        0,
        "bash\n",
    )
    .await;
    check("nonsense-command", Shell::Bash, true, 127, "").await;
    check("", Shell::Bash, true, 0, "").await;
    check("cat; echo end", Shell::Bash, true, 0, "end\n").await;
    check("cat <(echo a) <(echo b)", Shell::Bash, true, 0, "a\nb\n").await;
    check(
        "cat <<< x > /dev/null; echo y > /dev/stdout",
        Shell::Bash,
        true,
        0,
        "y\n",
    )
    .await;
}

#[tokio::test]
async fn messages_name_the_step_and_the_line() {
    let place = Place::new();
    let ran = place.run(place.spec("true\nnonsense-command")).await;
    assert!(
        ran.err().starts_with("/run/step: line 2: nonsense-command"),
        "{}",
        ran.err()
    );
}

#[tokio::test]
async fn signals_are_told() {
    let place = Place::new();
    let ran = place.run(place.spec("kill -KILL $$")).await;
    assert_eq!(ran.outcome().end, StepEnd::Signalled(9));
    let ran = place.run(place.spec("kill -s RTMIN $$")).await;
    assert_eq!(ran.outcome().end, StepEnd::Signalled(34));
}

#[tokio::test]
async fn the_environment_is_what_is_given() {
    let place = Place::new();
    let mut spec = place.spec("env -0 | sort -z | tr '\\0' '\\n'");
    spec.environment = Environment::from_iter([("A", "1 \"'$x\n2"), ("LANG", "C")]);
    let out = place.run(spec).await.passed();
    let home = "HOME=/home/step\n";
    assert!(out.starts_with("A=1 \"'$x\n2\nHOME="), "{out}");
    assert!(
        out.contains(home) && out.contains("LANG=C\n") && out.contains("TMPDIR=/tmp\n"),
        "{out}"
    );
    let names: Vec<&str> = out
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    assert_eq!(
        names,
        ["A", "HOME", "LANG", "PATH", "PWD", "SHLVL", "TMPDIR", "_"]
    );
}

#[tokio::test]
async fn work_is_done_in_the_workspace() {
    let place = Place::new();
    place.file("src/in", "text");
    let mut spec = place.spec("pwd; cp in ../out; echo $HOME > $HOME/x; mktemp -d >/dev/null; ln -s out ../link; touch ../a");
    spec.working_directory = "src".into();
    let out = place.run(spec).await.passed();
    let real = fs::canonicalize(place.workspace()).unwrap();
    assert_eq!(Path::new(out.trim()), real.join("src"));
    assert_eq!(fs::read_to_string(real.join("out")).unwrap(), "text");
    assert_eq!(
        fs::read_dir(place.scratch()).unwrap().count(),
        0,
        "the private folder is gone"
    );
}

#[tokio::test]
async fn an_unreadable_mess_is_removed() {
    let place = Place::new();
    let ran = place.run_as(
        crate::support::accounts().pop().unwrap(),
        place.spec("mkdir -p $HOME/a/b; touch $HOME/a/b/c; chmod 0 $HOME/a/b $HOME/a"),
    );
    assert_eq!(ran.error, None);
    assert_eq!(fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[tokio::test]
async fn output_is_streamed() {
    let place = Place::new();
    let (events, mut received) = mpsc::channel(16);
    let host = place.host();
    let go = place.workspace().join("go");
    let step = tokio::spawn({
        let spec = place.spec("echo first; until [ -e go ]; do sleep 0.05; done; echo second");
        async move { run(&host, spec, events, CancellationToken::new()).await }
    });
    loop {
        match received.recv().await.unwrap() {
            Event::Output(_, bytes) => {
                assert_eq!(bytes, b"first\n");
                break;
            }
            Event::Started(enforced) => assert!(enforced.namespaces),
            Event::Network(attempt) => panic!("{attempt}"),
        }
    }
    assert!(!step.is_finished());
    fs::write(go, "").unwrap();
    let rest = collect(received).await;
    assert_eq!(rest.out(), "second\n");
    assert!(step.await.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_large_output_is_complete() {
    let place = Place::new();
    let ran = place
        .run(place.spec("head -c 20000000 /dev/zero; echo x >&2"))
        .await;
    assert_eq!(ran.stdout.len(), 20_000_000);
    assert_eq!(ran.err(), "x\n");
}

#[tokio::test]
async fn a_dropped_receiver_does_not_stop_the_script() {
    let place = Place::new();
    let (events, _) = mpsc::channel(1);
    let spec = place.spec("head -c 1000000 /dev/zero; touch done");
    let outcome = run(&place.host(), spec, events, CancellationToken::new())
        .await
        .unwrap();
    assert!(outcome.success());
    assert!(place.workspace().join("done").exists());
}

#[tokio::test]
async fn time_is_limited_and_a_script_may_tidy_up() {
    let place = Place::new();
    let mut spec = place.spec("trap 'echo tidy; exit 3' TERM; while :; do sleep 0.05; done");
    spec.limits.wall_time = Duration::from_millis(300);
    spec.limits.grace = Duration::from_secs(60);
    let ran = place.run(spec).await;
    assert_eq!(ran.outcome().end, StepEnd::TimedOut);
    assert_eq!(ran.out(), "tidy\n");
}

#[tokio::test]
async fn who_does_not_listen_is_killed() {
    let place = Place::new();
    let mut spec = place.spec("trap '' TERM; echo on; while :; do sleep 0.05; done");
    spec.limits.wall_time = Duration::from_millis(300);
    spec.limits.grace = Duration::from_millis(300);
    let started = Instant::now();
    let ran = place.run(spec).await;
    assert_eq!(ran.outcome().end, StepEnd::TimedOut);
    assert!(started.elapsed() < crate::support::PATIENCE);
}

#[tokio::test]
async fn cancelling_ends_all() {
    let place = Place::new();
    let (events, received) = mpsc::channel(16);
    let cancel = CancellationToken::new();
    let host = place.host();
    let ready = place.workspace().join("ready");
    let spec = place.spec("(trap '' TERM; setsid sleep 1000) & touch ready; sleep 1000");
    let step = run(&host, spec, events, cancel.clone());
    let stop = async {
        until("the script starts", || ready.exists()).await;
        cancel.cancel();
    };
    let (outcome, _, ()) = tokio::join!(step, collect(received), stop);
    assert_eq!(outcome.unwrap().end, StepEnd::Cancelled);
    let early = CancellationToken::new();
    early.cancel();
    let (events, _) = mpsc::channel(1);
    let outcome = run(&host, place.spec("touch late"), events, early)
        .await
        .unwrap();
    assert_eq!(outcome.end, StepEnd::Cancelled);
}

#[tokio::test]
async fn wrong_specs_are_refused() {
    let place = Place::new();
    let mut spec = place.spec("true");
    spec.requirements.landlock_abi = 9;
    let error = place.run(spec).await.error();
    assert!(
        error.contains("no landlock ABI 9") && error.contains("accepts less"),
        "{error}"
    );
    let mut spec = place.spec("true");
    spec.limits.memory = Some(1 << 30);
    assert!(place.run(spec).await.error().contains("cgroup"));
    let mut host = place.host();
    host.program.executable = "/bin/true".into();
    let (events, _) = mpsc::channel(1);
    let error = run(&host, place.spec("true"), events, CancellationToken::new())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("without a report"), "{error}");
    let mut spec = place.spec("true");
    spec.environment.set("PATH", "/nowhere");
    let error = place.run(spec).await.error();
    assert!(error.contains("bash"), "{error}");
}

#[tokio::test]
async fn private_folders_are_not_seen() {
    let place = Place::new();
    let mut spec = place.spec("true");
    spec.files.workspace = place.path().to_owned();
    let error = place.run(spec).await.error();
    assert!(error.contains("private folders"), "{error}");
    assert_eq!(fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[tokio::test]
async fn reading_is_narrowed() {
    let place = Place::new();
    place.file("src/a", "a");
    place.file("other/b", "b");
    place.file("out/c", "c");
    let mut spec = place
        .spec("cat src/a; cat out/c; echo x > out/d; ! cat other/b; ! touch src/x; ! touch y; ls");
    spec.files.read = vec!["src".into()];
    spec.files.write = vec!["out".into()];
    assert_eq!(place.run(spec).await.passed(), "acout\nsrc\n");
    // What is guarded is not shown by that.
    place.file("capstep.yml", "version: 1\n");
    place.file("deploy/.env", "sealed");
    let mut spec = place.spec("! cat capstep.yml; ! cat deploy/.env; ls");
    spec.files.read = vec!["src".into()];
    spec.files.write = vec!["out".into()];
    spec.files.reserved = vec!["capstep.yml".into()];
    spec.files.hidden = vec!["deploy/.env".into()];
    assert_eq!(place.run(spec).await.passed(), "out\nsrc\n");
    let tools = tempfile::tempdir().unwrap();
    fs::write(tools.path().join("tool"), "tool").unwrap();
    let line = format!("cat {0}/tool; ! touch {0}/x", tools.path().display());
    let mut spec = place.spec(&line);
    spec.files.read = vec![tools.path().to_owned()];
    assert_eq!(place.run(spec).await.passed(), "tool");
    assert!(
        place
            .run(place.spec(&line))
            .await
            .err()
            .contains("No such file")
    );
}

#[tokio::test]
async fn features_are_told() {
    let place = Place::new();
    let features = capstep_process::features(&place.host(), &place.workspace()).await;
    assert_eq!(features.namespaces, Ok(()));
    assert_eq!(features.starts, Ok(()));
    assert!(features.landlock_abi >= 3, "{features:?}");
}
