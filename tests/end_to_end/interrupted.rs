//! Ctrl-C at each stage: the run ends soon and with its own exit code, and nothing is left half done.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use capstep_tests::leaks::ProcessWatch;
use capstep_tests::program::{Ran, Running, wait_until};
use capstep_tests::proxy::Proxy;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;
use nix::sys::signal::Signal;

use capstep_tests::deployment::{CANARY, Deployment};

/// The grace in which steps may tidy up is 10 s; a busy machine gets some more.
pub(crate) const SOON: Duration = Duration::from_secs(25);

/// What a client says after its key was refused, and a part of what it said before, in bytes.
const GOOD_BYE: u64 = 120;

/// Interrupts a run and waits for its end.
#[track_caller]
fn interrupt(deployment: &Deployment, running: Running, code: i32, signal: Signal) -> Ran {
    let plan = deployment.project.plan(&[]);
    let interrupted = Instant::now();
    running.signal(signal);
    let ran = running.wait().expect(code);
    assert!(
        interrupted.elapsed() < SOON,
        "it took {:?} to end",
        interrupted.elapsed()
    );
    deployment.check(&plan, &ran);
    ran
}

#[test]
fn while_connecting() {
    let deployment = Deployment::fresh();
    let port = servers::silent();
    deployment.write_pipeline(port, "attempts: 1");
    let running = deployment.start();
    wait_until("the first step", || {
        deployment.project.path(".env").exists()
    });
    std::thread::sleep(Duration::from_millis(500));
    interrupt(&deployment, running, 130, Signal::SIGINT);
    // The settings are whole, since their step was over; on the server nothing was begun.
    assert!(deployment.project.read(".env").contains("SECRET_KEY_BASE="));
    assert!(!deployment.sshd.path("webapp").exists());
    let verbs: Vec<String> = deployment
        .journal()
        .iter()
        .map(|record| record.verb().to_owned())
        .collect();
    assert_eq!(
        verbs,
        ["files/write-entries", "files/write-entries", "ssh/connect"]
    );
}

/// The keys are agreed upon, and the server hears nothing of the login any more.
#[test]
fn while_logging_in() {
    let debugged = || Deployment::with_server(Sshd::start_with("LogLevel DEBUG1\n"));
    // How much a client says until its key is refused: nothing of it comes after that but a good-bye.
    let refused = debugged();
    let counting = Proxy::stalling(refused.sshd.port, u64::MAX);
    refused.reach_through(counting.port);
    let stranger = refused.sshd.key("stranger");
    std::fs::write(refused.project.dir.path().join("deploy_key"), stranger).unwrap();
    refused.run().expect(1);
    let whole = counting.passed.load(Ordering::SeqCst);

    let deployment = debugged();
    let stop = whole - GOOD_BYE;
    let proxy = Proxy::stalling(deployment.sshd.port, stop);
    deployment.reach_through(proxy.port);
    let running = deployment.start();
    wait_until("the login", || proxy.passed.load(Ordering::SeqCst) >= stop);
    wait_until("the keys", || deployment.sshd.log().contains("KEX done"));
    interrupt(&deployment, running, 130, Signal::SIGINT);
    let log = deployment.sshd.log();
    assert!(
        !log.contains("Accepted publickey"),
        "it was logged in:\n{log}"
    );
    assert!(!deployment.sshd.path("webapp").exists());
}

/// What is changed together is changed together: a switch that has begun is finished, however often it is interrupted.
#[test]
fn while_the_release_is_switched() {
    let tools = tempfile::tempdir().unwrap();
    let (begun, go) = (tools.path().join("begun"), tools.path().join("go"));
    // The server's own `mv` takes its time.
    let slow = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\ntouch {}\nwhile [ ! -e {} ]; do sleep 0.05; done\nexec mv \"$@\"\n",
        begun.display(),
        go.display()
    );
    let program = tools.path().join("mv");
    std::fs::write(&program, slow).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("SetEnv PATH={}:/usr/bin:/bin\n", tools.path().display());
    let deployment = Deployment::with_server(Sshd::start_with(&path));
    std::fs::write(&go, "").unwrap();
    deployment.run().expect(0);
    let before = deployment.current().unwrap();
    for file in [&begun, &go] {
        std::fs::remove_file(file).unwrap();
    }
    deployment.project.write("webapp/VERSION", "2\n");
    let running = deployment.start();
    wait_until("the switch", || begun.exists());
    let plan = deployment.project.plan(&[]);
    running.signal(Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(500));
    std::fs::write(&go, "").unwrap();
    let ran = running.wait().expect(130);
    deployment.check(&plan, &ran);
    // The server does it to its end, whoever is there to see it.
    wait_until("the new release", || {
        deployment.service.version().as_deref() == Some("2")
    });
    let current = deployment.current().unwrap();
    assert_ne!(current, before);
    assert!(before.exists(), "the release before is gone");
    assert_eq!(
        deployment.releases().len(),
        2,
        "{:?}",
        deployment.releases()
    );
    let beside = std::fs::read_dir(deployment.sshd.path("webapp")).unwrap();
    let mut names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(
        names,
        ["current", "releases", "shared"],
        "something was left beside them"
    );
}

#[test]
fn while_uploading() {
    let deployment = Deployment::deployed();
    let before = deployment.current();
    let proxy = deployment.behind_a_stall();
    let running = deployment.start();
    wait_until("the upload", || {
        proxy.passed.load(Ordering::SeqCst) >= 200_000
    });
    interrupt(&deployment, running, 130, Signal::SIGINT);
    assert_eq!(deployment.current(), before);
    assert_eq!(deployment.service.version().as_deref(), Some("1"));
}

#[test]
fn while_the_script_runs() {
    let deployment = Deployment::deployed();
    let before = deployment.current();
    deployment.project.write("webapp/VERSION", "2\n");
    let marker = deployment.sshd.path("script-started");
    deployment.project.write(
        "webapp/deploy.sh",
        format!(
            "echo $$ > {0}.new\nmv {0}.new {0}\nsleep 600\n",
            marker.display()
        ),
    );
    let key = deployment.key_line();
    let watch = ProcessWatch::start(&[CANARY, &key]);
    let running = deployment.start();
    wait_until("the script", || marker.exists());
    interrupt(&deployment, running, 130, Signal::SIGINT);
    watch.assert_on_the_server_alone();
    deployment.assert_untouched(&before);
    let process = std::fs::read_to_string(&marker).unwrap();
    let process = Path::new("/proc").join(process.trim());
    wait_until("the end of the script on the server", || !process.exists());
}

#[test]
fn while_the_service_is_asked() {
    let deployment = Deployment::fresh();
    deployment.write_pipeline(deployment.sshd.port, "every: 100ms, attempts: 1000");
    deployment.project.write("webapp/VERSION", "broken\n");
    let running = deployment.start();
    wait_until("the deployment", || deployment.current().is_some());
    std::thread::sleep(Duration::from_millis(500));
    interrupt(&deployment, running, 130, Signal::SIGINT);
    assert!(deployment.current().is_some(), "what was deployed stays");
}

#[test]
fn being_told_to_end_is_another_exit_code() {
    let deployment = Deployment::fresh();
    let port = servers::silent();
    deployment.write_pipeline(port, "attempts: 1");
    let running = deployment.start();
    wait_until("the first step", || {
        deployment.project.path(".env").exists()
    });
    interrupt(&deployment, running, 143, Signal::SIGTERM);
}
