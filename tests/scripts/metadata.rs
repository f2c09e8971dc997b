//! The address of a cloud's own secrets: there, in a network of the test's own, and out of a step's reach all the same.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use capstep_tests::servers::read_head;
use nix::sched::{CloneFlags, unshare};

use crate::machine::is_root;
use crate::network::{asking, step};
use crate::run;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// A network of this thread's own, and of all that it starts, with a server at the address. Gives how often it was asked.
fn cloud() -> Arc<AtomicU64> {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
    for line in ["link set lo up", "address add 169.254.169.254/32 dev lo"] {
        let words = line.split(' ');
        let status = Command::new("ip").args(words).status();
        assert!(status.expect("ip, of the package iproute2").success());
    }
    let listener = TcpListener::bind((ADDRESS, 80)).unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            if read_head(&mut stream) {
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached",
                );
            }
        }
    });
    asked
}

#[test]
fn it_is_reached_plainly_and_by_no_step() {
    // Only root can make a network; `tests/run` says so.
    if !is_root() {
        return;
    }
    // Of its own: the thread never comes back to the network of the others.
    let thread = std::thread::spawn(|| {
        let asked = cloud();
        let plain = format!(
            "exec 3<>/dev/tcp/{ADDRESS}/80; printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3; grep -q reached <&3"
        );
        let plain = Command::new("bash").args(["-c", &plain]).status().unwrap();
        assert!(plain.success(), "the server is not there");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // Through the proxy, handed over by whoever wrote the pipeline; in every spelling that a client may use.
        let allowed = format!("        allow: [\"http://{ADDRESS}\"]\n");
        let script = asking(80, &ADDRESS.to_string());
        run(&step(&allowed, &script))
            .expect(3)
            .says("address-refused");
        // And as a check of a health that nobody asked for.
        let with = format!("{{ url: \"http://{ADDRESS}/\", attempts: 1 }}");
        let check = capstep_tests::project::Project::new(&format!(
            "version: 1\njobs:\n  only:\n    steps:\n      - {{ uses: health-check, with: {with} }}\n"
        ));
        check.capstep(&["run"]).expect(3).says("address-refused");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "it was asked");
    });
    if let Err(why) = thread.join() {
        std::panic::resume_unwind(why);
    }
}
