//! What works.

use capstep_tests::images::Containers;

#[test]
fn a_first_version_and_a_second_one() {
    let containers = Containers::fresh();
    let ran = containers.run().expect(0);
    assert_eq!(containers.version().as_deref(), Some("1"), "{}", ran.text());
    let first = containers.pushed().expect("the image was pushed");

    // Unchanged: every step of the build comes from the cache, and the same image is pushed.
    containers
        .run()
        .expect(0)
        .says("1 of 1 steps from the cache")
        .says("3 of 3 steps from the cache");
    assert_eq!(containers.pushed(), Some(first.clone()));
    containers.assert_serves("1");

    containers.write_version("2");
    containers.run().expect(0);
    containers.assert_serves("2");
    let second = containers.pushed();
    assert_ne!(second, Some(first));

    // The script on the server fails: what ran before still runs, and `current` leads to it.
    let current = containers.sshd.path("webapp/current");
    let before = current.canonicalize().unwrap();
    containers.write_version("unwilling");
    containers.run().expect(1).says("deploy.sh");
    containers.assert_serves("2");
    assert_eq!(current.canonicalize().unwrap(), before);
}
