//! A text with expressions, as far as it is known.

use super::evaluate::{as_text, value};
use super::scope::{Evaluated, Scope};
use super::template::{CLOSE, OPEN, Part, Template};
use crate::source::Source;

/// What a text comes to as far as that is known: an expression that has no value yet, or that is made of a secret, stands in
/// it as it was written.
pub fn shown_template(template: &Template, scope: &dyn Scope, source: &Source) -> String {
    let mut text = String::new();
    for part in &template.parts {
        let expr = match part {
            Part::Text(part) => {
                text.push_str(part);
                continue;
            }
            Part::Expr(expr) => expr,
        };
        let span = expr.span();
        let known = match value(&expr.ast, scope) {
            Ok(Evaluated::Json(value)) => as_text(&value, span).ok(),
            Ok(Evaluated::Secret(_)) | Err(_) => None,
        };
        match known {
            Some(known) => text.push_str(&known),
            // Where a text is not written letter by letter, nobody knows which part of it the expression is.
            None if span == template.span() => {
                return source.slice(span).trim().to_owned();
            }
            None => text.push_str(&format!("{OPEN} {} {CLOSE}", source.slice(span).trim())),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::expr::JobStatus;
    use crate::source::Span;

    struct Known;

    impl Scope for Known {
        fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
            match path {
                [context, _] if context == "vars" => Ok(Evaluated::Json(json!("x"))),
                [context, _] if context == "matrix" => Ok(Evaluated::Json(Value::Null)),
                _ => Err("not known".to_owned()),
            }
        }

        fn status(&self) -> JobStatus {
            JobStatus::Success
        }
    }

    #[test]
    fn what_is_not_known_stands_as_it_is_written() {
        let check = |text: &str, expected: &str| {
            let source = Source::new("p.yml", text);
            let whole = Span::new(0, text.len());
            let (template, mistakes) = Template::parse(text, whole, &source);
            assert_eq!(mistakes, []);
            assert_eq!(shown_template(&template, &Known, &source), expected);
        };
        check("deps", "deps");
        check("deps-${{ vars.A }}", "deps-x");
        check(
            "${{vars.A}}-${{hashFiles('a', 'b')}}",
            "x-${{ hashFiles('a', 'b') }}",
        );
        check("a-${{ matrix.os }}", "a-${{ matrix.os }}");
        check("${{ run.id }}", "${{ run.id }}");
    }
}
