//! What works: the first deployment, and the ones after it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use capstep_tests::deployment::{CANARY, Deployment};

#[test]
fn the_first_deployment_is_healthy() {
    let deployment = Deployment::fresh();
    assert_eq!(deployment.service.get("/health").0, 503);
    deployment
        .run()
        .expect(0)
        .says("deploying 1 for production")
        .says("this script is careless: [MASKED:SECRET_KEY_BASE]");
    assert_eq!(deployment.service.version().as_deref(), Some("1"));
    let current = deployment.current().unwrap();
    assert_eq!(
        fs::read_to_string(current.join("deployed")).unwrap(),
        "deployed\n"
    );
    // The secret is where it was sent, and to no eyes but its owner's.
    let settings = current.join(".env");
    assert!(fs::read_to_string(&settings).unwrap().contains(CANARY));
    assert_eq!(
        fs::metadata(&settings).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let local = fs::metadata(deployment.project.path(".env")).unwrap();
    assert_eq!(local.permissions().mode() & 0o777, 0o600);
    // The pipeline's files are not deployed with the application.
    assert!(!current.join("capstep.yml").exists() && !current.join("deploy").exists());
}

#[test]
fn only_what_changed_is_uploaded() {
    let deployment = Deployment::deployed();
    let first = deployment.current().unwrap();
    deployment.project.write("webapp/VERSION", "2\n");
    deployment.run().expect(0);
    assert_eq!(deployment.service.version().as_deref(), Some("2"));
    let journal = deployment.journal();
    let uploads: Vec<_> = journal
        .iter()
        .filter(|record| record.verb() == "ssh/upload" && record.phase() == "outcome")
        .collect();
    let [upload] = uploads.as_slice() else {
        panic!("one upload: {uploads:?}")
    };
    assert_eq!(upload.0["result"]["uploaded"], json!(1), "{}", upload.0);
    assert_eq!(upload.0["result"]["bytes"], json!(2), "{}", upload.0);
    let second = deployment.current().unwrap();
    assert_eq!(
        upload.0["result"]["files"],
        json!([second.join("VERSION")]),
        "{}",
        upload.0
    );
    // The old release is as it was: whoever rolls back gets what was there.
    assert_ne!(first, second);
    assert_eq!(fs::read_to_string(first.join("VERSION")).unwrap(), "1\n");
    assert_eq!(deployment.releases().len(), 2);
    let inode = |path: &std::path::Path| fs::metadata(path.join("VERSION")).unwrap().ino();
    assert_ne!(inode(&first), inode(&second));
}

#[test]
fn a_file_that_is_gone_is_gone_in_the_next_release() {
    let deployment = Deployment::deployed();
    fs::remove_file(deployment.project.path("webapp/static/logo.svg")).unwrap();
    deployment.run().expect(0);
    let current = deployment.current().unwrap();
    assert!(!current.join("static/logo.svg").exists());
    assert!(current.join("static/style.css").exists());
}
