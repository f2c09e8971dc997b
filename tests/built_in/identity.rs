//! Which age identity opens a file of secrets: the one that is named, else that of the environment, else the user's own.

use std::process::{Command, Stdio};

use capstep_tests::program::{Ran, capstep};
use capstep_tests::project::Project;

const VARIABLE: &str = "CAPSTEP_AGE_IDENTITY";

const PIPELINE: &str = r#"version: 1
secrets: [TOKEN]
jobs: { a: { steps: [ { uses: env-setup, with: { file: out.env, vars: { T: "${{ secrets.TOKEN }}" } } } ] } }
"#;

/// Sets a secret's value, which comes by standard input.
fn set(project: &Project, name: &str, value: &str) {
    let mut command: Command = capstep(
        &project.folder(),
        &project.state(),
        &["secret", "set", name],
    );
    command
        .envs(project.environment.iter().cloned())
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, value.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_environment_names_it_and_a_flag_outweighs_that() {
    let mut project = Project::new(PIPELINE);
    let path = |name: &str| project.dir.path().join(name).display().to_string();
    let (ours, other) = (path("ours.txt"), path("other.txt"));
    let name_in_environment = |file: &str| vec![(VARIABLE.to_owned(), file.to_owned())];
    project.environment = name_in_environment(&ours);
    let recipient = project
        .capstep(&["secret", "identity", "--new"])
        .expect(0)
        .stdout;
    project.write("secrets.recipients", &recipient);
    assert!(
        std::path::Path::new(&ours).exists(),
        "it was made elsewhere"
    );
    project
        .capstep(&["secret", "identity", "--new", "--identity", &other])
        .expect(0);
    set(&project, "TOKEN", "hunter2-hunter2");

    let run = |project: &Project, more: &[&str]| -> Ran {
        let mut arguments = vec!["run", "--secret", "TOKEN=age:secrets.age"];
        arguments.extend(more);
        project.capstep(&arguments)
    };
    run(&project, &[]).expect(0).never_says("hunter2");
    assert_eq!(project.read("out.env"), "T=hunter2-hunter2\n");
    // Somebody else's opens nothing, wherever it is named.
    run(&project, &["--identity", &other])
        .expect(2)
        .says("secrets.age");
    project.environment = name_in_environment(&other);
    run(&project, &[])
        .expect(2)
        .says("is not encrypted for this identity");
    run(&project, &["--identity", &ours]).expect(0);
    // Without either it is the user's own, which is not there.
    project.environment = name_in_environment("");
    run(&project, &[])
        .expect(2)
        .says("there is no age identity")
        .says("identity.txt");
}
