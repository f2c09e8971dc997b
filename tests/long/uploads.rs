//! Deployments of many files, of which a few have changed; and of a large one over a connection that is cut again and
//! again.

use std::fs;
use std::sync::atomic::Ordering;

use capstep_tests::deployment::Deployment;
use capstep_tests::proxy::Proxy;
use capstep_tests::scale::{long, size};
use serde_json::json;

#[test]
fn many_files_of_which_some_have_changed() {
    let count = size(100, 6_000);
    long("uploads", &format!("{count} files"), |random| {
        let deployment = Deployment::fresh();
        let name = |number: usize| {
            format!(
                "many/{}/{}/a file, number {number}.txt",
                number % 7,
                number % 31
            )
        };
        for number in 0..count {
            let length = random.index(2_000);
            let content = random.bytes(length);
            deployment
                .project
                .write(&format!("webapp/{}", name(number)), content);
        }
        deployment.run().expect(0);
        // One of them is changed in one byte, others are new, and one is gone.
        let mut changed = Vec::new();
        for _ in 0..1 + random.index(count / 10) {
            let number = random.index(count);
            if changed.contains(&number) {
                continue;
            }
            let content = format!("changed, number {number}");
            deployment
                .project
                .write(&format!("webapp/{}", name(number)), content);
            changed.push(number);
        }
        let gone = (0..count).find(|number| !changed.contains(number)).unwrap();
        fs::remove_file(deployment.project.path(&format!("webapp/{}", name(gone)))).unwrap();
        deployment.run().expect(0);
        let journal = deployment.journal();
        let upload = journal
            .iter()
            .find(|record| record.verb() == "ssh/upload" && record.phase() == "outcome")
            .unwrap();
        assert_eq!(
            upload.0["result"]["uploaded"],
            json!(changed.len()),
            "{}",
            upload.0
        );
        let current = deployment.current().unwrap();
        for number in 0..count {
            let here = fs::read(deployment.project.path(&format!("webapp/{}", name(number)))).ok();
            let there = fs::read(current.join(name(number))).ok();
            assert!(here == there, "`{}` differs", name(number));
        }
    });
}

#[test]
fn a_large_file_over_a_connection_that_is_cut_again_and_again() {
    let (length, cuts) = size((24_000_000, 2), (1_000_000_000, 12));
    let what = format!("{} MB, cut {cuts} times", length / 1_000_000);
    long("resumed", &what, |random| {
        let deployment = Deployment::deployed();
        let content = random.bytes(length);
        deployment.project.write("webapp/VERSION", "2\n");
        deployment.project.write("webapp/large.bin", &content);
        let mut sent = 0;
        let mut through = |limit: u64| {
            let proxy = Proxy::cutting(deployment.sshd.port, limit);
            deployment.write_pipeline(proxy.port, "every: 100ms, attempts: 30");
            let known_hosts = deployment.sshd.known_hosts_at(proxy.port);
            deployment.project.write("deploy/known_hosts", known_hosts);
            let ran = deployment.run();
            sent += proxy.passed.load(Ordering::SeqCst);
            ran
        };
        // Each gets somewhere: less than a MiB would not be gone on with. All of them together do not get to the end.
        let share = length as u64 / (cuts + 2);
        for _ in 0..cuts {
            let ran = through(share / 2 + random.below(share / 2) + 2_000_000);
            assert_ne!(ran.code(), 0, "it was not cut:\n{}", ran.text());
            assert_eq!(deployment.service.version().as_deref(), Some("1"));
        }
        through(u64::MAX).expect(0);
        assert_eq!(deployment.service.version().as_deref(), Some("2"));
        let there = fs::read(deployment.current().unwrap().join("large.bin")).unwrap();
        assert!(there == content, "the upload is not whole");
        assert_eq!(deployment.releases().len(), 2, "something was left");
        // What is on its way at a cut is lost, a few MiB each time.
        let most = length as u64 + (cuts + 1) * 12_000_000;
        assert!(sent < most, "{sent} bytes were sent for a file of {length}");
    });
}
