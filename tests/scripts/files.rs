//! What a script sees, and what it can change.

use capstep_tests::project::Project;

use crate::{project, run};

/// A step with some keys and one line of script.
fn step(keys: &str, line: &str) -> Project {
    let project = project(&format!("{keys}        run: |\n          {line}\n"));
    project.write("src/main.c", "int main;\n");
    project.write("other/secret.txt", "not handed over\n");
    project.write(".git/config", "[core]\n");
    std::fs::create_dir_all(project.path("out")).unwrap();
    project
}

/// The same line, handed what it needs and not.
#[track_caller]
fn check(with: &str, without: &str, line: &str) {
    run(&step(with, line)).expect(0);
    let ran = run(&step(without, line));
    assert_ne!(ran.code(), 0, "`{line}` was possible:\n{}", ran.text());
}

#[test]
fn only_what_is_named_is_seen_where_something_is() {
    let source = "        reads: src\n        writes: out\n";
    check("", source, "cat other/secret.txt");
    check(source, "        reads: other\n", "cat src/main.c");
    check(source, "        reads: [src, out]\n", "echo x >out/a");
    check("", source, "echo x >src/main.c");
    // A list of nothing is a list: whoever writes it hands over nothing.
    for nothing in [
        "        reads: []\n",
        "        reads: []\n        writes: []\n",
    ] {
        check("", nothing, "cat src/main.c");
        check("", nothing, "echo x >out/a");
        run(&step(nothing, "echo x >\"$TMPDIR/a\"")).expect(0);
    }
    // What isn't there yet is made.
    check("        writes: build\n", source, "echo x >build/a");
}

#[test]
fn what_is_reserved_stays_out_of_reach() {
    for line in [
        "echo x >.git/config",
        "echo x >.git/hooks-x",
        "echo x >capstep.yml",
        "mv .git elsewhere",
        "echo x >capstep.lock",
    ] {
        let project = step("", line);
        let before = project.read("capstep.yml");
        let ran = run(&project);
        assert_ne!(ran.code(), 0, "`{line}` was possible:\n{}", ran.text());
        assert_eq!(project.read(".git/config"), "[core]\n");
        assert_eq!(project.read("capstep.yml"), before);
        assert!(!project.path("capstep.lock").exists());
    }
    run(&step("", "echo x >elsewhere")).expect(0);
}

#[test]
fn the_machine_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("id_ed25519"), "a key\n").unwrap();
    let key = home.path().join("id_ed25519");
    // As an engine's: there, and somebody listens.
    let engine = home.path().join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&engine).unwrap();
    let plain = |line: &str| {
        let status = std::process::Command::new("bash")
            .args(["-c", line])
            .status();
        status.unwrap().success()
    };
    assert!(plain(&format!("test -e {}", engine.display())));
    for line in [
        &format!("cat {}", key.display()),
        "cat /etc/shadow",
        "cat /proc/1/environ",
        "echo x >/usr/local/x",
        "ls /root",
        &format!("test -e {}", engine.display()),
    ] {
        let ran = run(&step("", line));
        assert_ne!(ran.code(), 0, "`{line}` was possible:\n{}", ran.text());
    }
}

/// A file that a step before wrote with a secret in it is not there; one without is.
#[test]
fn files_with_secrets_are_hidden() {
    let pipeline = |value: &str| {
        format!(
            "version: 1\nsecrets: [CANARY]\njobs:\n  only:\n    steps:\n      - uses: env-setup\n        with: \
             {{ file: .env, vars: {{ KEY: \"{value}\" }} }}\n      - run: cat .env\n"
        )
    };
    run(&Project::new(&pipeline("plain")))
        .expect(0)
        .says("KEY=plain");
    let ran = run(&Project::new(&pipeline("${{ secrets.CANARY }}")));
    assert_ne!(ran.code(), 0, "{}", ran.text());
}

/// What stopped a script says what to write.
#[test]
fn what_was_in_the_way_is_hinted_at() {
    let source = "        reads: src\n        writes: out\n";
    let check = |keys: &str, line: &str, hint: &str| {
        run(&step(keys, line)).expect(1).says("hint: ").says(hint);
    };
    check(source, "echo x >src/main.c", "`src/main.c` may be");
    check(source, "cd src; touch new", "`new` may be");
    check(source, "cat other/secret.txt", "the step's `reads`");
    check("", "echo x >.git/config", "`.git` is never handed over");
    check(
        "",
        "echo x >/usr/local/x",
        "outside of the pipeline's folder",
    );
    run(&step("", "cat not/there"))
        .expect(1)
        .never_says("hint:");
    run(&step(source, "cat other/secret.txt || true"))
        .expect(0)
        .never_says("hint:");
    let sealed = Project::new(
        "version: 1\nsecrets: [CANARY]\njobs:\n  only:\n    steps:\n      - uses: env-setup\n        with: \
         { file: .env, vars: { KEY: \"${{ secrets.CANARY }}\" } }\n      - run: cat .env\n",
    );
    run(&sealed).expect(1).says("`.env` is sealed");
}

/// What a pipeline includes decides about grants as it does itself.
#[test]
fn an_included_file_stays_as_it_is() {
    let included = "version: 1\nsteps:\n  - run: echo more >>ci/steps.yml\n";
    let project = Project::new(
        "version: 1\nsecrets: [CANARY]\njobs: { only: { steps: [{ include: ci/steps.yml }] } }\n",
    );
    project.write("ci/steps.yml", included);
    let ran = run(&project);
    assert_ne!(ran.code(), 0, "{}", ran.text());
    assert_eq!(project.read("ci/steps.yml"), included);
}
