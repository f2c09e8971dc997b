//! The same with BuildKit and without it, and what is different: said, or refused.

use capstep_tests::builds::{Builds, Kind, login, registry};

const BOTH: [Kind; 2] = [Kind::BuildKit, Kind::Classic];

/// A job `a` with one build, and these inputs of it in addition.
fn one(inputs: &str) -> String {
    format!(
        "version: 1\nsecrets: [PASSWORD]\njobs:\n  a:\n    steps:\n      - id: one\n        uses: docker-build\n        with: {{ context: app, tags: one, {inputs} }}\n"
    )
}

#[test]
fn what_is_used_is_said() {
    let mut builds = Builds::new(Kind::Classic, &one(""));
    builds
        .project
        .write("app/Dockerfile", "FROM base\nRUN echo built classically\n");
    builds
        .run()
        .expect(0)
        .says("the classic builder is used: the engine's configuration turns BuildKit off")
        .says("built classically")
        .says(" with classic: ");
    drop(builds);
    let mut builds = Builds::new(Kind::BuildKit, &one(""));
    builds
        .project
        .write("app/Dockerfile", "FROM base\nRUN echo built by the other\n");
    builds
        .run()
        .expect(0)
        .says(" with buildkit: ")
        .never_says("is used:");
}

#[test]
fn what_needs_buildkit_is_refused_without_it() {
    for (inputs, words) in [
        (
            "secrets: { key: \"${{ secrets.PASSWORD }}\" }",
            "build secrets need BuildKit",
        ),
        (
            "cache-to: inline",
            "a cache inside the image (cache-to) needs BuildKit",
        ),
    ] {
        let mut builds = Builds::new(Kind::Classic, &one(inputs));
        // Nothing of it is begun.
        builds
            .project
            .write("app/Dockerfile", "FROM base\nRUN echo it was begun\n");
        builds
            .run()
            .expect(1)
            .says(words)
            .says("the engine's configuration turns BuildKit off")
            .never_says("it was begun\n");
    }
}

/// An image to cache from that isn't there is a note with its name and why; an account that is refused ends the build.
#[test]
fn caches_that_cannot_be_had() {
    for kind in BOTH {
        let images = "cache-from: [\"REGISTRY/cache-missing:1\", \"127.0.0.1:1/cache:1\"]";
        let mut builds = Builds::new(kind, &one(&format!("{images}, registry: {}", login())));
        builds
            .project
            .write("app/Dockerfile", "FROM base\nRUN echo without a cache\n");
        let missing = format!(
            "note: built without the cache image {}/cache-missing:1: ",
            registry().host()
        );
        builds
            .run()
            .expect(0)
            .says(&missing)
            .says("note: built without the cache image 127.0.0.1:1/cache:1: ")
            .says("connection refused");

        builds.write(&one("cache-from: [\"REGISTRY/cache-missing:1\"]"));
        builds
            .project
            .write("app/Dockerfile", "FROM base\nRUN echo without an account\n");
        builds
            .run()
            .expect(1)
            .says(&registry().host())
            .says("credentials");
    }
}

#[test]
fn a_failing_instruction_is_shown_where_it_stands() {
    for kind in BOTH {
        let mut builds = Builds::new(kind, &one("dockerfile: docker/one.Dockerfile"));
        builds.project.write(
            "app/docker/one.Dockerfile",
            "FROM base\n\nRUN echo first; \\\n    echo the end >&2; exit 7\n",
        );
        let ran = builds
            .run()
            .expect(1)
            .says("the end")
            .says("app/docker/one.Dockerfile:3: `");
        let events = std::fs::read_to_string(
            builds
                .project
                .journals()
                .pop()
                .unwrap()
                .with_file_name("events.jsonl"),
        )
        .unwrap();
        let annotated = events
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .find(|event| event["event"] == "annotation")
            .unwrap_or_else(|| panic!("{kind:?}: no annotation:\n{}", ran.text()));
        assert_eq!(annotated["file"], "app/docker/one.Dockerfile");
        assert_eq!(annotated["line"], 3);
        assert_eq!(annotated["level"], "error");

        // A mistake that is found before any step runs stands somewhere, too.
        builds
            .project
            .write("app/docker/one.Dockerfile", "FROM base\nRUM x\n");
        let ran = builds.run().expect(1).says("RUM");
        if kind == Kind::BuildKit {
            ran.says("app/docker/one.Dockerfile:2: ");
        }
    }
}
