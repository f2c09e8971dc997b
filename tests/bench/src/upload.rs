//! Copies to a server by SSH, against `scp` with the same cipher; and a second deploy of a tree that has not changed.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use capstep_tests::sshd::Sshd;

use crate::project::Project;
use crate::report;
use crate::samples::{Samples, ratios};

/// Turns.
const ROUNDS: usize = 5;

/// The size of the one large file.
const LARGE: usize = 256 << 20;

/// How many files the tree has that is deployed again.
const FILES: usize = 10_000;

/// The cipher that both sides take first.
const CIPHER: &str = "aes128-gcm@openssh.com";

/// Measures both.
pub(crate) fn measure() {
    let sshd = Sshd::start_with(&format!("Ciphers {CIPHER}\n"));
    large(&sshd);
    unchanged(&sshd);
}

/// A project that uploads a folder, without a plugin left to compile.
fn project(sshd: &Sshd, to: &str) -> Project {
    let pipeline = format!(
        "version: 1\nsecrets: [KEY]\njobs:\n  a:\n    steps:\n      - uses: ssh-deploy\n        with:\n          target: {}\n          \
         identity: \"${{{{ secrets.KEY }}}}\"\n          known-hosts: known_hosts\n          upload: [{{ from: data/, to: {to} }}]\n",
        sshd.target()
    );
    let project = Project::new(&pipeline);
    project.write("known_hosts", sshd.known_hosts().as_bytes());
    fs::create_dir(project.folder().join("data")).unwrap();
    project
}

fn run(project: &Project, sshd: &Sshd) -> Duration {
    let key = sshd.dir.path().join("user");
    let started = Instant::now();
    let status = project
        .command()
        .arg(format!("--secret=KEY=file:{}", key.display()))
        .status()
        .unwrap();
    assert!(status.success(), "capstep run: {status}");
    started.elapsed()
}

fn large(sshd: &Sshd) {
    let to = sshd.dir.path().join("srv/large");
    let project = project(sshd, to.to_str().unwrap());
    let file = project.folder().join("data/large.bin");
    // Neither side compresses; the bytes don't matter.
    fs::write(&file, vec![0x5a; LARGE]).unwrap();
    let fresh = || {
        let _ = fs::remove_dir_all(&to);
        fs::create_dir(&to).unwrap();
    };
    fresh();
    run(&project, sshd);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        fresh();
        ours.push(run(&project, sshd));
        fresh();
        let started = Instant::now();
        let status = Command::new("scp")
            .args(["-q", "-c", CIPHER, "-P", &sshd.port.to_string(), "-i"])
            .arg(sshd.dir.path().join("user"))
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
            ])
            .arg(&file)
            .arg(format!("127.0.0.1:{}", to.display()))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "scp: {status}");
        theirs.push(started.elapsed());
    }
    let compared = ratios(&theirs, &ours);
    report::row(
        "ssh-deploy: one file of 256 MiB to a server on loopback (whole run)",
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &format!(
            "`scp -c {CIPHER}` {} ms",
            Samples::milliseconds(&theirs).spread()
        ),
        &format!("{} × as fast", compared.spread()),
        Some(("≥ 1.0 × as fast", compared.quantile(0.5) >= 1.0)),
    );
}

fn unchanged(sshd: &Sshd) {
    let to = sshd.dir.path().join("srv/tree");
    fs::create_dir(&to).unwrap();
    let project = project(sshd, to.to_str().unwrap());
    for number in 0..FILES {
        let folder = project.folder().join(format!("data/{:03}", number / 100));
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(format!("{number}.txt")),
            format!("file {number}\n"),
        )
        .unwrap();
    }
    let first = run(&project, sshd);
    let again: Vec<Duration> = (0..ROUNDS).map(|_| run(&project, sshd)).collect();
    report::row(
        "ssh-deploy: a tree of 10,000 small files again, none of them changed (whole run)",
        &format!("{} ms", Samples::milliseconds(&again).spread()),
        &format!("the first time {:.0} ms", first.as_secs_f64() * 1000.0),
        "–",
        None,
    );
}
