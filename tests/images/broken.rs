//! What must not work, and what breaks on the way: nothing is deployed, and what ran before goes on.

use std::sync::atomic::Ordering;

use capstep_tests::images::Containers;
use capstep_tests::proxy::Proxy;

/// One team has one bad day: each failure meets what the first version left.
#[test]
fn what_breaks_leaves_what_runs_as_it_is() {
    let mut containers = Containers::deployed();
    let before = containers.pushed();
    assert!(before.is_some());
    for (name, fails) in [
        ("a wrong password", a_wrong_password as fn(&mut Containers)),
        ("no engine", no_engine),
        ("an instruction that fails", an_instruction_that_fails),
        (
            "a registry that goes down midway",
            a_registry_that_goes_down,
        ),
    ] {
        eprintln!("{name}");
        containers.mend();
        containers.write_version("2");
        fails(&mut containers);
        containers.assert_serves("1");
        assert_eq!(containers.pushed(), before, "{name}: the registry's image");
    }
    // And the day after all is well.
    containers.mend();
    containers.write_version("2");
    containers.run().expect(0);
    containers.assert_serves("2");
}

fn a_wrong_password(containers: &mut Containers) {
    containers.write_password("not the password");
    let registry = containers.registry.host();
    containers
        .run()
        .expect(1)
        .says(&format!("the registry {registry} refused the account `ci`"))
        .never_says("not the password");
}

fn no_engine(containers: &mut Containers) {
    let nowhere = containers.project.dir.path().join("docker.sock");
    let host = format!("unix://{}", nowhere.display());
    containers.project.set("DOCKER_HOST", host);
    containers.run().expect(4).says("docker.sock");
}

/// A `RUN` that fails shows its last lines, its exit code and where it is written.
fn an_instruction_that_fails(containers: &mut Containers) {
    containers.write_dockerfile("RUN echo to be seen; echo what went wrong >&2; exit 23");
    containers
        .run()
        .expect(1)
        .says("what went wrong")
        .says("app/Dockerfile:4: `[4/4] RUN echo to be seen; echo what went wrong >&2; exit 23` ended with exit code 23");
}

/// The registry goes away while layers are on their way to it: that is no fault of the step.
fn a_registry_that_goes_down(containers: &mut Containers) {
    // Enough that the push is cut in the middle of it.
    containers.write_dockerfile("RUN dd if=/dev/urandom of=/srv/large bs=1M count=8");
    let proxy = Proxy::cutting(containers.registry.port, 2_000_000);
    containers.write_pipeline(&format!("127.0.0.1:{}", proxy.port));
    let ran = containers.run().expect(4);
    assert!(
        proxy.passed.load(Ordering::SeqCst) >= 2_000_000,
        "it was never cut:\n{}",
        ran.text()
    );
}

/// A `RUN` that fills the disk has failed, as one that ends with any other error of its own.
#[test]
fn a_full_disk() {
    let containers = Containers::with_disk("24m");
    containers.write_dockerfile("RUN dd if=/dev/urandom of=/srv/large bs=1M count=40");
    let ran = containers.run().expect(1).says("No space left on device");
    assert_eq!(containers.pushed(), None, "{}", ran.text());
    assert_eq!(containers.version(), None);
}
