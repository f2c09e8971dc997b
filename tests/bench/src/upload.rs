//! Copies to a server by SSH, against `scp` with the same cipher: a large file, and a tree of small ones, the first time
//! and again without a change.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use capstep_tests::sshd::Sshd;

use crate::project::Project;
use crate::report;
use crate::samples::{Samples, ratios};

/// Turns of the large file.
const LARGE_ROUNDS: usize = 15;

/// Turns of the tree.
const ROUNDS: usize = 5;

/// How old a file must be for its times to say that nobody wrote to it: then it is read once, else twice.
const SETTLED: Duration = Duration::from_secs(61);

/// The size of the one large file.
const LARGE: usize = 256 << 20;

/// How many files the tree has.
const FILES: usize = 10_000;

/// The cipher that both sides take first.
const CIPHER: &str = "aes128-gcm@openssh.com";

/// Measures both.
pub(crate) fn measure() {
    let sshd = Sshd::start_with(&format!("Ciphers {CIPHER}\n"));
    large(&sshd);
    tree(&sshd);
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

/// Makes the folder that everything is copied to anew.
fn clear(to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
}

/// Runs another program that copies, and returns how long it took; none where the machine hasn't got it.
fn other(command: &mut Command) -> Option<Duration> {
    let started = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    assert!(status.success(), "{command:?}: {status}");
    Some(started.elapsed())
}

/// What every SSH program is told: the port and key, and no questions.
fn ssh_options(sshd: &Sshd) -> Vec<String> {
    let key = sshd.dir.path().join("user");
    [
        "-c",
        CIPHER,
        "-i",
        key.to_str().unwrap(),
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn scp(sshd: &Sshd, from: &Path, to: &Path) -> Option<Duration> {
    other(
        Command::new("scp")
            .args(["-q", "-r", "-P", &sshd.port.to_string()])
            .args(ssh_options(sshd))
            .arg(from)
            .arg(format!("127.0.0.1:{}", to.display())),
    )
}

fn rsync(sshd: &Sshd, from: &Path, to: &Path) -> Option<Duration> {
    let ssh = format!("ssh -p {} {}", sshd.port, ssh_options(sshd).join(" "));
    other(
        Command::new("rsync")
            .args(["-a", "-e", &ssh])
            .arg(from)
            .arg(format!("127.0.0.1:{}/", to.display())),
    )
}

fn large(sshd: &Sshd) {
    let to = sshd.dir.path().join("srv/large");
    let [settled, fresh] = [(); 2].map(|()| {
        let project = project(sshd, to.to_str().unwrap());
        // Neither side compresses; the bytes don't matter.
        fs::write(project.folder().join("data/large.bin"), vec![0x5a; LARGE]).unwrap();
        project
    });
    std::thread::sleep(SETTLED);
    let touch = || {
        let file = fresh.folder().join("data/large.bin");
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    };
    let (mut ours, mut ours_fresh, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=LARGE_ROUNDS {
        clear(&to);
        ours.push(run(&settled, sshd));
        clear(&to);
        theirs.push(scp(sshd, &settled.folder().join("data/large.bin"), &to).unwrap());
        clear(&to);
        touch();
        ours_fresh.push(run(&fresh, sshd));
    }
    // The first turn finds nothing in the caches.
    for times in [&mut ours, &mut ours_fresh, &mut theirs] {
        times.remove(0);
    }
    for (what, ours) in [
        ("", ours),
        (", written less than a minute before", ours_fresh),
    ] {
        let compared = ratios(&theirs, &ours);
        let met = compared.quantile(0.5) >= 1.0;
        report::row(
            &format!("ssh-deploy: one file of 256 MiB to a server on loopback (whole run){what}"),
            &format!("{} ms", Samples::milliseconds(&ours).spread()),
            &format!(
                "`scp -c {CIPHER}` {} ms",
                Samples::milliseconds(&theirs).spread()
            ),
            &format!("{} × as fast", compared.spread()),
            Some(("≥ 1.0 × as fast", met)).filter(|_| what.is_empty()),
        );
    }
}

fn tree(sshd: &Sshd) {
    let to = sshd.dir.path().join("srv/tree");
    fs::create_dir(&to).unwrap();
    let project = project(sshd, to.to_str().unwrap());
    let data = project.folder().join("data");
    for number in 0..FILES {
        let folder = data.join(format!("{:03}", number / 100));
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(format!("{number}.txt")),
            format!("file {number}\n"),
        )
        .unwrap();
    }
    let (mut ours, mut scps, mut rsyncs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        clear(&to);
        scps.extend(scp(sshd, &data, &to));
        clear(&to);
        rsyncs.extend(rsync(sshd, &data, &to));
        clear(&to);
        ours.push(run(&project, sshd));
    }
    let named = [("scp -r", &scps), ("rsync -a", &rsyncs)];
    let beside: Vec<String> = named
        .iter()
        .filter(|(_, times)| !times.is_empty())
        .map(|(name, times)| format!("`{name}` {} ms", Samples::milliseconds(times).spread()))
        .collect();
    report::row(
        "ssh-deploy: a tree of 10,000 small files, the first time (whole run)",
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &beside.join(", "),
        &format!("{} × as fast as scp", ratios(&scps, &ours).spread()),
        None,
    );
    let again: Vec<Duration> = (0..ROUNDS).map(|_| run(&project, sshd)).collect();
    report::row(
        "ssh-deploy: the same again, none of them changed (whole run)",
        &format!("{} ms", Samples::milliseconds(&again).spread()),
        "–",
        "–",
        None,
    );
}
