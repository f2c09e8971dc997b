//! Pipelines of somebody else: what they would see by naming things after what they want. Each attempt is made twice.

use std::fs;

use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use nix::sys::stat::Mode;

/// What is recognised.
const CANARY: &str = "cnry-9d3b7f10c25e4a86b1d7";

/// Writes `app.env`, with the secret in it.
const SEALS: &str = "version: 1
name: shop
secrets: [TOKEN]
jobs:
  a:
    steps:
      - uses: env-setup
        with: { file: app.env, vars: { TOKEN: \"${{ secrets.TOKEN }}\" } }
";

/// A pipeline of this name whose only step runs a line.
fn script(name: &str, line: &str) -> String {
    format!("version: 1\nname: {name}\njobs:\n  a:\n    steps:\n      - run: |\n          {line}\n")
}

/// A project whose `app.env` was sealed by a run of the pipeline `shop`.
fn sealed() -> Project {
    let project = Project::new(SEALS);
    let secret = capstep_tests::hostile::canary(&project, CANARY);
    let secret = secret.replace("CANARY=", "TOKEN=");
    project.capstep(&["run", &secret]).expect(0);
    assert!(project.read("app.env").contains(CANARY));
    project
}

fn fails_to_read(ran: &Ran) {
    assert_eq!(ran.code(), 1, "{}", ran.text());
    assert!(!ran.text().contains(CANARY), "{}", ran.text());
}

#[test]
fn a_sealed_file_stays_sealed_whatever_the_pipeline_calls_itself() {
    let project = sealed();
    project.write("plain.env", "A=1\n");
    for name in ["shop", "shop2"] {
        for more in [&[][..], &["--untrusted"]] {
            let attempt = |line: &str| {
                project.write("fork.yml", script(name, line));
                let mut arguments = vec!["run", "fork.yml"];
                arguments.extend(more);
                project.capstep(&arguments)
            };
            attempt("cat plain.env").expect(0).says("A=1");
            fails_to_read(&attempt("cat app.env"));
        }
    }
}

#[test]
fn nothing_is_unsealed_from_another_folder() {
    let project = sealed();
    let other = "version: 1\nname: shop\njobs:\n  a:\n    steps:\n      - uses: env-setup\n        with: { file: app.env, vars: { A: b } }\n";
    project.write("../other/capstep.yml", other);
    for more in [&[][..], &["--untrusted"]] {
        let mut arguments = vec!["run", "../other/capstep.yml"];
        arguments.extend(more);
        project.capstep(&arguments).expect(0);
        project.write("own.yml", script("shop", "cat app.env"));
        fails_to_read(&project.capstep(&["run", "own.yml"]));
    }
    // A copy of it there is as secret as it is here, to the plugins and to caches.
    let caches = "version: 1\nname: elsewhere\njobs:\n  a:\n    cache: { paths: [copy.env], key: k }\n    steps: [{ uses: noop }]\n";
    project.write("../third/capstep.yml", caches);
    fs::copy(project.path("app.env"), project.path("../third/copy.env")).unwrap();
    let ran = project.capstep(&["run", "../third/capstep.yml"]).expect(1);
    ran.says("copy.env");
}

#[test]
fn variables_are_not_taken_from_the_environment() {
    let mut project = Project::new(
        "version: 1\nvars: { TAKEN: none }\njobs:\n  a:\n    steps:\n      - uses: noop\n        with: { echo: \"${{ vars.TAKEN }}\" }\n",
    );
    project.set("TAKEN", CANARY);
    project.write("v.env", format!("TAKEN={CANARY}\n"));
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "--verbose"];
        arguments.extend(more);
        project.capstep(&arguments)
    };
    run(&[]).expect(0).says(CANARY);
    run(&["--untrusted"])
        .expect(0)
        .says("output echo: \"none\"")
        .never_says(CANARY);
    run(&["--env-file", "v.env"]).expect(0).says(CANARY);
    run(&["--untrusted", "--env-file", "v.env"])
        .expect(2)
        .never_says(CANARY);
    // Who starts the run can still say what it is.
    run(&["--untrusted", "--var", "TAKEN=told"])
        .expect(0)
        .says("output echo: \"told\"");
    project.write("capstep.yml", "version: 1\nvars: { TAKEN: }\njobs: { a: { steps: [{ uses: noop, with: { echo: \"${{ vars.TAKEN }}\" } }] } }\n");
    run(&["--untrusted"])
        .expect(2)
        .says("an untrusted run takes nothing from the environment")
        .never_says(CANARY);
}

#[test]
fn what_is_left_at_a_cached_path_is_not_kept_for_trusted_runs() {
    let mut project = Project::empty();
    let cache = project.dir.path().join("cache").display().to_string();
    project.set("XDG_CACHE_HOME", cache);
    let run = |line: &str, more: &[&str]| {
        project.write("capstep.yml", format!("version: 1\nname: shop\njobs:\n  a:\n    cache: {{ paths: [lib], key: k }}\n    steps:\n      - run: |\n          {line}\n"));
        let mut arguments = vec!["run"];
        arguments.extend(more);
        project.capstep(&arguments).expect(0)
    };
    run("mkdir -p lib; echo x >lib/evil", &["--untrusted"]).says("saved lib");
    run("ls lib", &[])
        .says("evil")
        .says("an untrusted run has worked in this folder");
    fs::remove_dir_all(project.path("lib")).unwrap();
    // And with what is its own it goes on as ever.
    run("mkdir -p lib; echo x >lib/good", &[]).says("saved lib");
    fs::remove_dir_all(project.path("lib")).unwrap();
    let ran = run("ls lib", &[]);
    ran.says("restored lib").says("good").never_says("evil");
}

#[test]
fn a_pipe_in_a_caches_way_holds_nothing_up() {
    let mut project = Project::empty();
    let cache = project.dir.path().join("cache").display().to_string();
    project.set("XDG_CACHE_HOME", cache);
    project.write(
        "capstep.yml",
        "version: 1\nname: shop\njobs:\n  a:\n    cache: { paths: [lib], key: k }\n    steps:\n      - run: mkdir -p lib\n",
    );
    project.capstep(&["run"]).expect(0);
    fs::remove_dir_all(project.path("lib")).unwrap();
    let pipe = project.path(".capstep-restore-x");
    nix::unistd::mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
    project.capstep(&["run"]).expect(0).says("restored lib");
    assert!(!pipe.exists());
}
