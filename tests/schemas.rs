//! The JSON Schemas are promises: those in `tests/schema/` are what the program prints. `UPDATE=1` writes them anew.

use std::fs;

use capstep_tests::program::root;
use capstep_tests::project::Project;

#[test]
fn schemas_are_those_that_were_promised() {
    let project = Project::empty();
    let folder = root().join("tests/schema");
    let mut drifted = Vec::new();
    for name in ["pipeline", "manifest", "plan", "events", "protocol"] {
        let printed = project.capstep(&["schema", name]).expect(0).stdout;
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &printed).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(printed.as_str()) {
            drifted.push(name);
        }
    }
    assert!(
        drifted.is_empty(),
        "changed: {drifted:?}; if that is meant: UPDATE=1 cargo test --release --test schemas"
    );
}
