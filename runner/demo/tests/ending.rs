//! What is left afterwards: nothing.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use capstep_demo::{DemoServers, SCRIPT};
use support::{get, login, script};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The working folders of processes that are in this folder, which may be removed by now: then ` (deleted)` is behind
/// its name.
fn processes_in(folder: &Path) -> Vec<String> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let at = std::fs::read_link(entry.ok()?.path().join("cwd")).ok()?;
            Some(at.to_str()?.to_owned()).filter(|at| at.starts_with(folder.to_str().unwrap()))
        })
        .collect()
}

#[tokio::test]
async fn nothing_is_left() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    session
        .begin_release(&servers.release(), "r1", &[])
        .await
        .unwrap();
    assert_eq!(get(&servers, "GET /health").await.0, 503);
    let root = servers.root().to_owned();
    let ports = [servers.ssh_port(), servers.http_port()];
    assert!(root.is_dir());
    servers.close().unwrap();
    assert!(!root.exists());
    let deadline = Instant::now() + Duration::from_secs(5);
    for port in ports {
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            assert!(Instant::now() < deadline, "port {port} still listens");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    while !session.is_closed() {
        assert!(Instant::now() < deadline, "the connection is still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts the demo's script so that it hangs: it reads `.env`, and here that is a pipe into which nobody writes.
async fn hang(servers: &DemoServers) -> JoinHandle<()> {
    let session = login(servers).await;
    let release = session
        .begin_release(&servers.release(), "r1", &[])
        .await
        .unwrap();
    let pipe = Path::new(&release.path).join(".env");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let running = tokio::spawn(async move {
        let env = [("SITE_NAME", "x"), ("SECRET_KEY_BASE", "x")];
        script(&session, SCRIPT, &env, Some(&release.path)).await;
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    // The shell, and the `grep` that waits for the pipe.
    while processes_in(servers.root()).len() < 2 {
        assert!(Instant::now() < deadline, "the script did not start");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running
}

#[tokio::test]
async fn closing_ends_what_runs() {
    let servers = DemoServers::start().await.unwrap();
    let running = hang(&servers).await;
    let root = servers.root().to_owned();
    servers.close().unwrap();
    assert!(!root.exists());
    let deadline = Instant::now() + Duration::from_secs(5);
    while !processes_in(&root).is_empty() {
        assert!(Instant::now() < deadline, "something still runs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.abort();
}

#[tokio::test]
async fn a_client_that_goes_ends_its_script() {
    let servers = DemoServers::start().await.unwrap();
    hang(&servers).await.abort();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !processes_in(servers.root()).is_empty() {
        assert!(Instant::now() < deadline, "the script still runs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
