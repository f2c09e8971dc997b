//! Values of the types that keys take, or a mistake.

use std::sync::Arc;
use std::time::Duration;

use super::jobs::Sight;
use super::keys::{ELSEWHERE, LATER, LEVELS, Level};
use super::names::shown;
use super::reader::Reader;
use super::references::Use;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Reference, Template, has_expression};
use crate::source::{Span, Spanned};
use crate::suggest::did_you_mean;
use crate::tree::{Node, Value};
use crate::units::parse_duration;

/// A key and its value.
pub(super) type Entry = (Spanned<String>, Node);

/// How `describe` calls what was found.
pub(super) fn found(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "nothing",
        Value::Bool(_) => "true/false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}

/// The span to mark for a value: where there is none, that of its key.
pub(super) fn mark(key: Span, node: &Node) -> Span {
    if node.span.is_empty() { key } else { node.span }
}

impl Reader<'_> {
    /// Adds a mistake of type.
    pub(super) fn wrong_type(&mut self, what: &str, expected: &str, span: Span, node: &Node) {
        let message = format!("{what} must be {expected}, found {}", found(node));
        let help = match (&node.value, expected) {
            (Value::Number(number), "text") => {
                Some(format!("put it in quotes: \"{}\"", number.raw))
            }
            (Value::Bool(value), "text") => Some(format!("put it in quotes: \"{value}\"")),
            // The words that YAML once had for it, and other readers still do.
            (Value::String(text), "true or false") => {
                let value = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" => "true",
                    "no" | "off" | "n" => "false",
                    _ => "",
                };
                (!value.is_empty()).then(|| format!("write `{value}`: `{text}` is text"))
            }
            (Value::Null, _) => Some("give it a value, or remove the key".to_owned()),
            _ => None,
        };
        self.report(Diagnostic::error(codes::WRONG_TYPE, span, message).maybe_help(help));
    }

    /// The entries of a map of known keys; mistakes for keys that are unknown or missing.
    pub(super) fn level<'n>(
        &mut self,
        node: &'n Node,
        level: &Level,
        what: &str,
        here: Span,
    ) -> Option<&'n [Entry]> {
        let Some(entries) = node.as_map() else {
            self.wrong_type(what, "a map", mark(here, node), node);
            return None;
        };
        for (key, _) in entries {
            if !level.has(&key.value) && !self.is_full() {
                let diagnostic = unknown_key(key, level);
                self.report(diagnostic);
            }
        }
        for key in level.keys.iter().filter(|key| key.required) {
            // A key that is written wrong is one mistake.
            if node.get(key.name).is_none() && !is_misspelt(node, level, key.name) {
                let message = format!("{what} has no `{}`", key.name);
                let help = match key.name {
                    "version" => "start the file with `version: 1`",
                    "jobs" => "add `jobs:` with at least one job",
                    "steps" => "add `steps:` with at least one step",
                    "name" => "add `name:` with what it is called",
                    "group" => "add `group:` with what it is called",
                    "attempts" => "say how often: `attempts: 3`",
                    "paths" => "add `paths:` with what is kept",
                    "key" => {
                        "add `key:` with what it is kept under: `\"deps-${{ hashFiles('**/*.lock') }}\"`"
                    }
                    _ => "add `uses:` with the name of a plugin",
                };
                self.report(Diagnostic::error(codes::MISSING_KEY, here, message).help(help));
            }
        }
        Some(entries)
    }

    /// Text without expressions, with something in it.
    pub(super) fn text(&mut self, key: &Spanned<String>, node: &Node) -> Option<Spanned<String>> {
        let what = format!("`{}`", shown(&key.value));
        self.plain_text(&what, key.span, node)
    }

    /// As [`Reader::text`], for what is not simply the value of a key.
    pub(super) fn plain_text(
        &mut self,
        what: &str,
        here: Span,
        node: &Node,
    ) -> Option<Spanned<String>> {
        let span = mark(here, node);
        let Some(text) = node.as_str() else {
            self.wrong_type(what, "text", span, node);
            return None;
        };
        if text.trim().is_empty() {
            let message = format!("{what} is empty");
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, span, message)
                    .help("give it a value, or remove it"),
            );
            return None;
        }
        if self.has_expression(what, text, span) {
            return None;
        }
        Some(Spanned::new(text.to_owned(), node.span))
    }

    /// Refuses an expression where none is evaluated.
    pub(super) fn has_expression(&mut self, what: &str, text: &str, span: Span) -> bool {
        let has = has_expression(text);
        if has {
            let message = format!("{what} can't have expressions in it");
            self.report(
                Diagnostic::error(codes::EXPRESSION_NOT_ALLOWED, span, message)
                    .help("write it out; expressions are evaluated in `with`, `outputs` and `if`"),
            );
        }
        has
    }

    /// Refuses expressions in all texts of a value.
    pub(super) fn has_expressions(&mut self, what: &str, node: &Node) -> bool {
        let mut texts = Vec::new();
        node.for_each_text(&mut |text, span| texts.push((text.to_owned(), span)));
        let found = texts
            .iter()
            .filter(|(text, span)| self.has_expression(what, text, *span));
        found.count() > 0
    }

    /// A duration that is not nothing.
    pub(super) fn duration(
        &mut self,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Spanned<Duration>> {
        let span = mark(key.span, node);
        let written = match &node.value {
            Value::String(text) if self.has_expression(&format!("`{}`", key.value), text, span) => {
                return None;
            }
            Value::String(text) => text.clone(),
            Value::Number(number) => number.raw.clone(),
            _ => {
                self.wrong_type(&format!("`{}`", key.value), "a duration", span, node);
                return None;
            }
        };
        let problem = match parse_duration(&written) {
            Ok(Duration::ZERO) => "it must be longer than nothing".to_owned(),
            Ok(duration) => return Some(Spanned::new(duration, node.span)),
            Err(error) => error.to_string(),
        };
        let message = format!("`{}` is not a duration: {problem}", shown(&written));
        self.report(
            Diagnostic::error(codes::BAD_DURATION, span, message)
                .help("write whole numbers with `h`, `m`, `s` or `ms`: `90s`, `5m`, `1h30m`"),
        );
        None
    }

    /// True or false, written out.
    pub(super) fn flag(&mut self, key: &Spanned<String>, node: &Node) -> bool {
        if let Some(value) = node.as_bool() {
            return value;
        }
        let what = format!("`{}`", key.value);
        self.wrong_type(&what, "true or false", mark(key.span, node), node);
        false
    }

    /// A whole number from 1 to `most`.
    pub(super) fn count(&mut self, key: &Spanned<String>, node: &Node, most: u32) -> Option<u32> {
        let span = mark(key.span, node);
        let Some(number) = node.as_number() else {
            self.wrong_type(&format!("`{}`", key.value), "a whole number", span, node);
            return None;
        };
        let count = number
            .value
            .as_u64()
            .and_then(|count| u32::try_from(count).ok());
        let found = count.filter(|count| (1..=most).contains(count));
        if found.is_none() {
            let message = format!("`{}` is a whole number from 1 to {most}", key.value);
            self.report(Diagnostic::error(codes::OUT_OF_RANGE, span, message));
        }
        found
    }

    /// One of some words.
    pub(super) fn word(
        &mut self,
        what: &str,
        here: Span,
        node: &Node,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.plain_text(what, here, node)?;
        let found = words.iter().find(|word| **word == text.value).copied();
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let help = match did_you_mean(&text.value, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it can be {}", known.join(", ")),
            };
            let message = format!("{what} can't be `{}`", shown(&text.value));
            self.report(
                Diagnostic::error(codes::UNKNOWN_WORD, mark(here, node), message).help(help),
            );
        }
        found
    }

    /// The condition of an `if`; what it refers to is noted.
    pub(super) fn condition(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Expr> {
        let text = match &node.value {
            Value::Bool(value) => return Some(Expr::truth(*value, node.span)),
            Value::String(text) => text,
            _ => {
                let span = mark(key.span, node);
                self.wrong_type("`if`", "an expression", span, node);
                return None;
            }
        };
        match Expr::parse_condition(text, node.span, self.source) {
            Ok(mut expr) => {
                self.refer(sight, expr.references());
                expr.resolve_condition(&sight.frame)
                    .into_iter()
                    .for_each(|mistake| self.report(mistake));
                Some(expr)
            }
            Err(mistake) => {
                self.report(mistake);
                None
            }
        }
    }

    /// A text with expressions; what they refer to is noted.
    pub(super) fn template(&mut self, sight: &Sight, text: &str, span: Span) -> Template {
        let (mut template, mut mistakes) = Template::parse(text, span, self.source);
        self.refer(sight, template.references());
        mistakes.extend(template.resolve(&sight.frame));
        mistakes
            .into_iter()
            .for_each(|mistake| self.report(mistake));
        template
    }

    /// Notes what expressions refer to.
    pub(super) fn refer(&mut self, sight: &Sight, references: Vec<Reference>) {
        self.uses
            .extend(references.into_iter().map(|reference| Use {
                job: sight.job,
                steps: sight.steps,
                frame: Arc::clone(&sight.frame),
                reference,
            }));
    }
}

/// Whether an unknown key of the map is likely to be meant for this one: what follows from its absence is then no mistake
/// of its own.
pub(super) fn is_misspelt(node: &Node, level: &Level, name: &str) -> bool {
    let mut keys = node.as_map().unwrap_or_default().iter();
    keys.any(|(key, _)| {
        !level.has(&key.value) && did_you_mean(&key.value, level.names()) == Some(name)
    })
}

fn unknown_key(key: &Spanned<String>, level: &Level) -> Diagnostic {
    let name = shown(&key.value);
    let known: Vec<String> = level.names().map(|name| format!("`{name}`")).collect();
    let known = format!("{} has {}", level.noun, known.join(", "));
    if LATER.contains(&key.value.as_str()) {
        let message = format!("`{name}` is not supported yet");
        return Diagnostic::error(codes::NOT_SUPPORTED_YET, key.span, message).help(known);
    }
    let elsewhere = LEVELS.iter().find(|level| level.has(&key.value));
    let known_there = ELSEWHERE.iter().find(|(known, _)| *known == key.value);
    let help = match (did_you_mean(&key.value, level.names()), elsewhere) {
        _ if known_there.is_some() => {
            known_there.map_or_else(String::new, |(_, help)| (*help).to_owned())
        }
        (_, Some(elsewhere)) => format!("`{name}` is a key of {}; {known}", elsewhere.noun),
        (Some(similar), None) => format!("did you mean `{similar}`?"),
        (None, None) => known,
    };
    let message = format!("`{name}` is not a key of {}", level.noun);
    Diagnostic::error(codes::UNKNOWN_KEY, key.span, message).help(help)
}
