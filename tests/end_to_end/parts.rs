//! A part of a pipeline, run by itself after the rest of it.

use capstep_tests::deployment::{CANARY, Deployment};
use capstep_tests::leaks::files;

/// A file that an earlier step wrote with a secret in it is uploaded again, by a run that wasn't given that secret; and the
/// server shows it.
#[test]
fn what_earlier_steps_sealed_is_masked_in_later_runs() {
    let deployment = Deployment::fresh();
    let (target, folder) = (deployment.sshd.target(), deployment.sshd.remote("webapp"));
    for format in ["compose", "shell", "json"] {
        deployment.project.write(
            "capstep.yml",
            format!(
                r#"version: 1
name: webapp
secrets: [DEPLOY_KEY, SECRET_KEY_BASE]
jobs:
  deploy:
    steps:
      - uses: env-setup
        with: {{ file: .env, format: {format}, vars: {{ PLAIN: seen, SECRET_KEY_BASE: "${{{{ secrets.SECRET_KEY_BASE }}}}" }} }}
      - uses: ssh-deploy
        with:
          target: {target}
          identity: "${{{{ secrets.DEPLOY_KEY }}}}"
          known-hosts: deploy/known_hosts
          release: {folder}
          upload: [{{ from: .env, to: .env }}]
          run: |
            cat .env
            false
"#
            ),
        );
        let failed = deployment.run();
        failed.expect(1).says("seen").never_says(CANARY);
        let arguments = deployment.arguments();
        let key = arguments
            .iter()
            .find(|argument| argument.starts_with("DEPLOY_KEY="))
            .unwrap();
        for more in [
            &["--failed", "latest"][..],
            &["--only", "deploy/ssh-deploy"],
        ] {
            let mut arguments = vec!["run", "--secret", key];
            arguments.extend(more);
            arguments.extend(["--html", "report.html", "--junit", "report.xml"]);
            let ran = deployment.project.capstep(&arguments).expect(1);
            ran.says("seen")
                .says("[MASKED:SECRET_KEY_BASE]")
                .never_says(CANARY);
        }
    }
    // In no event, report or record of any of these runs.
    let given = deployment.project.dir.path().join("secret_key_base");
    let mut found = files(deployment.project.dir.path(), CANARY);
    found.retain(|path| *path != given);
    assert_eq!(found, [deployment.project.path(".env")]);
}
