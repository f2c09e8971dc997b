//! What must not happen: a login at the wrong host, with the wrong key, or a release that its own script refuses.

use std::fs;

use capstep_tests::sshd::Sshd;

use capstep_tests::deployment::{CANARY, Deployment};
use capstep_tests::leaks::ProcessWatch;

#[test]
fn another_host_key_is_refused_before_anything_is_sent() {
    let deployment = Deployment::fresh();
    let other = Sshd::start();
    let line = format!(
        "[127.0.0.1]:{} {}\n",
        deployment.sshd.port,
        other.host_key("ed25519")
    );
    deployment.project.write("deploy/known_hosts", line);
    deployment
        .run()
        .expect(1)
        .says(&other.fingerprint("host_ed25519"))
        .says(&deployment.sshd.fingerprint("host_ed25519"))
        .says("ed25519");
    assert_nothing_was_sent(&deployment);
}

#[test]
fn an_unknown_host_is_refused_with_the_line_that_would_make_it_known() {
    let deployment = Deployment::fresh();
    deployment.project.write("deploy/known_hosts", "[127.0.0.1]:1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVz\n");
    let ran = deployment.run().expect(1);
    // Wrapped for people, the line may be broken at its blanks; its parts may not.
    let known = deployment.sshd.known_hosts();
    for part in known.split_whitespace() {
        assert!(
            ran.text().contains(part),
            "`{part}` is not in the output:\n{}",
            ran.text()
        );
    }
    assert_nothing_was_sent(&deployment);
}

#[test]
fn a_key_that_the_server_does_not_know_is_refused() {
    let deployment = Deployment::fresh();
    fs::write(
        deployment.project.dir.path().join("deploy_key"),
        deployment.sshd.key("stranger"),
    )
    .unwrap();
    let ran = deployment.run().expect(1).says(deployment.sshd.user());
    assert!(ran.text().contains("key"), "{}", ran.text());
    assert_nothing_was_sent(&deployment);
}

#[test]
fn a_failing_script_leaves_everything_as_it_was() {
    let deployment = Deployment::deployed();
    let before = deployment.current();
    deployment.project.write("webapp/VERSION", "2\n");
    deployment.project.write(
        "webapp/deploy.sh",
        "echo migrating\necho 'no such table' >&2\nexit 42\n",
    );
    let key = deployment.key_line();
    let watch = ProcessWatch::start(&[CANARY, &key]);
    let ran = deployment.run();
    watch.assert_on_the_server_alone();
    ran.expect(1)
        .says("migrating")
        .says("no such table")
        .says("42");
    deployment.assert_untouched(&before);
    // The check that needs the deployment is not run.
    assert!(
        !deployment
            .journal()
            .iter()
            .any(|record| record.text("job") == "check")
    );
}

#[test]
fn a_service_that_never_gets_well_fails_with_its_last_answer() {
    let deployment = Deployment::fresh();
    deployment.write_pipeline(deployment.sshd.port, "every: 100ms, attempts: 3");
    deployment.project.write("webapp/VERSION", "broken\n");
    deployment
        .run()
        .expect(1)
        .says("500")
        .says("\"status\":\"broken\"");
    let asked = deployment
        .journal()
        .iter()
        .filter(|record| record.verb() == "http/send")
        .count();
    assert_eq!(asked, 3);
}

#[track_caller]
fn assert_nothing_was_sent(deployment: &Deployment) {
    assert!(
        !deployment.sshd.path("webapp").exists(),
        "something was uploaded"
    );
    let verbs: Vec<String> = deployment
        .journal()
        .iter()
        .map(|record| record.verb().to_owned())
        .collect();
    assert!(
        !verbs
            .iter()
            .any(|verb| verb == "ssh/upload" || verb == "ssh/begin-release"),
        "{verbs:?}"
    );
    assert!(!verbs.iter().any(|verb| verb == "http/send"), "{verbs:?}");
}
