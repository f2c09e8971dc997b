//! Works out what an expression says.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use thiserror::Error;
use zeroize::Zeroizing;

use super::ast::{Ast, Kind};
use super::expression::Expr;
use super::function::{Function, FunctionId};
use super::json::parse_json;
use super::limits::MAX_TEXT_BYTES;
use super::scope::{Evaluated, JobStatus, Scope, descend};
use super::secret::SecretText;
use super::template::{Part, Template};
use crate::source::Span;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct EvalError {
    /// The part of the expression it is about.
    pub span: Span,
    /// What is wrong, a lower-case sentence; never with a secret in it.
    pub message: String,
}

/// All but what RFC 3986 calls unreserved.
const URL_RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The value of a text. A text that is one expression gives that expression's value with its type; any other is text,
/// and secret as soon as a part of it is.
///
/// # Errors
///
/// If a value is not there or not of the type that is needed, or the text would be longer than 8 MiB.
pub fn evaluate_template(template: &Template, scope: &dyn Scope) -> Result<Evaluated, EvalError> {
    if let Some(expr) = template.single_expr() {
        return value(&expr.ast, scope);
    }
    let mut text = Text::default();
    for part in &template.parts {
        match part {
            Part::Text(part) => text.push(part),
            Part::Expr(expr) => {
                let span = expr.ast.span;
                match value(&expr.ast, scope)? {
                    Evaluated::Secret(secret) => text.push_secret(&secret),
                    Evaluated::Json(value) => text.push(&as_text(&value, span)?),
                }
            }
        }
        if text.len > MAX_TEXT_BYTES {
            let message = format!("this text would be longer than {MAX_TEXT_BYTES} bytes (8 MiB)");
            return Err(error(template.span, message));
        }
    }
    Ok(text.finish())
}

/// Whether the condition holds.
///
/// # Errors
///
/// If a value is not there or not of the type that is needed; a condition must be true or false.
pub fn evaluate_condition(expr: &Expr, scope: &dyn Scope) -> Result<bool, EvalError> {
    truth(&expr.ast, scope)
}

/// Text that grows part by part. A secret's copies stay in buffers that are wiped: nothing is moved by growing.
#[derive(Default)]
struct Text {
    parts: Vec<Zeroizing<String>>,
    names: BTreeSet<String>,
    len: usize,
}

impl Text {
    fn push(&mut self, part: &str) {
        self.len += part.len();
        self.parts.push(Zeroizing::new(part.to_owned()));
    }

    fn push_secret(&mut self, secret: &SecretText) {
        self.push(&secret.text);
        self.names.extend(secret.names.iter().cloned());
    }

    fn finish(self) -> Evaluated {
        let mut text = Zeroizing::new(String::with_capacity(self.len));
        for part in &self.parts {
            text.push_str(part);
        }
        if self.names.is_empty() {
            return Evaluated::Json(Value::String(std::mem::take(&mut *text)));
        }
        Evaluated::Secret(SecretText {
            text,
            names: self.names,
        })
    }
}

pub(super) fn value(ast: &Ast, scope: &dyn Scope) -> Result<Evaluated, EvalError> {
    let json = match &ast.kind {
        Kind::Literal(value) => value.clone(),
        Kind::Reference(reference) => {
            return scope
                .lookup(&reference.path)
                .map_err(|message| error(ast.span, message));
        }
        Kind::Not(part) => (!truth(part, scope)?).into(),
        Kind::All(parts) => parts
            .iter()
            .try_fold(true, |all, part| Ok(all && truth(part, scope)?))?
            .into(),
        Kind::Any(parts) => parts
            .iter()
            .try_fold(false, |any, part| Ok(any || truth(part, scope)?))?
            .into(),
        Kind::Equal(left, right) => equal(left, right, ast.span, scope)?.into(),
        Kind::NotEqual(left, right) => (!equal(left, right, ast.span, scope)?).into(),
        Kind::Call(function, arguments) => return call(function, arguments, scope),
        Kind::Named(template) => {
            return evaluate_template(template, scope)
                .map_err(|found| error(ast.span, found.message));
        }
        Kind::Member(of, path) => descend(&open(of, scope)?, path)
            .cloned()
            .map_err(|message| error(ast.span, message))?,
    };
    Ok(Evaluated::Json(json))
}

/// A value that is not a secret.
fn open(ast: &Ast, scope: &dyn Scope) -> Result<Value, EvalError> {
    match value(ast, scope)? {
        Evaluated::Json(value) => Ok(value),
        Evaluated::Secret(secret) => {
            let names: Vec<&str> = secret.names.iter().map(String::as_str).collect();
            let message = format!(
                "this is made of the secret `{}`, which can only be handed over or put into a text",
                names.join("`, `")
            );
            Err(error(ast.span, message))
        }
    }
}

fn truth(ast: &Ast, scope: &dyn Scope) -> Result<bool, EvalError> {
    match open(ast, scope)? {
        Value::Bool(value) => Ok(value),
        other => {
            let message = format!(
                "true or false is expected here, not {}; compare it, as in `… == 'x'`",
                with_article(&other)
            );
            Err(error(ast.span, message))
        }
    }
}

fn text(ast: &Ast, scope: &dyn Scope) -> Result<String, EvalError> {
    match open(ast, scope)? {
        Value::String(text) => Ok(text),
        other => {
            let message = format!("text is expected here, not {}", with_article(&other));
            Err(error(ast.span, message))
        }
    }
}

fn equal(left: &Ast, right: &Ast, span: Span, scope: &dyn Scope) -> Result<bool, EvalError> {
    let (left, right) = (open(left, scope)?, open(right, scope)?);
    if left.is_null() || right.is_null() {
        return Ok(left == right);
    }
    // Text is never equal to a number; a comparison that can't hold is a mistake, not an answer.
    if kind_name(&left) != kind_name(&right) {
        let message = format!(
            "{} can't be compared with {}",
            with_article(&left),
            with_article(&right)
        );
        return Err(error(span, message));
    }
    Ok(same(&left, &right))
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        // `1` and `1.0` are the same number.
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64()
        }
        _ => left == right,
    }
}

fn call(function: &Function, arguments: &[Ast], scope: &dyn Scope) -> Result<Evaluated, EvalError> {
    let json = match (function.id, arguments) {
        (FunctionId::UrlEncode, [part]) => return url_encode(part, scope),
        (FunctionId::Default, [first, otherwise]) => {
            return match value(first, scope)? {
                Evaluated::Json(Value::Null) => value(otherwise, scope),
                found => Ok(found),
            };
        }
        (FunctionId::ToJson, [part]) => open(part, scope)?.to_string().into(),
        (FunctionId::FromJson, [part]) => {
            let text = text(part, scope)?;
            parse_json(&text)
                .map_err(|problem| error(part.span, format!("this is not JSON: {problem}")))?
        }
        (FunctionId::Contains, [whole, part]) => contains(whole, part, scope)?.into(),
        (FunctionId::StartsWith, [whole, start]) => {
            text(whole, scope)?.starts_with(&text(start, scope)?).into()
        }
        (FunctionId::EndsWith, [whole, end]) => {
            text(whole, scope)?.ends_with(&text(end, scope)?).into()
        }
        (FunctionId::HashFiles, patterns) => {
            let span = patterns.first().map(|part| part.span).unwrap_or_default();
            let patterns = patterns
                .iter()
                .map(|pattern| text(pattern, scope))
                .collect::<Result<Vec<_>, _>>()?;
            scope
                .hash_files(&patterns)
                .map_err(|message| error(span, message))?
                .into()
        }
        (FunctionId::Success, _) => (scope.status() == JobStatus::Success).into(),
        (FunctionId::Failure, _) => (scope.status() == JobStatus::Failure).into(),
        (FunctionId::Cancelled, _) => (scope.status() == JobStatus::Cancelled).into(),
        (FunctionId::Always, _) => true.into(),
        (
            FunctionId::UrlEncode
            | FunctionId::Default
            | FunctionId::ToJson
            | FunctionId::FromJson
            | FunctionId::Contains
            | FunctionId::StartsWith
            | FunctionId::EndsWith,
            _,
        ) => {
            // The parser counts the arguments of every call.
            let span = arguments.first().map(|part| part.span).unwrap_or_default();
            return Err(error(span, format!("call it as `{}`", function.usage)));
        }
    };
    Ok(Evaluated::Json(json))
}

fn url_encode(part: &Ast, scope: &dyn Scope) -> Result<Evaluated, EvalError> {
    match value(part, scope)? {
        Evaluated::Json(value) => {
            let text = as_text(&value, part.span)?;
            let encoded = utf8_percent_encode(&text, URL_RESERVED).to_string();
            Ok(Evaluated::Json(encoded.into()))
        }
        Evaluated::Secret(secret) => {
            // Room for the longest result, so that no half of a secret stays behind where a buffer grew.
            let mut encoded = Zeroizing::new(String::with_capacity(secret.text.len() * 3));
            for piece in utf8_percent_encode(&secret.text, URL_RESERVED) {
                encoded.push_str(piece);
            }
            Ok(Evaluated::Secret(SecretText {
                text: encoded,
                names: secret.names,
            }))
        }
    }
}

fn contains(whole: &Ast, part: &Ast, scope: &dyn Scope) -> Result<bool, EvalError> {
    match open(whole, scope)? {
        Value::String(whole) => Ok(whole.contains(&text(part, scope)?)),
        Value::Array(list) => {
            let part = open(part, scope)?;
            Ok(list.iter().any(|item| same(item, &part)))
        }
        other => {
            let message = format!(
                "text or a list is expected here, not {}",
                with_article(&other)
            );
            Err(error(whole.span, message))
        }
    }
}

/// A value within a text.
pub(super) fn as_text(value: &Value, span: Span) -> Result<String, EvalError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Err(error(
            span,
            "there is no value here; say what to use instead: `default(…, '')`".to_owned(),
        )),
        Value::Array(_) | Value::Object(_) => Err(error(
            span,
            format!(
                "{} can't be put into a text as it is; use `toJSON(…)`",
                with_article(value)
            ),
        )),
    }
}

/// What kind of value it is, in the words of messages.
pub(super) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true/false",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

fn with_article(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => kind_name(value).to_owned(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => format!("a {}", kind_name(value)),
    }
}

fn error(span: Span, message: String) -> EvalError {
    EvalError { span, message }
}
