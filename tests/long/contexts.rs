//! A build context of any size passes through the runner piece by piece: how much memory it has at once doesn't depend on it.

use capstep_tests::builds::{Builds, Kind};
use capstep_tests::scale::{long, size};

/// The most that the runner may hold while it builds, the program itself included.
const MEMORY: u64 = 100 << 20;

/// One pipeline for both builders; a file with secrets makes each file of the context one that is looked at.
const PIPELINE: &str = r#"version: 1
secrets: [KEY]
jobs:
  a:
    steps:
      - uses: env-setup
        with: { file: .env, vars: { KEY: "${{ secrets.KEY }}" } }
      - uses: docker-build
        with: { context: app, tags: large, no-cache: true }
"#;

#[test]
fn contexts_take_no_memory() {
    let megabytes = size(5, 500);
    long(
        "contexts",
        &format!("{megabytes} MB, both builders"),
        |random| {
            for kind in [Kind::BuildKit, Kind::Classic] {
                let mut builds = Builds::new(kind, PIPELINE);
                builds.project.set("KEY", "the secret of this test");
                builds
                    .project
                    .write("app/Dockerfile", "FROM base\nCOPY data /data\n");
                // Half in one file, half in many.
                let large = random.bytes(megabytes << 19);
                builds.project.write("app/data/large.bin", &large);
                for (number, piece) in large.chunks(64 << 10).enumerate() {
                    let path = format!("app/data/{}/{number}.bin", number % 97);
                    builds.project.write(&path, piece);
                }
                let ran = builds.run().expect(0);
                assert!(
                    ran.peak <= MEMORY,
                    "{kind:?}: {} MiB for a context of {megabytes} MB",
                    ran.peak >> 20
                );
                builds.engine.ask("DELETE", "/images/large?force=1");
                builds.engine.ask("POST", "/build/prune?all=1");
            }
        },
    );
}
