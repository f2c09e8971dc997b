//! An input, and what a list or map holds.

use super::Compiler;
use super::default::fits;
use crate::manifest::declaration::InputDeclaration;
use crate::manifest::keys;
use crate::manifest::model::{Input, Kind};
use crate::manifest::types::{TypeText, parse_type};

/// How deep inputs may nest: manifests are written by people, and every walk over them is recursive.
const MAX_DEPTH: usize = 8;

impl Compiler {
    pub(super) fn input(
        &mut self,
        name: &str,
        declared: &InputDeclaration,
        at: &str,
        depth: usize,
    ) -> Option<Input> {
        if depth > MAX_DEPTH {
            self.problem(at, format!("inputs may nest {MAX_DEPTH} deep"));
            return None;
        }
        let parsed = match parse_type(&declared.kind, declared) {
            Ok(parsed) => parsed,
            Err(message) => {
                self.problem(at, message);
                return None;
            }
        };
        // What the author wrote beside `list<T>` is about its items; the list itself has its name, default and doc.
        let mut on_item = false;
        let kind = match parsed {
            TypeText::Scalar(kind) => kind,
            TypeText::List(short) => {
                on_item = short.is_some();
                Kind::List(Box::new(self.part(
                    short,
                    declared.item.as_deref(),
                    declared,
                    at,
                    "item",
                    depth,
                )?))
            }
            TypeText::Map(short) => {
                on_item = short.is_some();
                Kind::Map(Box::new(self.part(
                    short,
                    declared.value.as_deref(),
                    declared,
                    at,
                    "value",
                    depth,
                )?))
            }
            TypeText::Record => {
                let fields = self.fields(&declared.fields, &format!("{at}.fields"), depth + 1);
                self.any_of(&declared.any_of, &fields, &format!("{at}.any-of"));
                Kind::Record(fields)
            }
        };
        if matches!(&kind, Kind::Enum(values) if values.is_empty()) {
            self.problem(at, "an enum needs `values`");
        }
        if let Kind::String {
            pattern: Some(pattern),
            ..
        } = &kind
            && regex::Regex::new(pattern).is_err()
        {
            self.problem(at, "`pattern` is not a regular expression");
        }
        if !on_item
            && let (Some(min), Some(max)) = (declared.min, declared.max)
            && min > max
        {
            self.problem(at, "no value fits: `min` is more than `max`");
        }
        let (access, sink, role) = if on_item {
            (Vec::new(), None, None)
        } else {
            for key in keys::meaningless(declared, &kind) {
                self.problem(
                    at,
                    format!("`{key}` says nothing of a `{}`: leave it out", kind.word()),
                );
            }
            (
                self.access(&declared.access, &kind, at),
                self.sink(declared, &kind, at),
                self.role(declared, at),
            )
        };
        let input = Input {
            name: name.to_owned(),
            kind,
            required: declared.required,
            default: declared.default.clone(),
            doc: declared.doc.clone(),
            access,
            sink,
            role,
            any_of: declared.any_of.clone(),
        };
        if input.default.is_some() && input.is_sensitive() {
            self.problem(at, "an input that carries authority or a secret has no default: the publisher can't grant");
        } else if let Some(default) = &input.default {
            if input.required {
                self.problem(at, "an input that is `required` has no use for a `default`");
            }
            if let Err(message) = fits(&input.kind, default) {
                self.problem(at, format!("the default does not fit: {message}"));
            }
        }
        Some(input)
    }

    fn part(
        &mut self,
        short: Option<&str>,
        long: Option<&InputDeclaration>,
        declared: &InputDeclaration,
        at: &str,
        word: &str,
        depth: usize,
    ) -> Option<Input> {
        match (short, long) {
            (Some(kind), None) => {
                let item = InputDeclaration {
                    kind: kind.to_owned(),
                    default: None,
                    required: false,
                    doc: String::new(),
                    ..declared.clone()
                };
                self.input("", &item, at, depth + 1)
            }
            (None, Some(item)) => {
                for (is_set, key) in [
                    (item.required, "required"),
                    (item.default.is_some(), "default"),
                ] {
                    if is_set {
                        self.problem(
                            &format!("{at}.{word}"),
                            format!(
                                "`{key}` says nothing of what a list or map holds: leave it out"
                            ),
                        );
                    }
                }
                // `type = "list"` with `item.fields` is a list of records: the word may be left out.
                let mut item = item.clone();
                (item.required, item.default) = (false, None);
                if item.kind.is_empty() && !item.fields.is_empty() {
                    "record".clone_into(&mut item.kind);
                }
                self.input("", &item, &format!("{at}.{word}"), depth + 1)
            }
            (None, None) => {
                self.problem(
                    at,
                    format!(
                        "say what it holds: `{word}`, or the short form such as `list<string>`"
                    ),
                );
                None
            }
            (Some(_), Some(_)) => {
                self.problem(
                    at,
                    format!("say what it holds once: in the type, or in `{word}`"),
                );
                None
            }
        }
    }
}
