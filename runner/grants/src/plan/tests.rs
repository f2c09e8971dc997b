//! Whole pipelines: the plan, in JSON and in words.

use serde_json::{Value, json};

use super::*;
use crate::authority::Authority;
use crate::testing::{Plugins, planned, variables};

/// The design's example, without the steps whose plugins come later.
const EXAMPLE: &str = r#"version: 1
secrets: [DEPLOY_KEY, SECRET_KEY_BASE]
jobs:
  build:
    steps:
      - uses: noop
  deploy:
    needs: [build]
    steps:
      - uses: env-setup
        with: { file: .env, vars: { RAILS_ENV: production, SECRET_KEY_BASE: "${{ secrets.SECRET_KEY_BASE }}" } }
      - uses: ssh-deploy
        with:
          target: root@203.0.113.7
          identity: "${{ secrets.DEPLOY_KEY }}"
          known-hosts: deploy/known_hosts
          upload: [ { from: webapp/, to: /srv/webapp/ }, { from: .env, to: /srv/webapp/.env } ]
          working-directory: /srv/webapp
          run: bash deploy.sh
      - uses: health-check
        with: { url: "http://203.0.113.7/health/database/", expect: { json: { status: healthy } }, every: 10s, attempts: 24 }
"#;

#[test]
fn the_example() {
    let (_, plan, diagnostics) = planned(EXAMPLE, &Plugins::built_in(), &Variables::default());
    assert_eq!(diagnostics, []);
    let expected: Value = serde_json::from_str(include_str!("example.json")).unwrap();
    let got = serde_json::to_value(&plan).unwrap();
    assert_eq!(
        got,
        expected,
        "{}",
        serde_json::to_string_pretty(&got).unwrap()
    );
}

const INPUTS: &str = r#"
[inputs.target]
type = "list<ssh-target>"
access = ["script", "files", "exec"]
[inputs.key]
type = "secret"
sink = "ssh-auth(target)"
[inputs.passphrase]
type = "secret"
sink = "passphrase(key)"
[inputs.run]
type = "script"
on = "target"
[inputs.env]
type = "map<string>"
sink = "remote-env(run)"
role = "script-env(run)"
[inputs.url]
type = "list<url>"
match = "prefix"
[inputs.token]
type = "string"
sink = "http-header(url)"
[inputs.body]
type = "string"
sink = "http-body(url)"
[inputs.file]
type = "path"
access = ["write"]
[inputs.text]
type = "string"
sink = "file(file, json)"
[inputs.folder]
type = "path"
access = ["mount"]
[inputs.release]
type = "remote-path(target)"
access = ["release"]
[inputs.to]
type = "remote-path(target)"
access = ["upload"]
[inputs.plain]
type = "string"
[inputs.context]
type = "path"
access = ["build"]
[inputs.dockerfile]
type = "string"
role = "dockerfile(context)"
[inputs.network]
type = "string"
role = "build-network(context)"
[inputs.tag]
type = "image"
access = ["build", "push"]
[inputs.registry]
type = "registry"
[inputs.password]
type = "secret"
sink = "registry-auth(registry)"
[inputs.build-key]
type = "secret"
sink = "build-secret(context)"
[inputs.method]
type = "enum"
values = ["GET", "POST"]
default = "GET"
[inputs.chosen]
type = "url"
methods = "input(method)"
"#;

fn step(with: &str) -> StepPlan {
    let text = crate::testing::one_step(&format!("with: {{ {with} }}"));
    let values = variables([("OWN", json!("own"), Knowledge::Written)]);
    let (source, plan, diagnostics) = planned(&text, &Plugins::and(INPUTS), &values);
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|found| found.plain(&source))
        .collect();
    assert_eq!(shown, Vec::<String>::new(), "{text}");
    plan.jobs[0].steps[1].clone()
}

#[test]
fn flows_of_secrets() {
    let check = |with: &str, expected: &[&str]| {
        let shown: Vec<String> = step(with)
            .secrets
            .iter()
            .map(|flow| format!("{} → {}", flow.secrets.join("+"), flow.to))
            .collect();
        assert_eq!(shown, expected, "{with}");
    };
    let key = "\"${{ secrets.KEY }}\"";
    check(
        &format!(
            "target: [root@203.0.113.7, \"a@b:2222\"], key: {key}, passphrase: \"${{{{ secrets.OTHER }}}}\""
        ),
        &[
            "KEY → SSH login root@203.0.113.7, a@b:2222",
            "OTHER → passphrase of the private key",
        ],
    );
    check(
        &format!("target: a@b, run: bash deploy.sh, env: {{ A: {key} }}"),
        &["KEY → environment of the script `bash deploy.sh`"],
    );
    check(
        &format!("url: \"https://a.example/\", token: {key}, body: {key}"),
        &[
            "KEY → request header to https://a.example/ (prefix)",
            "KEY → request body to https://a.example/ (prefix)",
        ],
    );
    check(
        &format!("file: a.json, text: {key}"),
        &["KEY → file a.json (json)"],
    );
    check(
        &format!("plain: {{ value: {key}, reveal: true }}"),
        &["KEY → the plugin itself (revealed)"],
    );
    check(
        &format!("url: \"https://a.example/\", token: {{ value: {key}, reveal: true }}"),
        &["KEY → request header to https://a.example/ (prefix), and the plugin itself (revealed)"],
    );
    check(
        "target: a@b, run: x, env: { U: \"postgres://a:${{ urlencode(secrets.KEY) }}@${{ steps.s.outputs.echo }}/${{ secrets.OTHER }}\" }",
        &["KEY+OTHER → environment of the script `x`"],
    );
    check(
        &format!("token: {key}"),
        &["KEY → request header to nothing"],
    );
    check(
        &format!(
            "url: {{ value: \"${{{{ steps.s.outputs.echo }}}}\", within: \"https://*.example.com/\" }}, token: {key}"
        ),
        &["KEY → request header to something within https://*.example.com/"],
    );
}

#[test]
fn project_code_and_notes() {
    let check = |with: &str, code: &[&str], notes: &[&str]| {
        let step = step(with);
        assert_eq!(step.runs_project_code, code, "{with}");
        assert_eq!(step.notes, notes, "{with}");
    };
    let exec = "the plugin may run commands of its own on a@b";
    check(
        "target: a@b, run: bash deploy.sh",
        &["bash deploy.sh on a@b"],
        &[exec],
    );
    check(
        "target: a@b, run: \"# comment\\n\\n  set -x\\nmake\"",
        &["set -x … on a@b"],
        &[exec],
    );
    check("run: x", &["x on nothing"], &[]);
    check(
        "folder: src",
        &[],
        &["src is seen directly: this step can't be replayed"],
    );
    check(
        "target: { value: \"a@${{ steps.s.outputs.echo }}\", within: \"a@10.0.0.0/8\" }, run: x",
        &["x on something within a@10.0.0.0/8"],
        &[
            "the plugin may run commands of its own on something within a@10.0.0.0/8",
            "/target/0 is known when the step starts",
        ],
    );
}

#[test]
fn grants_for_people() {
    let check = |with: &str, expected: &[&str]| {
        let shown: Vec<String> = step(with).authority.iter().map(describe).collect();
        assert_eq!(shown, expected, "{with}");
    };
    check(
        "target: \"a@[2001:DB8::1]\", release: /srv, to: web",
        &["a@[2001:db8::1]", "/srv", "web in the new release"],
    );
    check(
        "url: [\"https://a.example/v2\", \"https://${{ vars.OWN }}.example/\"]",
        &[
            "https://a.example/v2 (prefix)",
            "https://own.example/ (prefix)",
        ],
    );
}

#[test]
fn builds_and_images() {
    let check = |with: &str, code: &[&str], grants: &[&str], flows: &[&str]| {
        let step = step(with);
        assert_eq!(step.runs_project_code, code, "{with}");
        let shown: Vec<String> = step.authority.iter().map(describe).collect();
        assert_eq!(shown, grants, "{with}");
        let shown: Vec<&str> = step.secrets.iter().map(|flow| flow.to.as_str()).collect();
        assert_eq!(shown, flows, "{with}");
        let started = step
            .authority
            .iter()
            .filter(|grant| starts_project_code(grant));
        assert_eq!(started.count(), code.len(), "{with}");
    };
    let key = "\"${{ secrets.KEY }}\"";
    check(
        &format!(
            "context: webapp/, tag: \"Registry.example.com/webapp:web\", registry: registry.example.com, password: {key}, build-key: {key}"
        ),
        &["webapp/Dockerfile, network: yes"],
        &[
            "webapp (Dockerfile, network: yes)",
            "registry.example.com/webapp:web",
            "registry.example.com",
        ],
        &[
            "login registry.example.com",
            "secret of the build of webapp",
        ],
    );
    check(
        "context: ., dockerfile: docker/web.Dockerfile, network: none",
        &["./docker/web.Dockerfile, network: no"],
        &[". (docker/web.Dockerfile, network: no)"],
        &[],
    );
    let later = "\"${{ steps.s.outputs.echo }}\"";
    check(
        &format!("context: a, dockerfile: {later}, network: {later}"),
        &["a/some Dockerfile, network: yes, or no: known when the step starts"],
        &["a (some Dockerfile, network: yes, or no: known when the step starts)"],
        &[],
    );
}

#[test]
fn a_method_that_is_not_known_yet_is_any_of_the_choice() {
    let methods = |with: &str| match &step(with).authority[0].authority {
        Some(Authority::Url { methods, .. }) => methods.join(" "),
        other => panic!("{other:?}"),
    };
    let url = "chosen: \"https://a.example/\"";
    assert_eq!(methods(url), "GET");
    assert_eq!(methods(&format!("method: POST, {url}")), "POST");
    assert_eq!(
        methods(&format!(
            "method: \"${{{{ steps.s.outputs.echo }}}}\", {url}"
        )),
        "GET POST"
    );
}

#[test]
fn a_plugin_that_is_not_found() {
    let text = "version: 1\njobs:\n  j:\n    steps:\n      - uses: nop\n      - uses: noop\n";
    let (source, plan, diagnostics) = planned(text, &Plugins::built_in(), &Variables::default());
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        diagnostics[0].plain(&source),
        "capstep.yml:5:15: unknown-plugin: there is no plugin `nop`\n  help: did you mean `noop`?"
    );
    let steps: Vec<(usize, &str)> = plan.jobs[0]
        .steps
        .iter()
        .map(|step| (step.number, step.plugin.as_str()))
        .collect();
    assert_eq!(steps, [(2, "noop 0.1.0")]);
}

#[test]
fn steps_are_called_by_name_id_or_plugin() {
    let text = "version: 1\njobs:\n  j:\n    steps:\n      - { uses: noop, id: i, name: The name }\n      - { uses: noop, id: k }\n      - { uses: noop }\n";
    let (_, plan, _) = planned(text, &Plugins::built_in(), &Variables::default());
    let names: Vec<&str> = plan.jobs[0]
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(names, ["The name", "k", "noop"]);
}

/// The authority and secrets of a plan's only step, as `pointer: thing @ line:column`.
fn touched(text: &str, variables: &Variables) -> (Vec<String>, Vec<String>) {
    let (source, plan, diagnostics) = planned(text, &Plugins::and(INPUTS), variables);
    let step = plan.jobs.last().unwrap().steps.last().unwrap();
    let at = |place: &Place| format!("{}:{}", place.line, place.column);
    let grants = step.authority.iter().map(|grant| {
        format!(
            "{}: {} @ {}",
            grant.pointer,
            describe(grant),
            at(&grant.place)
        )
    });
    let secrets = step
        .secrets
        .iter()
        .map(|flow| format!("{}: {} @ {}", flow.pointer, flow.to, at(&flow.place)));
    let mistakes = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.plain(&source).lines().next().unwrap().to_owned())
        .collect();
    (grants.chain(secrets).collect(), mistakes)
}

#[test]
fn an_environment_reaches_the_script_and_nothing_else() {
    let check = |step: &str, expected: &[&str], mistakes: &[&str]| {
        let text = format!(
            "version: 1\nsecrets: [S]\nenv: {{ A: x }}\njobs:\n  a:\n    steps:\n      - {step}\n"
        );
        let (found, wrong) = touched(&text, &variables([]));
        assert_eq!(found, expected, "{step}");
        assert_eq!(wrong, mistakes, "{step}");
    };
    // The step's own secret goes where its input of that name would go, from the line where it was written.
    check(
        "{ uses: p, with: { target: a@h, run: sh x }, env: { T: \"${{ secrets.S }}\" } }",
        &[
            "/target/0: a@h @ 7:36",
            "/run: sh x @ 7:46",
            "/env/T: environment of the script `sh x` @ 7:64",
        ],
        &[],
    );
    // What the input itself says comes first.
    check(
        "{ uses: p, with: { target: a@h, run: sh x, env: { T: plain } }, env: { T: \"${{ secrets.S }}\" } }",
        &["/target/0: a@h @ 7:36", "/run: sh x @ 7:46"],
        &[],
    );
    // Where nothing has an environment, the pipeline's is not seen, and the step's own is a mistake.
    check("{ uses: noop }", &[], &[]);
    check(
        "{ uses: noop, env: { T: x } }",
        &[],
        &["capstep.yml:7:30: unknown-input: `noop` takes no environment"],
    );
    // An expression may take it, and what it is made of stays known: a written value needs no bound.
    check(
        "{ uses: p, with: { url: \"https://${{ env.A }}.example/\" } }",
        &["/url/0: https://x.example/ (prefix) @ 7:33"],
        &[],
    );
}

#[test]
fn values_of_an_event_need_bounds() {
    let event = json!({ "host": "web.example", "deep": { "list": ["a"] } });
    let check = |with: &str, event: Option<Value>, expected: &[&str]| {
        let text = format!(
            "version: 1\nenv: {{ HOST: \"${{{{ event.host }}}}\" }}\njobs:\n  a:\n    steps:\n      - {{ uses: p, with: {{ {with} }} }}\n"
        );
        let variables = Variables {
            event,
            ..Variables::default()
        };
        let (_, wrong) = touched(&text, &variables);
        let codes: Vec<&str> = wrong
            .iter()
            .filter_map(|line| line.split(": ").nth(1))
            .collect();
        assert_eq!(codes, expected, "{with}");
    };
    let direct = "url: \"https://${{ event.host }}/\"";
    check(direct, Some(event.clone()), &["unbounded-run-time-value"]);
    check(direct, None, &["unbounded-run-time-value"]);
    // Not by way of `env` either.
    let around = "url: \"https://${{ env.HOST }}/\"";
    check(around, Some(event.clone()), &["unbounded-run-time-value"]);
    check(around, None, &["unbounded-run-time-value"]);
    let within = |bound: &str| {
        format!("url: {{ value: \"https://${{{{ event.host }}}}/\", within: \"{bound}\" }}")
    };
    check(&within("https://web.example/"), Some(event.clone()), &[]);
    check(&within("https://web.example/"), None, &[]);
    check(
        &within("https://api.example/"),
        Some(event),
        &["outside-bound"],
    );
}

#[test]
fn what_may_become_project_code_is_marked() {
    let plugin = "[inputs.target]\ntype = \"ssh-target\"\naccess = [\"script\", \"files\"]\n\
         [inputs.made]\ntype = \"path\"\naccess = [\"write\"]\n[inputs.seen]\ntype = \"path\"\naccess = [\"read\"]\n\
         [inputs.from]\ntype = \"path\"\naccess = [\"upload\"]\n\
         [inputs.context]\ntype = \"path\"\naccess = [\"build\"]\n";
    let check = |jobs: &str, expected: &[&[&str]]| {
        let text = format!("version: 1\njobs:\n{jobs}");
        let (_, plan, diagnostics) = planned(&text, &Plugins::and(plugin), &Variables::default());
        assert_eq!(diagnostics, [], "{text}");
        let steps = plan.jobs.iter().flat_map(|job| &job.steps);
        let notes: Vec<Vec<&str>> = steps
            .map(|step| {
                let notes = step.notes.iter().map(String::as_str);
                notes.filter(|note| note.contains("project code")).collect()
            })
            .collect();
        assert_eq!(notes, expected, "{text}");
    };
    let step = |with: &str| format!("      - {{ uses: p, with: {{ {with} }} }}\n");
    let steps = |all: &[&str]| {
        let all: String = all.iter().map(|with| step(with)).collect();
        format!("  j:\n    steps:\n{all}")
    };
    check(
        &steps(&["made: dist/app", "from: dist, target: a@b"]),
        &[
            &["dist/app may become project code: step 2 uploads it"],
            &[],
        ],
    );
    check(
        &steps(&[
            "made: .",
            "context: webapp, seen: x",
            "from: site, target: a@b",
        ]),
        &[
            &[
                ". may become project code: step 3 uploads it",
                ". may become project code: step 2 builds an image of it",
            ],
            &[],
            &[],
        ],
    );
    // What comes before, what lies beside, and what is only read is no matter.
    check(
        &steps(&[
            "from: dist, target: a@b",
            "made: dist",
            "seen: dist",
            "context: web",
        ]),
        &[&[], &[], &[], &[]],
    );
    // In a later job; in one that may run at once it would be a race.
    let jobs = format!(
        "{}  k:\n    needs: j\n    steps:\n{}",
        steps(&["made: dist"]),
        step("context: dist")
    );
    check(
        &jobs,
        &[
            &["dist may become project code: step 1 of `k` builds an image of it"],
            &[],
        ],
    );
}
