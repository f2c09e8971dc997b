//! `capstep doctor` and the engine: what it is, who named it, and that its absence keeps nothing else from working.

use capstep_tests::builds::{Builds, Kind};
use serde_json::Value;

const PIPELINE: &str = "version: 1\njobs: { a: { steps: [{ uses: noop }] } }\n";

/// The checks of the part `engine`, by name: state and what was found.
fn looked(builds: &Builds) -> Vec<(String, String, String)> {
    let ran = builds
        .project
        .capstep(&["doctor", "--format", "json"])
        .expect(0);
    let findings: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = findings["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["part"] == "engine")
        .map(|check| {
            (
                text(check, "name"),
                text(check, "state"),
                text(check, "found"),
            )
        })
        .collect()
}

#[test]
fn the_engine_is_looked_at() {
    for (kind, state, builder) in [
        (Kind::BuildKit, "good", "BuildKit: the engine has BuildKit"),
        (
            Kind::Classic,
            "note",
            "the classic builder: the engine's configuration turns BuildKit off",
        ),
    ] {
        let builds = Builds::new(kind, PIPELINE);
        let version = builds.engine.ask("GET", "/version");
        let part = |key: &str| version[key].as_str().unwrap().to_owned();
        assert_eq!(
            looked(&builds),
            [
                (
                    "address".to_owned(),
                    "good".to_owned(),
                    format!("{} (DOCKER_HOST)", builds.engine.host())
                ),
                (
                    "engine".to_owned(),
                    "good".to_owned(),
                    format!(
                        "Docker Engine {}, API {}, linux/{}",
                        part("Version"),
                        part("ApiVersion"),
                        part("Arch")
                    )
                ),
                ("builder".to_owned(), state.to_owned(), builder.to_owned()),
            ]
        );
    }
}

#[test]
fn an_engine_that_is_not_there_is_a_note() {
    let mut builds = Builds::new(Kind::BuildKit, PIPELINE);
    let check = |builds: &Builds, expected: &[(&str, &str, &str)]| {
        let looked = looked(builds);
        assert_eq!(looked.len(), expected.len(), "{looked:?}");
        for ((name, state, found), expected) in looked.iter().zip(expected) {
            assert_eq!((name.as_str(), state.as_str()), (expected.0, expected.1));
            assert!(found.contains(expected.2), "{found}");
        }
    };
    builds
        .project
        .set("DOCKER_HOST", "unix:///no/such/docker.sock");
    builds.project.set("DOCKER_DEFAULT_PLATFORM", "linux/arm64");
    check(
        &builds,
        &[
            (
                "address",
                "good",
                "unix:///no/such/docker.sock (DOCKER_HOST)",
            ),
            ("engine", "note", "/no/such/docker.sock"),
            ("platform", "note", "DOCKER_DEFAULT_PLATFORM is linux/arm64"),
        ],
    );
    builds.project.set("DOCKER_HOST", "ssh://me@far");
    check(&builds, &[("address", "note", "reached by ssh")]);
}
