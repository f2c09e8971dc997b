//! `matrix`: one job for each combination of values.
//!
//! The combinations are those of GitHub's runner: the axes multiplied, the last one fastest; `exclude` takes away what
//! has all of its values; then each entry of `include` is added to every combination whose axes it agrees with, and
//! becomes a combination of its own where there is none.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json};

use super::fields::{Entry, mark};
use super::names::{self, shown};
use super::pipeline::Variant;
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, Spanned};
use crate::tree::Node;

/// The most jobs of one matrix. More are no test of something but a mistake, and nobody reads the report.
const MAX_JOBS: usize = 256;

/// The most jobs that run at once of one matrix: any number, if the machine has the processors.
const MAX_PARALLEL: u32 = 256;

/// The most bytes of a combination, written as JSON: what tells jobs apart is short, and each of them keeps it.
const MAX_COMBINATION: usize = 4 * 1024;

/// The longest name of a job that a matrix makes, in characters.
const MAX_NAME: usize = 100;

/// The words in `matrix` that are no axes.
const WORDS: &[&str] = &["include", "exclude", "max-parallel", "fail-fast"];

/// The jobs that a matrix makes.
#[derive(Debug, Clone, Default)]
pub(super) struct Matrix {
    /// Every name that `matrix.NAME` can have.
    pub(super) axes: Vec<String>,
    pub(super) variants: Vec<Variant>,
}

/// Names and values, in order.
type Combination = Map<String, Json>;

impl Reader<'_> {
    /// Reads `matrix`. None where it is not even a map.
    pub(super) fn matrix(&mut self, key: &Spanned<String>, node: &Node) -> Option<Matrix> {
        let entries = self.open_map(key, node, "a map of names to lists of values")?;
        let mut axes: Vec<(String, Vec<Json>)> = Vec::new();
        let (mut include, mut exclude) = (Vec::new(), Vec::new());
        let (mut max_parallel, mut fail_fast) = (None, true);
        for (name, node) in entries {
            match name.value.as_str() {
                "include" => include = self.combinations(name, node),
                "exclude" => exclude = self.combinations(name, node),
                "max-parallel" => max_parallel = self.count(name, node, MAX_PARALLEL),
                "fail-fast" => fail_fast = self.flag(name, node),
                _ => {
                    let values = self.axis(name, node);
                    axes.push((name.value.clone(), values));
                }
            }
        }
        self.check_excludes(&axes, &exclude);
        // What is too much isn't made to be counted.
        let size = axes
            .iter()
            .try_fold(1_usize, |size, (_, values)| size.checked_mul(values.len()));
        if size.is_none_or(|size| size > MAX_JOBS) || include.len() > MAX_JOBS {
            let message = format!("this matrix makes more than {MAX_JOBS} jobs");
            self.report(
                Diagnostic::error(codes::BAD_MATRIX, key.span, message)
                    .help("take values away, or split the job"),
            );
            return None;
        }
        if longest(&axes, &include) > MAX_COMBINATION {
            let message = "a combination of this matrix can have more than 4 KiB";
            self.report(
                Diagnostic::error(codes::BAD_MATRIX, key.span, message)
                    .help("let its values be names, and put what they stand for into files"),
            );
            return None;
        }
        let names = axes.iter().map(|(name, _)| name);
        let included = include.iter().flat_map(|(entry, _)| entry.keys());
        let mut all: Vec<String> = names.chain(included).cloned().collect();
        let mut seen = HashSet::new();
        all.retain(|name| seen.insert(name.clone()));
        let exclude: Vec<Combination> = exclude.into_iter().map(|(entry, _)| entry).collect();
        let include: Vec<Combination> = include.into_iter().map(|(entry, _)| entry).collect();
        let combinations = combine(&axes, &exclude, &include);
        // An axis that has no value was told already, or its values were.
        let has_values = axes.iter().all(|(_, values)| !values.is_empty());
        if combinations.is_empty() && has_values {
            self.report(
                Diagnostic::error(codes::BAD_MATRIX, key.span, "this matrix makes no job")
                    .help("name an axis with values: `matrix: { version: [1, 2] }`"),
            );
        }
        if combinations.len() > MAX_JOBS {
            let message = format!(
                "this matrix makes {} jobs; at most {MAX_JOBS} are allowed",
                combinations.len()
            );
            self.report(Diagnostic::error(codes::BAD_MATRIX, key.span, message));
            return None;
        }
        Some(Matrix {
            axes: all,
            variants: combinations
                .into_iter()
                .map(|values| Variant {
                    values,
                    max_parallel,
                    fail_fast,
                })
                .collect(),
        })
    }

    /// The values of an axis.
    fn axis(&mut self, name: &Spanned<String>, node: &Node) -> Vec<Json> {
        if let Some(mistake) = names::check_identifier(name, "the name of an axis") {
            self.report(mistake);
        }
        let Some(items) = node.as_list() else {
            let what = format!("the axis `{}`", shown(&name.value));
            self.wrong_type(&what, "a list of values", mark(name.span, node), node);
            return Vec::new();
        };
        if items.is_empty() {
            let message = format!("the axis `{}` has no value", shown(&name.value));
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, mark(name.span, node), message)
                    .help("give it at least one, or remove it"),
            );
        }
        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for item in items {
            let Some(value) = self.matrix_value(name.span, item) else {
                continue;
            };
            if seen.insert(value.to_string()) {
                values.push(value);
            } else {
                let message = format!(
                    "the axis `{}` has `{}` twice",
                    shown(&name.value),
                    shown(&text_of(&value))
                );
                self.report(
                    Diagnostic::error(codes::DUPLICATE_NAME, item.span, message)
                        .help("remove one of the two"),
                );
            }
        }
        values
    }

    /// The entries of `include` or `exclude`.
    fn combinations(&mut self, key: &Spanned<String>, node: &Node) -> Vec<(Combination, Span)> {
        let Some(items) = node.as_list() else {
            let what = format!("`{}`", key.value);
            self.wrong_type(&what, "a list of maps", mark(key.span, node), node);
            return Vec::new();
        };
        let mut combinations = Vec::new();
        for item in items {
            let Some(entries) = item.as_map() else {
                let what = format!("an entry of `{}`", key.value);
                self.wrong_type(
                    &what,
                    "a map of names to values",
                    mark(key.span, item),
                    item,
                );
                continue;
            };
            combinations.push((self.combination(entries), item.span));
        }
        combinations
    }

    fn combination(&mut self, entries: &[Entry]) -> Combination {
        let mut combination = Map::new();
        for (name, node) in entries {
            if let Some(mistake) = names::check_identifier(name, "the name of an axis") {
                self.report(mistake);
            }
            if WORDS.contains(&name.value.as_str()) {
                let message = format!("`{}` can't be the name of an axis", name.value);
                self.report(Diagnostic::error(codes::BAD_NAME, name.span, message));
                continue;
            }
            if let Some(value) = self.matrix_value(name.span, node) {
                combination.insert(name.value.clone(), value);
            }
        }
        combination
    }

    /// A value as JSON: text, a number, true/false, or a map or list of such. Expressions are none: how many jobs there
    /// are is known before anything runs.
    fn matrix_value(&mut self, here: Span, node: &Node) -> Option<Json> {
        if node.is_null() {
            self.wrong_type("a value of the matrix", "something", mark(here, node), node);
            return None;
        }
        if self.has_expressions("a matrix", node) {
            return None;
        }
        Some(node.to_json_as_written())
    }

    /// What an entry of `exclude` names must be there, or it excludes nothing.
    fn check_excludes(&mut self, axes: &[(String, Vec<Json>)], exclude: &[(Combination, Span)]) {
        for (entry, span) in exclude {
            for (name, value) in entry {
                let message = match axes.iter().find(|(axis, _)| axis == name) {
                    None => format!("`exclude` names `{}`, which is no axis", shown(name)),
                    Some((_, values)) if !values.contains(value) => format!(
                        "the axis `{}` has no `{}` to exclude",
                        shown(name),
                        shown(&text_of(value))
                    ),
                    Some(_) => continue,
                };
                self.report(
                    Diagnostic::error(codes::BAD_MATRIX, *span, message)
                        .help("exclude what the axes have; nothing else is there to take away"),
                );
            }
        }
    }
}

/// How long a combination can be at most, in bytes as JSON: of each name the longest value.
fn longest(axes: &[(String, Vec<Json>)], include: &[(Combination, Span)]) -> usize {
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    let of_axes = axes
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let included = include.iter().flat_map(|(entry, _)| entry.iter());
    for (name, value) in of_axes.chain(included) {
        let size = name.len() + value.to_string().len();
        let longest = by_name.entry(name).or_default();
        *longest = size.max(*longest);
    }
    by_name.values().sum()
}

/// All combinations, in order.
fn combine(
    axes: &[(String, Vec<Json>)],
    exclude: &[Combination],
    include: &[Combination],
) -> Vec<Combination> {
    let mut combinations = Vec::new();
    if !axes.is_empty() {
        combinations.push(Map::new());
    }
    for (name, values) in axes {
        let mut next = Vec::with_capacity(combinations.len() * values.len());
        for combination in &combinations {
            for value in values {
                let mut wider = combination.clone();
                wider.insert(name.clone(), value.clone());
                next.push(wider);
            }
        }
        combinations = next;
    }
    combinations.retain(|combination| {
        !exclude.iter().any(|entry| {
            let same = |(name, value): (&String, &Json)| combination.get(name) == Some(value);
            !entry.is_empty() && entry.iter().all(same)
        })
    });
    let originals = combinations.len();
    let is_axis = |name: &str| axes.iter().any(|(axis, _)| axis == name);
    for entry in include {
        let mut added = false;
        for combination in combinations.iter_mut().take(originals) {
            let agrees = entry
                .iter()
                .all(|(name, value)| !is_axis(name) || combination.get(name) == Some(value));
            if agrees {
                combination.extend(entry.clone());
                added = true;
            }
        }
        if !added {
            combinations.push(entry.clone());
        }
    }
    combinations
}

/// The ids of the jobs of a matrix: the job's key with the values behind it. A mistake where two are the same.
pub(super) fn ids(key: &Spanned<String>, matrix: &Matrix) -> Result<Vec<String>, Diagnostic> {
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for variant in &matrix.variants {
        let values: Vec<String> = variant.values.values().map(text_of).collect();
        let values: String = values.join(", ").chars().take(MAX_NAME).collect();
        let id = format!("{} ({values})", key.value);
        if !seen.insert(id.clone()) {
            let message = format!("two jobs of this matrix are both called `{}`", shown(&id));
            return Err(Diagnostic::error(codes::BAD_MATRIX, key.span, message)
                .help("let each combination have values of its own"));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// A value in a job's name.
fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.replace(|c: char| c.is_control(), " "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn maps(values: Json) -> Vec<Combination> {
        serde_json::from_value(values).unwrap()
    }

    fn check(axes: Json, exclude: Json, include: Json, expected: Json) {
        let axes: Map<String, Json> = serde_json::from_value(axes).unwrap();
        let axes: Vec<(String, Vec<Json>)> = axes
            .into_iter()
            .map(|(name, values)| (name, serde_json::from_value(values).unwrap()))
            .collect();
        let found = combine(&axes, &maps(exclude), &maps(include));
        assert_eq!(json!(found), expected);
    }

    /// The examples of GitHub's documentation ("Running variations of jobs in a workflow"), with the results that it
    /// gives.
    #[test]
    fn combinations_are_those_that_github_documents() {
        // "Using a multi-dimension matrix": in this order.
        check(
            json!({"version": [10, 12, 14], "os": ["ubuntu-latest", "windows-latest"]}),
            json!([]),
            json!([]),
            json!([
                {"version": 10, "os": "ubuntu-latest"},
                {"version": 10, "os": "windows-latest"},
                {"version": 12, "os": "ubuntu-latest"},
                {"version": 12, "os": "windows-latest"},
                {"version": 14, "os": "ubuntu-latest"},
                {"version": 14, "os": "windows-latest"}
            ]),
        );
        // "Expanding or adding matrix configurations", the example of fruits and animals.
        check(
            json!({"fruit": ["apple", "pear"], "animal": ["cat", "dog"]}),
            json!([]),
            json!([
                {"color": "green"},
                {"color": "pink", "animal": "cat"},
                {"fruit": "apple", "shape": "circle"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"}
            ]),
            json!([
                {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
                {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
                {"fruit": "pear", "animal": "cat", "color": "pink"},
                {"fruit": "pear", "animal": "dog", "color": "green"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"}
            ]),
        );
        // "Example: Expanding configurations".
        check(
            json!({"os": ["windows-latest", "ubuntu-latest"], "node": [14, 16]}),
            json!([]),
            json!([{"os": "windows-latest", "node": 16, "npm": 6}]),
            json!([
                {"os": "windows-latest", "node": 14},
                {"os": "windows-latest", "node": 16, "npm": 6},
                {"os": "ubuntu-latest", "node": 14},
                {"os": "ubuntu-latest", "node": 16}
            ]),
        );
        // "Example: Adding configurations": a value that the axis doesn't have is a job of its own.
        check(
            json!({"os": ["macos-latest", "windows-latest"], "version": [12, 14]}),
            json!([]),
            json!([{"os": "windows-latest", "version": 17}]),
            json!([
                {"os": "macos-latest", "version": 12},
                {"os": "macos-latest", "version": 14},
                {"os": "windows-latest", "version": 12},
                {"os": "windows-latest", "version": 14},
                {"os": "windows-latest", "version": 17}
            ]),
        );
        // Without axes each entry is a job.
        check(
            json!({}),
            json!([]),
            json!([{"site": "production", "datacenter": "site-a"}, {"site": "staging", "datacenter": "site-b"}]),
            json!([{"site": "production", "datacenter": "site-a"}, {"site": "staging", "datacenter": "site-b"}]),
        );
        // "Excluding matrix configurations": a part of a combination is enough; nine jobs are left.
        check(
            json!({
                "os": ["macos-latest", "windows-latest"],
                "version": [12, 14, 16],
                "environment": ["staging", "production"]
            }),
            json!([
                {"os": "macos-latest", "version": 12, "environment": "production"},
                {"os": "windows-latest", "version": 16}
            ]),
            json!([]),
            json!([
                {"os": "macos-latest", "version": 12, "environment": "staging"},
                {"os": "macos-latest", "version": 14, "environment": "staging"},
                {"os": "macos-latest", "version": 14, "environment": "production"},
                {"os": "macos-latest", "version": 16, "environment": "staging"},
                {"os": "macos-latest", "version": 16, "environment": "production"},
                {"os": "windows-latest", "version": 12, "environment": "staging"},
                {"os": "windows-latest", "version": 12, "environment": "production"},
                {"os": "windows-latest", "version": 14, "environment": "staging"},
                {"os": "windows-latest", "version": 14, "environment": "production"}
            ]),
        );
        // "All include combinations are processed after exclude": what was excluded can come back.
        check(
            json!({"a": [1, 2]}),
            json!([{"a": 1}]),
            json!([{"a": 1}]),
            json!([{"a": 2}, {"a": 1}]),
        );
        // Values that were added can be overwritten, those of the axes can't.
        check(
            json!({"a": [1]}),
            json!([]),
            json!([{"b": 1}, {"b": 2}, {"a": 1, "b": 3}]),
            json!([{"a": 1, "b": 3}]),
        );
    }
}
