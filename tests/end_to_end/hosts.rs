//! Several hosts one after the other, and hosts that are known by a pinned key.

use std::fs;

use capstep_tests::journal::assert_planned;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;
use serde_json::Value;

/// Two servers, and a script that says on which it runs. They share the machine's file system, and so the folder that
/// is deployed to: what tells them apart is what each has logged, and the variable that each gives to its sessions.
struct Pair {
    one: Sshd,
    two: Sshd,
    project: Project,
}

impl Pair {
    fn new() -> Self {
        let start = |name: &str| Sshd::start_with(&format!("SetEnv WHERE={name}\n"));
        let (one, two) = (start("one"), start("two"));
        // Both let the same key in.
        fs::copy(
            one.dir.path().join("authorized_keys"),
            two.dir.path().join("authorized_keys"),
        )
        .unwrap();
        let project = Project::empty();
        project.write("site/index.html", "hello\n");
        project.write(
            "known_hosts",
            format!("{}{}", one.known_hosts(), two.known_hosts()),
        );
        fs::write(project.dir.path().join("key"), one.key("user")).unwrap();
        Self { one, two, project }
    }

    /// Deploys to these targets with this script; the plan holds whatever is done.
    fn deploy(&self, targets: &[String], known: &str, script: &str) -> Ran {
        let folder = self.one.remote("site");
        let targets = targets.join(", ");
        self.project.write(
            "capstep.yml",
            format!(
                "version: 1\nsecrets: [KEY]\njobs:\n  deploy:\n    steps:\n      - uses: ssh-deploy\n        with:\n          \
                 target: [{targets}]\n          identity: \"${{{{ secrets.KEY }}}}\"\n          {known}\n          upload: [{{ from: \
                 site/, to: {folder}/ }}]\n          working-directory: {folder}\n          run: |\n            {script}\n"
            ),
        );
        let plan = self.project.plan(&[]);
        let key = self.project.dir.path().join("key");
        let secret = format!("KEY=file:{}", key.display());
        let ran = self
            .project
            .capstep(&["run", "--format", "json", "--secret", &secret]);
        assert_planned(&plan, &self.project.journal());
        ran
    }

    fn both(&self) -> [String; 2] {
        [self.one.target(), self.two.target()]
    }

    /// What the script noted.
    fn noted(&self) -> String {
        fs::read_to_string(self.one.path("site/order")).unwrap_or_default()
    }
}

/// How many logins a server has let in.
fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

fn outputs(ran: &Ran) -> Value {
    let events = ran.stdout.lines();
    let events = events.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = events.filter(|event| event["event"] == "step-finished");
    found.next().unwrap()["outputs"].take()
}

const KNOWN: &str = "known-hosts: known_hosts";
const NOTE: &str = "echo $WHERE >> order";

#[test]
fn each_host_in_the_order_written() {
    let pair = Pair::new();
    let outputs = outputs(&pair.deploy(&pair.both(), KNOWN, NOTE).expect(0));
    assert_eq!(pair.noted(), "one\ntwo\n");
    assert_eq!((logins(&pair.one), logins(&pair.two)), (1, 1));
    let hosts = outputs["hosts"].as_array().unwrap();
    let targets: Vec<&str> = hosts
        .iter()
        .map(|host| host["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, pair.both());
    // The other way round it is the other way round.
    let [one, two] = pair.both();
    pair.deploy(&[two, one], KNOWN, NOTE).expect(0);
    assert_eq!(pair.noted(), "one\ntwo\ntwo\none\n");
}

#[test]
fn nothing_is_done_on_the_hosts_after_the_first_that_fails() {
    let pair = Pair::new();
    pair.deploy(&pair.both(), KNOWN, &format!("{NOTE}; test $WHERE != one"))
        .expect(1)
        .says(&pair.one.target());
    assert_eq!(pair.noted(), "one\n");
    assert_eq!((logins(&pair.one), logins(&pair.two)), (1, 0));
    // The second one's failure doesn't undo what the first has done, and fails the step as well.
    pair.deploy(&pair.both(), KNOWN, &format!("{NOTE}; test $WHERE != two"))
        .expect(1)
        .says(&pair.two.target());
    assert_eq!(pair.noted(), "one\none\ntwo\n");
}

#[test]
fn nor_after_one_that_does_not_answer() {
    let pair = Pair::new();
    // A port that was free a moment ago: the connection is refused.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let targets = [pair.one.target_at(port), pair.two.target()];
    pair.deploy(&targets, KNOWN, NOTE).expect(4);
    assert_eq!((pair.noted().as_str(), logins(&pair.two)), ("", 0));
    // One that answers, but not as an SSH server does.
    let (port, _) = servers::pouring(Vec::new(), b"220 mail.example.com\r\n".to_vec(), 1 << 20);
    let targets = [pair.one.target_at(port), pair.two.target()];
    pair.deploy(&targets, KNOWN, NOTE).expect(1);
    assert_eq!((pair.noted().as_str(), logins(&pair.two)), ("", 0));
}

#[test]
fn a_pinned_key_makes_a_host_known() {
    let pair = Pair::new();
    let ed25519 = pair.one.fingerprint("host_ed25519");
    let ecdsa = pair.one.fingerprint("host_ecdsa");
    let one = [pair.one.target()];
    for pinned in [
        format!("host-key: [\"{ed25519}\"]"),
        format!("host-key: [\"{ecdsa}\", \"{ed25519}\"]"),
        format!("host-key: \"{ed25519}\""),
    ] {
        pair.deploy(&one, &pinned, NOTE).expect(0);
    }
    assert_eq!(pair.noted(), "one\n".repeat(3));
    // A fingerprint doesn't say of which kind its key is, so nothing can ask the server for that one: the key that it
    // shows must be among them. The error has its fingerprint.
    pair.deploy(&one, &format!("host-key: [\"{ecdsa}\"]"), NOTE)
        .expect(1)
        .says(&ed25519);
    // One for each of several hosts.
    let pinned = format!(
        "host-key: [\"{}\", \"{}\"]",
        pair.one.fingerprint("host_ed25519"),
        pair.two.fingerprint("host_ed25519")
    );
    pair.deploy(&pair.both(), &pinned, NOTE).expect(0);
    assert_eq!(pair.noted(), format!("{}one\ntwo\n", "one\n".repeat(3)));
}

#[test]
fn another_pinned_key_refuses_it_before_anything_is_sent() {
    let pair = Pair::new();
    let other = pair.two.fingerprint("host_ed25519");
    let pinned = format!("host-key: [\"{other}\"]");
    pair.deploy(&[pair.one.target()], &pinned, NOTE)
        .expect(1)
        .says(&other)
        .says(&pair.one.fingerprint("host_ed25519"));
    assert_eq!((pair.noted().as_str(), logins(&pair.one)), ("", 0));
    assert!(!pair.one.path("site").exists(), "something was uploaded");
}
