//! Every kind of mistake: its place, its message and what would help.

use serde_json::json;

use crate::bind::Knowledge;
use crate::testing::{Plugins, one_step, planned, variables};

const INPUTS: &str = r#"
[inputs.name]
type = "string"
[inputs.count]
type = "integer"
min = 1
max = 9
doc = "How many."
[inputs.names]
type = "list<string>"
[inputs.settings]
type = "map<string>"
[inputs.free]
type = "json"
[inputs.options]
type = "record"
[inputs.options.fields.depth]
type = "integer"
required = true
doc = "How deep."
[inputs.options.fields.flat]
type = "boolean"
required = true
[inputs.target]
type = "list<ssh-target>"
access = ["script", "files"]
[inputs.tcp]
type = "tcp-address"
[inputs.url]
type = "url"
[inputs.file]
type = "path"
access = ["read"]
[inputs.release]
type = "remote-path(target)"
access = ["release"]
[inputs.remote]
type = "remote-path(target)"
access = ["upload"]
[inputs.run]
type = "script"
on = "target"
[inputs.env]
type = "map<string>"
role = "script-env(run)"
sink = "remote-env(run)"
[inputs.key]
type = "secret"
sink = "ssh-auth(target)"
[inputs.pins]
type = "list<string>"
role = "host-key(target)"
[inputs.shared]
type = "list<string>"
role = "shared(release)"
"#;

fn check_plugin(plugin: &str, with: &str, expected: &[&str]) {
    let variables = variables([
        ("HOST", json!("203.0.113.7"), Knowledge::Environment),
        ("OWN", json!("own"), Knowledge::Written),
    ]);
    let (source, _, diagnostics) = planned(&one_step(with), &Plugins::and(plugin), &variables);
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.plain(&source).replace("\n  ", " | "))
        .collect();
    assert_eq!(shown, expected, "{with}");
}

fn check(inputs: &str, expected: &[&str]) {
    check_plugin(INPUTS, &format!("with: {{ {inputs} }}"), expected);
}

#[test]
fn unknown_inputs() {
    check(
        "nam: x",
        &["capstep.yml:9:17: unknown-input: `p` has no input `nam` | help: did you mean `name`?"],
    );
    check(
        "xyzzy: x",
        &[
            "capstep.yml:9:17: unknown-input: `p` has no input `xyzzy` | help: known here: name, count, names, settings, free, options, target, tcp, url, file, release, remote, run, env, key, pins, shared",
        ],
    );
    check(
        "options: { depth: 1, flat: true, depht: 2 }",
        &[
            "capstep.yml:9:50: unknown-input: `options` has no input `depht` | help: did you mean `depth`?",
        ],
    );
    check_plugin(
        "",
        "with: { name: x }",
        &["capstep.yml:9:17: unknown-input: `p` has no input `name` | help: `p` takes no inputs"],
    );
    check(
        "file: { value: \"${{ steps.s.outputs.echo }}\", within: dist, if: x }",
        &[
            "capstep.yml:9:77: unknown-input: `if` has no place beside `value` | help: known here: value, within, reveal",
        ],
    );
}

#[test]
fn missing_inputs() {
    check(
        "options: {}",
        &[
            "capstep.yml:9:26: missing-input: `depth` is missing | help: depth: How deep.",
            "capstep.yml:9:26: missing-input: `flat` is missing | help: it is a boolean",
        ],
    );
    check_plugin(
        "inputs.key = { type = \"string\", required = true, doc = \"The key.\" }",
        "",
        &["capstep.yml:8:15: missing-input: `p` needs the input `key` | help: key: The key."],
    );
}

#[test]
fn one_input_of_a_group() {
    let plugin = r#"
any-of = [["file", "names"]]
[inputs.file]
type = "path"
access = ["read"]
doc = "A file."
[inputs.names]
type = "list<string>"
[inputs.ways]
type = "list"
[inputs.ways.item]
type = "record"
any-of = [["up", "down"]]
[inputs.ways.item.fields.up]
type = "boolean"
[inputs.ways.item.fields.down]
type = "map<string>"
"#;
    let none = "capstep.yml:8:15: missing-input: `p` needs `file` or `names` | help: set one of them\nfile: A file.\nnames: it is a list";
    check_plugin(plugin, "", &[none]);
    // What says nothing sets nothing.
    check_plugin(plugin, "with: { file: null, names: [] }", &[none]);
    check_plugin(plugin, "with: { names: x }", &[]);
    check_plugin(plugin, "with: { file: a, names: [x] }", &[]);
    // What is set and wrong is told as that.
    check_plugin(
        plugin,
        "with: { file: ../x }",
        &[
            "capstep.yml:9:23: invalid-value: `file`: the path `../x` leads out of its folder | help: A file.",
        ],
    );
    check_plugin(
        plugin,
        "with: { file: a, ways: [{ up: true }, { down: {} }] }",
        &[
            "capstep.yml:9:47: missing-input: `up` or `down` is missing | help: set one of them\nup: it is a boolean\ndown: it is a map",
        ],
    );
}

#[test]
fn wrong_types() {
    check(
        "settings: x",
        &["capstep.yml:9:27: wrong-type: `settings`: expected a map, found text"],
    );
    check(
        "options: [a]",
        &["capstep.yml:9:26: wrong-type: `options`: expected a map, found a list"],
    );
    check(
        "settings: \"${{ vars.OWN }}\"",
        &["capstep.yml:9:27: wrong-type: `settings`: expected a map, found text"],
    );
    check(
        "name: { value: x, within: y }",
        &["capstep.yml:9:35: wrong-type: a string needs no `within`"],
    );
    check(
        "file: { value: x, within: [y] }",
        &["capstep.yml:9:43: wrong-type: `within` is text: what the value must lie in"],
    );
    check(
        "key: { value: \"${{ secrets.KEY }}\", reveal: 1 }",
        &["capstep.yml:9:61: wrong-type: `reveal` is true or false"],
    );
}

#[test]
fn invalid_values() {
    check(
        "count: 10",
        &["capstep.yml:9:24: invalid-value: `count`: expected 1 to 9, found 10 | help: How many."],
    );
    check(
        "name: { value: [x] }",
        &["capstep.yml:9:32: invalid-value: `name`: expected text, found a list"],
    );
    check(
        "names: [a, { b: c }]",
        &["capstep.yml:9:28: invalid-value: `names.1`: expected text, found a map"],
    );
    check(
        "settings: { a/b~c: [] }",
        &["capstep.yml:9:36: invalid-value: `settings.a/b~c`: expected text, found a list"],
    );
    check(
        "target: web, tcp: db, url: web, file: ../x, remote: \"~/x\"",
        &[
            "capstep.yml:9:25: invalid-value: `target.0`: `web` names no account: write `user@host` or `user@host:port`",
            "capstep.yml:9:35: invalid-value: `tcp`: `db` has no port: write `host:port`",
            "capstep.yml:9:44: invalid-value: `url`: `web` is no URL: relative URL without a base",
            "capstep.yml:9:55: invalid-value: `file`: the path `../x` leads out of its folder",
            "capstep.yml:9:69: invalid-value: `remote`: `~/x`: write the absolute path; `~` means nothing without a shell",
        ],
    );
    check(
        "file: capstep.yml",
        &[
            "capstep.yml:9:23: invalid-value: `file`: the path `capstep.yml` is never handed to a step: `.git`, the pipeline and its lockfile and policy are out of reach",
        ],
    );
}

#[test]
fn secrets() {
    check(
        "key: hunter2",
        &[
            "capstep.yml:9:22: not-a-secret: `key`: a secret is expected here, never its text: write `${{ secrets.NAME }}`",
        ],
    );
    let refused = |inputs: &str, place: &str, name: &str, help: &str| {
        check(
            inputs,
            &[&format!(
                "capstep.yml:{place}: secret-without-sink: `{name}` takes no secret | help: {help}"
            )],
        );
    };
    let reveal = "a secret goes where the manifest declares a sink; `{ value: …, reveal: true }` gives the plugin the bytes, and the plan shows it";
    let never = "a secret goes where the manifest declares a sink, and such an input is a `secret` or a `string`";
    refused("name: \"${{ secrets.KEY }}\"", "9:23", "name", reveal);
    refused(
        "names: [a, \"x-${{ secrets.KEY }}\"]",
        "9:28",
        "names.1",
        reveal,
    );
    refused(
        "name: \"${{ secrets.KEY }}:${{ steps.s.outputs.echo }}\"",
        "9:23",
        "name",
        reveal,
    );
    refused(
        "free: { a: [\"${{ secrets.KEY }}\"] }",
        "9:29",
        "free",
        never,
    );
    refused("count: \"${{ secrets.KEY }}\"", "9:24", "count", never);
    refused(
        "settings: \"${{ secrets.KEY }}\"",
        "9:27",
        "settings",
        never,
    );
    refused(
        "url: { value: \"https://${{ secrets.KEY }}/\", reveal: true }",
        "9:31",
        "url",
        never,
    );
    refused("file: \"${{ secrets.KEY }}\"", "9:23", "file", never);
}

#[test]
fn scripts() {
    check(
        "target: a@b, run: \"echo ${{ vars.OWN }}\"",
        &[
            "capstep.yml:9:35: expression-in-script: an expression is never pasted into a script | help: hand it over as an environment variable: `env: { NAME: \"${{ vars.OWN }}\" }`, and write `\"$NAME\"` in the script",
        ],
    );
    check(
        "target: a@b, run: \"echo ${{\"",
        &[
            "capstep.yml:9:41: unclosed-expression: this expression is not closed | help: close it with `}}`; a literal `${{` is written ${{ '${{' }}",
            "capstep.yml:9:35: expression-in-script: an expression is never pasted into a script | help: hand it over as an environment variable: `env: { NAME: \"${{\" }`, and write `\"$NAME\"` in the script",
        ],
    );
}

#[test]
fn run_time_values() {
    let unbounded = |input: &str, value: &str, place: &str, within: &str| {
        check(
            &format!("{input}: \"{value}\""),
            &[&format!(
                "capstep.yml:9:{place}: unbounded-run-time-value: `{value}` is known only at run time and grants whatever it turns out to be | help: say what it must lie in: `{{ value: \"{value}\", within: \"{within}\" }}`"
            )],
        );
    };
    let output = "${{ steps.s.outputs.echo }}";
    unbounded(
        "target",
        &format!("root@{output}"),
        "25",
        "root@203.0.113.0/24",
    );
    unbounded("tcp", &format!("{output}:80"), "22", "10.0.0.0/8:5432");
    unbounded("url", output, "22", "https://*.example.com/");
    unbounded("file", &format!("dist/{output}"), "23", "dist/");
    unbounded("remote", &format!("/srv/{output}"), "25", "/srv/app/");
    unbounded("target", "root@${{ run.id }}", "25", "root@203.0.113.0/24");
    check(
        "target: \"root@${{ vars.HOST }}\"",
        &[
            "capstep.yml:9:25: unbounded-run-time-value: `root@${{ vars.HOST }}` comes from the environment and grants whatever stands there | help: say what it must lie in: `{ value: \"root@${{ vars.HOST }}\", within: \"root@203.0.113.0/24\" }`",
        ],
    );
    check("tcp: \"${{ vars.OWN }}:80\"", &[]);
    check(
        "name: \"${{ vars.HOST }} ${{ steps.s.outputs.echo }}\"",
        &[],
    );
    check("settings: \"${{ steps.s.outputs.echo }}\"", &[]);
    check(
        "target: { value: \"root@${{ vars.HOST }}\", within: \"root@203.0.113.0/24\" }",
        &[],
    );
    check(
        "target: [{ value: \"root@${{ steps.s.outputs.echo }}\", within: \"root@203.0.113.0/24\" }]",
        &[],
    );
    check(
        "env: \"${{ steps.s.outputs.echo }}\"",
        &[
            "capstep.yml:9:22: unbounded-run-time-value: `env` carries authority or secrets and can't come from an expression as a whole | help: write its parts out, with expressions in them where needed",
        ],
    );
}

#[test]
fn whom_to_trust_is_the_pipelines_own_text() {
    let refused = |inputs: &str, value: &str, place: &str| {
        check(
            inputs,
            &[&format!(
                "capstep.yml:9:{place}: unbounded-run-time-value: `pins` says whom to trust, and `{value}` lets something else decide it | help: write the value into the file, or hand it over by `--var`"
            )],
        );
    };
    let output = "${{ steps.s.outputs.echo }}";
    refused(&format!("pins: \"{output}\""), output, "23");
    refused(
        &format!("pins: [a, \"SHA256:{output}\"]"),
        &format!("SHA256:{output}"),
        "27",
    );
    refused(&format!("pins: [{{ value: \"{output}\" }}]"), output, "33");
    refused("pins: \"${{ vars.HOST }}\"", "${{ vars.HOST }}", "23");
    check("pins: \"${{ vars.OWN }}\"", &[]);
    check("pins: [SHA256:a, \"SHA256:b\"]", &[]);
}

#[test]
fn shared_paths_stay_in_the_release() {
    let wrong = |inputs: &str, place: &str, message: &str| {
        check(
            &format!("target: a@b, release: /srv, {inputs}"),
            &[&format!(
                "capstep.yml:9:{place}: invalid-value: {message} | help: releases share paths below themselves, such as `log` or `config/master.key`"
            )],
        );
    };
    check(
        "target: a@b, release: /srv, shared: [log, config/master.key, storage/, log]",
        &[],
    );
    let plain = "is not a relative path without `.`, `..` and empty parts";
    for path in ["/etc", "..", "../x", "a/../../b", ".", "a//b", "a/./b"] {
        wrong(
            &format!("shared: [log, {path}]"),
            "59",
            &format!("`{path}` {plain}"),
        );
    }
    wrong("shared: \"\"", "53", &format!("`` {plain}"));
    wrong(
        "shared: [log/app, log]",
        "54",
        "`log/app` is shared already with `log`",
    );
}

#[test]
fn what_steers_the_host_is_known_to_it() {
    let check = |inputs: &str, expected: &[&str]| {
        let plugin = format!(
            "{INPUTS}[inputs.shell]\ntype = \"string\"\nrole = \"shell(run)\"\n\
             [inputs.keep]\ntype = \"integer\"\nrole = \"keep(release)\"\n\
             [inputs.most]\ntype = \"integer\"\nrole = \"max-delete(remote)\"\n"
        );
        check_plugin(
            &plugin,
            &format!("with: {{ target: a@b, run: make, release: /srv, remote: /www, {inputs} }}"),
            expected,
        );
    };
    for good in [
        "shell: auto",
        "shell: bash",
        "shell: sh",
        "keep: 1",
        "most: 0",
    ] {
        check(good, &[]);
    }
    check(
        "shell: zsh",
        &["capstep.yml:9:77: invalid-value: `zsh` is no shell: auto, bash, sh"],
    );
    check(
        "keep: 0",
        &["capstep.yml:9:76: invalid-value: `0` is not a whole number from 1"],
    );
    check(
        "most: -1",
        &["capstep.yml:9:76: invalid-value: `-1` is not a whole number from 0"],
    );
}

#[test]
fn an_output_of_another_job_needs_a_bound() {
    let text = "version: 1\njobs:\n  a:\n    outputs: { x: \"${{ steps.s.outputs.echo }}\" }\n    steps: [{ id: s, uses: noop }]\n  b:\n    needs: [a]\n    steps:\n      - uses: p\n        with: { url: \"${{ needs.a.outputs.x }}\" }\n";
    let (source, _, diagnostics) = planned(text, &Plugins::and(INPUTS), &variables([]));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        diagnostics[0].plain(&source),
        "capstep.yml:10:22: unbounded-run-time-value: `${{ needs.a.outputs.x }}` is known only at run time and grants whatever it turns out to be\n  help: say what it must lie in: `{ value: \"${{ needs.a.outputs.x }}\", within: \"https://*.example.com/\" }`"
    );
}

#[test]
fn bounds() {
    check(
        "target: { value: \"root@${{ vars.HOST }}\", within: \"root@10.0.0.0/8\" }",
        &[
            "capstep.yml:9:34: outside-bound: `root@203.0.113.7` does not lie within `root@10.0.0.0/8` | help: the value, or its bound, is wrong",
        ],
    );
    check(
        "file: { value: src/a, within: dist }",
        &[
            "capstep.yml:9:32: outside-bound: `src/a` does not lie within `dist` | help: the value, or its bound, is wrong",
        ],
    );
    let invalid = |inputs: &str, place: &str, message: &str| {
        check(
            inputs,
            &[&format!("capstep.yml:9:{place}: invalid-bound: {message}")],
        );
    };
    invalid(
        "target: { value: a@b, within: \"*\" }",
        "47",
        "a bound of an ssh-target is `user@host`, `user@*.example.com` or `user@network/bits`",
    );
    invalid(
        "url: { value: \"https://a.example/\", within: a.example }",
        "61",
        "a bound of a url is `https://host/path/`; a host may be `*.example.com` or `[network/bits]`",
    );
    invalid(
        "url: { value: \"https://a.example/\", within: \"https://a.example/%2e/\" }",
        "61",
        "a bound's path is plain: no `..`, `%`, `?` or `#`",
    );
    invalid(
        "tcp: { value: \"db:1\", within: db }",
        "47",
        "a bound of a tcp-address ends in its port: `10.0.0.0/8:5432`",
    );
    invalid(
        "tcp: { value: \"db:1\", within: \"*.com:1\" }",
        "47",
        "`*.com` is too wide: one `*`, above a name of at least two labels",
    );
    invalid(
        "tcp: { value: \"db:1\", within: \"d*.example.com:1\" }",
        "47",
        "`d*.example.com`: a `*` stands for the whole first label, `*.example.com`",
    );
    invalid(
        "tcp: { value: \"db:1\", within: \"10.0.0.0/33:1\" }",
        "47",
        "a network of that kind has at most 32 bits",
    );
    invalid(
        "tcp: { value: \"db:1\", within: \"x/8:1\" }",
        "47",
        "`x` is no address",
    );
    invalid(
        "file: { value: a, within: /a }",
        "43",
        "the bound `/a` is absolute; paths are relative to the pipeline's folder",
    );
    invalid(
        "file: { value: a, within: \"a/*\" }",
        "43",
        "`a/*`: a bound of a path is a folder or a file, without wildcards",
    );
    invalid(
        "remote: { value: /a, within: /a/../b }",
        "46",
        "`/a/../b` holds `..`; write the path it leads to",
    );
}

#[test]
fn requirements() {
    let requires = "requires.api = { type = \"url\", value = \"https://api.example.com/v2/\", doc = \"Its API.\" }";
    check_plugin(
        requires,
        "allow: { api: \"https://api.example.com/v2/\" }",
        &[],
    );
    let missing = "capstep.yml:8:15: requirement-not-granted: `p` requires `https://api.example.com/v2/`: Its API. | help: if you mean to grant it: `allow: { api: \"https://api.example.com/v2/\" }`";
    check_plugin(requires, "", &[missing]);
    check_plugin(
        requires,
        "allow: { ap: x }",
        &[
            "capstep.yml:9:18: unknown-allow: `p` requires no `ap` | help: did you mean `api`?",
            missing,
        ],
    );
    check_plugin(
        requires,
        "allow: { xyzzy: x }",
        &[
            "capstep.yml:9:18: unknown-allow: `p` requires no `xyzzy` | help: it requires api",
            missing,
        ],
    );
    check_plugin(
        "",
        "allow: { api: x }",
        &[
            "capstep.yml:9:18: unknown-allow: `p` requires no `api` | help: it requires nothing: leave `allow` out",
        ],
    );
    for value in ["\"https://api.example.com/\"", "true"] {
        check_plugin(
            requires,
            &format!("allow: {{ api: {value} }}"),
            &[
                "capstep.yml:9:23: requirement-mismatch: `p` asks for `https://api.example.com/v2/`, and this grants something else | help: if you mean to grant it: `api: \"https://api.example.com/v2/\"`",
            ],
        );
    }
}

#[test]
fn releases() {
    check("target: a@b, release: /srv, remote: web/x", &[]);
    check(
        "target: a@b, remote: web/x",
        &[
            "capstep.yml:9:38: relative-without-release: `web/x` is relative, and there is no release for it to be relative to | help: write an absolute path, or set `release` to the folder that holds the releases",
        ],
    );
    check(
        "target: a@b, release: srv",
        &["capstep.yml:9:39: invalid-value: `srv`: a release folder is an absolute path"],
    );
}

#[test]
fn expressions_that_fail() {
    // What isn't declared is told by the check of the text: here nothing more is said of it.
    check("name: \"${{ vars.NONE }}\"", &[]);
    check("url: \"https://${{ vars.NONE }}/\"", &[]);
    check(
        "name: \"a ${{ vars.OWN.x }}\"",
        &["capstep.yml:9:30: expression-failed: there is no `x` in a text"],
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    check(
        "nam: x, count: 0, key: x, url: x",
        &[
            "capstep.yml:9:17: unknown-input: `p` has no input `nam` | help: did you mean `name`?",
            "capstep.yml:9:32: invalid-value: `count`: expected 1 to 9, found 0 | help: How many.",
            "capstep.yml:9:48: invalid-value: `url`: `x` is no URL: relative URL without a base",
            "capstep.yml:9:40: not-a-secret: `key`: a secret is expected here, never its text: write `${{ secrets.NAME }}`",
        ],
    );
}

#[test]
fn what_no_engine_does_is_refused() {
    const BUILD: &str = r#"
[inputs.context]
type = "path"
access = ["build"]
[inputs.network]
type = "string"
role = "build-network(context)"
[inputs.cache]
type = "string"
role = "cache-to(context)"
[inputs.platforms]
type = "list<string>"
role = "platform(context)"
"#;
    let check = |with: &str, expected: &[&str]| {
        check_plugin(
            BUILD,
            &format!("with: {{ context: app, {with} }}"),
            expected,
        );
    };
    check("network: none, cache: inline, platforms: linux/arm64", &[]);
    check(
        "network: default, cache: none, platforms: [linux/arm64]",
        &[],
    );
    check(
        "network: host",
        &[
            "capstep.yml:9:40: invalid-value: `host` is no network of a build: it is `default` or `none` | help: `RUN` lines have the engine's usual network, or none; never that of the machine",
        ],
    );
    check(
        "cache: registry",
        &[
            "capstep.yml:9:38: invalid-value: `registry` is no cache of a build: it is `none` or `inline` | help: `inline` writes into the image what later builds need; an engine by itself writes no other cache",
        ],
    );
    check(
        "platforms: [linux/amd64, linux/arm64, linux/s390x]",
        &[
            "capstep.yml:9:56: invalid-value: a build is for one platform: an engine takes one at a time | help: build each platform by a step of its own, under a tag of its own",
        ],
    );
}
