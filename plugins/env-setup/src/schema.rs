//! What plain values must look like.

use capstep_sdk::{Failure, List};
use indexmap::IndexMap;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::kinds::ValueKind;
use crate::problem::Problem;

/// What one variable's value must look like; each part that is set must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// What the text must be.
    #[serde(rename = "type", default)]
    pub kind: Option<ValueKind>,
    /// What the whole of it must match.
    #[serde(default)]
    pub pattern: Option<String>,
    /// What to choose from.
    #[serde(default)]
    pub values: List<String>,
}

/// Checks every variable that `is_plain` against its rule; with `deny_unknown`, those without a rule are problems.
///
/// # Errors
/// A pattern that is no regular expression, named by the variable it is for.
pub(crate) fn check(
    vars: &IndexMap<String, String>,
    schema: &IndexMap<String, Rule>,
    deny_unknown: bool,
    is_plain: impl Fn(&str) -> bool,
) -> Result<Vec<Problem>, Failure> {
    let mut problems = Vec::new();
    for (name, rule) in schema {
        let pattern = rule
            .pattern
            .as_deref()
            .map(|pattern| whole(name, pattern))
            .transpose()?;
        if let Some(value) = vars.get(name).filter(|value| is_plain(value)) {
            problems.extend(
                rule.problems(value, pattern.as_ref())
                    .into_iter()
                    .map(|told| Problem::of(name, told)),
            );
        }
    }
    if deny_unknown {
        let unknown = vars.keys().filter(|name| !schema.contains_key(*name));
        problems.extend(unknown.map(|name| Problem::of(name, "is not in the schema")));
    }
    Ok(problems)
}

impl Rule {
    fn problems(&self, value: &str, pattern: Option<&Regex>) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(kind) = self.kind.filter(|kind| !kind.accepts(value)) {
            told.push(format!("is not {}", kind.expected()));
        }
        if let (Some(pattern), Some(written)) = (pattern, &self.pattern)
            && !pattern.is_match(value)
        {
            told.push(format!("does not match `{written}`"));
        }
        if !self.values.is_empty() && !self.values.iter().any(|allowed| allowed == value) {
            let allowed: Vec<_> = self
                .values
                .iter()
                .map(|allowed| format!("`{allowed}`"))
                .collect();
            told.push(format!("is none of {}", allowed.join(", ")));
        }
        told
    }
}

fn whole(name: &str, pattern: &str) -> Result<Regex, Failure> {
    // The pattern by itself first: a stray `)` in it must not close our group.
    Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?:{pattern})$")))
        .map_err(|error| {
            Failure::invalid(format!(
                "schema: {name}: `{pattern}` is not a regular expression: {error}"
            ))
        })
}
