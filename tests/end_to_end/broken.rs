//! What breaks on the way: a connection that ends in the middle of things.

use std::fs;
use std::sync::atomic::Ordering;

use capstep_tests::proxy::Proxy;

use capstep_tests::deployment::{CANARY, Deployment};
use capstep_tests::leaks::ProcessWatch;
use capstep_tests::project::Project;
use capstep_tests::scale::Random;

/// Enough to be in the middle of for a while.
fn write_large_file(deployment: &Deployment) {
    let content: Vec<u8> = (0_u32..1_000_000)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    deployment.project.write("webapp/large.bin", content);
}

#[test]
fn a_connection_cut_midway_through_an_upload_leaves_nothing_half_done() {
    let deployment = Deployment::deployed();
    let before = deployment.current();
    deployment.project.write("webapp/VERSION", "2\n");
    write_large_file(&deployment);
    let proxy = Proxy::cutting(deployment.sshd.port, 1_000_000);
    deployment.write_pipeline(proxy.port, "every: 100ms, attempts: 3");
    deployment.project.write(
        "deploy/known_hosts",
        deployment.sshd.known_hosts_at(proxy.port),
    );
    let key = deployment.key_line();
    let watch = ProcessWatch::start(&[CANARY, &key]);
    let ran = deployment.run();
    watch.assert_on_the_server_alone();
    // The host was lost.
    ran.expect(4).says("(at channel)");
    assert!(
        proxy.passed.load(Ordering::SeqCst) >= 1_000_000,
        "it was not cut midway"
    );
    assert_eq!(deployment.current(), before);
    assert_eq!(deployment.service.version().as_deref(), Some("1"));
    assert_eq!(
        fs::read_to_string(before.unwrap().join("VERSION")).unwrap(),
        "1\n"
    );

    // With the connection back, the same pipeline does what it was to do.
    deployment.write_pipeline(deployment.sshd.port, "every: 100ms, attempts: 30");
    deployment
        .project
        .write("deploy/known_hosts", deployment.sshd.known_hosts());
    deployment.run().expect(0);
    assert_eq!(deployment.service.version().as_deref(), Some("2"));
    let uploaded = fs::read(deployment.current().unwrap().join("large.bin")).unwrap();
    assert!(
        uploaded == fs::read(deployment.project.path("webapp/large.bin")).unwrap(),
        "the upload is not whole"
    );
}

#[test]
fn without_releases_files_are_put_in_place_together_or_not_at_all() {
    let deployment = Deployment::fresh();
    let (folder, target) = (deployment.sshd.remote("plain"), deployment.sshd.target());
    let pipeline = |target: &str| {
        format!(
            "version: 1\nname: webapp\nsecrets: [DEPLOY_KEY, SECRET_KEY_BASE]\njobs:\n  deploy:\n    steps:\n      - uses: \
             ssh-deploy\n        with:\n          target: {target}\n          identity: \"${{{{ secrets.DEPLOY_KEY \
             }}}}\"\n          known-hosts: deploy/known_hosts\n          upload: [{{ from: webapp/, to: {folder}/ }}]\n"
        )
    };
    deployment.project.write("capstep.yml", pipeline(&target));
    deployment.run().expect(0);
    deployment.project.write("webapp/VERSION", "2\n");
    write_large_file(&deployment);
    let proxy = Proxy::cutting(deployment.sshd.port, 1_000_000);
    deployment.project.write(
        "capstep.yml",
        pipeline(&deployment.sshd.target_at(proxy.port)),
    );
    deployment.project.write(
        "deploy/known_hosts",
        deployment.sshd.known_hosts_at(proxy.port),
    );
    deployment.run().expect(4).says("(at channel)");
    let there = deployment.sshd.path("plain");
    assert_eq!(fs::read_to_string(there.join("VERSION")).unwrap(), "1\n");
    assert!(!there.join("large.bin").exists());
}

/// What went through to the server, of a large file and the rest, until the connection was cut; then what of it the next
/// run sends.
#[test]
fn a_large_upload_that_was_cut_is_gone_on_with() {
    const LARGE: usize = 24_000_000;
    const CUT_AT: u64 = 14_000_000;
    let deployment = Deployment::deployed();
    let large = Random::new(7).bytes(LARGE);
    deployment.project.write("webapp/VERSION", "2\n");
    deployment.project.write("webapp/large.bin", &large);
    let through = |proxy: &Proxy| {
        deployment.write_pipeline(proxy.port, "every: 100ms, attempts: 30");
        let known_hosts = deployment.sshd.known_hosts_at(proxy.port);
        deployment.project.write("deploy/known_hosts", known_hosts);
        deployment.run()
    };
    let cutting = Proxy::cutting(deployment.sshd.port, CUT_AT);
    let ran = through(&cutting);
    assert_ne!(ran.code(), 0, "it was not cut:\n{}", ran.text());
    assert_eq!(deployment.service.version().as_deref(), Some("1"));

    let counting = Proxy::cutting(deployment.sshd.port, u64::MAX);
    let ran = through(&counting).expect(0);
    // What was on its way at the cut is lost: the proxy's, the system's and the server's buffers hold a few MiB.
    let sent = counting.passed.load(Ordering::SeqCst);
    assert!(
        sent < LARGE as u64 - CUT_AT / 2,
        "{sent} bytes were sent for a file of {LARGE}"
    );
    assert!(
        ran.text().contains("went on with an upload that was cut"),
        "{}",
        ran.text()
    );
    let journal = deployment.journal();
    let upload = journal
        .iter()
        .find(|record| record.verb() == "ssh/upload" && record.phase() == "outcome")
        .unwrap();
    let number = |key: &str| upload.0["result"][key].as_u64().unwrap();
    assert!(number("resumed") > CUT_AT / 2, "{}", upload.0);
    assert!(number("bytes") < LARGE as u64 - CUT_AT / 2, "{}", upload.0);
    assert_eq!(deployment.service.version().as_deref(), Some("2"));
    let current = deployment.current().unwrap();
    assert!(
        fs::read(current.join("large.bin")).unwrap() == large,
        "the upload is not whole"
    );
    let names: Vec<_> = fs::read_dir(&current)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".capstep-"))
        .collect();
    assert_eq!(names, Vec::<String>::new(), "something was left");
    assert_eq!(
        deployment.releases().len(),
        2,
        "the abandoned release was left"
    );
}

#[test]
fn a_folder_that_is_not_there_is_told_with_the_line_that_hands_it_over() {
    let deployment = Deployment::fresh();
    let (folder, target) = (deployment.sshd.remote("plain"), deployment.sshd.target());
    let pipeline = format!(
        "version: 1\nname: webapp\nsecrets: [DEPLOY_KEY, SECRET_KEY_BASE]\njobs:\n  deploy:\n    steps:\n      - uses: \
         ssh-deploy\n        with:\n          target: {target}\n          identity: \"${{{{ secrets.DEPLOY_KEY \
         }}}}\"\n          known-hosts: deploy/known_hosts\n          upload: [{{ from: dist/, to: {folder}/ }}]\n"
    );
    deployment.project.write("capstep.yml", pipeline);
    deployment
        .run()
        .expect(1)
        .says("capstep.yml:12:28: `dist` is not there");
}

#[test]
fn no_server_is_needed_to_miss_a_context_or_certificates() {
    let project = Project::empty();
    project.write(
        "capstep.yml",
        "version: 1\njobs:\n  build:\n    steps:\n      - uses: docker-build\n        with: { context: image, tags: app }\n  \
         check:\n    steps:\n      - uses: health-check\n        with: { url: \"https://127.0.0.1:1/\", ca: ca.pem, \
         attempts: 1 }\n",
    );
    project
        .capstep(&["run"])
        .expect(1)
        .says("capstep.yml:6:26: `image` is not there")
        .says("capstep.yml:10:50: `ca.pem` is not there");
}
