//! A planted secret is searched for everywhere, on both sides, and found where the plan says it goes and nowhere else.

use std::path::PathBuf;

use capstep_tests::leaks::{self, ProcessWatch, files};
use capstep_tests::planned_leaks::Places;

use capstep_tests::deployment::{CANARY, Deployment};

#[test]
fn secrets_are_where_the_plan_says_and_nowhere_else() {
    let deployment = Deployment::fresh();
    let plan = deployment.project.plan(&[]);
    // A line from the middle of the private key is what identifies that.
    let key = deployment.key_line();
    let watch = ProcessWatch::start(&[CANARY, &key]);
    deployment
        .start()
        .wait()
        .expect(0)
        .never_says(CANARY)
        .never_says(&key);
    // What the script itself starts on the server inherits its environment: that is where the plan says it goes (below).
    // Nobody has it on a command line, and on this side nobody has it at all.
    watch.assert_on_the_server_alone();

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

    // Here: the files that they were given in, and the one that the plan says is written; among all that is searched are
    // state, journal, events and temporary files. There: the same file, uploaded. All of these, and nothing else.
    let sides = deployment.sides();
    for secret in deployment.planted(&key) {
        let places = Places::of(&plan, secret.name);
        let mut here = places.here(sides.here);
        let mut there: Vec<PathBuf> = files(sides.there, secret.value);
        here.extend(
            secret
                .given
                .iter()
                .filter(|path| path.starts_with(sides.here))
                .cloned(),
        );
        here.sort();
        assert_eq!(files(sides.here, secret.value), here, "{}", secret.name);
        there.retain(|path| !secret.given.contains(path));
        let uploaded = places.here(sides.here).len();
        assert_eq!(there.len(), uploaded, "{}: {there:?}", secret.name);
        assert!(there.iter().all(|path| places.is_there(path)), "{there:?}");
    }
    leaks::assert_only(&plan, &deployment.planted(&key), &sides);
    // And the compiled plugins, which are shared by all tests.
    assert_eq!(
        files(&capstep_tests::program::cache(), CANARY),
        Vec::<PathBuf>::new()
    );
    assert!(!deployment.journal().is_empty());
}
