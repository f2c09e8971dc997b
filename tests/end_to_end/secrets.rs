//! A planted secret is searched for everywhere, on both sides, and found where the plan says it goes and nowhere else.

use std::path::PathBuf;

use capstep_tests::leaks::{ProcessWatch, files};

use capstep_tests::deployment::{CANARY, Deployment};

#[test]
fn secrets_are_where_the_plan_says_and_nowhere_else() {
    let deployment = Deployment::fresh();
    let plan = deployment.project.plan(&[]);
    // A line from the middle of the private key is what identifies that.
    let key = deployment.sshd.key("user");
    let key = key.lines().nth(2).unwrap().to_owned();
    let watch = ProcessWatch::start(&[CANARY, &key]);
    deployment
        .start()
        .wait()
        .expect(0)
        .never_says(CANARY)
        .never_says(&key);
    // What the script itself starts on the server inherits its environment: that is where the plan says it goes (below).
    // Nobody has it on a command line, and on this side nobody has it at all.
    let mut processes = watch.stop();
    processes
        .retain(|found| !(found.starts_with("environ of ") && found.ends_with(" on the server")));
    assert!(
        processes.is_empty(),
        "on command lines or in environments: {processes:?}"
    );

    let flows: Vec<String> = plan["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|job| job["steps"].as_array().unwrap())
        .flat_map(|step| step["secrets"].as_array().unwrap())
        .map(|flow| {
            format!(
                "{} → {}",
                flow["secrets"][0].as_str().unwrap(),
                flow["to"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        flows,
        [
            "SECRET_KEY_BASE → file .env (compose)",
            &format!("DEPLOY_KEY → SSH login {}", deployment.sshd.target()),
            "SECRET_KEY_BASE → environment of the script `bash deploy.sh`",
        ]
    );

    // Here: the file that it was given in, and the one that it was written to; among them are state, journal, events.
    let here = deployment.project.dir.path();
    assert_eq!(
        files(here, CANARY),
        [here.join("project/.env"), here.join("secret_key_base")]
    );
    assert_eq!(files(here, &key), [here.join("deploy_key")]);
    // There: the same file, uploaded.
    let there = deployment.sshd.dir.path();
    let current = deployment.current().unwrap();
    assert_eq!(files(there, CANARY), [current.join(".env")]);
    assert_eq!(files(there, &key), [there.join("user")]);
    // And the compiled plugins, which are shared by all tests.
    assert_eq!(
        files(&capstep_tests::program::cache(), CANARY),
        Vec::<PathBuf>::new()
    );
    assert!(!deployment.journal().is_empty());
}
