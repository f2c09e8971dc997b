//! Types, accesses and methods.

use super::*;

#[test]
fn types() {
    check_input("type = \"paht\"", &["inputs.a: `paht` is no type"]);
    check_input("doc = \"d\"", &["inputs.a: say its `type`"]);
    for later in [
        "container",
        "compose-project",
        "network",
        "volume",
        "database",
        "process",
    ] {
        let expected = format!("inputs.a: type `{later}` is not supported yet");
        check_input(&format!("type = \"{later}\""), &[&expected]);
    }
    check_input(
        "type = \"image\", access = [\"pull\", \"run\"]",
        &["inputs.a: access `run` of `image` is not supported yet"],
    );
    check_input(
        "type = \"script\"",
        &["inputs.a: a script needs `on`: the input that names where it runs"],
    );
    check_input(
        "type = \"remote-path\", access = [\"upload\"]",
        &["inputs.a: write `remote-path(target)`: a remote path is on a target"],
    );
    check_input(
        "type = \"remote-path(t, t)\", access = [\"upload\"]",
        &["inputs.a: `remote-path` takes one input: `remote-path(target)`"],
    );
    check_input(
        "type = \"remote-path(u)\", access = [\"upload\"]",
        &["inputs.a: `u` is a `url`, not an ssh-target"],
    );
    check_input(
        "type = \"script\", on = \"x\"",
        &["inputs.a: `x`: there is no input `x` beside it"],
    );
    check_input(
        "type = \"script\", on = \"../t\"",
        &["inputs.a: `../t` leads out of the inputs"],
    );
    check_input(
        "type = \"script\", on = \"a/b\"",
        &["inputs.a: `a/b` names no input: write `name`, `../name` or `requires/NAME`"],
    );
    check_input("type = \"enum\"", &["inputs.a: an enum needs `values`"]);
    check_input(
        "type = \"string\", pattern = \"(\"",
        &["inputs.a: `pattern` is not a regular expression"],
    );
    check_input(
        "type = \"list\"",
        &["inputs.a: say what it holds: `item`, or the short form such as `list<string>`"],
    );
    check_input(
        "type = \"map\"",
        &["inputs.a: say what it holds: `value`, or the short form such as `list<string>`"],
    );
    check_input(
        "type = \"list<string>\", item = { type = \"string\" }",
        &["inputs.a: say what it holds once: in the type, or in `item`"],
    );
    check_input(
        "type = \"list\", item = { type = \"paht\" }",
        &["inputs.a.item: `paht` is no type"],
    );
    check_input(
        "type = \"list\", item = { type = \"string\", required = true, default = \"x\" }",
        &[
            "inputs.a.item: `required` says nothing of what a list or map holds: leave it out",
            "inputs.a.item: `default` says nothing of what a list or map holds: leave it out",
        ],
    );
    check_input(
        "type = \"list<list<list<list<list<list<list<list<string>>>>>>>>\"",
        &[],
    );
    check_input(
        "type = \"list<list<list<list<list<list<list<list<list<string>>>>>>>>>\"",
        &["inputs.a: inputs may nest 8 deep"],
    );
    check(
        "[inputs.Upper]\ntype = \"string\"\n[inputs.r]\ntype = \"record\"\n[inputs.r.fields.b_c]\ntype = \"string\"",
        &[
            "inputs.Upper: an input's name is lower-case words joined by `-`",
            "inputs.r.fields.b_c: an input's name is lower-case words joined by `-`",
        ],
    );
}

#[test]
fn accesses() {
    check_input("type = \"path\", access = [\"read\", \"write if b\"]", &[]);
    check_input(
        "type = \"path\", access = [\"exec\"]",
        &[
            "inputs.a: `exec` is no access of `path`; its words are read, write, upload, mount, build",
            "inputs.a: a `path` needs `access`: what the plugin does with it",
        ],
    );
    check_input(
        "type = \"ssh-target\", access = [\"script\", \"reed\"]",
        &["inputs.a: `reed` is no access of `ssh-target`; its words are script, files, exec"],
    );
    check_input(
        "type = \"string\", access = [\"read\"]",
        &["inputs.a: `string` takes no `access`"],
    );
    for (kind, word) in [
        ("path", "path"),
        ("ssh-target", "ssh-target"),
        ("remote-path(t)", "remote-path"),
    ] {
        let expected = format!("inputs.a: a `{word}` needs `access`: what the plugin does with it");
        check_input(&format!("type = \"{kind}\""), &[&expected]);
    }
    check_input(
        "type = \"path\", access = [\"read if u\"]",
        &["inputs.a: `if u`: `u` is not a boolean"],
    );
    check_input(
        "type = \"path\", access = [\"read if c\"]",
        &["inputs.a: `c`: there is no input `c` beside it"],
    );
    check_input("type = \"url\", access = [\"request if b\"]", &[]);
}

#[test]
fn accesses_that_no_verb_needs_yet() {
    for word in ["read", "write"] {
        let expected = format!("inputs.a: access `{word}` of `remote-path` is not supported yet");
        check_input(
            &format!("type = \"remote-path(t)\", access = [\"upload\", \"{word}\"]"),
            &[&expected],
        );
    }
}

#[test]
fn bounds() {
    let length = |key: &str, bound: &str| {
        format!(
            "inputs.a: `{key}` of a string counts characters: a whole number from 0, not {bound}"
        )
    };
    let whole = |key: &str, bound: &str| {
        format!("inputs.a: `{key}` of an integer is a whole number, not {bound}")
    };
    check_input("type = \"string\", min = 0, max = 3", &[]);
    check_input("type = \"string\", min = -1", &[&length("min", "-1")]);
    check_input("type = \"string\", max = 1.5", &[&length("max", "1.5")]);
    check_input("type = \"string\", max = nan", &[&length("max", "NaN")]);
    check_input("type = \"integer\", min = -3, max = 3.0", &[]);
    check_input("type = \"integer\", min = 1.5", &[&whole("min", "1.5")]);
    check_input(
        "type = \"list<integer>\", max = inf",
        &[&whole("max", "inf")],
    );
    check_input(
        "type = \"integer\", max = 1e300",
        &[&whole("max", &format!("{}", 1e300))],
    );
    check_input("type = \"number\", min = -1.5, max = 1.5", &[]);
    check_input(
        "type = \"number\", min = -inf",
        &["inputs.a: `min` is a number, not -inf"],
    );
    check_input(
        "type = \"number\", min = 2, max = 1.5",
        &["inputs.a: no value fits: `min` is more than `max`"],
    );
    check_input(
        "type = \"list<string>\", min = 2, max = 1",
        &["inputs.a: no value fits: `min` is more than `max`"],
    );
}

#[test]
fn methods() {
    check_input("type = \"url\", methods = [\"GET\", \"delete\"]", &[]);
    check_input(
        "type = \"url\", methods = [\"G T\"]",
        &["inputs.a: `G T` is no HTTP method"],
    );
    for text in ["GET", "input", "input()", "input(m, m)", "output(m)"] {
        let expected = format!(
            "inputs.a: `{text}`: `methods` is a list such as `[\"GET\"]`, or `\"input(NAME)\"` with an enum beside the url"
        );
        check_input(
            &format!("type = \"url\", methods = \"{text}\""),
            &[&expected],
        );
    }
    let choice = |m: &str, expected: &[&str]| {
        check(
            &format!(
                "inputs.m = {{ {m} }}\ninputs.a = {{ type = \"list<url>\", methods = \"input(m)\" }}"
            ),
            expected,
        );
    };
    choice(
        "type = \"enum\", values = [\"GET\", \"POST\"], default = \"GET\"",
        &[],
    );
    choice("type = \"enum\", values = [\"GET\"], required = true", &[]);
    choice(
        "type = \"enum\", values = [\"GET\"]",
        &[
            "inputs.a: `methods`: `m` needs a `default`, or to be `required`: without a value it grants no method",
        ],
    );
    choice(
        "type = \"enum\", values = [\"GET\", \"post\"], default = \"GET\"",
        &["inputs.a: `methods`: `m` may be `post`, which is no HTTP method in upper case"],
    );
    choice(
        "type = \"string\", default = \"GET\"",
        &["inputs.a: `methods`: `m` is a `string`, not an enum of methods"],
    );
    check_input(
        "type = \"url\", methods = \"input(m)\"",
        &["inputs.a: `m`: there is no input `m` beside it"],
    );
}
