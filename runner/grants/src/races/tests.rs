//! Pairs of steps that race, and pairs that don't.

use crate::bind::Knowledge;
use crate::testing::{Plugins, planned, variables};

const INPUTS: &str = r#"
[inputs.push]
type = "boolean"
[inputs.read]
type = "path"
access = ["read"]
[inputs.write]
type = "path"
access = ["write"]
[inputs.maybe]
type = "path"
access = ["write if push"]
[inputs.target]
type = "list<ssh-target>"
access = ["files"]
[inputs.known]
type = "path"
role = "known-hosts(target)"
[inputs.release]
type = "remote-path(target)"
access = ["release"]
[inputs.put]
type = "remote-path(target)"
access = ["upload"]
[inputs.get]
type = "remote-path(target)"
access = ["download"]
[inputs.kept]
type = "state"
access = ["write"]
[inputs.seen]
type = "state"
access = ["read"]
[inputs.made]
type = "image"
access = ["build", "push if push"]
[inputs.used]
type = "image"
access = ["pull"]
"#;

/// Two jobs of one step each; the second one's `with` stands in line 11.
fn check(left: &str, right: &str, needs: &str, expected: &[&str]) {
    let text = format!(
        "version: 1\njobs:\n  a:\n    steps:\n      - uses: p\n        with: {{ {left} }}\n  b:\n    needs: [{needs}]\n    steps:\n      - uses: p\n        with: {{ {right} }}\n  z: {{ needs: [], steps: [{{ uses: noop }}] }}\n"
    )
    .replace("    needs: []\n", "\n");
    let (source, _, diagnostics) = planned(&text, &Plugins::and(INPUTS), &variables([]));
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.plain(&source).replace("\n  ", " | "))
        .collect();
    assert_eq!(shown, expected, "{text}");
}

fn both_write(left: &str, right: &str, thing: &str, columns: (usize, usize)) {
    let (here, there) = columns;
    check(
        left,
        right,
        "",
        &[&format!(
            "capstep.yml:11:{here}: overlapping-writes: `p` in job `a` and `p` in job `b` may run at once and both write `{thing}` | capstep.yml:6:{there}: and here | help: say which comes first: `needs: [a]` in job `b`"
        )],
    );
    check(left, right, "a", &[]);
}

#[test]
fn overlapping_writes() {
    both_write("write: out", "write: out", "out", (24, 24));
    both_write("write: out", "write: out/a", "out/a", (24, 24));
    both_write("write: ./out/a/", "write: out", "out", (24, 24));
    both_write("write: .", "write: x", "x", (24, 24));
    both_write("write: \"out/*.txt\"", "write: out/a", "out/a", (24, 24));
    both_write("write: \"**/x\"", "write: out/a", "out/a", (24, 24));
    both_write("maybe: out, push: true", "write: out", "out", (24, 24));
    let to = |path: &str| format!("target: a@h, put: {path}");
    both_write(&to("/srv"), &to("/srv/web"), "/srv/web on h", (35, 35));
    both_write(
        "target: [a@g, a@H.], put: /srv",
        "target: b@h, put: /srv",
        "/srv on h",
        (35, 43),
    );
    both_write(
        "target: a@h, release: /srv",
        "target: a@h, put: /srv/current",
        "/srv/current on h",
        (35, 39),
    );
    both_write("kept: s", "kept: s", "the state s", (23, 23));
    check("kept: s", "kept: t", "", &[]);
    check("kept: s", "write: s", "", &[]);
    check("write: out", "write: output", "", &[]);
    check("write: out/a", "write: out/b", "", &[]);
    check("maybe: out", "write: out", "", &[]);
    check("maybe: out", "maybe: out", "", &[]);
    check(&to("/srv"), "target: a@g, put: /srv", "", &[]);
    check(&to("/srv"), "target: \"a@h:2222\", put: /srv", "", &[]);
    check(&to("/srv"), &to("/srve"), "", &[]);
    check("write: srv", &to("/srv"), "", &[]);
}

#[test]
fn reads_while_written() {
    let check_both = |writer: &str, reader: &str, thing: (&str, &str), columns: (usize, usize)| {
        let (w, r) = columns;
        check(
            writer,
            reader,
            "",
            &[&format!(
                "capstep.yml:11:{r}: read-while-written: `p` in job `b` may read `{}` while `p` in job `a` writes it | capstep.yml:6:{w}: and here | help: say which comes first: `needs: [a]` in job `b`",
                thing.0
            )],
        );
        check(
            reader,
            writer,
            "",
            &[&format!(
                "capstep.yml:11:{w}: read-while-written: `p` in job `a` may read `{}` while `p` in job `b` writes it | capstep.yml:6:{r}: and here | help: say which comes first: `needs: [a]` in job `b`",
                thing.1
            )],
        );
        check(writer, reader, "a", &[]);
    };
    check_both("write: out", "read: out/a", ("out/a", "out"), (24, 23));
    check_both("write: out", "known: out", ("out", "out"), (24, 24));
    check_both(
        "target: a@h, put: /srv",
        "target: a@h, get: /srv/x",
        ("/srv/x on h", "/srv on h"),
        (35, 35),
    );
    check("read: out", "read: out", "", &[]);
    check("target: a@h, get: /srv", "target: a@h, get: /srv", "", &[]);
}

#[test]
fn order_is_transitive_and_steps_of_one_job_are_ordered() {
    let check = |jobs: &str, expected: &[&str]| {
        let step = "steps: [{ uses: p, with: { write: out } }]";
        let text = format!("version: 1\njobs:\n{}", jobs.replace("STEP", step));
        let (_, _, diagnostics) = planned(&text, &Plugins::and(INPUTS), &variables([]));
        let shown: Vec<String> = diagnostics
            .iter()
            .map(|diagnostic| format!("{}: {}", diagnostic.code, diagnostic.help.clone().unwrap()))
            .collect();
        assert_eq!(shown, expected, "{text}");
    };
    let race = |help: &str| format!("overlapping-writes: say which comes first: {help}");
    let between = "  m: { needs: [a], steps: [{ uses: noop }] }\n";
    check(
        &format!("  a: {{ STEP }}\n{between}  b: {{ needs: [m], STEP }}\n"),
        &[],
    );
    check(
        &format!("  b: {{ needs: [m], STEP }}\n{between}  a: {{ STEP }}\n"),
        &[],
    );
    check(
        &format!("  a: {{ STEP }}\n{between}  b: {{ STEP }}\n"),
        &[&race("`needs: [a]` in job `b`")],
    );
    check(
        "  a: { STEP }\n  b: { STEP }\n  c: { needs: [a, b], STEP }\n  d: { needs: [a], STEP }\n",
        &[
            &race("`needs: [a]` in job `b`"),
            &race("`needs: [b]` in job `d`"),
            &race("`needs: [c]` in job `d`"),
        ],
    );
    check(
        "  a: { steps: [{ uses: p, with: { write: out } }, { uses: p, with: { write: out } }] }\n",
        &[],
    );
}

#[test]
fn places_hold_with_other_line_ends_and_wide_characters() {
    let text = "version: 1\r\njobs:\r\n  a:\r\n    steps:\r\n      - { name: \u{fc}\u{1f600}, uses: p, with: { write: out } }\r\n  b:\r\n    steps:\r\n      - { name: \u{fc}\u{1f600}, uses: p, with: { write: out } }\r\n";
    let (source, _, diagnostics) = planned(text, &Plugins::and(INPUTS), &variables([]));
    assert_eq!(diagnostics.len(), 1);
    let found = &diagnostics[0];
    assert_eq!(source.place(found.span), "capstep.yml:8:45");
    assert!(source.slice(found.span).starts_with("out"));
    assert_eq!(source.place(found.related[0].0), "capstep.yml:5:45");
}

#[test]
fn images() {
    both_write(
        "made: \"r.example/a:1\"",
        "made: \"R.example/a:1\"",
        "r.example/a:1",
        (23, 23),
    );
    check(
        "made: \"r.example/a\"",
        "used: \"r.example/a:latest\"",
        "",
        &[
            "capstep.yml:11:23: read-while-written: `p` in job `b` may read `r.example/a:latest` while `p` in job `a` writes it | capstep.yml:6:23: and here | help: say which comes first: `needs: [a]` in job `b`",
        ],
    );
    check("used: \"ruby:3\"", "used: \"ruby:3\"", "", &[]);
    check(
        "made: \"r.example/a:1\"",
        "made: \"r.example/a:2\"",
        "",
        &[],
    );
    check(
        "made: \"r.example/a:1\"",
        "used: \"s.example/a:1\"",
        "",
        &[],
    );
}

#[test]
fn environments_have_states_of_their_own() {
    let check = |left: &str, right: &str, races: bool| {
        let text = format!(
            "version: 1\nvars: {{ where: production }}\njobs:\n  a:\n{left}    steps:\n      - uses: p\n        with: {{ kept: s }}\n  b:\n{right}    steps:\n      - uses: p\n        with: {{ seen: s }}\n"
        );
        let (_, _, diagnostics) = planned(
            &text,
            &Plugins::and(INPUTS),
            &variables([("where", "production".into(), Knowledge::Written)]),
        );
        assert_eq!(diagnostics.len(), usize::from(races), "{text}");
    };
    let at = |name: &str| format!("    environment: {name}\n");
    check("", "", true);
    check(&at("production"), &at("production"), true);
    check(&at("\"${{ vars.where }}\""), &at("production"), true);
    check(&at("production"), &at("staging"), false);
    check(&at("\"${{ vars.where }}\""), &at("staging"), false);
    check(&at("production"), "", false);
    // Known only when it runs: it may be any, but not none.
    check(&at("\"${{ run.id }}\""), &at("staging"), true);
    check(&at("\"${{ run.id }}\""), "", false);
}

#[test]
fn jobs_of_a_matrix_race_with_each_other() {
    let check = |with: &str, expected: &[&str]| {
        let text = format!(
            "version: 1\njobs:\n  a:\n    matrix: {{ os: [linux, macos, bsd] }}\n    steps:\n      - uses: p\n        with: {{ {with} }}\n"
        );
        let (source, plan, diagnostics) = planned(&text, &Plugins::and(INPUTS), &variables([]));
        let shown: Vec<String> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.plain(&source))
            .collect();
        assert_eq!(shown, expected, "{with}");
        assert_eq!(plan.jobs.len(), 3);
    };
    // The same line in each of them: told once.
    check(
        "write: out",
        &[
            "capstep.yml:7:24: overlapping-writes: `p` in job `a (linux)` and `p` in job `a (macos)` may run at once and both write `out`\n  capstep.yml:7:24: and here\n  help: both are of one matrix: put what tells them apart into the path, such as `${{ matrix.AXIS }}`",
        ],
    );
    // A value of the matrix is as written: the plan has each job's own path.
    check("write: \"out/${{ matrix.os }}\"", &[]);
    check("read: out", &[]);
}

#[test]
fn what_a_job_keeps_is_written() {
    let check = |left: &str, right: &str, expected: &[&str]| {
        let text = format!("version: 1\njobs:\n  a:\n{left}\n  b:\n{right}\n");
        let (source, _, diagnostics) = planned(&text, &Plugins::and(INPUTS), &variables([]));
        let shown: Vec<String> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.plain(&source).replace("\n  ", " | "))
            .collect();
        assert_eq!(shown, expected, "{text}");
    };
    let keeps = "    cache: { paths: lib, key: k }\n    steps: [{ uses: noop }]";
    let reads = "    steps: [{ uses: p, with: { read: lib/a } }]";
    let after = |job: &str| format!("    needs: [a]\n{job}");
    check(
        keeps,
        keeps,
        &[
            "capstep.yml:7:21: overlapping-writes: the cache of job `a` and the cache of job `b` may run at once and both write `lib` | capstep.yml:4:21: and here | help: say which comes first: `needs: [a]` in job `b`",
        ],
    );
    check(keeps, &after(keeps), &[]);
    check(
        keeps,
        reads,
        &[
            "capstep.yml:7:38: read-while-written: `p` in job `b` may read `lib/a` while the cache of job `a` writes it | capstep.yml:4:21: and here | help: say which comes first: `needs: [a]` in job `b`",
        ],
    );
    check(keeps, &after(reads), &[]);
    check(
        keeps,
        "    steps: [{ uses: p, with: { read: other } }]",
        &[],
    );
    // Also where it is never saved: it is brought back.
    let never = keeps.replace("key: k", "key: k, save: never");
    let (_, _, diagnostics) = planned(
        &format!("version: 1\njobs:\n  a:\n{never}\n  b:\n{reads}\n"),
        &Plugins::and(INPUTS),
        &variables([]),
    );
    assert_eq!(diagnostics.len(), 1);
}
