//! Planted values are searched for in all that engine, registry, server and runner keep: after a run that works, after one
//! whose `RUN` prints its secret and fails, and after a wrong password. That the search finds what is there is shown, too.

use std::path::PathBuf;

use capstep_test_engine::registry::PASSWORD;
use capstep_tests::images::{CANARY, Containers};
use capstep_tests::leaks::{ProcessWatch, contains, files, forms};

/// A password that the registry doesn't take; and what is planted where it has to be found.
const WRONG: &str = "cnry-wrong-5b1d0f6a2c974e38";
const PLANTED: &str = "cnry-planted-9e07c4d1b3a24f65";

#[test]
fn secrets_are_where_the_plan_says_and_nowhere_else() {
    let mut containers = Containers::fresh();
    let watch = ProcessWatch::start(&[CANARY, PASSWORD]);
    containers.run().expect(0);
    let mut processes = watch.stop();
    // The script on the server is given the password in its environment, as the plan says; so has what it starts.
    processes
        .retain(|found| !(found.starts_with("environ of ") && found.ends_with(" on the server")));
    assert_eq!(processes, [""; 0], "on command lines or in environments");
    assert_nowhere(&containers, &[CANARY, PASSWORD]);

    let here = containers.project.dir.path().to_owned();
    assert_eq!(
        files(&here, CANARY),
        [here.join("APP_KEY"), here.join("project/.env")]
    );
    assert_eq!(files(&here, PASSWORD), [here.join("REGISTRY_PASSWORD")]);
    let current = containers
        .sshd
        .path("webapp/current")
        .canonicalize()
        .unwrap();
    let far = containers.sshd.dir.path();
    assert_eq!(files(far, CANARY), [current.join(".env")]);
    assert_eq!(files(far, PASSWORD), Vec::<PathBuf>::new());

    // Careless code of the project's own: what it prints is masked, and what it leaves behind goes with it.
    let mount = "--mount=type=secret,id=app-key";
    containers.write_dockerfile(&format!(
        "RUN {mount} cat /run/secrets/app-key; cat /run/secrets/app-key >&2; cp /run/secrets/app-key /copied; exit 3"
    ));
    containers
        .run()
        .expect(1)
        .says("exit code 3")
        .says("[MASKED:APP_KEY]");
    assert_nowhere(&containers, &[CANARY, PASSWORD]);

    containers.mend();
    containers.write_password(WRONG);
    containers.run().expect(1).never_says(WRONG);
    assert_nowhere(&containers, &[CANARY, PASSWORD, WRONG]);
    for value in [CANARY, PASSWORD] {
        let kept = files(&containers.project.state(), value);
        assert_eq!(kept, Vec::<PathBuf>::new(), "the runner's own files");
    }

    // The search finds what is there: a build argument stays in the image, its history and its layers.
    containers.mend();
    containers.write_dockerfile(&format!(
        "ARG A={PLANTED}\nRUN echo \"$A\" >/planted; : {PLANTED}"
    ));
    containers.run().expect(0);
    let found = everywhere(&containers, PLANTED);
    for place in [
        "the engine's files",
        "the registry's files",
        "histories",
        "the build's cache",
    ] {
        assert!(
            found.iter().any(|found| found.starts_with(place)),
            "{place}: {found:?}"
        );
    }
}

/// Insists that these are nowhere in what engine and registry keep and say.
#[track_caller]
fn assert_nowhere(containers: &Containers, values: &[&str]) {
    for value in values {
        assert_eq!(everywhere(containers, value), [""; 0]);
    }
}

/// Where a value is of layers, images, histories, the build's cache, blobs and logs.
fn everywhere(containers: &Containers, value: &str) -> Vec<String> {
    let (engine, registry) = (&containers.engine, &containers.registry);
    let mut found = Vec::new();
    for (place, folder) in [
        ("the engine's files", engine.data()),
        ("the registry's files", registry.data()),
    ] {
        let files = files(&folder, value);
        found.extend(
            files
                .iter()
                .map(|path| format!("{place}: {}", path.display())),
        );
    }
    let images = engine.images();
    let histories: String = images.iter().map(|id| engine.history(id)).collect();
    let looks: Vec<String> = images
        .iter()
        .map(|id| engine.ask("GET", &format!("/images/{id}/json")).to_string())
        .collect();
    let (engine_log, registry_log) = (engine.log(), registry.log());
    // An empty log would hold nothing of anything.
    assert!(engine_log.contains("/build") && registry_log.contains("/v2/"));
    let forms = forms(value);
    for (place, text) in [
        ("histories", histories),
        ("images", looks.concat()),
        (
            "the build's cache",
            engine.ask("GET", "/system/df")["BuildCache"].to_string(),
        ),
        ("the engine's log", engine_log),
        ("the registry's log", registry_log),
    ] {
        if contains(text.as_bytes(), &forms) {
            found.push(place.to_owned());
        }
    }
    found
}
