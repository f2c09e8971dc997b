//! Deployments of many files, of which a few have changed.

use std::fs;

use capstep_tests::deployment::Deployment;
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
