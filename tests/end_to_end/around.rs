//! What stands around steps, on a real server: environments, tries, what comes at the end, effects in doubt, turns.

use std::fs;
use std::thread;
use std::time::Duration;

use capstep_tests::journal::assert_planned;
use capstep_tests::program::{Ran, Running, wait_until};
use capstep_tests::project::Project;
use capstep_tests::sshd::Sshd;
use nix::sys::signal::Signal;
use serde_json::Value;

/// Recognised wherever it gets to.
const TOKEN: &str = "cnry-71d0a4c2e95b";

/// A server, and a project whose steps run scripts on it.
struct Scripts {
    sshd: Sshd,
    project: Project,
}

impl Scripts {
    fn new() -> Self {
        let sshd = Sshd::start();
        let project = Project::empty();
        project.write("known_hosts", sshd.known_hosts());
        fs::write(project.dir.path().join("key"), sshd.key("user")).unwrap();
        fs::write(project.dir.path().join("token"), TOKEN).unwrap();
        Self { sshd, project }
    }

    /// A step that runs a script in the server's folder; `more` are further keys of the step, `with` further inputs.
    fn step(&self, script: &str, with: &str, more: &str) -> String {
        format!(
            "      - uses: ssh-deploy\n        with:\n          target: {}\n          identity: \"${{{{ secrets.KEY }}}}\"\n          \
             known-hosts: known_hosts\n          working-directory: {}\n          run: '{}'\n{with}{more}",
            self.sshd.target(),
            self.sshd.remote(""),
            script.replace('\'', "''")
        )
    }

    /// Writes a pipeline; `top` are its further keys.
    fn pipeline(&self, top: &str, jobs: &str) {
        let text = format!("version: 1\nname: around\nsecrets: [KEY, TOKEN]\n{top}jobs:\n{jobs}");
        self.project.write("capstep.yml", text);
    }

    fn start(&self) -> Running {
        let beside = |name: &str| self.project.dir.path().join(name).display().to_string();
        let (key, token) = (beside("key"), beside("token"));
        self.project.start(&[
            "run",
            "--secret",
            &format!("KEY=file:{key}"),
            "--secret",
            &format!("TOKEN=file:{token}"),
        ])
    }

    /// Runs it; the plan holds whatever is done.
    fn run(&self, code: i32) -> Ran {
        let plan = self.project.plan(&[]);
        let ran = self.start().wait().expect(code);
        assert_planned(&plan, &self.project.journal());
        ran.never_says(TOKEN)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.sshd.path(name)).unwrap_or_default()
    }
}

#[test]
fn an_environment_reaches_the_script_of_its_step_and_no_other() {
    let all = Scripts::new();
    let shows = |file: &str| {
        format!("echo \"$COLOUR|$WHO|$OWN|${{SITE-none}}|${{TOKEN-none}}|$COUNT\" > {file}")
    };
    let first = all.step(
        &shows("first"),
        "          env: { OWN: input, COLOUR: blue }\n",
        "        env: { TOKEN: \"${{ secrets.TOKEN }}\", SITE: \"${{ matrix.site }}\", OWN: step }\n",
    );
    let second = all.step(&shows("second"), "", "");
    all.pipeline(
        "env: { COLOUR: green, WHO: pipeline, COUNT: 3 }\n",
        &format!(
            "  deploy:\n    matrix: {{ site: [one] }}\n    env: {{ WHO: \"job ${{{{ run.job }}}}\", OWN: job }}\n    steps:\n{first}{second}"
        ),
    );
    all.run(0);
    let expected = format!("blue|job deploy (one)|input|one|{TOKEN}|3\n");
    assert_eq!(all.read("first"), expected);
    assert_eq!(
        all.read("second"),
        "green|job deploy (one)|job|none|none|3\n"
    );
}

#[test]
fn a_step_is_tried_until_it_passes() {
    let all = Scripts::new();
    let script =
        "n=$(cat count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > count; test $n -ge 3";
    let check = |retry: &str, code: i32, expected: &str| {
        let _ = fs::remove_file(all.sshd.path("count"));
        let step = all.step(script, "", &format!("        retry: {retry}\n"));
        all.pipeline("", &format!("  a:\n    steps:\n{step}"));
        let ran = all.run(code);
        assert_eq!(all.read("count"), expected, "{retry}: {}", ran.text());
        // Each try is told, and its effects are recorded as that try's.
        let attempts = all.project.journal();
        let last = attempts
            .iter()
            .filter_map(|record| record.0["attempt"].as_u64());
        assert_eq!(last.max(), expected.trim().parse().ok());
        ran
    };
    check("{ attempts: 5, delay: 50ms }", 0, "3\n").says("attempt 3");
    check("{ attempts: 2, delay: 50ms }", 1, "2\n");
    check(
        "{ attempts: 5, delay: 50ms, on: [timeout, unreachable] }",
        1,
        "1\n",
    );
}

#[test]
fn what_may_have_happened_is_said() {
    let all = Scripts::new();
    let slow = all.step("echo begun > begun; sleep 600", "", "        timeout: 3s\n");
    all.pipeline("", &format!("  a:\n    steps:\n{slow}"));
    let ran = all.run(1).says("in doubt, it may have happened: ssh/run");
    assert_eq!(all.read("begun"), "begun\n", "{}", ran.text());
    // What ended by itself is in no doubt.
    let fails = all.step("exit 3", "", "        timeout: 30s\n");
    all.pipeline("", &format!("  a:\n    steps:\n{fails}"));
    all.run(1).never_says("in doubt");
}

#[test]
fn what_comes_at_the_end_is_done_after_a_failure_and_after_an_interrupt() {
    let all = Scripts::new();
    let write = |script: &str| {
        let step = all.step(script, "", "");
        let last = all.step("echo tidied >> tidied", "", "");
        all.pipeline("", &format!("  a:\n    steps:\n{step}    finally:\n{last}"));
    };
    write("exit 1");
    all.run(1);
    assert_eq!(all.read("tidied"), "tidied\n");
    write("echo > begun; sleep 600");
    let running = all.start();
    wait_until("the script", || all.sshd.path("begun").exists());
    running.signal(Signal::SIGINT);
    running.wait().expect(130);
    assert_eq!(all.read("tidied"), "tidied\ntidied\n");
}

#[test]
fn two_runs_take_turns() {
    let all = Scripts::new();
    let script = "echo begins >> order; echo > begun; while [ ! -e go ]; do sleep 0.1; done; echo ends >> order";
    let step = all.step(script, "", "");
    let job = format!("  a:\n    concurrency: deploy\n    steps:\n{step}");
    all.pipeline("", &job);
    let first = all.start();
    wait_until("the first script", || all.sshd.path("begun").exists());
    let second = all.start();
    // Long enough to start, were it not for the other one.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(all.read("order"), "begins\n");
    fs::write(all.sshd.path("go"), "").unwrap();
    first.wait().expect(0);
    let waited = "waits: another job of the group `deploy` runs";
    second.wait().expect(0).says(waited);
    assert_eq!(all.read("order"), "begins\nends\nbegins\nends\n");
}

#[test]
fn a_newer_run_ends_the_one_before_it() {
    let all = Scripts::new();
    let job = |script: &str| {
        let step = all.step(script, "", "");
        let group = "{ group: \"deploy-${{ vars.SITE }}\", cancel-in-progress: true }";
        let text =
            format!("  a:\n    concurrency: {group}\n    environment: site\n    steps:\n{step}");
        all.pipeline("vars: { SITE: one }\n", &text);
    };
    job("echo > begun; sleep 600");
    let first = all.start();
    wait_until("the first script", || all.sshd.path("begun").exists());
    job("echo done > done");
    all.run(0).says("deployed to site");
    first
        .wait()
        .expect(130)
        .says("a newer job of its group cancelled it");
    assert_eq!(all.read("done"), "done\n");
    // What is remembered is the deployment that passed, and no other.
    let mut found = Vec::new();
    for project in fs::read_dir(all.project.state().join("capstep/projects")).unwrap() {
        let folder = project.unwrap().path().join("environments");
        for file in fs::read_dir(folder).into_iter().flatten() {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                found.push(serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap());
            }
        }
    }
    let [environment] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(environment["name"], "site");
    let deployments = environment["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 1, "{environment}");
    assert_eq!(deployments[0]["job"], "a");
}
