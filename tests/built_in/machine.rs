//! A machine that doesn't work is nobody's mistake in a pipeline: exit code 4.

use std::fs;

use capstep_tests::project::Project;

const PIPELINE: &str = "version: 1\njobs: { a: { steps: [{ uses: env-setup, with: { file: .env, vars: { A: b } } }] } }\n";

#[test]
fn a_state_folder_that_is_none() {
    let project = Project::new(PIPELINE);
    fs::remove_dir(project.state()).unwrap();
    fs::write(project.state(), "a file").unwrap();
    project
        .capstep(&["run"])
        .expect(4)
        .says("state")
        .says("Not a directory");
    assert!(!project.path(".env").exists(), "something was run");
}
