//! The program is killed (SIGKILL, which it can't notice) at points drawn from a seed. Whatever it was doing, what is
//! live is a whole release, no file has its final name and half its content, and the next run works.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use capstep_tests::builds::{Builds, Kind};
use capstep_tests::deployment::{CANARY, Deployment};
use capstep_tests::journal;
use capstep_tests::program::wait_until;
use capstep_tests::scale::{Random, long, size};
use nix::sys::signal::Signal;

/// The files of a version, each of which says which it is of.
fn files(version: u64) -> Vec<(String, Vec<u8>)> {
    let mut random = Random::new(version);
    let mut files = vec![
        ("VERSION".to_owned(), format!("{version}\n").into_bytes()),
        ("large.bin".to_owned(), random.bytes(400_000)),
    ];
    for number in 0..12 {
        let length = random.index(20_000);
        files.push((format!("assets/{number}.bin"), random.bytes(length)));
    }
    files
}

fn write(deployment: &Deployment, version: u64) {
    for (name, content) in files(version) {
        deployment.project.write(&format!("webapp/{name}"), content);
    }
}

/// What is live: a release that is whole. What a killed run had asked the server for may still be done there, a switch
/// too: then it is looked at once more.
#[track_caller]
fn live(deployment: &Deployment, when: &str) -> u64 {
    loop {
        let current = deployment.current().expect("`current` leads nowhere");
        let version = fs::read_to_string(current.join("VERSION")).unwrap();
        let version: u64 = version.trim().parse().unwrap();
        for (name, content) in files(version) {
            let there = fs::read(current.join(&name)).unwrap_or_default();
            assert!(
                there == content,
                "{when}: `{name}` of the live version {version} has {} bytes instead of {}",
                there.len(),
                content.len()
            );
        }
        let settings = fs::read_to_string(current.join(".env")).unwrap();
        assert!(
            settings.contains(CANARY),
            "{when}: the settings are not whole"
        );
        let served = deployment.service.version();
        if deployment.current().as_deref() == Some(&*current) {
            assert_eq!(
                served,
                Some(version.to_string()),
                "{when}: the service is not well"
            );
            return version;
        }
    }
}

#[test]
fn kills_at_any_point_of_a_deployment() {
    let count = size(6, 400);
    long("kills", &format!("{count} kills"), |random| {
        let deployment = Deployment::fresh();
        write(&deployment, 1);
        deployment.run().expect(0);
        write(&deployment, 2);
        let started = Instant::now();
        deployment.start().wait().expect(0);
        let whole = started.elapsed();
        let mut version = 2;
        for number in 1..=count {
            let before = live(&deployment, "before");
            version += 1;
            write(&deployment, version);
            let running = deployment.start();
            let wait = whole.mul_f64(random.below(1_100) as f64 / 1_000.0);
            std::thread::sleep(wait);
            running.signal(Signal::SIGKILL);
            let ran = running.wait();
            let when = format!("kill {number} of {count}, after {wait:?} of {whole:?}");
            assert!(
                [0, 137].contains(&ran.code()),
                "{when}: {}\n{}",
                ran.code(),
                ran.text()
            );
            // What runs that were killed before had asked the server for may be done only now; it never goes back.
            let after = live(&deployment, &when);
            assert!(
                (before..=version).contains(&after),
                "{when}: {before} became {after}"
            );
            let settings = deployment.project.path(".env");
            if let Ok(text) = fs::read_to_string(&settings) {
                assert!(
                    text.contains("RAILS_ENV=") && text.contains("SECRET_KEY_BASE="),
                    "{when}: half the settings: {} bytes",
                    text.len()
                );
            }
            for journal in deployment.project.journals() {
                journal::read_killed(&journal);
            }
            assert!(!ran.text().contains(CANARY), "{when}: the secret shows");
            // The server's side may go on for a moment: the script of a release that nobody will switch to.
            if number % size(3, 10) == 0 || number == count {
                version += 1;
                write(&deployment, version);
                deployment.run().expect(0);
                assert_eq!(live(&deployment, "the run after"), version);
            }
        }
        // What kills left behind is removed with the releases that are no longer kept. A folder that the last killed run
        // had asked for may have come after that: then the next run removes it.
        let names = || {
            deployment
                .releases()
                .into_iter()
                .collect::<BTreeSet<String>>()
        };
        if names().len() > 5 {
            std::thread::sleep(Duration::from_secs(1));
            deployment.run().expect(0);
        }
        assert!(names().len() <= 5, "releases pile up: {:?}", names());
    });
}

/// A build that loses its runner ends in the engine; what it leaves there is taken into the next one.
#[test]
fn kills_at_any_point_of_a_build() {
    let count = size(2, 40);
    long(
        "killed builds",
        &format!("{count} kills for each builder"),
        |random| {
            for kind in [Kind::BuildKit, Kind::Classic] {
                let mut builds = Builds::new(
                    kind,
                    "version: 1\njobs: { a: { steps: [{ uses: docker-build, with: { context: app, tags: killed } }] } }\n",
                );
                let write = |builds: &Builds, version: u64| {
                    builds.project.write("app/version", version.to_string());
                    builds.project.write(
                    "app/Dockerfile",
                    "FROM base\nCOPY version /version\nRUN sleep 0.3; date +%s%N >/made\nRUN cat /version\n",
                );
                };
                write(&builds, 0);
                let started = Instant::now();
                builds.run().expect(0);
                let whole = started.elapsed();
                for number in 1..=count {
                    write(&builds, number);
                    let before = builds.before();
                    let running = builds.start(&[]);
                    let wait = whole.mul_f64(random.below(1_000) as f64 / 1_000.0);
                    std::thread::sleep(wait);
                    running.signal(Signal::SIGKILL);
                    let ran = running.wait();
                    assert!([0, 137].contains(&ran.code()), "{}", ran.text());
                    // The engine ends what nobody waits for.
                    let left = || builds.engine.containers();
                    wait_until("the end of its containers", || left().is_empty());
                    builds.run().expect(0);
                    builds.project.capstep(&["gc"]).expect(0);
                    builds.assert_tidy_since(&before);
                }
            }
        },
    );
}
