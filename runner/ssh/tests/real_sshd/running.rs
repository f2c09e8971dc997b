//! Scripts and commands on a real sshd.

use std::time::{Duration, Instant};

use crate::support::{Server, script, script_in};
use capstep_ssh::{Interpreter, Output, ScriptRequest, SshErrorKind, Stage};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, Zeroizing<String>)> {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
        .collect()
}

#[tokio::test]
async fn awful_values_arrive_byte_for_byte() {
    let server = Server::start();
    let session = server.connect().await;
    let awful = [
        "",
        " ",
        "'",
        "\"",
        "a'b\"c",
        "line\nline\n",
        "\r\n",
        "$HOME",
        "`id`",
        "$(id)",
        "\\",
        "\\n",
        "!!",
        "*",
        "-n",
        "é\u{1f680}",
        "\u{1}\u{7f}",
        "a=b;c&d|e>f<g",
        "%s%n",
    ];
    let names: Vec<String> = (0..awful.len()).map(|index| format!("V{index}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(awful).collect();
    let text = names
        .iter()
        .map(|name| format!("printf '%s\\0' \"${name}\"\n"))
        .collect::<String>();
    let ran = script_in(&session, &text, &env(&pairs), None, true)
        .await
        .unwrap();
    assert!(ran.status.success());
    let expected: Vec<u8> = awful
        .iter()
        .flat_map(|value| [value.as_bytes(), b"\0"].concat())
        .collect();
    assert_eq!(ran.stdout, expected);
}

/// Callers spawn these futures on a runtime with several threads: this compiles only while they can be moved.
#[tokio::test]
async fn futures_may_move_between_threads() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let server = Server::start();
    let session = server.connect().await;
    let base = server.remote("srv");
    let release = movable(session.begin_release(&base, "1", &[]))
        .await
        .unwrap();
    movable(session.upload(capstep_ssh::UploadRequest::default(), None))
        .await
        .unwrap();
    movable(session.prune_extra(&release, &[])).await.unwrap();
    movable(session.commit_release(&release, 1)).await.unwrap();
    movable(session.download("/nothing", Some("/"), &mut Vec::new(), 1))
        .await
        .unwrap_err();
    movable(script(&session, "true")).await;
    movable(session.close()).await;
}

#[tokio::test]
async fn exit_codes_and_signals_are_kept() {
    let server = Server::start();
    let session = server.connect().await;
    assert_eq!(script(&session, "exit 7").await.status.code, Some(7));
    let ran = script(&session, "echo before\nfalse\necho after").await;
    assert_eq!((ran.status.code, ran.out()), (Some(1), "before\n".into()));
    let ran = script_in(&session, "false\necho after", &[], None, false)
        .await
        .unwrap();
    assert_eq!((ran.status.code, ran.out()), (Some(0), "after\n".into()));
    let ran = script(&session, "kill -KILL $$").await;
    assert_eq!(
        (ran.status.code, ran.status.signal.as_deref()),
        (None, Some("KILL"))
    );
    let ran = script(&session, "echo out; echo err >&2").await;
    assert_eq!(
        (ran.out().as_str(), ran.stderr.as_slice()),
        ("out\n", &b"err\n"[..])
    );
}

#[tokio::test]
async fn messages_name_the_lines_of_the_script() {
    let server = Server::start();
    let session = server.connect().await;
    let env = env(&[("A", "one\ntwo"), ("B", "it's")]);
    let text = "set -u\ncd /not/there || true\n\nno-such-program\necho after\n";
    let ran = script_in(&session, text, &env, Some("/tmp"), true).await;
    let ran = ran.unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!((ran.status.code, ran.out()), (Some(127), String::new()));
    assert!(said.contains("line 2: cd: /not/there"), "{said}");
    assert!(said.contains("line 4: no-such-program"), "{said}");
    let ran = script(&session, "if true; then\n  echo $LINENO\nfi").await;
    assert_eq!(ran.out(), "2\n");
}

#[tokio::test]
async fn the_script_has_no_standard_input_and_runs_where_it_is_told() {
    let server = Server::start();
    let session = server.connect().await;
    let folder = server.path("it's a \"folder\"\nwith $x");
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    let ran = script_in(
        &session,
        "cat\npwd\ntest -n \"$BASH_VERSION\"",
        &[],
        Some(folder),
        true,
    )
    .await
    .unwrap();
    assert_eq!(ran.out(), format!("{folder}\n"));
    let error = script_in(&session, "pwd", &[], Some("/not/there"), true)
        .await
        .err()
        .unwrap();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Channel, SshErrorKind::NotFound)
    );
    assert_eq!(
        script_in(&session, "exit 125", &[], Some(folder), true)
            .await
            .unwrap()
            .status
            .code,
        Some(125)
    );
}

#[tokio::test]
async fn nothing_of_a_script_is_in_the_process_list() {
    let server = Server::start();
    let session = server.connect().await;
    let variables = env(&[("TOKEN", "swordfish-4711")]);
    let text = "marker=kingfisher-0815; ps axww -o args; tr '\\0' ' ' </proc/$$/cmdline";
    let ran = script_in(&session, text, &variables, None, true)
        .await
        .unwrap();
    let list = ran.out();
    assert!(list.contains("bash -s"), "{list}");
    assert!(
        !list.contains("swordfish-4711") && !list.contains("kingfisher-0815"),
        "{list}"
    );
}

#[tokio::test]
async fn big_output_is_held_back_while_nobody_reads() {
    let server = Server::start();
    let session = server.connect().await;
    let (sender, mut receiver) = mpsc::channel(1);
    let path = server.remote("written");
    let text = format!("head -c 64000000 /dev/zero\necho done > '{path}'");
    let request = ScriptRequest {
        script: &text,
        env: &[],
        working_directory: None,
        interpreter: Interpreter::Auto,
        errexit: true,
    };
    let running = session.run_script(request, sender);
    tokio::pin!(running);
    // Nobody takes the output: the remote program must stall instead of our memory growing.
    assert!(
        tokio::time::timeout(Duration::from_millis(1500), &mut running)
            .await
            .is_err()
    );
    assert!(!server.path("written").exists());
    let mut total = 0;
    let read = async {
        while let Some(Output::Stdout(bytes) | Output::Stderr(bytes)) = receiver.recv().await {
            total += bytes.len();
        }
    };
    let (status, ()) = tokio::join!(running, read);
    assert!(status.unwrap().success());
    assert_eq!(total, 64_000_000);
}

#[tokio::test]
async fn dropping_the_future_ends_the_remote_script() {
    let server = Server::start();
    let session = server.connect().await;
    let path = server.remote("pid");
    let text = format!("echo $$ > '{path}'\nsleep 300\n");
    let started = Instant::now();
    let run = script(&session, &text);
    assert!(
        tokio::time::timeout(Duration::from_millis(800), run)
            .await
            .is_err()
    );
    let pid = std::fs::read_to_string(&path).unwrap();
    let process = std::path::PathBuf::from(format!("/proc/{}", pid.trim()));
    while process.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the script still runs"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The session is of use still.
    assert_eq!(script(&session, "echo on").await.out(), "on\n");
}

#[tokio::test]
async fn dropping_the_session_ends_the_remote_script_too() {
    let server = Server::start();
    let session = server.connect().await;
    let path = server.remote("pid");
    let text = format!("echo $$ > '{path}'\nsleep 300\n");
    assert!(
        tokio::time::timeout(Duration::from_millis(800), script(&session, &text))
            .await
            .is_err()
    );
    drop(session);
    let pid = std::fs::read_to_string(&path).unwrap();
    let process = std::path::PathBuf::from(format!("/proc/{}", pid.trim()));
    let started = Instant::now();
    while process.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the script still runs"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn waiting_for_background_jobs_waits_for_the_scripts_own() {
    let server = Server::start();
    let session = server.connect().await;
    let ran = script(
        &session,
        "(sleep 0.2; echo one) & (echo two) & wait; echo end",
    )
    .await;
    assert_eq!(
        (ran.status.code, ran.out()),
        (Some(0), "two\none\nend\n".into())
    );
    assert!(!ran.status.output_left_open);
}

#[tokio::test]
async fn a_server_that_a_script_starts_survives_it() {
    let server = Server::start();
    let session = server.connect().await;
    let ran = script(&session, "nohup sleep 60 >/dev/null 2>&1 & echo $!").await;
    assert!(ran.status.success() && !ran.status.output_left_open);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let pid = ran.out().trim().to_owned();
    assert!(
        script(&session, &format!("kill {pid}"))
            .await
            .status
            .success(),
        "it was ended with the script"
    );
}

#[tokio::test]
async fn a_background_process_does_not_hold_the_script() {
    let server = Server::start();
    let session = server.connect().await;
    let started = Instant::now();
    let ran = script(&session, "sleep 60 & echo started $!").await;
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(ran.status.success() && ran.status.output_left_open);
    let pid = ran.out().trim().rsplit(' ').next().unwrap().to_owned();
    script(&session, &format!("kill {pid}")).await;
}

#[tokio::test]
async fn a_command_that_reads_no_input_ends_all_the_same() {
    let server = Server::start();
    let session = server.connect().await;
    let input = vec![b'x'; 8 << 20];
    let (sender, receiver) = mpsc::channel(4);
    let ran = crate::support::collect(session.exec("exit 3", &input, sender), receiver)
        .await
        .unwrap();
    assert_eq!(ran.status.code, Some(3));
    let (sender, receiver) = mpsc::channel(4);
    let ran = crate::support::collect(session.exec("cat", &input, sender), receiver)
        .await
        .unwrap();
    assert_eq!(ran.stdout.len(), input.len());
}

#[tokio::test]
async fn a_lost_connection_is_no_exit_code() {
    let server = Server::start();
    let session = server.connect().await;
    let error = script_in(&session, "kill -KILL $PPID; sleep 5", &[], None, true)
        .await
        .err()
        .unwrap();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::RemoteExit, SshErrorKind::Unreachable),
        "{error}"
    );
}

#[tokio::test]
async fn other_login_shells_run_the_bootstrap_as_well() {
    // The account's shell is not ours to change here; sh and bash take the command as sshd hands it over.
    for shell in ["/bin/sh", "/bin/bash"] {
        let output = std::process::Command::new(shell)
            .args(["-c", capstep_ssh::script::BOOTSTRAP_AUTO])
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{shell}"
        );
    }
}
