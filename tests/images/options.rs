//! Each input of `docker-build` reaches the engine: seen in the image, its history, the registry or the log.

use capstep_tests::builds::{Builds, Kind, login, registry};
use capstep_tests::leaks::files;

/// A build that says everything.
fn everything() -> String {
    format!(
        r#"version: 1
secrets: [PASSWORD, BUILD_KEY]
jobs:
  image:
    steps:
      - id: all
        uses: docker-build
        with:
          context: app
          dockerfile: docker/all.Dockerfile
          target: wanted
          build-args: {{ WHO: "wörld & co" }}
          secrets: {{ key: "${{{{ secrets.BUILD_KEY }}}}" }}
          labels: {{ com.example.of: options }}
          tags: ["REGISTRY/options:1", "REGISTRY/options:latest"]
          push: true
          cache-from: ["REGISTRY/options-missing:1"]
          cache-to: inline
          pull: true
          no-cache: true
          network: none
          platforms: linux/{architecture}
          registry: {login}
          timeout: 10m
    outputs:
      image: "${{{{ steps.all.outputs.image }}}}"
      digest: "${{{{ steps.all.outputs.digest }}}}"
      tags: "${{{{ toJSON(steps.all.outputs.tags) }}}}"
      builder: "${{{{ steps.all.outputs.builder }}}}"
"#,
        login = login(),
        architecture = architecture(),
    )
}

/// A build of the base image under its name in the registry.
fn base(context: &str, more: &str) -> String {
    format!(
        "version: 1\nsecrets: [PASSWORD]\njobs: {{ a: {{ steps: [{{ uses: docker-build, with: {{ context: {context}, tags: \"REGISTRY/options-base:1\"{more} }} }}] }} }}\n"
    )
}

/// This machine's, in the words of platforms.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[test]
fn a_build_with_every_option() {
    // The registry has another base image under that name than the engine.
    let pushed = format!(", push: true, registry: {}", login());
    let mut builds = Builds::new(Kind::BuildKit, &base("base", &pushed));
    builds.project.set("BUILD_KEY", "the key of the build");
    let project = &builds.project;
    project.write(
        "base/Dockerfile",
        "FROM base\nRUN echo of the registry >/from\n",
    );
    project.write(
        "old/Dockerfile",
        "FROM base\nRUN echo of the engine >/from\n",
    );
    project.write(
        "app/docker/all.Dockerfile",
        format!(
            "FROM {registry}/options-base:1 AS wanted\nARG WHO\n\
             RUN echo \"hello $WHO\"; echo \"base $(cat /from)\"; echo \"networks\" $(ls /sys/class/net)\n\
             RUN --mount=type=secret,id=key echo \"key $(wc -c </run/secrets/key)\"\n\
             FROM wanted\nRUN exit 9\n",
            registry = registry().host(),
        ),
    );
    builds.run().expect(0);
    builds.write(&base("old", ""));
    builds.run().expect(0);
    builds.write(&everything());
    let ran = builds.run().expect(0);
    let ran = ran
        // build-args, pull, network, secrets
        .says("hello wörld & co")
        .says("base of the registry")
        .says("networks lo\n")
        .says("key 20")
        .never_says("the key of the build")
        // cache-from
        .says(&format!(
            "note: built without the cache image {}/options-missing:1: ",
            registry().host()
        ));
    let image = builds.image(&format!("{}/options:1", registry().host()));
    assert_eq!(image["Config"]["Labels"]["com.example.of"], "options");
    assert_eq!(image["Architecture"], architecture());
    assert_eq!(image["Os"], "linux");
    // tags: both, of the engine and of the registry.
    let latest = builds.image(&format!("{}/options:latest", registry().host()));
    assert_eq!(image["Id"], latest["Id"]);
    let digest = registry().digest("options", "1").expect("it was pushed");
    assert_eq!(
        registry().digest("options", "latest").as_ref(),
        Some(&digest)
    );
    // cache-to
    assert_ne!(
        files(&registry().data(), "moby.buildkit.cache.v0"),
        Vec::<std::path::PathBuf>::new()
    );
    // Its history has the argument, and not the secret.
    let history = builds.engine.history(image["Id"].as_str().unwrap());
    assert!(
        history.contains("WHO=wörld") && !history.contains("the key of the build"),
        "{history}"
    );
    // Outputs.
    let outputs = outputs(&builds);
    assert_eq!(outputs["image"], image["Id"], "{}", ran.text());
    assert_eq!(outputs["digest"], digest.as_str());
    assert_eq!(outputs["builder"], "buildkit");
    let tags: serde_json::Value = serde_json::from_str(outputs["tags"].as_str().unwrap()).unwrap();
    let reference = format!("{}/options:latest", registry().host());
    assert_eq!(tags[1]["reference"], reference.as_str());
    assert_eq!(tags[1]["digest"], digest.as_str());

    // Nothing of it comes from a cache the next time, either: what is random would be the same.
    builds.run().expect(0).says("0 of 2 steps from the cache");
}

/// The outputs of the job `image`.
fn outputs(builds: &Builds) -> serde_json::Value {
    let folder = builds.project.journals().pop().unwrap();
    let events = std::fs::read_to_string(folder.with_file_name("events.jsonl")).unwrap();
    let finished = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|event| event["event"] == "job-finished" && event["job"] == "image");
    finished.expect("the job ended")["outputs"].clone()
}

#[test]
fn a_build_that_takes_too_long_is_ended() {
    let mut builds = Builds::new(
        Kind::BuildKit,
        "version: 1\njobs: { a: { steps: [{ uses: docker-build, with: { context: app, tags: slow, timeout: 1s } }] } }\n",
    );
    builds
        .project
        .write("app/Dockerfile", "FROM base\nRUN sleep 600\n");
    builds
        .run()
        .expect(1)
        .says("the build did not end within 1 s");
}

/// An image for a platform that is not this machine's: the engine makes it where nothing has to run on it.
#[test]
fn one_platform_and_not_several() {
    let other = match architecture() {
        "arm64" => "amd64",
        _ => "arm64",
    };
    let pipeline = |platforms: &str| {
        format!(
            "version: 1\njobs: {{ a: {{ steps: [{{ uses: docker-build, with: {{ context: app, tags: other, platforms: {platforms} }} }}] }} }}\n"
        )
    };
    for kind in [Kind::BuildKit, Kind::Classic] {
        let mut builds = Builds::new(kind, &pipeline(&format!("linux/{other}")));
        builds
            .project
            .write("app/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        builds.run().expect(0);
        assert_eq!(builds.image("other")["Architecture"], other, "{kind:?}");

        builds.write(&pipeline("[linux/amd64, linux/arm64]"));
        let ran = builds.start(&[]).wait().expect(2);
        ran.says("an engine takes one at a time");

        // The environment steers no build, and that is said.
        builds
            .project
            .set("DOCKER_DEFAULT_PLATFORM", format!("linux/{other}"));
        builds.write(&pipeline("null"));
        builds
            .run()
            .expect(1)
            .says(&format!("write `platforms: linux/{other}` into the step"));
        builds.write(&pipeline(&format!("linux/{other}")));
        builds.run().expect(0);
    }
}
