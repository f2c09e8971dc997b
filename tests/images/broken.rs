//! What must not work, and what breaks on the way: nothing is deployed, and what ran before goes on.

use std::sync::atomic::Ordering;

use capstep_tests::images::Containers;
use capstep_tests::proxy::Proxy;

#[test]
fn a_wrong_password() {
    let containers = Containers::fresh();
    containers.write_password("not the password");
    let ran = containers.run().expect(1);
    let registry = containers.registry.host();
    let ran = ran.says(&registry).never_says("not the password");
    assert_eq!(containers.pushed(), None, "{}", ran.text());
    assert_eq!(containers.version(), None);
}

#[test]
fn no_engine() {
    let mut containers = Containers::fresh();
    let nowhere = containers.project.dir.path().join("docker.sock");
    containers.project.environment = vec![(
        "DOCKER_HOST".to_owned(),
        format!("unix://{}", nowhere.display()),
    )];
    containers.run().expect(4).says("docker.sock");
    assert_eq!(containers.version(), None);
}

/// A `RUN` that fails shows its last lines, its exit code and where it is written.
#[test]
fn an_instruction_that_fails() {
    let containers = Containers::fresh();
    containers.write_dockerfile("RUN echo to be seen; echo what went wrong >&2; exit 23");
    containers
        .run()
        .expect(1)
        .says("what went wrong")
        .says("23")
        .says("Dockerfile:4");
    assert_eq!(containers.pushed(), None);
    assert_eq!(containers.version(), None);
}

#[test]
fn a_full_disk() {
    let containers = Containers::with_disk("24m");
    containers.write_dockerfile("RUN dd if=/dev/urandom of=/srv/large bs=1M count=40");
    let ran = containers.run();
    assert!([1, 4].contains(&ran.code()), "{}", ran.text());
    let ran = ran.says("No space left on device");
    assert_eq!(containers.pushed(), None, "{}", ran.text());
}

/// The registry goes away while layers are on their way to it.
#[test]
fn a_registry_that_goes_down_midway() {
    let containers = Containers::fresh();
    // Enough that the push is cut in the middle of it.
    containers.write_dockerfile("RUN dd if=/dev/urandom of=/srv/large bs=1M count=8");
    let proxy = Proxy::cutting(containers.registry.port, 2_000_000);
    containers.write_pipeline(&format!("127.0.0.1:{}", proxy.port));
    let ran = containers.run();
    assert!([1, 4].contains(&ran.code()), "{}", ran.text());
    assert!(
        proxy.passed.load(Ordering::SeqCst) >= 2_000_000,
        "it was never cut:
{}",
        ran.text()
    );
    assert_eq!(containers.pushed(), None, "{}", ran.text());
    assert_eq!(containers.version(), None);
}
