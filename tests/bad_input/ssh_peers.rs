//! SSH servers that never answer, that say something else, and that never stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::scale;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;

use crate::limits::{LARGE, RUNNING, bounded};

/// What a flood would be if nobody stopped it; the tests in the gate stop it as early as the large ones.
fn flood() -> u64 {
    scale::size(1_000_000_000, 10_000_000_000)
}

/// How much of a flood may be taken: what the sockets between hold, and a little.
const TAKEN: u64 = 64 << 20;

/// A step that logs in at this port, for at most so long.
fn login(port: u16, timeout: &str) -> Ran {
    let sshd = Sshd::start();
    let project = Project::new(&format!(
        "version: 1\nsecrets: [KEY]\njobs:\n  deploy:\n    steps:\n      - uses: ssh-deploy\n        timeout: {timeout}\n        with:\n          \
         target: root@127.0.0.1:{port}\n          identity: \"${{{{ secrets.KEY }}}}\"\n          known-hosts: known_hosts\n          run: \"true\"\n"
    ));
    project.write("known_hosts", sshd.known_hosts_at(port));
    let key = project.dir.path().join("key");
    std::fs::write(&key, sshd.key("user")).unwrap();
    let secret = format!("KEY=file:{}", key.display());
    let ran = project.capstep(&["run", "--secret", &secret]);
    let journal = project.journal();
    let failed = journal.iter().filter(|record| !record.0["error"].is_null());
    // The time of the step is no stage of the login's.
    for record in failed.filter(|record| record.0["error"]["kind"] != "cancelled") {
        assert_eq!(record.0["error"]["stage"], "key exchange", "{}", record.0);
    }
    ran
}

/// Refused at the key exchange, with the address, and not much of it taken.
#[track_caller]
fn refused((port, sent): (u16, Arc<AtomicU64>), says: &str) {
    let ran = login(port, "60s");
    bounded(ran, 1, RUNNING, LARGE)
        .says(&format!("127.0.0.1:{port}"))
        .says("(at key exchange)")
        .says(says);
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < TAKEN, "{} MiB were taken", sent >> 20);
}

#[test]
fn one_that_never_answers() {
    let port = servers::silent();
    let ran = login(port, "3s");
    bounded(ran, 1, RUNNING, LARGE).says("the time was up: 3 s");
}

#[test]
fn one_that_hangs_up() {
    let port = servers::serve(drop);
    bounded(login(port, "60s"), 4, RUNNING, LARGE)
        .says(&format!("127.0.0.1:{port}"))
        .says("the server closed the connection (at key exchange)");
}

#[test]
fn lines_without_end_before_the_version() {
    refused(
        servers::pouring(Vec::new(), b"welcome to the machine\r\n".to_vec(), flood()),
        "ersion",
    );
}

#[test]
fn a_line_without_end() {
    refused(
        servers::pouring(Vec::new(), b"x".to_vec(), flood()),
        "ersion",
    );
}

#[test]
fn a_version_and_then_anything() {
    for piece in [b"x".as_slice(), b"\xff", b"\0", b"\x00\x00\x10\x00"] {
        refused(
            servers::pouring(b"SSH-2.0-flood\r\n".to_vec(), piece.to_vec(), flood()),
            "",
        );
    }
}

/// Well-formed packets that say nothing, as many as there is time for.
#[test]
fn packets_without_end_that_say_nothing() {
    // Length, padding, SSH_MSG_IGNORE with eight bytes, padding.
    let mut packet = vec![0, 0, 0, 20, 6, 2, 0, 0, 0, 8];
    packet.extend([b'x'; 8]);
    packet.extend([0; 6]);
    refused(
        servers::pouring(b"SSH-2.0-flood\r\n".to_vec(), packet, flood()),
        "",
    );
}
