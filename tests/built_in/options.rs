//! That every option of a built-in plugin is set by something that runs: a case, or a test against a real server. That it
//! stands in a plan shows nothing of what the plugin makes of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use capstep_grants::manifest::{Input, Kind};
use capstep_pipeline::{Node, Source, Value, parse_pipeline};
use capstep_tests::program::root;

use crate::{cases, manifest, plugins};

/// Options that only a server can show: set by this file, for this test.
struct ByTest {
    plugin: &'static str,
    options: &'static [&'static str],
    /// Where the pipeline is written.
    written: &'static str,
    /// The test's file, and its name.
    test: (&'static str, &'static str),
}

const BY_TESTS: &[ByTest] = &[
    ByTest {
        plugin: "docker-build",
        options: &[
            "context",
            "dockerfile",
            "secrets",
            "tags",
            "push",
            "registry",
            "registry.host",
            "registry.username",
            "registry.password",
        ],
        written: "tests/support/images.rs",
        test: (
            "tests/images/deploying.rs",
            "a_first_version_and_a_second_one",
        ),
    },
    ByTest {
        plugin: "health-check",
        options: &[
            "method",
            "headers",
            "token",
            "body",
            "expect",
            "expect.status",
            "expect.json",
            "expect.body",
            "expect.not-body",
            "expect.header",
            "timeout",
            "start-period",
            "successes",
            "redirects",
        ],
        written: "tests/built_in/health.rs",
        test: (
            "tests/built_in/health.rs",
            "what_is_asked_and_which_answer_will_do",
        ),
    },
    ByTest {
        plugin: "health-check",
        options: &["expect.banner"],
        written: "tests/built_in/health.rs",
        test: ("tests/built_in/health.rs", "a_port_that_says_who_it_is"),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &[
            "target",
            "identity",
            "known-hosts",
            "release",
            "upload",
            "upload.from",
            "upload.to",
            "env",
            "run",
        ],
        written: "tests/support/deployment.rs",
        test: (
            "tests/end_to_end/deploying.rs",
            "the_first_deployment_is_healthy",
        ),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &["host-key"],
        written: "tests/end_to_end/hosts.rs",
        test: (
            "tests/end_to_end/hosts.rs",
            "a_pinned_key_makes_a_host_known",
        ),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &["working-directory"],
        written: "tests/end_to_end/around.rs",
        test: (
            "tests/end_to_end/around.rs",
            "an_environment_reaches_the_script_of_its_step_and_no_other",
        ),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &["certificate", "jump.certificate"],
        written: "tests/end_to_end/reaching.rs",
        test: (
            "tests/end_to_end/reaching.rs",
            "hosts_and_users_are_known_by_certificates",
        ),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &["jump", "jump.target", "jump.identity", "jump.known-hosts"],
        written: "tests/end_to_end/reaching.rs",
        test: (
            "tests/end_to_end/reaching.rs",
            "a_host_is_reached_through_another",
        ),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &["parallel", "canary", "host-env"],
        written: "tests/end_to_end/reaching.rs",
        test: ("tests/end_to_end/reaching.rs", "several_hosts_at_once"),
    },
    ByTest {
        plugin: "ssh-deploy",
        options: &[
            "upload.exclude",
            "upload.include",
            "upload.delete",
            "upload.max-delete",
        ],
        written: "tests/end_to_end/reaching.rs",
        test: (
            "tests/end_to_end/reaching.rs",
            "what_is_copied_and_what_is_removed",
        ),
    },
];

/// Options that stand in a plan and nowhere else yet. Each is one test less that would notice if it did nothing; none may
/// be added.
const ONLY_PLANNED: &[(&str, &[&str])] = &[
    (
        "docker-build",
        &[
            "build-args",
            "cache-from",
            "cache-to",
            "labels",
            "network",
            "no-cache",
            "platforms",
            "pull",
            "target",
            "timeout",
        ],
    ),
    ("health-check", &["ca"]),
    (
        "ssh-deploy",
        &[
            "errexit",
            "fail-fast",
            "jump.host-key",
            "jump.passphrase",
            "keep",
            "passphrase",
            "shared",
            "shell",
            "timeout",
        ],
    ),
];

/// The names of an input and all that is in it: `upload`, `upload.from`.
fn options(input: &Input, path: &str, found: &mut BTreeSet<String>) {
    match &input.kind {
        Kind::List(part) | Kind::Map(part) => options(part, path, found),
        Kind::Record(fields) => {
            for field in fields {
                let path = format!("{path}.{}", field.name);
                options(field, &path, found);
                found.insert(path);
            }
        }
        _ => {}
    }
}

/// The same of those that a pipeline sets.
fn set(input: &Input, node: &Node, path: &str, found: &mut BTreeSet<String>) {
    found.insert(path.to_owned());
    match (&input.kind, &node.value) {
        (Kind::List(part), Value::List(items)) => {
            items.iter().for_each(|item| set(part, item, path, found));
        }
        // One stands for a list of one.
        (Kind::List(part), _) => set(part, node, path, found),
        (Kind::Map(part), Value::Map(entries)) => {
            entries
                .iter()
                .for_each(|(_, value)| set(part, value, path, found));
        }
        (Kind::Record(fields), Value::Map(entries)) => {
            for (name, value) in entries {
                if let Some(field) = fields.iter().find(|field| field.name == name.value) {
                    set(field, value, &format!("{path}.{}", field.name), found);
                }
            }
        }
        _ => {}
    }
}

/// The files below a folder that end like this.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// Whether a case runs its pipeline, itself or in its set-up.
fn runs(case: &Path) -> bool {
    let command = fs::read_to_string(case.join("command")).unwrap_or_default();
    let set_up = fs::read_to_string(case.join("setup")).unwrap_or_default();
    let itself = command.split_whitespace().next() == Some("run") && cases::exit_code(case) != "2";
    itself || set_up.contains("\"$CAPSTEP\" run")
}

/// What the pipelines of the cases that run set of a plugin's inputs.
fn set_by_cases(plugin: &str) -> BTreeSet<String> {
    let manifest = manifest(plugin);
    let mut found = BTreeSet::new();
    let files = cases::folders()
        .into_iter()
        .filter(|case| runs(case))
        .flat_map(|case| files(&case, "yml"));
    for file in files {
        let source = Source::new("capstep.yml", fs::read_to_string(file).unwrap());
        let pipeline = parse_pipeline(&source).0;
        let jobs = pipeline.iter().flat_map(|pipeline| &pipeline.jobs);
        let steps = jobs.flat_map(|job| job.steps.iter());
        for step in steps.filter(|step| step.uses.value == plugin) {
            let Some(Value::Map(with)) = step.with.as_ref().map(|node| &node.value) else {
                continue;
            };
            for (key, value) in with {
                if let Some(input) = manifest.inputs.iter().find(|input| input.name == key.value) {
                    set(input, value, &input.name, &mut found);
                }
            }
        }
    }
    found
}

#[test]
fn every_option_of_a_built_in_plugin_is_set_by_something_that_runs() {
    let mut missing = Vec::new();
    let mut stale = Vec::new();
    for plugin in plugins() {
        let manifest = manifest(&plugin);
        let mut declared = BTreeSet::new();
        for input in &manifest.inputs {
            declared.insert(input.name.clone());
            options(input, &input.name, &mut declared);
        }
        let set = set_by_cases(&plugin);
        let mut tested = BTreeSet::new();
        for by_test in BY_TESTS.iter().filter(|by_test| by_test.plugin == plugin) {
            let (file, test) = by_test.test;
            cases::assert_there(file, test, &[]);
            for option in by_test.options {
                let word = option.rsplit('.').next().unwrap_or(option);
                let text = fs::read_to_string(root().join(by_test.written)).unwrap();
                assert!(
                    text.contains(&format!("{word}:")),
                    "{} has no `{word}`",
                    by_test.written
                );
                if !declared.contains(*option) || set.contains(*option) {
                    stale.push(format!("{plugin} {option}"));
                }
                tested.insert((*option).to_owned());
            }
        }
        for option in ONLY_PLANNED
            .iter()
            .filter(|(of, _)| *of == plugin)
            .flat_map(|(_, all)| *all)
        {
            if !declared.contains(*option) || set.contains(*option) || tested.contains(*option) {
                stale.push(format!("{plugin} {option}"));
            }
            tested.insert((*option).to_owned());
        }
        let covered = &set | &tested;
        let left = declared.difference(&covered);
        missing.extend(left.map(|option| format!("{plugin} {option}")));
    }
    assert!(missing.is_empty(), "set by nothing that runs: {missing:#?}");
    assert!(
        stale.is_empty(),
        "set by a case as well, or no options: {stale:#?}"
    );
}
