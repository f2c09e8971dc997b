//! What a build is never sent: what no grant reaches, and what holds secrets. On both builders, and for a context that is
//! the whole project.

use capstep_tests::builds::{Builds, Kind};

const CANARY: &str = "cnry-in-a-sealed-file-41d0";

const PIPELINE: &str = r#"version: 1
secrets: [APP_KEY]
jobs:
  a:
    steps:
      - uses: env-setup
        with: { file: .env, vars: { APP_KEY: "${{ secrets.APP_KEY }}" } }
      - uses: docker-build
        with: { context: ., tags: whole, no-cache: true }
"#;

#[test]
fn the_whole_project_without_what_is_nobodys_business() {
    for kind in [Kind::BuildKit, Kind::Classic] {
        let mut builds = Builds::new(kind, PIPELINE);
        builds.project.set("APP_KEY", CANARY);
        let project = &builds.project;
        project.write(
            "Dockerfile",
            "FROM base\nCOPY . /all\nRUN cd /all && find . | sort\n",
        );
        project.write(".git/config", "[remote \"origin\"]\n");
        project.write("source", "in it\n");

        // Written with secrets by the step before.
        builds
            .run()
            .expect(1)
            .says("`.env` may not be part of a build context: it holds secrets")
            .says(".dockerignore");
        // A copy of it is as secret, whatever its name, and even where the Dockerfile copies something else.
        let project = &builds.project;
        project.write(".dockerignore", ".env\n");
        project.write("deep/copied", std::fs::read(project.path(".env")).unwrap());
        project.write(
            "Dockerfile",
            "FROM base\nCOPY source /all/\nRUN cd /all && find . | sort\n",
        );
        builds
            .run()
            .expect(1)
            .says("`deep/copied` may not be part of a build context: it holds secrets")
            .says(".dockerignore");
        let project = &builds.project;
        project.write(".dockerignore", ".env\ndeep\n");
        project.write(
            "Dockerfile",
            "FROM base\nCOPY . /all\nRUN cd /all && find . | sort\n",
        );
        let ran = builds
            .run()
            .expect(0)
            .says("./source\n")
            .says("./Dockerfile\n");
        for hidden in ["./.git", "./capstep.yml", "./.env", "./deep"] {
            assert!(
                !ran.text().contains(&format!("{hidden}\n")),
                "{hidden}:\n{}",
                ran.text()
            );
        }
        let found = capstep_tests::leaks::files(&builds.engine.data(), CANARY);
        assert_eq!(found, Vec::<std::path::PathBuf>::new());
    }
}
