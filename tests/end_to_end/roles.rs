//! What the host reads in a plugin's place, each told by what it does on real servers: keys with a passphrase, shells,
//! times, releases that are kept and what they share, several hosts, hosts on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::sshd::Sshd;

/// A project with one `ssh-deploy`; `inputs` are lines of YAML beside the key and the known hosts.
fn project(hosts: &[&Sshd], inputs: &str) -> Project {
    let project = Project::empty();
    write_pipeline(&project, inputs);
    let known: String = hosts.iter().map(|host| host.known_hosts()).collect();
    project.write("known", known);
    fs::write(project.dir.path().join("KEY"), hosts[0].key("user")).unwrap();
    fs::write(project.dir.path().join("PASSPHRASE"), "no passphrase").unwrap();
    // The same key lets in everywhere.
    for host in &hosts[1..] {
        let keys = |host: &Sshd| host.dir.path().join("authorized_keys");
        fs::copy(keys(hosts[0]), keys(host)).unwrap();
    }
    project
}

fn write_pipeline(project: &Project, inputs: &str) {
    let inputs: String = inputs
        .lines()
        .map(|line| format!("          {line}\n"))
        .collect();
    project.write(
        "capstep.yml",
        format!(
            "version: 1\nsecrets: [KEY, PASSPHRASE]\njobs:\n  deploy:\n    steps:\n      - uses: ssh-deploy\n        with:\n          \
             identity: \"${{{{ secrets.KEY }}}}\"\n          known-hosts: known\n{inputs}"
        ),
    );
}

fn run(project: &Project) -> Ran {
    let secrets: Vec<String> = ["KEY", "PASSPHRASE"]
        .iter()
        .map(|name| {
            format!(
                "--secret={name}=file:{}",
                project.dir.path().join(name).display()
            )
        })
        .collect();
    project.capstep(&["run", &secrets[0], &secrets[1]])
}

/// As forms and Windows leave them: encrypted, with carriage returns, without a last line end.
#[test]
fn a_key_with_a_passphrase_and_carriage_returns() {
    let sshd = Sshd::start();
    let inputs = |passphrase: &str| {
        format!(
            "target: {}\n{passphrase}run: echo it is done",
            sshd.target()
        )
    };
    let project = project(
        &[&sshd],
        &inputs("passphrase: \"${{ secrets.PASSPHRASE }}\"\n"),
    );
    let key = project.dir.path().join("KEY");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let passphrase = "it's a long one, with ümlauts";
    let encrypted = Command::new("ssh-keygen")
        .args(["-q", "-p", "-P", "", "-N", passphrase, "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(encrypted.success());
    let text = fs::read_to_string(&key).unwrap();
    fs::write(&key, text.trim_end().replace('\n', "\r\n")).unwrap();
    fs::write(project.dir.path().join("PASSPHRASE"), passphrase).unwrap();
    run(&project)
        .expect(0)
        .says("it is done")
        .never_says(passphrase);
    // Without the right one it is not read, and no login is tried.
    fs::write(project.dir.path().join("PASSPHRASE"), "another").unwrap();
    let before = sshd.log().matches("Connection from").count();
    run(&project).expect(1).says("passphrase");
    write_pipeline(&project, &inputs(""));
    run(&project).expect(1).says("passphrase");
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 1);
    let _ = before;
}

#[test]
fn releases_that_are_kept_and_what_they_share() {
    let sshd = Sshd::start();
    let inputs = format!(
        "target: {}\nrelease: {}\nkeep: 2\nshared: [log, config/local.txt]\nshell: sh\n\
         upload: [{{ from: app/, to: . }}, {{ from: \"dist/*.txt\", to: assets/ }}]\n\
         run: test -z \"$BASH_VERSION\" && echo \"$(cat VERSION)\" >>log/versions && ./tool",
        sshd.target(),
        sshd.remote("web")
    );
    let project = project(&[&sshd], &inputs);
    project.write("app/tool", "#!/bin/sh\necho the tool runs\n");
    fs::set_permissions(project.path("app/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    project.write("app/sub/page.html", "page\n");
    symlink("sub/page.html", project.path("app/index.html")).unwrap();
    project.write("dist/a.txt", "a\n");
    project.write("dist/b.txt", "b\n");
    project.write("dist/c.map", "not matched\n");
    for version in ["1", "2", "3"] {
        project.write("app/VERSION", version);
        run(&project).expect(0).says("the tool runs");
    }
    let web = sshd.path("web");
    let releases: Vec<_> = fs::read_dir(web.join("releases"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(releases.len(), 2, "two are kept: {releases:?}");
    let current = web.join("current").canonicalize().unwrap();
    // What is shared is one file for all of them, whichever release wrote to it.
    let log = |folder: &std::path::Path| fs::read_to_string(folder.join("log/versions")).unwrap();
    assert_eq!(log(&current), "1\n2\n3\n");
    assert_eq!(log(&web.join("shared")), "1\n2\n3\n");
    assert!(
        fs::symlink_metadata(current.join("log"))
            .unwrap()
            .is_symlink()
    );
    // Modes, links and what a glob matches.
    let mode = |name: &str| {
        fs::metadata(current.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("tool") & 0o100, 0o100);
    assert_eq!(mode("VERSION") & 0o111, 0);
    let link = fs::read_link(current.join("index.html")).unwrap();
    assert_eq!(link.to_str(), Some("sub/page.html"));
    let mut assets: Vec<_> = fs::read_dir(current.join("assets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assets.sort();
    assert_eq!(assets, ["a.txt", "b.txt"]);
}

#[test]
fn how_a_script_is_run() {
    let sshd = Sshd::start();
    let project = project(&[&sshd], "");
    let deploy = |more: &str| {
        write_pipeline(&project, &format!("target: {}\n{more}", sshd.target()));
        run(&project)
    };
    let script = "run: |\n  false\n  echo went on";
    deploy(script).expect(1).never_says("went on");
    deploy(&format!("errexit: false\n{script}"))
        .expect(0)
        .says("went on");
    deploy("shell: bash\nrun: echo \"bash ${BASH_VERSION%%.*}\"")
        .expect(0)
        .says("bash ");
    deploy("timeout: 1s\nrun: sleep 60")
        .expect(1)
        .says("it did not end within 1 s");
}

/// Servers that share this machine's files; each says to its sessions which it is.
fn servers<const N: usize>(names: [&str; N]) -> [Sshd; N] {
    names.map(|name| Sshd::start_with(&format!("SetEnv WHERE={name}\n")))
}

#[test]
fn hosts_that_fail_and_hosts_that_go_first() {
    let all = servers(["one", "two", "three"]);
    let hosts: Vec<&Sshd> = all.iter().collect();
    let targets: Vec<String> = hosts.iter().map(|host| host.target()).collect();
    let targets = format!("target: [{}]\n", targets.join(", "));
    let marks = hosts[0].path("marks");
    fs::create_dir(&marks).unwrap();
    let project = project(&hosts, "");
    let deploy = |more: &str| {
        for entry in fs::read_dir(&marks).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        write_pipeline(
            &project,
            &format!("{targets}working-directory: {}\n{more}", marks.display()),
        );
        let ran = run(&project);
        let mut marked: Vec<_> = fs::read_dir(&marks)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        marked.sort();
        (ran, marked)
    };
    // One after the other: the first that fails is the last, or all are done and the step fails.
    let failing = "run: touch $WHERE; test $WHERE != one";
    let (ran, marked) = deploy(failing);
    ran.expect(1).says(&hosts[0].target());
    assert_eq!(marked, ["one"]);
    let (ran, marked) = deploy(&format!("fail-fast: false\n{failing}"));
    ran.expect(1).says(&hosts[0].target());
    assert_eq!(marked, ["one", "three", "two"]);
    // The first alone; then the others at once: each of them waits for the other one, and finds the first done.
    let together = "run: |\n  if [ $WHERE != one ]; then test -e one.done; fi\n  touch $WHERE\n  \
                    n=0\n  while [ $WHERE != one ] && ! { [ -e two ] && [ -e three ]; }; do n=$((n+1)); [ $n -lt 300 ]; sleep 0.1; done\n  \
                    test ! -e two -o $WHERE != one\n  touch $WHERE.done";
    let (ran, marked) = deploy(&format!("canary: 1\nparallel: 2\n{together}"));
    ran.expect(0);
    assert_eq!(
        marked,
        ["one", "one.done", "three", "three.done", "two", "two.done"]
    );
}

#[test]
fn a_host_behind_two_others() {
    let all = servers(["outer", "inner", "web"]);
    let hosts: Vec<&Sshd> = all.iter().collect();
    let hop = |host: &Sshd| {
        format!(
            "{{ target: {}, identity: \"${{{{ secrets.KEY }}}}\", known-hosts: known }}",
            host.target()
        )
    };
    let inputs = format!(
        "target: {}\njump: [{}, {}]\nrun: echo \"on $WHERE\"",
        hosts[2].target(),
        hop(hosts[0]),
        hop(hosts[1])
    );
    let project = project(&hosts, &inputs);
    run(&project).expect(0).says("on web");
    for host in &hosts {
        let logins = host.log().matches("Accepted publickey").count();
        assert_eq!(logins, 1, "{}", host.log());
    }
    // Which of them it was that failed is said.
    fs::write(hosts[1].dir.path().join("authorized_keys"), "").unwrap();
    run(&project)
        .expect(1)
        .says(&format!("on the way, at {}", hosts[1].target()));
}
