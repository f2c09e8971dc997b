//! Several images from one context, one based on another (S2: the base image, the web application, its workers).

use capstep_tests::builds::{Builds, Kind, login, registry};
use serde_json::Value;

#[test]
fn a_base_image_a_web_application_and_its_workers() {
    let step = |dockerfile: &str, tag: &str, more: &str| {
        format!(
            "      - uses: docker-build\n        with: {{ context: app, dockerfile: docker/{dockerfile}.Dockerfile, tags: \"{tag}\"{more} }}\n"
        )
    };
    let pushed = format!(", push: true, registry: {}", login());
    let pipeline = format!(
        "version: 1\nsecrets: [PASSWORD]\njobs:\n  images:\n    steps:\n{}{}{}",
        step("base", "baseimage", ""),
        step("web", "REGISTRY/stack/webapp:web", &pushed),
        step("celery", "REGISTRY/stack/celery:web", &pushed),
    );
    let mut builds = Builds::new(Kind::BuildKit, &pipeline);
    let project = &builds.project;
    project.write("app/requirements.txt", "celery\n");
    project.write("app/web/main", "web\n");
    project.write("app/worker/main", "worker\n");
    project.write(
        "app/docker/base.Dockerfile",
        "FROM base\nCOPY requirements.txt /app/\nRUN date +%s%N >/app/installed\n",
    );
    project.write(
        "app/docker/web.Dockerfile",
        "FROM baseimage\nCOPY web /app/web\nCMD [\"cat\", \"/app/web/main\"]\n",
    );
    project.write(
        "app/docker/celery.Dockerfile",
        "FROM baseimage\nCOPY worker /app/worker\nCMD [\"cat\", \"/app/worker/main\"]\n",
    );
    builds.run().expect(0);
    let layers = |builds: &Builds, name: &str| -> Vec<Value> {
        builds.image(name)["RootFS"]["Layers"]
            .as_array()
            .unwrap()
            .clone()
    };
    let base = layers(&builds, "baseimage");
    for image in ["webapp", "celery"] {
        let layers = layers(&builds, &format!("{}/stack/{image}:web", registry().host()));
        assert!(
            layers.starts_with(&base),
            "{image} is not built on the base image"
        );
        assert_eq!(layers.len(), base.len() + 1, "{image}");
        assert!(
            registry()
                .digest(&format!("stack/{image}"), "web")
                .is_some(),
            "{image}"
        );
    }
    // Again, nothing is new: the base that the others stand on is the same.
    builds
        .run()
        .expect(0)
        .says("2 of 2 steps from the cache")
        .says("1 of 1 steps from the cache");
    assert_eq!(layers(&builds, "baseimage"), base);
}
