//! `on`: which events a pipeline or a job is for.

use serde_json::Value as Json;

use super::fields::mark;
use super::glob::Glob;
use super::names::shown;
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, Spanned};
use crate::suggest::did_you_mean;
use crate::tree::{Node, Value};

/// The kinds of events, and the filters that each has.
pub(super) const EVENTS: &[(&str, &[&str])] = &[
    (
        "push",
        &["branches", "branches-ignore", "paths", "paths-ignore"],
    ),
    (
        "pull-request",
        &["branches", "branches-ignore", "paths", "paths-ignore"],
    ),
    ("tag", &["tags", "tags-ignore"]),
    ("schedule", &[]),
    ("manual", &[]),
];

/// The events that a pipeline or a job is for: any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triggers(Vec<Trigger>);

/// One kind of event, and what of it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trigger {
    event: &'static str,
    filters: Vec<Filter>,
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Branch,
    Tag,
    Paths,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    subject: Subject,
    /// Whether what matches is left out, and not what doesn't.
    ignore: bool,
    /// In order, each with whether it takes away what those before it let in.
    patterns: Vec<(bool, Glob)>,
}

impl Triggers {
    /// Whether an event is one of these. What it does not say (the paths that changed, say) filters nothing out.
    pub fn admit(&self, event: &Json) -> bool {
        let kind = kind(event);
        self.0.iter().any(|trigger| {
            kind.as_deref() == Some(trigger.event)
                && trigger.filters.iter().all(|filter| filter.admits(event))
        })
    }
}

impl Filter {
    fn admits(&self, event: &Json) -> bool {
        match self.subject {
            Subject::Branch => branch(event).is_none_or(|name| self.matches(name) != self.ignore),
            Subject::Tag => tag(event).is_none_or(|name| self.matches(name) != self.ignore),
            Subject::Paths => {
                let Some(paths) = event.get("paths").and_then(Json::as_array) else {
                    return true;
                };
                // One path that counts is enough.
                let mut paths = paths.iter().filter_map(Json::as_str);
                paths.any(|path| self.matches(path) != self.ignore)
            }
        }
    }

    /// The last pattern that matches decides.
    fn matches(&self, text: &str) -> bool {
        let last = self.patterns.iter().rfind(|(_, glob)| glob.matches(text));
        last.is_some_and(|(takes_away, _)| !takes_away)
    }
}

/// What kind of event it is: what it says itself, else what its ref tells.
fn kind(event: &Json) -> Option<String> {
    if let Some(name) = event.get("name").and_then(Json::as_str) {
        return Some(name.to_owned());
    }
    let reference = event.get("ref").and_then(Json::as_str)?;
    if reference.starts_with("refs/tags/") {
        Some("tag".to_owned())
    } else if reference.starts_with("refs/heads/") {
        Some("push".to_owned())
    } else {
        None
    }
}

fn branch(event: &Json) -> Option<&str> {
    let own = event.get("branch").and_then(Json::as_str);
    own.or_else(|| {
        event
            .get("ref")
            .and_then(Json::as_str)?
            .strip_prefix("refs/heads/")
    })
}

fn tag(event: &Json) -> Option<&str> {
    let own = event.get("tag").and_then(Json::as_str);
    own.or_else(|| {
        event
            .get("ref")
            .and_then(Json::as_str)?
            .strip_prefix("refs/tags/")
    })
}

impl Reader<'_> {
    /// Reads `on`: a kind of event, a list of them, or a map of them to their filters.
    pub(super) fn triggers(&mut self, key: &Spanned<String>, node: &Node) -> Option<Triggers> {
        let mut triggers = Vec::new();
        match &node.value {
            Value::String(_) => triggers.extend(self.plain_event(key.span, node)),
            Value::List(items) if !items.is_empty() => {
                for item in items {
                    triggers.extend(self.plain_event(key.span, item));
                }
            }
            Value::Map(entries) if !entries.is_empty() => {
                for (name, node) in entries {
                    if let Some((event, known)) = self.event_kind(name, name.span) {
                        let filters = self.filters(name, node, known);
                        triggers.push(Trigger { event, filters });
                    }
                }
            }
            _ => {
                let expected = "a kind of event, a list of them, or a map of them to filters";
                self.wrong_type("`on`", expected, mark(key.span, node), node);
                return None;
            }
        }
        Some(Triggers(triggers))
    }

    fn plain_event(&mut self, here: Span, node: &Node) -> Option<Trigger> {
        let name = self.plain_text("a kind of event", here, node)?;
        let span = mark(here, node);
        let (event, _) = self.event_kind(&name, span)?;
        Some(Trigger {
            event,
            filters: Vec::new(),
        })
    }

    fn event_kind(
        &mut self,
        name: &Spanned<String>,
        span: Span,
    ) -> Option<(&'static str, &'static [&'static str])> {
        let found = EVENTS.iter().find(|(known, _)| *known == name.value);
        if found.is_none() {
            let names = EVENTS.iter().map(|(known, _)| *known);
            let help = match did_you_mean(&name.value, names.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let known: Vec<String> = names.map(|name| format!("`{name}`")).collect();
                    format!("events are {}", known.join(", "))
                }
            };
            let message = format!("there is no event `{}`", shown(&name.value));
            self.report(Diagnostic::error(codes::UNKNOWN_WORD, span, message).help(help));
        }
        found.copied()
    }

    fn filters(
        &mut self,
        event: &Spanned<String>,
        node: &Node,
        known: &'static [&'static str],
    ) -> Vec<Filter> {
        if node.is_null() {
            return Vec::new();
        }
        let entries = self.open_map(event, node, "a map of filters");
        let mut filters: Vec<(Filter, Span)> = Vec::new();
        for (name, node) in entries.unwrap_or_default() {
            let Some(word) = known.iter().find(|word| **word == name.value) else {
                let message = format!("`{}` has no filter `{}`", event.value, shown(&name.value));
                let help = match did_you_mean(&name.value, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "it has none".to_owned(),
                    None => format!("it has `{}`", known.join("`, `")),
                };
                self.report(Diagnostic::error(codes::UNKNOWN_KEY, name.span, message).help(help));
                continue;
            };
            let (what, ignore) = match word.strip_suffix("-ignore") {
                Some(what) => (what, true),
                None => (*word, false),
            };
            let subject = match what {
                "branches" => Subject::Branch,
                "tags" => Subject::Tag,
                _ => Subject::Paths,
            };
            if let Some((_, first)) = filters.iter().find(|(filter, _)| filter.subject == subject) {
                let message = format!("`{what}` and `{what}-ignore` don't go together");
                self.report(
                    Diagnostic::error(codes::DUPLICATE_NAME, name.span, message)
                        .related(*first, "the other one")
                        .help("use one of them; a pattern that begins with `!` takes away"),
                );
                continue;
            }
            let patterns = self.patterns(name, node);
            let filter = Filter {
                subject,
                ignore,
                patterns,
            };
            filters.push((filter, name.span));
        }
        filters.into_iter().map(|(filter, _)| filter).collect()
    }

    fn patterns(&mut self, key: &Spanned<String>, node: &Node) -> Vec<(bool, Glob)> {
        let items = match &node.value {
            Value::String(_) => std::slice::from_ref(node),
            Value::List(items) => items,
            _ => {
                let what = format!("`{}`", key.value);
                let span = mark(key.span, node);
                self.wrong_type(&what, "a pattern or a list of them", span, node);
                return Vec::new();
            }
        };
        let mut patterns = Vec::new();
        for item in items {
            let Some(text) = self.plain_text("a pattern", key.span, item) else {
                continue;
            };
            let (takes_away, written) = match text.value.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, text.value.as_str()),
            };
            match Glob::parse(written) {
                Ok(glob) => patterns.push((takes_away, glob)),
                Err(why) => {
                    let message = format!("`{}` is no pattern: {why}", shown(written));
                    let span = mark(key.span, item);
                    self.report(Diagnostic::error(codes::UNKNOWN_WORD, span, message));
                }
            }
        }
        let only_takes_away = !patterns.is_empty() && patterns.iter().all(|(not, _)| *not);
        if only_takes_away {
            let message = format!("`{}` only takes away, and lets nothing in", key.value);
            let span = mark(key.span, node);
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, span, message)
                    .help("put what is let in first: `['**', '!docs/**']`"),
            );
        }
        patterns
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::parse_pipeline;
    use crate::source::Source;

    #[test]
    fn events_and_filters() {
        let check = |on: &str, event: serde_json::Value, expected: bool| {
            let text =
                format!("version: 1\non: {on}\njobs: {{ a: {{ steps: [{{ uses: x }}] }} }}\n");
            let (pipeline, mistakes) = parse_pipeline(&Source::new("t.yml", text));
            assert_eq!(mistakes, [], "{on}");
            let admitted = pipeline.unwrap().on.unwrap().admit(&event);
            assert_eq!(admitted, expected, "{on} {event}");
        };
        let push = |branch: &str| json!({ "ref": format!("refs/heads/{branch}") });
        check("push", push("main"), true);
        check("push", json!({ "ref": "refs/tags/v1" }), false);
        check(
            "push",
            json!({ "name": "pull-request", "branch": "main" }),
            false,
        );
        check("push", json!({}), false);
        check("[push, tag]", json!({ "ref": "refs/tags/v1" }), true);
        check("{ push: }", push("main"), true);
        check("{ push: { branches: main } }", push("main"), true);
        check("{ push: { branches: main } }", push("mainly"), false);
        check(
            "{ push: { branches: [release/**, main] } }",
            push("release/1/2"),
            true,
        );
        check(
            "{ push: { branches: release/* } }",
            push("release/1/2"),
            false,
        );
        // The last pattern that matches decides.
        check(
            "{ push: { branches: ['release/**', '!release/old/**', 'release/old/1'] } }",
            push("release/old/2"),
            false,
        );
        check(
            "{ push: { branches: ['release/**', '!release/old/**', 'release/old/1'] } }",
            push("release/old/1"),
            true,
        );
        check(
            "{ push: { branches-ignore: ['wip/**'] } }",
            push("wip/x"),
            false,
        );
        check(
            "{ push: { branches-ignore: ['wip/**'] } }",
            push("main"),
            true,
        );
        let paths = |paths: &[&str]| json!({ "ref": "refs/heads/main", "paths": paths });
        check(
            "{ push: { paths: ['src/**'] } }",
            paths(&["docs/a", "src/b/c"]),
            true,
        );
        check("{ push: { paths: ['src/**'] } }", paths(&["docs/a"]), false);
        check("{ push: { paths: ['src/**'] } }", paths(&[]), false);
        check(
            "{ push: { paths-ignore: ['docs/**'] } }",
            paths(&["docs/a"]),
            false,
        );
        check(
            "{ push: { paths-ignore: ['docs/**'] } }",
            paths(&["docs/a", "src/b"]),
            true,
        );
        // What the event doesn't say filters nothing out.
        check("{ push: { paths: ['src/**'] } }", push("main"), true);
        check(
            "{ push: { branches: main, paths: ['src/**'] } }",
            push("other"),
            false,
        );
        check(
            "{ tag: { tags: ['v*'] } }",
            json!({ "name": "tag", "tag": "v1.2" }),
            true,
        );
        check(
            "{ tag: { tags-ignore: ['*-rc*'] } }",
            json!({ "name": "tag", "tag": "v1-rc1" }),
            false,
        );
        check(
            "{ pull-request: { branches: [main] }, schedule: }",
            json!({ "name": "schedule" }),
            true,
        );
        check("manual", json!({ "name": "manual" }), true);
    }

    #[test]
    fn mistakes_are_located() {
        let check = |on: &str, expected: &str| {
            let text =
                format!("version: 1\non: {on}\njobs: {{ a: {{ steps: [{{ uses: x }}] }} }}\n");
            let source = Source::new("t.yml", text);
            let (_, mistakes) = parse_pipeline(&source);
            let shown: Vec<String> = mistakes
                .iter()
                .map(|mistake| mistake.plain(&source))
                .collect();
            assert_eq!(shown, [expected], "{on}");
        };
        check(
            "puhs",
            "t.yml:2:5: unknown-word: there is no event `puhs`\n  help: did you mean `push`?",
        );
        check(
            "5",
            "t.yml:2:5: wrong-type: `on` must be a kind of event, a list of them, or a map of them to filters, found a number",
        );
        check(
            "{ push: { tags: v1 } }",
            "t.yml:2:15: unknown-key: `push` has no filter `tags`\n  help: it has `branches`, `branches-ignore`, `paths`, `paths-ignore`",
        );
        check(
            "{ push: { branches: a, branches-ignore: b } }",
            "t.yml:2:28: duplicate-name: `branches` and `branches-ignore` don't go together\n  t.yml:2:15: the other one\n  help: use one of them; a pattern that begins with `!` takes away",
        );
        check(
            "{ push: { branches: ['!a'] } }",
            "t.yml:2:25: empty-value: `branches` only takes away, and lets nothing in\n  help: put what is let in first: `['**', '!docs/**']`",
        );
    }
}
