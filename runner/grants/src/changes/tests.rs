//! Two versions of a pipeline, and what differs.

use super::{Side, compare};
use crate::plan::{Plan, Variables, describe};
use crate::testing::{Plugins, planned};

fn plan(jobs: &str) -> Plan {
    let text = format!("version: 1\nsecrets: [KEY, OTHER]\nvars: {{ V: x }}\njobs:\n{jobs}");
    let (source, plan, diagnostics) = planned(&text, &Plugins::built_in(), &Variables::default());
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|found| found.plain(&source))
        .collect();
    assert_eq!(shown, Vec::<String>::new(), "{text}");
    plan
}

fn side(side: &Option<Side<'_>>) -> String {
    match side {
        None => String::new(),
        Some(Side::Grant(grant, _)) => {
            let words: Vec<_> = grant.access.iter().map(|word| word.word()).collect();
            format!("{} {}", words.join("+"), describe(grant))
                .trim()
                .to_owned()
        }
        Some(Side::HostKey(key, step)) => {
            format!("{} of {}", key.fingerprint, step.shown(&key.targets))
        }
        Some(Side::Environment(environment)) => {
            format!(
                "to {}",
                environment.name.as_deref().unwrap_or(&environment.written)
            )
        }
        Some(Side::Secret(flow)) => format!("{} → {}", flow.secrets.join("+"), flow.to),
        Some(Side::Cache(cache, cached)) => format!("{} {}", cache.verb(), cached.path),
    }
}

fn check(old: &str, new: &str, expected: &[&str]) {
    let (old, new) = (plan(old), plan(new));
    let changes = compare(&old, &new);
    let found: Vec<String> = changes
        .list
        .iter()
        .map(|change| {
            format!(
                "{}.{} {:?} {} > {}",
                change.job,
                change.step.map_or(0, |step| step.number),
                change.kind,
                side(&change.old),
                side(&change.new)
            )
        })
        .collect();
    assert_eq!(found, expected, "{old:?} {new:?}");
    let wider = found
        .iter()
        .any(|line| line.contains(" Added ") || line.contains(" Widened "));
    assert_eq!(changes.is_wider(), wider);
}

/// One job `a` with steps that use `health-check` and `ssh-deploy`.
fn health(url: &str) -> String {
    format!("  a:\n    steps:\n      - {{ uses: health-check, with: {{ {url} }} }}\n")
}

fn deploy(with: &str) -> String {
    format!(
        "  a:\n    steps:\n      - uses: ssh-deploy\n        with: {{ target: r@10.0.0.1, identity: \"${{{{ secrets.KEY }}}}\", known-hosts: k, {with} }}\n"
    )
}

#[test]
fn the_same_is_no_change() {
    let base = deploy("upload: [ { from: web, to: /srv } ], run: ls");
    check(&base, &base, &[]);
    // Another order, and a step before it.
    let moved = base.replace(
        "    steps:\n",
        "    steps:\n      - { uses: noop, with: { echo: x } }\n",
    );
    check(&base, &moved, &[]);
    check(
        &deploy("upload: [ { from: a, to: /srv }, { from: b, to: /srv } ]"),
        &deploy("upload: [ { from: b, to: /srv }, { from: a, to: /srv } ]"),
        &[],
    );
}

#[test]
fn more_less_and_other() {
    check(
        &health("url: \"https://a.example/x\""),
        &health("url: [\"https://a.example/x\", \"https://b.example/\"]"),
        &["a.1 Added  > request https://b.example/"],
    );
    check(
        &health("url: \"https://a.example/x\""),
        &health("url: \"https://b.example/x\""),
        &[
            "a.1 Removed request https://a.example/x > ",
            "a.1 Added  > request https://b.example/x",
        ],
    );
    check(
        &deploy("upload: [ { from: web/dist, to: /srv/app } ]"),
        &deploy("upload: [ { from: web, to: /srv/app } ]"),
        &["a.1 Widened upload web/dist > upload web"],
    );
    check(
        &deploy("upload: [ { from: web, to: /srv } ]"),
        &deploy("upload: [ { from: web, to: /srv/app } ]"),
        &["a.1 Narrowed upload /srv > upload /srv/app"],
    );
    check(
        &deploy("upload: [ { from: web, to: /srv } ], run: ls"),
        &deploy("upload: [ { from: web, to: /srv } ], run: rm -r /"),
        &["a.1 OtherCode script ls > script rm -r /"],
    );
    check(
        &health("url: \"https://a.example/x\""),
        "  b:\n    steps: [ { uses: noop } ]\n",
        &["a.1 Removed request https://a.example/x > "],
    );
}

#[test]
fn secrets_that_go_elsewhere() {
    let base = "  a:\n    steps:\n      - { uses: env-setup, with: { file: .env, vars: { A: \"${{ secrets.KEY }}\" } } }\n";
    check(
        base,
        &base.replace("secrets.KEY", "secrets.OTHER"),
        &[
            "a.1 Added  > OTHER → file .env (compose)",
            "a.1 Removed KEY → file .env (compose) > ",
        ],
    );
    check(
        base,
        &base.replace(".env,", "other.env,"),
        &[
            "a.1 Removed write .env > ",
            "a.1 Added  > write other.env",
            "a.1 Added  > KEY → file other.env (compose)",
            "a.1 Removed KEY → file .env (compose) > ",
        ],
    );
}

#[test]
fn what_a_job_keeps() {
    let kept = |cache: &str| format!("  a:\n    cache: {cache}\n    steps: [{{ uses: noop }}]\n");
    let none = "  a:\n    steps: [{ uses: noop }]\n";
    let base = kept("{ paths: [lib, tmp], key: k }");
    check(
        none,
        &base,
        &["a.0 Added  > cache lib", "a.0 Added  > cache tmp"],
    );
    check(
        &base,
        none,
        &["a.0 Removed cache lib > ", "a.0 Removed cache tmp > "],
    );
    // Another key, another order and another number of caches change nothing that may be touched.
    check(
        &base,
        &kept("[{ paths: tmp, key: a }, { paths: lib, key: b }]"),
        &[],
    );
    check(
        &kept("{ paths: lib/a, key: k, save: never }"),
        &kept("{ paths: lib/a, key: k }"),
        &["a.0 Widened restore from cache lib/a > cache lib/a"],
    );
    check(
        &kept("{ paths: lib, key: k }"),
        &kept("{ paths: lib/a, key: k }"),
        &["a.0 Narrowed cache lib > cache lib/a"],
    );
    check(
        &kept("{ paths: lib/a, key: k }"),
        &kept("{ paths: lib, key: k }"),
        &["a.0 Widened cache lib/a > cache lib"],
    );
}

#[test]
fn builds() {
    let build = |more: &str| {
        format!(
            "  a:\n    steps:\n      - {{ uses: docker-build, with: {{ context: web, tags: \"app:1\"{more} }} }}\n"
        )
    };
    let shown = |settings: &str| format!("build web ({settings})");
    let plain = shown("Dockerfile, network: yes");
    let changed = |kind: &str, old: &str, new: &str| format!("a.1 {kind} {old} > {new}");
    let check = |old: &str, new: &str, expected: &[String]| {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&build(old), &build(new), &expected);
    };
    let alone = shown("Dockerfile, network: no");
    check(
        "",
        ", network: none",
        &[changed("Narrowed", &plain, &alone)],
    );
    check(", network: none", "", &[changed("Widened", &alone, &plain)]);
    check(", network: none", ", network: none", &[]);
    let pulling = shown("Dockerfile, network: yes, newer base images: yes");
    check("", ", pull: true", &[changed("Widened", &plain, &pulling)]);
    check(", pull: true", "", &[changed("Narrowed", &pulling, &plain)]);
    check("", ", pull: false", &[]);
    let other = shown("b.Dockerfile, network: yes");
    check(
        "",
        ", dockerfile: b.Dockerfile",
        &[changed("OtherCode", &plain, &other)],
    );
    check("", ", dockerfile: Dockerfile", &[]);
    // Another file that may reach more is more.
    let both = format!("a.1 Added  > {other}");
    check(
        ", network: none",
        ", dockerfile: b.Dockerfile",
        &[format!("a.1 Removed {alone} > "), both],
    );
}

#[test]
fn whom_a_step_takes_for_the_server() {
    let to = |with: &str| {
        format!(
            "  a:\n    steps:\n      - uses: ssh-deploy\n        with: {{ target: r@10.0.0.1, identity: \"${{{{ secrets.KEY }}}}\", run: ls, {with} }}\n"
        )
    };
    check(
        &to("host-key: \"SHA256:a\""),
        &to("host-key: [\"SHA256:b\", \"SHA256:a\"]"),
        &["a.1 Added  > SHA256:b of r@10.0.0.1"],
    );
    check(
        &to("host-key: \"SHA256:a\""),
        &to("known-hosts: k"),
        &["a.1 Added  > k", "a.1 Removed SHA256:a of r@10.0.0.1 > "],
    );
    check(
        &to("known-hosts: k"),
        &to("known-hosts: l"),
        &["a.1 Removed k > ", "a.1 Added  > l"],
    );
    let one = to("host-key: \"SHA256:a\"");
    check(&one, &one, &[]);
}

#[test]
fn where_a_job_deploys_to() {
    let to = |name: &str| format!("  a:\n    environment: {name}\n    steps: [{{ uses: noop }}]\n");
    let none = "  a:\n    steps: [{ uses: noop }]\n";
    check(none, &to("production"), &["a.0 Added  > to production"]);
    check(&to("production"), none, &["a.0 Removed to production > "]);
    check(
        &to("staging"),
        &to("{ name: production }"),
        &["a.0 Removed to staging > ", "a.0 Added  > to production"],
    );
    check(
        &to("production"),
        &to("{ name: production, url: \"https://a.example/\" }"),
        &[],
    );
    let branch = "\"${{ event.branch }}\"";
    let review = "\"review-${{ event.branch }}\"";
    check(
        &to("staging"),
        &to(branch),
        &["a.0 Widened to staging > to ${{ event.branch }}"],
    );
    check(&to(branch), &to(branch), &[]);
    check(
        &to(review),
        &to(branch),
        &["a.0 Widened to review-${{ event.branch }} > to ${{ event.branch }}"],
    );
}

#[test]
fn another_plugin_is_another_holder() {
    check(
        "  a:\n    steps:\n      - { id: s, uses: health-check, with: { tcp: \"10.0.0.1:1\" } }\n",
        "  a:\n    steps:\n      - { id: s, uses: noop }\n",
        &["a.1 Removed connect 10.0.0.1:1 > "],
    );
}
