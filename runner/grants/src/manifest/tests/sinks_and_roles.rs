//! Sinks and roles.

use super::*;

#[test]
fn sinks() {
    check_input("type = \"secret\", sink = \"ssh-auth(t)\"", &[]);
    check_input("type = \"map<string>\", sink = \"remote-env(s)\"", &[]);
    check_input(
        "type = \"secret\"",
        &["inputs.a: a secret needs a `sink`: where its value goes"],
    );
    check_input(
        "type = \"secret\", sink = \"ssh-auth(u)\"",
        &["inputs.a: `u` is a `url`, not an ssh-target"],
    );
    check_input(
        "type = \"secret\", sink = \"passphrase(u)\"",
        &["inputs.a: `u` is a `url`, not a secret"],
    );
    check_input(
        "type = \"secret\", sink = \"remote-env(t)\"",
        &[
            "inputs.a: `t` is a `ssh-target`, not a script: only the pipeline's own text may see a secret",
        ],
    );
    check_input(
        "type = \"secret\", sink = \"http-header(t)\"",
        &["inputs.a: `t` is a `ssh-target`, not a url"],
    );
    check_input(
        "type = \"secret\", sink = \"http-body(t)\"",
        &["inputs.a: `t` is a `ssh-target`, not a url"],
    );
    check_input(
        "type = \"secret\", sink = \"file(u, compose)\"",
        &["inputs.a: `u` is a `url`, not a path"],
    );
    check_input(
        "type = \"secret\", sink = \"http-header(requires/api)\"",
        &["inputs.a: `requires/api`: the manifest requires no `api`"],
    );
    check_input(
        "type = \"boolean\", sink = \"http-header(u)\"",
        &["inputs.a: only a `secret` or a `string` has a sink"],
    );
    check(
        "inputs.f = { type = \"path\", access = [\"write\"] }\ninputs.a = { type = \"secret\", sink = \"file(f, json)\" }",
        &[],
    );
    let format = |keys: &str, expected: &[&str]| {
        let body = format!(
            "inputs.f = {{ type = \"path\", access = [\"write\"] }}\ninputs.kind = {{ {keys} }}\ninputs.a = {{ type = \"secret\", sink = \"file(f, kind)\" }}"
        );
        check(&body, expected);
    };
    format("type = \"enum\", values = [\"docker\", \"shell\"]", &[]);
    format("type = \"string\"", &[]);
    format(
        "type = \"enum\", values = [\"docker\", \"yaml\"]",
        &["inputs.a: `kind` may be `yaml`, which is no format: compose, docker, shell, json"],
    );
    format(
        "type = \"boolean\"",
        &["inputs.a: `kind` is a `boolean`, not the name of a format"],
    );
    check(
        "inputs.f = { type = \"path\", access = [\"write\"] }\ninputs.a = { type = \"secret\", sink = \"file(f, dotenv)\" }",
        &[
            "inputs.a: `dotenv` is neither an input beside it nor a format: compose, docker, shell, json",
        ],
    );
    let malformed = |text: &str, message: &str| {
        check_input(
            &format!("type = \"string\", sink = \"{text}\""),
            &[&format!("inputs.a: {message}")],
        );
    };
    malformed("ssh-auth", "`ssh-auth` is not of the form `word(input)`");
    malformed(
        "ssh-auth(t, u)",
        "`ssh-auth` takes one input: `ssh-auth(input)`",
    );
    malformed(
        "file(u)",
        "`file` takes the file's input and a format: `file(file, compose)`",
    );
    malformed(
        "stdout(u)",
        "`stdout` is no sink; the sinks are ssh-auth, passphrase, remote-env, http-header, http-body, file, registry-auth and build-secret",
    );
    malformed(
        "container-env(u)",
        "sink `container-env` is not supported yet",
    );
}

#[test]
fn roles() {
    check_input("type = \"path\", role = \"ca(u)\"", &[]);
    check_input("type = \"map<string>\", role = \"script-env(s)\"", &[]);
    let wrong = |kind: &str, role: &str, message: &str| {
        check_input(
            &format!("type = \"{kind}\", role = \"{role}\""),
            &[&format!("inputs.a: {message}")],
        );
    };
    wrong(
        "path",
        "known-hosts(u)",
        "`u` is a `url`, not an ssh-target",
    );
    wrong(
        "list<string>",
        "host-key(u)",
        "`u` is a `url`, not an ssh-target",
    );
    wrong(
        "map<string>",
        "script-env(u)",
        "`u` is a `url`, not a script",
    );
    wrong(
        "string",
        "working-directory(u)",
        "`u` is a `url`, not a script",
    );
    wrong("string", "shell(u)", "`u` is a `url`, not a script");
    wrong("boolean", "errexit(u)", "`u` is a `url`, not a script");
    wrong("path", "ca(t)", "`t` is a `ssh-target`, not a url");
    wrong(
        "list<string>",
        "shared(u)",
        "`u` is a `url`, not a remote-path",
    );
    wrong("integer", "keep(u)", "`u` is a `url`, not a remote-path");
    wrong(
        "string",
        "known-hosts(t)",
        "the role `known-hosts` is for a path",
    );
    wrong(
        "string",
        "host-key(t)",
        "the role `host-key` is for a list of strings",
    );
    wrong(
        "list<string>",
        "script-env(s)",
        "the role `script-env` is for a map of strings",
    );
    wrong(
        "boolean",
        "working-directory(s)",
        "the role `working-directory` is for a string or a remote-path",
    );
    wrong(
        "integer",
        "shell(s)",
        "the role `shell` is for a string, or an enum of `auto`, `bash` and `sh`",
    );
    wrong(
        "string",
        "errexit(s)",
        "the role `errexit` is for a boolean",
    );
    wrong("string", "ca(u)", "the role `ca` is for a path");
    wrong("string", "ca", "`ca` is not of the form `word(input)`");
    wrong("string", "ca(u, u)", "`ca` takes one input: `ca(input)`");
    wrong(
        "string",
        "owner(u)",
        "`owner` is no role; the roles are known-hosts, host-key, certificate, jump, script-env, host-env, working-directory, shell, errexit, exclude, include, max-delete, shared, keep, ca, build-arg, dockerfile, build-target, cache-from, cache-to, build-network, label, platform, no-cache, pull and registry-username",
    );
}

#[test]
fn builds_and_registries() {
    let body = |keys: &str| {
        format!(
            "inputs.c = {{ type = \"path\", access = [\"build\"] }}\ninputs.f = {{ type = \"path\", access = [\"read\"] }}\ninputs.h = {{ type = \"registry\" }}\ninputs.a = {{ {keys} }}"
        )
    };
    let good = |keys: &str| check(&body(keys), &[]);
    let bad = |keys: &str, message: &str| check(&body(keys), &[&format!("inputs.a: {message}")]);
    good("type = \"secret\", sink = \"registry-auth(h)\"");
    good("type = \"map<secret>\", sink = \"build-secret(c)\"");
    good("type = \"map<string>\", role = \"build-arg(c)\"");
    good("type = \"map<string>\", role = \"label(c)\"");
    good("type = \"string\", role = \"dockerfile(c)\"");
    good("type = \"string\", role = \"build-target(c)\"");
    good("type = \"list<image>\", access = [\"pull\"], role = \"cache-from(c)\"");
    good("type = \"enum\", values = [\"none\", \"inline\"], role = \"cache-to(c)\"");
    good("type = \"enum\", values = [\"default\", \"none\"], role = \"build-network(c)\"");
    good("type = \"list<string>\", role = \"platform(c)\"");
    good("type = \"boolean\", role = \"no-cache(c)\"");
    good("type = \"boolean\", role = \"pull(c)\"");
    good("type = \"string\", role = \"registry-username(h)\"");
    bad(
        "type = \"secret\", sink = \"registry-auth(c)\"",
        "`c` is a `path`, not a registry",
    );
    let context = "is no build context: a path with the access `build`";
    bad(
        "type = \"secret\", sink = \"build-secret(f)\"",
        &format!("`f` {context}"),
    );
    bad(
        "type = \"map<string>\", role = \"build-arg(f)\"",
        &format!("`f` {context}"),
    );
    bad(
        "type = \"string\", role = \"dockerfile(h)\"",
        &format!("`h` {context}"),
    );
    bad(
        "type = \"string\", role = \"build-arg(c)\"",
        "the role `build-arg` is for a map of strings",
    );
    bad(
        "type = \"list<string>\", role = \"cache-from(c)\"",
        "the role `cache-from` is for a list of images with the access `pull`",
    );
    bad(
        "type = \"list<image>\", access = [\"pull\"], role = \"cache-to(c)\"",
        "the role `cache-to` is for a string or an enum",
    );
    bad(
        "type = \"string\", role = \"no-cache(c)\"",
        "the role `no-cache` is for a boolean",
    );
    bad(
        "type = \"image\"",
        "a `image` needs `access`: what the plugin does with it",
    );
    bad(
        "type = \"registry\", access = [\"push\"]",
        "`push` is no access of `registry`; its words are login",
    );
}
