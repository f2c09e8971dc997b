//! `cache`: what a job keeps between runs.

use super::fields::mark;
use super::jobs::Sight;
use super::keys::CACHE;
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::Template;
use crate::source::{Span, Spanned};
use crate::tree::{Node, Value};

/// The most caches of a job.
const MAX_CACHES: usize = 16;

/// The most paths of a cache, and the most fallback keys: each key is held against all that is kept.
const MAX_TEXTS: usize = 32;

/// What a job keeps between runs under one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// The folders and files.
    pub paths: Vec<Template>,
    /// What they are kept under.
    pub key: Template,
    /// The beginnings of other keys, where nothing is kept under that one.
    pub fallback_keys: Vec<Template>,
    /// When they are kept.
    pub save: Save,
    /// All of it.
    pub span: Span,
}

/// When a cache is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save {
    /// If all steps passed.
    OnSuccess,
    /// Also if some failed.
    Always,
    /// Never: what others keep is only brought back.
    Never,
}

impl Save {
    const ALL: [Self; 3] = [Self::OnSuccess, Self::Always, Self::Never];

    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnSuccess => "on-success",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// The words for [`Save`].
pub(super) const SAVE_WORDS: [&str; 3] = [
    Save::OnSuccess.word(),
    Save::Always.word(),
    Save::Never.word(),
];

impl Reader<'_> {
    /// Reads `cache`: a map, or a list of maps.
    pub(super) fn caches(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Vec<Cache> {
        let items = match &node.value {
            Value::List(items) if items.is_empty() => {
                self.report(
                    Diagnostic::error(codes::EMPTY_VALUE, node.span, "`cache` is empty")
                        .help("say what is kept, or remove the key"),
                );
                return Vec::new();
            }
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        self.at_most(items.len(), MAX_CACHES, "`cache` has", "caches", node.span);
        let read = |item| self.cache(sight, key, item);
        items.iter().take(MAX_CACHES).filter_map(read).collect()
    }

    fn cache(&mut self, sight: &Sight, of: &Spanned<String>, node: &Node) -> Option<Cache> {
        let first_key = node.as_map().and_then(|entries| entries.first());
        let here = first_key.map_or_else(|| mark(of.span, node), |(key, _)| key.span);
        let (mut paths, mut key, mut fallback_keys) = (Vec::new(), None, Vec::new());
        let mut save = Save::OnSuccess;
        for (name, node) in self.level(node, &CACHE, "`cache`", here)? {
            match name.value.as_str() {
                "paths" => paths = self.texts(sight, name, node),
                "key" => key = self.shown_text(sight, name, node),
                "fallback-keys" => fallback_keys = self.texts(sight, name, node),
                "save" => {
                    let word = self.word("`save`", name.span, node, &SAVE_WORDS);
                    let found = Save::ALL.into_iter().find(|save| Some(save.word()) == word);
                    save = found.unwrap_or(save);
                }
                _ => {}
            }
        }
        Some(Cache {
            paths,
            key: key?,
            fallback_keys,
            save,
            span: node.span,
        })
    }

    /// Texts with expressions that others get to see; one stands for a list of one.
    fn texts(&mut self, sight: &Sight, key: &Spanned<String>, node: &Node) -> Vec<Template> {
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let what = format!("`{}`", key.value);
        if items.is_empty() {
            let message = format!("{what} is empty");
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, mark(key.span, node), message)
                    .help("give it a value, or remove it"),
            );
        }
        self.at_most(
            items.len(),
            MAX_TEXTS,
            &format!("{what} has"),
            "items",
            node.span,
        );
        let read = |item| self.shown_text(sight, key, item);
        items.iter().take(MAX_TEXTS).filter_map(read).collect()
    }

    fn at_most(&mut self, count: usize, most: usize, has: &str, things: &str, span: Span) {
        if count > most {
            let message = format!("{has} {count} {things}, and {most} is the most");
            self.report(Diagnostic::error(codes::LIMIT_EXCEEDED, span, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::parse_pipeline;
    use crate::source::Source;

    fn read(cache: &str) -> (Arc<Vec<Cache>>, Vec<String>) {
        let text = format!(
            "version: 1\nsecrets: [S]\nvars: {{ V: x }}\njobs:\n  a:\n    cache: {cache}\n    steps: [{{ id: s, uses: x }}]\n"
        );
        let source = Source::new("t.yml", text);
        let (pipeline, mistakes) = parse_pipeline(&source);
        let shown = mistakes.iter().map(|mistake| {
            let plain = mistake.plain(&source);
            plain.lines().next().unwrap_or_default().to_owned()
        });
        let shown = shown.collect();
        (Arc::clone(&pipeline.unwrap().jobs[0].caches), shown)
    }

    #[test]
    fn one_or_several() {
        let check = |cache: &str, expected: &[(&[&str], &[&str], Save)]| {
            let (caches, mistakes) = read(cache);
            assert_eq!(mistakes, Vec::<String>::new(), "{cache}");
            let texts = |all: &[Template]| -> Vec<String> {
                let literal = |one: &Template| one.is_literal().unwrap_or("?").to_owned();
                all.iter().map(literal).collect()
            };
            let found: Vec<_> = caches
                .iter()
                .map(|one| (texts(&one.paths), texts(&one.fallback_keys), one.save))
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(paths, keys, save)| {
                    let owned = |texts: &[&str]| -> Vec<String> {
                        texts.iter().map(|text| (*text).to_owned()).collect()
                    };
                    (owned(paths), owned(keys), *save)
                })
                .collect();
            assert_eq!(found, expected, "{cache}");
        };
        check(
            "{ paths: lib, key: k }",
            &[(&["lib"], &[], Save::OnSuccess)],
        );
        check(
            "[{ paths: [a, b], key: k, fallback-keys: k-, save: always }, { paths: \"${{ vars.V }}\", key: l, fallback-keys: [l-, \"\\x6d\"], save: never }]",
            &[
                (&["a", "b"], &["k-"], Save::Always),
                (&["?"], &["l-", "m"], Save::Never),
            ],
        );
    }

    #[test]
    fn each_mistake_is_told() {
        let check = |cache: &str, expected: &[&str]| {
            let (_, mistakes) = read(cache);
            assert_eq!(mistakes, expected, "{cache}");
        };
        check(
            "",
            &["t.yml:6:5: wrong-type: `cache` must be a map, found nothing"],
        );
        check("[]", &["t.yml:6:12: empty-value: `cache` is empty"]);
        check(
            "lib",
            &["t.yml:6:12: wrong-type: `cache` must be a map, found text"],
        );
        check(
            "{ key: k }",
            &["t.yml:6:14: missing-key: `cache` has no `paths`"],
        );
        check(
            "{ paths: lib }",
            &["t.yml:6:14: missing-key: `cache` has no `key`"],
        );
        check(
            "{ paths: [], key: k }",
            &["t.yml:6:21: empty-value: `paths` is empty"],
        );
        check(
            "{ paths: [1, ''], key: '' }",
            &[
                "t.yml:6:22: wrong-type: `paths` must be text, found a number",
                "t.yml:6:25: empty-value: `paths` is empty",
                "t.yml:6:35: empty-value: `key` is empty",
            ],
        );
        check(
            "{ path: lib, paths: lib, key: k }",
            &["t.yml:6:14: unknown-key: `path` is not a key of `cache`"],
        );
        check(
            "{ paths: lib, key: k, save: never-ever }",
            &["t.yml:6:40: unknown-word: `save` can't be `never-ever`"],
        );
        check(
            "{ paths: \"${{ secrets.S }}\", key: \"k-${{ steps.s.outcome }}\" }",
            &[
                "t.yml:6:26: secret-exposed: `paths` is shown, and can't hold a secret",
                "t.yml:6:50: unknown-step: this is worked out before the job's steps run",
            ],
        );
        let many: Vec<String> = (0..33).map(|number| format!("p{number}")).collect();
        check(
            &format!("{{ paths: [{}], key: k }}", many.join(", ")),
            &["t.yml:6:21: limit-exceeded: `paths` has 33 items, and 32 is the most"],
        );
        let many = vec!["{ paths: lib, key: k }"; 17].join(", ");
        check(
            &format!("[{many}]"),
            &["t.yml:6:12: limit-exceeded: `cache` has 17 caches, and 16 is the most"],
        );
    }
}
