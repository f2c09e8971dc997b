//! Tests of expressions: what they come to, what is refused, where.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};

/// `vars.*` and outputs from a JSON value, secrets whose value is `<NAME> & co`.
struct TestScope {
    values: Value,
    status: JobStatus,
}

impl Scope for TestScope {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        match path {
            [first, name] if first == "secrets" => {
                let text = Zeroizing::new(format!("<{name}> & co"));
                Ok(Evaluated::Secret(SecretText::new(name.clone(), text)))
            }
            _ => descend(&self.values, path).cloned().map(Evaluated::Json),
        }
    }

    fn status(&self) -> JobStatus {
        self.status
    }
}

fn scope(status: JobStatus) -> TestScope {
    TestScope {
        values: json!({
            "vars": { "A": "x", "N": 5, "T": true, "LIST": ["a", 2], "EMPTY": null, "MAP": { "k": "v" } },
            "steps": { "s": { "outputs": { "n": 1.0, "list": [1, { "a": "b" }] } } },
            "needs": { "j": { "outputs": { "s": "out" } } },
            "run": { "id": "r1" },
        }),
        status,
    }
}

/// The text as it is where no name of the file stands for anything, or its first mistake.
fn read(text: &str, span: Span, source: &Source) -> Result<Template, Diagnostic> {
    let (mut template, mut mistakes) = Template::parse(text, span, source);
    mistakes.extend(template.resolve(&Frame::default()));
    mistakes.into_iter().next().map_or(Ok(template), Err)
}

fn template(text: &str) -> Result<Template, String> {
    let source = Source::new("t.yml", text);
    read(text, Span::new(0, text.len()), &source).map_err(|mistake| {
        let marked = source.slice(mistake.span);
        format!("{}: {} [{marked}]", mistake.code, mistake.message)
    })
}

fn condition(text: &str) -> Result<Expr, String> {
    let source = Source::new("t.yml", text);
    let read =
        Expr::parse_condition(text, Span::new(0, text.len()), &source).and_then(|mut expr| {
            let mistakes = expr.resolve_condition(&Frame::default());
            mistakes.into_iter().next().map_or(Ok(expr), Err)
        });
    read.map_err(|mistake| {
        format!(
            "{}: {} [{}]",
            mistake.code,
            mistake.message,
            source.slice(mistake.span)
        )
    })
}

/// What a text comes to: JSON, or `secret(NAMES): text`, or the error with the text it marks.
fn evaluate(text: &str) -> String {
    let template = match template(text) {
        Ok(template) => template,
        Err(mistake) => return mistake,
    };
    match evaluate_template(&template, &scope(JobStatus::Success)) {
        Ok(Evaluated::Json(value)) => value.to_string(),
        Ok(Evaluated::Secret(secret)) => {
            let names: Vec<&str> = secret.names.iter().map(String::as_str).collect();
            format!("secret({}): {}", names.join(","), *secret.text)
        }
        Err(error) => format!(
            "error: {} [{}]",
            error.message,
            &text[error.span.start..error.span.end]
        ),
    }
}

#[test]
fn templates_evaluate() {
    let check = |text: &str, expected: &str| assert_eq!(evaluate(text), expected, "{text}");
    check("plain }} text", r#""plain }} text""#);
    check("", r#""""#);
    check("${{ vars.A }}", r#""x""#);
    check(
        "a ${{ vars.A }} ${{vars.N}} ${{ vars.T }}",
        r#""a x 5 true""#,
    );
    check("${{ vars.N }}", "5");
    check("${{ vars.LIST }}", r#"["a",2]"#);
    check("${{ vars.LIST[1] }}", "2");
    check("${{ vars['MAP'].k }}${{ vars.MAP['k'] }}", r#""vv""#);
    check("${{ steps.s.outputs.list[1].a }}", r#""b""#);
    check("${{ needs.j.outputs['s'] }}", r#""out""#);
    check("run ${{ run.id }}", r#""run r1""#);
    check("${{ 'it''s }} ${{' }}", r#""it's }} ${{""#);
    check("${{ '${{' }}", r#""${{""#);
    check("${{ null }}", "null");
    check("${{ -1.5e1 }}", "-15.0");
    check("${{ toJSON(vars.LIST) }}", r#""[\"a\",2]""#);
    check("${{ fromJSON('{\"a\": [1]}') }}", r#"{"a":[1]}"#);
    check(
        "${{ contains('abc', 'b') }} ${{ contains(vars.LIST, 2) }}",
        r#""true true""#,
    );
    check(
        "${{ startsWith('abc', 'ab') && !endsWith('abc', 'ab') }}",
        "true",
    );
    check(
        "${{ default(vars.EMPTY, 'y') }} ${{ default(vars.A, 'y') }} ${{ default(vars.NONE.x, 1) }}",
        r#""y x 1""#,
    );
    check("${{ urlencode('a b/ü~') }}", r#""a%20b%2F%C3%BC~""#);
    check(
        "${{ vars.N == 5.0 }} ${{ vars.A != 'x' }} ${{ vars.EMPTY == null }} ${{ vars.A == null }}",
        r#""true false true false""#,
    );
    check(
        "${{ false && vars.A }} ${{ true || vars.A }}",
        r#""false true""#,
    );
    check("${{ (true || false) && false || true }}", "true");
}

#[test]
fn what_has_a_secret_is_one() {
    let check = |text: &str, expected: &str| assert_eq!(evaluate(text), expected, "{text}");
    check("${{ secrets.S }}", "secret(S): <S> & co");
    check(
        "u:${{ urlencode(secrets.S) }}@${{ secrets.T }}",
        "secret(S,T): u:%3CS%3E%20%26%20co@<T> & co",
    );
    check(
        "${{ default(vars.EMPTY, secrets.S) }}",
        "secret(S): <S> & co",
    );
    check("${{ default(secrets.S, 'x') }}", "secret(S): <S> & co");
    check(
        "${{ urlencode(default(vars.EMPTY, secrets.S)) }}",
        "secret(S): %3CS%3E%20%26%20co",
    );
    check(
        "${{ secrets.S == 'x' }}",
        "secret-exposed: a secret can't be compared [secrets.S]",
    );
    check(
        "${{ 'x' != urlencode(secrets.S) }}",
        "secret-exposed: a secret can't be compared [urlencode(secrets.S)]",
    );
    check(
        "${{ toJSON(secrets.S) }}",
        "secret-exposed: a secret can't be passed to `toJSON` [secrets.S]",
    );
    check(
        "${{ fromJSON(secrets.S) }}",
        "secret-exposed: a secret can't be passed to `fromJSON` [secrets.S]",
    );
    check(
        "${{ contains('x', default(vars.A, secrets.S)) }}",
        "secret-exposed: a secret can't be passed to `contains` [default(vars.A, secrets.S)]",
    );
    check(
        "${{ toJSON(secrets) }}",
        "secret-exposed: all secrets at once can't be used [secrets]",
    );
    check(
        "${{ !secrets.S }}",
        "secret-exposed: a secret is neither true nor false [secrets.S]",
    );
    check(
        "${{ secrets.S && true }}",
        "secret-exposed: a secret is neither true nor false [secrets.S]",
    );

    let secret = SecretText::new("S", Zeroizing::new("value".to_owned()));
    assert_eq!(format!("{secret:?}"), r#"SecretText { names: {"S"}, .. }"#);
    assert_eq!(secret.names, BTreeSet::from(["S".to_owned()]));
}

#[test]
fn outputs_that_are_secret_at_run_time_stay_so() {
    struct Hidden;
    impl Scope for Hidden {
        fn lookup(&self, _: &[String]) -> Result<Evaluated, String> {
            let text = Zeroizing::new("value".to_owned());
            Ok(Evaluated::Secret(SecretText::new("S", text)))
        }

        fn status(&self) -> JobStatus {
            JobStatus::Success
        }
    }
    for text in [
        "x == 'value'",
        "toJSON(x)",
        "fromJSON(x)",
        "contains(x, 'v')",
        "startsWith('v', x)",
        "!x",
        "x && true",
        "false || x",
    ] {
        let text = format!("${{{{ {} }}}}", text.replace('x', "steps.s.outputs.o"));
        let error = evaluate_template(&template(&text).unwrap(), &Hidden).unwrap_err();
        assert_eq!(
            error.message,
            "this is made of the secret `S`, which can only be handed over or put into a text",
            "{text}"
        );
    }
    assert!(evaluate_condition(&condition("steps.s.outputs.o").unwrap(), &Hidden).is_err());
}

#[test]
fn values_that_do_not_fit() {
    let check = |text: &str, expected: &str| {
        assert_eq!(evaluate(text), format!("error: {expected}"), "{text}")
    };
    check(
        "a ${{ vars.EMPTY }}",
        "there is no value here; say what to use instead: `default(…, '')` [vars.EMPTY]",
    );
    check(
        "a ${{ vars.LIST }}",
        "a list can't be put into a text as it is; use `toJSON(…)` [vars.LIST]",
    );
    check(
        "${{ vars.A && true }}",
        "true or false is expected here, not text; compare it, as in `… == 'x'` [vars.A]",
    );
    check(
        "${{ vars.N == '5' }}",
        "a number can't be compared with text [vars.N == '5']",
    );
    check(
        "${{ startsWith(vars.N, 'a') }}",
        "text is expected here, not a number [vars.N]",
    );
    check(
        "${{ contains(vars.N, 'a') }}",
        "text or a list is expected here, not a number [vars.N]",
    );
    check(
        "${{ fromJSON('{') }}",
        "this is not JSON: it ends too early, at line 1, column 1: something in it is not closed ['{']",
    );
    check("${{ vars.A.b }}", "there is no `b` in a text [vars.A.b]");
    check(
        "${{ vars.LIST[7] }}",
        "there is no `7` in a list of 2 [vars.LIST[7]]",
    );
    let long = "${{ vars.A }}".repeat(10);
    let big = TestScope {
        values: json!({ "vars": { "A": "x".repeat(1_000_000) } }),
        status: JobStatus::Success,
    };
    let error = evaluate_template(&template(&long).unwrap(), &big).unwrap_err();
    assert_eq!(
        error.message,
        "this text would be longer than 8388608 bytes (8 MiB)"
    );
}

#[test]
fn conditions() {
    let check = |text: &str, status, expected: Result<bool, &str>| {
        let found = condition(text).and_then(|expr| {
            evaluate_condition(&expr, &scope(status)).map_err(|error| error.message)
        });
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    };
    use JobStatus::{Cancelled, Failure, Success};
    check("vars.A == 'x'", Success, Ok(true));
    check("${{ vars.A == 'x' }}", Success, Ok(true));
    check("  ${{ vars.A == '}}' }} ", Success, Ok(false));
    check("success()", Success, Ok(true));
    check("success()", Failure, Ok(false));
    check("failure() || cancelled()", Cancelled, Ok(true));
    check("always()", Cancelled, Ok(true));
    check("!cancelled()", Failure, Ok(true));
    check("vars.T", Success, Ok(true));
    check(
        "vars.A",
        Success,
        Err("true or false is expected here, not text; compare it, as in `… == 'x'`"),
    );
    check(
        "secrets.S",
        Success,
        Err("secret-exposed: a secret can't be used in an `if` [secrets.S]"),
    );
    check(
        "urlencode(secrets.S) == 'x'",
        Success,
        Err("secret-exposed: a secret can't be used in an `if` [secrets.S]"),
    );
    check(
        "${{ true }} && ${{ false }}",
        Success,
        Err("expression-syntax: `$` means nothing in an expression [$]"),
    );
    assert!(condition("a == 1 && failure()").is_err());
    assert!(condition("vars.N == 1 && failure()").unwrap().uses_status());
    assert!(!condition("vars.N == 1").unwrap().uses_status());
}

#[test]
fn mistakes_are_marked() {
    let check = |inner: &str, expected: &str| {
        let text = format!("é ${{{{ {inner} }}}}");
        assert_eq!(template(&text).unwrap_err(), expected, "{text}");
    };
    check(
        "",
        "expression-syntax: there is nothing in this expression [  ]",
    );
    check(
        "vars.A =",
        "expression-syntax: `=` means nothing in an expression [=]",
    );
    check(
        "vars.A == ",
        "expression-syntax: a value is expected here, not the end of the expression []",
    );
    check(
        "vars.A vars.B",
        "expression-syntax: `vars` is not expected here [vars]",
    );
    check(
        "1 == 1 == 1",
        "expression-syntax: comparisons don't chain [==]",
    );
    check(
        "\"x\"",
        "expression-syntax: `\\\"` means nothing in an expression [\"]",
    );
    check(
        "1 + 1",
        "expression-syntax: `+` means nothing in an expression [+]",
    );
    check("010", "expression-syntax: `010` is not a number [010]");
    check(
        "vars.",
        "expression-syntax: a name is expected after `.`, not the end of the expression []",
    );
    check(
        "vars[A]",
        "expression-syntax: a name in single quotes or a place in a list is expected here, not `A` [A]",
    );
    check(
        "(true",
        "expression-syntax: `)` is expected here, not the end of the expression []",
    );
    check(
        "vars['A'",
        "expression-syntax: `]` is expected here, not the end of the expression []",
    );
    check(
        "upper(vars.A)",
        "unknown-function: there is no function `upper` [upper]",
    );
    check(
        "tojson(vars.A)",
        "unknown-function: there is no function `tojson` [tojson]",
    );
    check(
        "contains(vars.A)",
        "wrong-arguments: `contains` takes 2 values, here it has 1 value [contains(vars.A)]",
    );
    check(
        "toJSON()",
        "wrong-arguments: `toJSON` takes 1 value, here it has no values [toJSON()]",
    );
    check(
        "always()",
        "status-outside-if: `always()` is only known in an `if` [always()]",
    );
    check(
        "github.ref",
        "unknown-context: `github.ref` is not known here [github.ref]",
    );
    check("vars", "unknown-context: `vars` is not a value [vars]");
    check(
        "steps.x.result",
        "unknown-context: `steps.x.result` is not a value [steps.x.result]",
    );
    check(
        "secrets.A.b",
        "unknown-context: `secrets.A.b` is not a value [secrets.A.b]",
    );
    check(
        "inputs.os",
        "unknown-context: `inputs` is known only in files that are included [inputs.os]",
    );
    check(
        "env.a.b",
        "unknown-context: `env.a.b` is not a value [env.a.b]",
    );
    check(
        "run.number",
        "unknown-context: `run.number` is not a value [run.number]",
    );
    check(
        "hashFiles()",
        "wrong-arguments: `hashFiles` takes 1 value to 32 values, here it has no values [hashFiles()]",
    );
    check(
        "urlencode(secrets.A).x",
        "secret-exposed: a secret has no parts [urlencode(secrets.A)]",
    );
    assert_eq!(
        template("a ${{ b").unwrap_err(),
        "unclosed-expression: this expression is not closed [${{]"
    );
    assert_eq!(
        template("a ${{ 'b }}").unwrap_err(),
        "unclosed-expression: this expression is not closed [${{]"
    );
    let long = format!("{}true", "!".repeat(33));
    check(
        &long,
        "limit-exceeded: this expression nests more than 32 deep [!]",
    );
    check(
        &format!("'{}'", "x".repeat(5000)),
        &format!(
            "limit-exceeded: this expression has 5004 bytes; at most 4096 are read [ '{}' ]",
            "x".repeat(5000)
        ),
    );
    assert!(template(&format!("${{{{ {} }}}}", ["true"; 400].join(" && "))).is_ok());
}

#[test]
fn references_have_their_places() {
    let text = "${{ secrets.A }}-${{ default(steps.s.outputs.o.deep, needs.j.outputs['x y']) == run.id }} ${{ vars.V }}";
    let template = template(text).unwrap();
    let found: Vec<(Target, &str)> = template
        .references()
        .into_iter()
        .map(|reference| {
            (
                reference.target,
                &text[reference.span.start..reference.span.end],
            )
        })
        .collect();
    let owned = str::to_owned;
    assert_eq!(
        found,
        [
            (Target::Secret(owned("A")), "secrets.A"),
            (
                Target::StepOutput {
                    step: owned("s"),
                    output: owned("o")
                },
                "steps.s.outputs.o.deep"
            ),
            (
                Target::JobOutput {
                    job: owned("j"),
                    output: owned("x y")
                },
                "needs.j.outputs['x y']"
            ),
            (Target::Run(RunFact::Id), "run.id"),
            (Target::Variable(owned("V")), "vars.V"),
        ]
    );
    assert_eq!(template.secrets(), ["A"]);
}

#[test]
fn spans_survive_quoting() {
    let check = |yaml: &str, expected: &str| {
        let source = Source::new("t.yml", yaml);
        let root = crate::tree::parse_tree(source.file_at(0)).unwrap();
        let node = root.get("a").unwrap();
        let template = read(node.as_str().unwrap(), node.span, &source).unwrap();
        let spans: Vec<&str> = template
            .references()
            .iter()
            .map(|r| source.slice(r.span))
            .collect();
        assert_eq!(spans.join("|"), expected, "{yaml}");
    };
    check("a: x ${{ vars.A }}\n", "vars.A");
    check(
        "a: \"x\\n${{ vars.A }} \\u00e9 ${{ vars.B }}\"\n",
        "vars.A|vars.B",
    );
    check(
        "a: |\n  x\n  ${{ vars.A }}\n    ${{ vars.A }}\n",
        "vars.A|vars.A",
    );
    // In single quotes a quote is doubled, so the text is not what the file has: the whole scalar is marked.
    check(
        "a: 'x ${{ default(vars.A, ''y'') }}'\n",
        "'x ${{ default(vars.A, ''y'') }}'",
    );
}

#[test]
fn literals_and_single_expressions() {
    assert_eq!(template("x").unwrap().is_literal(), Some("x"));
    assert_eq!(template("").unwrap().is_literal(), Some(""));
    assert!(template("${{ vars.A }}").unwrap().is_literal().is_none());
    assert!(template("${{ vars.A }}").unwrap().single_expr().is_some());
    assert!(template(" ${{ vars.A }}").unwrap().single_expr().is_none());
}

/// Pieces that expressions are made of, so that random texts get past the lexer.
fn expression_soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("vars.A"),
        Just("secrets.S"),
        Just("secrets"),
        Just("steps.s.outputs.n"),
        Just("'x'"),
        Just("5"),
        Just("null"),
        Just("true"),
        Just("=="),
        Just("!="),
        Just("&&"),
        Just("||"),
        Just("!"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("."),
        Just(","),
        Just("toJSON("),
        Just("default("),
        Just("urlencode("),
        Just("contains("),
        Just("always()"),
        Just("${{"),
        Just("}}"),
        Just("'"),
        Just(" "),
        Just("é"),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = template(&text);
        let _ = condition(&text);
        let _ = template(&format!("${{{{{text}}}}}"));
    }

    #[test]
    fn evaluating_never_panics(text in expression_soup()) {
        let scope = scope(JobStatus::Failure);
        for text in [text.clone(), format!("${{{{ {text} }}}}"), format!("a ${{{{ {text} }}}} b")] {
            if let Ok(template) = template(&text) {
                let _ = evaluate_template(&template, &scope);
            }
            if let Ok(expr) = condition(&text) {
                let _ = evaluate_condition(&expr, &scope);
            }
        }
    }

    #[test]
    fn text_without_expressions_is_itself(text in "\\PC*") {
        prop_assume!(!text.contains("${{"));
        let template = template(&text).unwrap();
        prop_assert_eq!(template.is_literal(), Some(text.as_str()));
        let value = evaluate_template(&template, &scope(JobStatus::Success)).unwrap();
        prop_assert!(matches!(value, Evaluated::Json(Value::String(found)) if found == text));
    }

    /// Whatever is put around a secret: the result is an error, or a secret that carries its name, or doesn't have the
    /// secret's value in it.
    #[test]
    fn secrets_stay_secret(before in "[a-z ]{0,8}", soup in expression_soup(), after in "[a-z ]{0,8}") {
        let text = format!("{before}${{{{ {soup} }}}}${{{{ urlencode(secrets.S) }}}}{after}");
        if let Ok(template) = template(&text)
            && let Ok(value) = evaluate_template(&template, &scope(JobStatus::Success))
        {
            let Evaluated::Secret(secret) = value else {
                return Err(TestCaseError::fail(format!("{text} is not secret")));
            };
            prop_assert!(secret.names.contains("S"));
        }
        if let Ok(template) = template(&format!("${{{{ {soup} }}}}"))
            && let Ok(Evaluated::Json(value)) = evaluate_template(&template, &scope(JobStatus::Success))
        {
            prop_assert!(!value.to_string().contains("<S>"));
        }
    }
}
