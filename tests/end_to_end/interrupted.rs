//! Ctrl-C at each stage: the run ends soon and with its own exit code, and nothing is left half done.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use capstep_tests::program::{Ran, Running, wait_until};
use capstep_tests::servers;
use nix::sys::signal::Signal;

use capstep_tests::deployment::Deployment;

/// The grace in which steps may tidy up is 10 s; a busy machine gets some more.
pub(crate) const SOON: Duration = Duration::from_secs(25);

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
    let running = deployment.start();
    wait_until("the script", || marker.exists());
    interrupt(&deployment, running, 130, Signal::SIGINT);
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
