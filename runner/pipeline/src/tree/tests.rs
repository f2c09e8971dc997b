//! Tests of the tree: values and spans, errors of YAML, bombs.

use std::time::{Duration, Instant};

use super::{Node, Value, parse_tree};
use crate::source::Source;

fn tree(text: &str) -> Node {
    parse_tree(Source::new("t.yml", text).file_at(0)).unwrap()
}

#[test]
fn numbers_keep_their_text() {
    let check = |written: &str, value: &str| {
        let node = tree(&format!("a: {written}\n"));
        let number = node.get("a").unwrap().as_number().unwrap();
        assert_eq!(
            (number.raw.as_str(), number.value.to_string().as_str()),
            (written, value)
        );
    };
    check("010", "10.0");
    check("1_000", "1000");
    check("1.10", "1.1");
    check("0x1F", "31");
    check("0o17", "15");
    check("-5", "-5");
    check("+5", "5");
    check("18446744073709551615", "18446744073709551615");
    check("99999999999999999999", "1e+20");
    let tagged = tree("a: !!int \"5\"\n");
    assert_eq!(tagged.get("a").unwrap().as_number().unwrap().raw, "5");
    let aliased = tree("a: &v 1.10\nb: *v\n");
    assert_eq!(aliased.get("b").unwrap().as_number().unwrap().raw, "1.10");
}

#[test]
fn what_looks_like_something_else_stays_text() {
    for (written, text) in [
        ("'010'", "010"),
        ("\"1.10\"", "1.10"),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"),
        ("1e999", "1e999"),
        ("-1e999", "-1e999"),
        (".inf", ".inf"),
        ("'.inf'", ".inf"),
        ("!!str 5", "5"),
        ("${{ a }}", "${{ a }}"),
        ("\"! a\"", "! a"),
        ("well ! a", "well ! a"),
    ] {
        assert_eq!(
            tree(&format!("a: {written}\n")).get("a").unwrap().as_str(),
            Some(text),
            "{written}"
        );
    }
}

#[test]
fn spans_cover_what_was_written() {
    let text = "\u{feff}hé: [1, 'q', {x: y, z: [ ] }, ]\nsteps:\n  - uses: a\n    with: {b: c}\n  - &s\n    uses: d\n  - *s\nt: |\n  one\n  two\nn:\n";
    let source = Source::new("t.yml", text);
    let root = parse_tree(source.file_at(0)).unwrap();
    let slice = |node: &Node| source.slice(node.span).to_owned();
    let list = root.get("hé").unwrap();
    assert_eq!(slice(list), "[1, 'q', {x: y, z: [ ] }, ]");
    let items = list.as_list().unwrap();
    assert_eq!(slice(&items[1]), "'q'");
    assert_eq!(slice(&items[2]), "{x: y, z: [ ] }");
    let steps = root.get("steps").unwrap().as_list().unwrap();
    assert_eq!(slice(&steps[0]), "uses: a\n    with: {b: c}");
    assert_eq!(slice(&steps[1]), "uses: d");
    assert_eq!(steps[2].span, steps[1].span);
    assert_eq!(slice(root.get("t").unwrap()), "one\n  two\n");
    assert_eq!(slice(root.get("n").unwrap()), "");
    assert_eq!(root.entry("hé").unwrap().0.span.len(), 3);
}

#[test]
fn json_keeps_order() {
    let node = tree("b: 1\na: [true, ~, x]\nc: {d: 1.5}\n1: e\n");
    assert_eq!(
        node.to_json().to_string(),
        r#"{"b":1,"a":[true,null,"x"],"c":{"d":1.5},"1":"e"}"#
    );
    assert!(matches!(tree("").value, Value::Null));
    assert!(matches!(tree("# only a comment\n").value, Value::Null));
}

#[test]
fn errors_are_located_and_hinted() {
    let check = |text: &str, expected: &str| {
        let source = Source::new("t.yml", text);
        let found = parse_tree(source.file_at(0)).unwrap_err();
        assert_eq!(found.plain(&source), expected, "{text:?}");
    };
    check(
        "a: 1\nb: {a: 1}\na: 2\n",
        "t.yml:3:1: duplicate-key: the key `a` stands twice in this map\n  t.yml:1:1: the first one\n  help: remove one of the two, or put them together",
    );
    check(
        "- a:\n    x: 1\n    y: {x: 2}\n    x: 3\n",
        "t.yml:4:5: duplicate-key: the key `x` stands twice in this map\n  t.yml:2:5: the first one\n  help: remove one of the two, or put them together",
    );
    check(
        "1: a\n'1': b\n",
        "t.yml:2:1: duplicate-key: the key `1` stands twice in this map\n  t.yml:1:1: the first one\n  help: remove one of the two, or put them together",
    );
    check(
        "a:\n\tb: 1\n",
        "t.yml:2:2: yaml-syntax: this is not YAML: tabs disallowed within this context (block indentation)\n  help: YAML is indented with spaces: replace the tab",
    );
    check(
        "a: 'x\nb: 1\n",
        "t.yml:2:1: yaml-syntax: this is not YAML: invalid indentation in multiline quoted scalar\n  help: a quote that opened above is not closed: close it, or indent the lines it goes on over",
    );
    check(
        "a: {b: 1\n",
        "t.yml:1:4: yaml-syntax: this is not YAML: unclosed bracket `{`\n  help: close it with the matching bracket, or quote text that starts with `[` or `{`",
    );
    check(
        "a: [1, 2\nb: 3\n",
        "t.yml:2:2: yaml-syntax: this is not YAML: illegal placement of `:` indicator\n  help: a `[` or `{` above is not closed, or text that has `: ` in it is not in quotes",
    );
    check(
        "a: b: c\n",
        "t.yml:1:5: yaml-syntax: this is not YAML: mapping values are not allowed in this context\n  help: text that has `: ` in it must be in quotes; or this line is indented too deep, or the one above lacks its `:`",
    );
    check(
        "if: !cancelled()\n",
        "t.yml:1:17: yaml-syntax: this is not YAML: unsupported tag `!cancelled()`\n  help: text that starts with `!` must be in quotes, or written as \"${{ !… }}\"",
    );
    check(
        "a: @x\n",
        "t.yml:1:4: yaml-syntax: this is not YAML: unexpected character: `@`\n  help: text that starts with this character must be in quotes",
    );
    check(
        "a: {{ x }}\n",
        "t.yml:1:5: yaml-syntax: only text can be a key\n  help: to YAML a `{` or `[` opens a map or a list: text that has an expression in it must be in quotes here: \"${{ … }}\"",
    );
    check(
        "a: { b: ${{ x }} }\n",
        "t.yml:1:10: yaml-syntax: this is not YAML: flow mapping, did not find expected `,` or `}`\n  help: text that has an expression in it must be in quotes here: \"${{ … }}\"",
    );
    check(
        "a: ! b\n",
        "t.yml:1:4: yaml-syntax: to YAML this `!` is no part of the text behind it\n  help: put the text in quotes, or write \"${{ !… }}\"",
    );
    check(
        "a: 1\n---\nb: 2\n",
        "t.yml:3:1: yaml-syntax: a second YAML document starts here\n  help: a pipeline is one document: remove the `---` or `...` line above",
    );
    check(
        "a: *nope\n",
        "t.yml:1:4: yaml-syntax: this alias (`*name`) repeats nothing that was named before\n  help: name the value with `&name` further up, or put text that starts with `*` in quotes",
    );
    check(
        "b: &x {k: 1}\na:\n  <<: *x\n",
        "t.yml:3:3: yaml-syntax: merge keys (`<<`) are not read\n  help: write the keys where they belong, so that each step shows what it does; an alias (`*name`) may repeat a whole value",
    );
    check(
        "a:\n  b: 1\n c: 2\n",
        "t.yml:3:2: yaml-syntax: this is not YAML: block mapping, did not find expected key\n  help: compare this line's indentation with the lines around it",
    );
}

#[test]
fn bombs_end_quickly() {
    let check = |name: &str, text: String| {
        let started = Instant::now();
        let error = parse_tree(Source::new("t.yml", text).file_at(0)).unwrap_err();
        assert_eq!(error.code, "limit-exceeded", "{name}: {}", error.message);
        // Generous, since the machine may be busy; each takes some milliseconds.
        assert!(started.elapsed() < Duration::from_secs(5), "{name}");
    };
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        aliases.push_str(&format!("a{level}: &a{level} [{list}]\n"));
    }
    check("aliases of aliases", aliases);
    let long = "x".repeat(500_000);
    check(
        "long text repeated",
        format!("a: &a {long}\nb: [{}]\n", ["*a"; 900].join(", ")),
    );
    check("flow nesting", "[".repeat(100_000));
    check("flow maps", "{a: ".repeat(100_000));
    check("block nesting", "- ".repeat(100_000));
    check("too long", "# ".repeat(1_000_000));
    check("many values", format!("[{}]", "1,".repeat(300_000)));
}

#[test]
fn many_keys_are_read_quickly() {
    let started = Instant::now();
    let text: String = (0..20_000).map(|i| format!("k{i}: v\n")).collect();
    assert_eq!(tree(&text).as_map().unwrap().len(), 20_000);
    assert!(started.elapsed() < Duration::from_secs(5));
}
