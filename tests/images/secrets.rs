//! Planted values are searched for in all that engine, registry, server and runner keep.

use std::path::PathBuf;

use capstep_test_engine::registry::PASSWORD;
use capstep_tests::images::{CANARY, Containers};
use capstep_tests::leaks::{ProcessWatch, files};

#[test]
fn secrets_are_where_the_plan_says_and_nowhere_else() {
    let containers = Containers::fresh();
    let watch = ProcessWatch::start(&[CANARY, PASSWORD]);
    containers.run().expect(0);
    let mut processes = watch.stop();
    // The script on the server is given the password in its environment, as the plan says; so has what it starts.
    processes
        .retain(|found| !(found.starts_with("environ of ") && found.ends_with(" on the server")));
    assert_eq!(processes, [""; 0], "on command lines or in environments");

    let nowhere = Vec::<PathBuf>::new();
    // Layers, history, the build's cache, blobs.
    for secret in [CANARY, PASSWORD] {
        assert_eq!(files(&containers.engine.data(), secret), nowhere);
        assert_eq!(files(&containers.registry.data(), secret), nowhere);
        assert!(
            !containers.engine.log().contains(secret),
            "the engine's log"
        );
    }
    let here = containers.project.dir.path();
    assert_eq!(
        files(here, CANARY),
        [here.join("APP_KEY"), here.join("project/.env")]
    );
    assert_eq!(files(here, PASSWORD), [here.join("REGISTRY_PASSWORD")]);
    let current = containers
        .sshd
        .path("webapp/current")
        .canonicalize()
        .unwrap();
    assert_eq!(
        files(containers.sshd.dir.path(), CANARY),
        [current.join(".env")]
    );
    assert_eq!(files(containers.sshd.dir.path(), PASSWORD), nowhere);
}
