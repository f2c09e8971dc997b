//! Ways to a server: certificates, hosts on the way, several at once.

use std::fs;
use std::path::Path;
use std::process::Command;

use capstep_tests::journal;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::sshd::Sshd;
use serde_json::Value;

fn ssh_keygen(arguments: &[&str]) {
    let output = Command::new("ssh-keygen").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn authority(root: &Path) -> String {
    let path = root.join("ca").display().to_string();
    ssh_keygen(&["-q", "-t", "ed25519", "-N", "", "-f", &path]);
    path
}

/// A pipeline of one `ssh-deploy` with these inputs beside the key.
fn project(inputs: &str, keys: &[(&str, &Sshd)]) -> Project {
    let project = Project::empty();
    let names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    project.write(
        "capstep.yml",
        format!(
            "version: 1\nsecrets: [{}]\njobs:\n  deploy:\n    steps:\n      - uses: ssh-deploy\n        with:\n          identity: \"${{{{ secrets.{} }}}}\"\n{inputs}",
            names.join(", "),
            names[0],
        ),
    );
    for (name, sshd) in keys {
        fs::write(project.dir.path().join(name), sshd.key("user")).unwrap();
    }
    project
}

/// Plans and runs; nothing is done that was not planned.
#[track_caller]
fn run(project: &Project, keys: &[&str]) -> (Value, Ran) {
    let plan = project.plan(&[]);
    let secrets: Vec<String> = keys
        .iter()
        .map(|name| format!("{name}=file:{}", project.dir.path().join(name).display()))
        .collect();
    let mut arguments = vec!["run"];
    for secret in &secrets {
        arguments.extend(["--secret", secret]);
    }
    let ran = project.start(&arguments).wait();
    journal::assert_planned(&plan, &project.journal());
    (plan, ran)
}

#[test]
fn hosts_and_users_are_known_by_certificates() {
    let sshd = Sshd::start_prepared(|root| {
        let ca = authority(root);
        let path = |name: &str| root.join(name).display().to_string();
        ssh_keygen(&[
            "-q",
            "-s",
            &ca,
            "-I",
            "web",
            "-h",
            "-n",
            "127.0.0.1",
            &path("host_ed25519.pub"),
        ]);
        fs::write(root.join("authorized_keys"), "").unwrap();
        format!(
            "HostCertificate {}\nTrustedUserCAKeys {}\n",
            path("host_ed25519-cert.pub"),
            path("ca.pub")
        )
    });
    let root = sshd.dir.path();
    let ca = fs::read_to_string(root.join("ca.pub")).unwrap();
    let inputs = format!(
        "          target: {}\n          certificate: deploy/key-cert.pub\n          known-hosts: deploy/known_hosts\n          run: echo it is done\n",
        sshd.target()
    );
    let project = project(&inputs, &[("KEY", &sshd)]);
    let certificate = |principal: &str, validity: &str| {
        let path = |name: &str| root.join(name).display().to_string();
        ssh_keygen(&[
            "-q",
            "-s",
            &path("ca"),
            "-I",
            "ci",
            "-n",
            principal,
            "-V",
            validity,
            &path("user.pub"),
        ]);
        let made = fs::read_to_string(root.join("user-cert.pub")).unwrap();
        project.write("deploy/key-cert.pub", made);
    };
    project.write(
        "deploy/known_hosts",
        format!("@cert-authority 127.0.0.1 {ca}"),
    );
    certificate(sshd.user(), "-1m:+10m");
    run(&project, &["KEY"]).1.expect(0).says("it is done");
    certificate(sshd.user(), "20200101:20200102");
    run(&project, &["KEY"])
        .1
        .expect(1)
        .says("the certificate \"ci\" expired ");
    certificate("somebody", "-1m:+10m");
    run(&project, &["KEY"])
        .1
        .expect(1)
        .says("certificate \"ci\" for somebody");
    certificate(sshd.user(), "-1m:+10m");
    project.write(
        "deploy/known_hosts",
        format!("@cert-authority * {ca}@revoked * {ca}"),
    );
    run(&project, &["KEY"])
        .1
        .expect(1)
        .says("is revoked by line 2");
    project.write(
        "deploy/known_hosts",
        format!("@cert-authority *.example.com {ca}"),
    );
    run(&project, &["KEY"]).1.expect(1).says("is not known");
}

#[test]
fn a_host_is_reached_through_another() {
    let (bastion, web) = (Sshd::start(), Sshd::start());
    let inputs = format!(
        "          target: {}\n          known-hosts: deploy/web\n          jump: {{ target: {}, identity: \"${{{{ secrets.JUMP }}}}\", known-hosts: deploy/bastion }}\n          upload: {{ from: site/, to: {} }}\n          run: echo \"from port ${{SSH_CONNECTION##* }}\"\n",
        web.target(),
        bastion.target(),
        web.remote("site"),
    );
    let project = project(&inputs, &[("WEB", &web), ("JUMP", &bastion)]);
    let keys = ["WEB", "JUMP"];
    project.write("site/index.html", "hello");
    project.write("deploy/web", web.known_hosts());
    project.write("deploy/bastion", bastion.known_hosts());
    let (plan, ran) = run(&project, &keys);
    ran.expect(0).says(&format!("from port {}", web.port));
    assert_eq!(
        fs::read_to_string(web.path("site/index.html")).unwrap(),
        "hello"
    );
    // The plan shows both accounts, and which key is for which.
    let plan = plan.to_string();
    for words in [
        format!("{} is reached through {}", web.target(), bastion.target()),
        format!("SSH login {}", bastion.target()),
        format!("SSH login {}", web.target()),
    ] {
        assert!(plan.contains(&words), "{words}: {plan}");
    }
    let log = bastion.log();
    assert!(log.contains("Accepted publickey"), "{log}");
    // Each host is checked by its own key, from end to end.
    project.write(
        "deploy/web",
        web.known_hosts_at(web.port)
            .replace(&web.host_key("ed25519"), &bastion.host_key("ed25519")),
    );
    run(&project, &keys)
        .1
        .expect(1)
        .says("expected ssh-ed25519");
    project.write("deploy/web", web.known_hosts());
    project.write("deploy/bastion", web.known_hosts_at(bastion.port));
    run(&project, &keys).1.expect(1).says("on the way, at ");
    // Nobody listens where the target should be.
    drop(web);
    project.write("deploy/bastion", bastion.known_hosts());
    run(&project, &keys)
        .1
        .expect(4)
        .says("the jump host gives no way to ");
}

#[test]
fn a_host_that_forwards_nothing_is_no_way() {
    let (bastion, web) = (Sshd::start_with("AllowTcpForwarding no\n"), Sshd::start());
    let inputs = format!(
        "          target: {}\n          known-hosts: known\n          jump: {{ target: {}, identity: \"${{{{ secrets.JUMP }}}}\", known-hosts: known }}\n          run: \"true\"\n",
        web.target(),
        bastion.target(),
    );
    let project = project(&inputs, &[("WEB", &web), ("JUMP", &bastion)]);
    project.write(
        "known",
        format!("{}{}", web.known_hosts(), bastion.known_hosts()),
    );
    run(&project, &["WEB", "JUMP"])
        .1
        .expect(1)
        .says("it is not allowed to forward");
}

#[test]
fn several_hosts_at_once() {
    let (one, two) = (Sshd::start(), Sshd::start());
    let inputs = |more: &str| {
        format!(
            "          target: [\"{}\", \"{}\"]\n          known-hosts: known\n          parallel: 2\n          env: {{ ROLE: none, SAME: here }}\n          host-env:\n            \"{}\": {{ ROLE: primary, TOKEN: \"${{{{ secrets.KEY }}}}\" }}\n{more}",
            one.target(),
            two.target(),
            one.target(),
        )
    };
    let both = project(
        &inputs("          run: |\n            echo \"$ROLE $SAME ${#TOKEN}\"\n            mkdir -p MARKS\n            touch MARKS/$$\n            n=0\n            while [ $(ls MARKS | wc -l) -lt 2 ]; do n=$((n+1)); [ $n -lt 300 ]; sleep 0.1; done\n".replace("MARKS", &one.remote("marks")).as_str()),
        &[("KEY", &one)],
    );
    // Each script waits until the other one is there.
    fs::copy(
        one.dir.path().join("user.pub"),
        two.dir.path().join("authorized_keys"),
    )
    .unwrap();
    both.write(
        "known",
        format!("{}{}", one.known_hosts(), two.known_hosts()),
    );
    // A file's last line end is not part of the secret.
    let length = one.key("user").trim_end().len();
    run(&both, &["KEY"])
        .1
        .expect(0)
        .says(&format!("{}: primary here {length}", one.target()))
        .says(&format!("{}: none here 0", two.target()));
    let canary = project(
        &inputs(
            "          canary: 1\n          run: 'if [ $ROLE = primary ]; then exit 9; fi; echo second'\n",
        ),
        &[("KEY", &one)],
    );
    canary.write(
        "known",
        format!("{}{}", one.known_hosts(), two.known_hosts()),
    );
    let (_, ran) = run(&canary, &["KEY"]);
    let ran = ran.expect(1).says("deployed: none; not reached: 1");
    assert!(!ran.text().contains("second\n"), "{}", ran.text());
}

#[test]
fn what_is_copied_and_what_is_removed() {
    let sshd = Sshd::start();
    let site = sshd.remote("site");
    let inputs = |more: &str| {
        format!(
            "          target: {}\n          known-hosts: known\n          upload: {{ from: site/, to: {site}, exclude: [\"*.log\", \"cache/\"], include: [\"keep.log\"]{more} }}\n",
            sshd.target(),
        )
    };
    let outside = sshd.path("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("precious"), "x").unwrap();
    let prepare = |more: &str| {
        let project = project(&inputs(more), &[("KEY", &sshd)]);
        project.write("known", sshd.known_hosts());
        for name in [
            "index.html",
            "a.log",
            "keep.log",
            "cache/x",
            "sub/page.html",
        ] {
            project.write(&format!("site/{name}"), name);
        }
        project
    };
    let names = || {
        let output = Command::new("find")
            .args([".", "-mindepth", "1"])
            .current_dir(&site)
            .output()
            .unwrap();
        let mut names: Vec<String> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    let copied = ["./index.html", "./keep.log", "./sub", "./sub/page.html"];
    run(&prepare(""), &["KEY"]).1.expect(0);
    assert_eq!(names(), copied);
    // What the server has of its own: without `delete` it stays.
    for (name, folder) in [
        ("old.html", ""),
        ("b.log", ""),
        ("y", "cache"),
        ("z", "gone/deep"),
    ] {
        let folder = Path::new(&site).join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), "theirs").unwrap();
    }
    std::os::unix::fs::symlink(&outside, Path::new(&site).join("link")).unwrap();
    let theirs = names();
    run(&prepare(""), &["KEY"]).1.expect(0);
    assert_eq!(names(), theirs);
    // More than is allowed: nothing is changed.
    let few = prepare(", delete: true, max-delete: 4");
    few.write("site/index.html", "newer");
    run(&few, &["KEY"])
        .1
        .expect(1)
        .says("more than the 4 that `max-delete` allows");
    assert_eq!(names(), theirs);
    assert_eq!(
        fs::read_to_string(format!("{site}/index.html")).unwrap(),
        "index.html"
    );
    let (plan, ran) = run(&prepare(", delete: true"), &["KEY"]);
    ran.expect(0).says("removed from ");
    let mut left: Vec<&str> = copied.to_vec();
    left.extend(["./b.log", "./cache", "./cache/y"]);
    left.sort_unstable();
    assert_eq!(names(), left);
    assert!(outside.join("precious").exists(), "a link was followed");
    assert!(
        plan.to_string().contains(&format!(
            "what is at {site} and not in site is removed there"
        )),
        "{plan}"
    );
    // A folder that was emptied by mistake empties nothing.
    let empty = prepare(", delete: true");
    for name in ["index.html", "keep.log", "sub/page.html"] {
        fs::remove_file(empty.path(&format!("site/{name}"))).unwrap();
    }
    run(&empty, &["KEY"])
        .1
        .expect(1)
        .says("`delete` would leave nothing there");
    assert_eq!(names(), left);
}
