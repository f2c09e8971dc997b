//! A script on a server that prints, and prints a secret again and again: all of it passes, little of it is kept.

use capstep_tests::deployment::{CANARY, Deployment};
use capstep_tests::scale::{long, size};

#[test]
fn a_script_that_prints_without_end() {
    let megabytes: u64 = size(3, 1_000);
    long("output", &format!("{megabytes} MB by a script"), |random| {
        let deployment = Deployment::fresh();
        let length = 20 + random.below(3_000);
        deployment.project.write(
            "webapp/deploy.sh",
            format!(
                "line=$(head -c {length} /dev/zero | tr '\\0' x)\nyes \"$line $KEY $line\" | head -c {megabytes}000000\n\
                 echo\necho printed it all\n"
            ),
        );
        let ran = deployment.run();
        assert!(ran.peak < 400 << 20, "it took {} MiB", ran.peak >> 20);
        assert!(!ran.text().contains(CANARY), "the secret shows");
        let state = capstep_tests::project::size(&deployment.project.state());
        assert!(state < 300 << 20, "it left {} MiB of state", state >> 20);
        // All of it was read: the script came to its end.
        ran.expect(0);
        assert_eq!(deployment.service.version().as_deref(), Some("1"));
        assert_eq!(
            capstep_tests::leaks::files(&deployment.project.state(), CANARY),
            Vec::<std::path::PathBuf>::new()
        );
    });
}
