//! `capstep demo`, as it is called: it shows what it promises, and leaves nothing.

use std::fs;

use capstep_tests::project::Project;

#[test]
fn it_deploys_is_denied_and_leaves_nothing() {
    let mut project = Project::empty();
    let temporary = project.dir.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    project.environment = vec![("TMPDIR".to_owned(), temporary.display().to_string())];
    let ran = project.capstep(&["demo", "--verbose"]).expect(0);
    for part in ["env-setup", "ssh-deploy", "health-check", "denied"] {
        assert!(
            ran.text().contains(part),
            "`{part}` is not shown:\n{}",
            ran.text()
        );
    }
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "it left {left:?}");
    let entries = fs::read_dir(project.folder()).unwrap();
    let here: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(here, [".git"]);
}
