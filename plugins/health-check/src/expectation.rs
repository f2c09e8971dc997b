//! What a healthy answer looks like.

use capstep_sdk::Failure;
use capstep_sdk::http::Response;
use regex_lite::Regex;
use serde_json::Value;

use crate::inputs::Expect;
use crate::json_path::{find, same};
use crate::status::StatusRange;

/// How much of a value that isn't as expected is shown, in characters.
const SHOWN_CHARACTERS: usize = 120;

/// The expectations, ready to be compared with answers.
#[derive(Debug)]
pub(crate) struct Expectation {
    status: Vec<StatusRange>,
    json: Vec<(String, Value)>,
    body: Option<Regex>,
    not_body: Option<Regex>,
    header: Vec<(String, String)>,
    banner: Option<Regex>,
}

/// What was expected, and what was there in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) seen: String,
}

impl Mismatch {
    fn new(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            seen: seen.into(),
        }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {}, saw {}", self.expected, self.seen)
    }
}

impl Expectation {
    /// # Errors
    /// A status or regular expression that is none.
    pub(crate) fn compile(expect: &Expect) -> Result<Self, Failure> {
        let mut status = Vec::new();
        for written in &expect.status {
            status.push(StatusRange::parse(written).ok_or_else(|| {
                Failure::invalid(format!(
                    "expect.status: {written} is not of the form 200, \"200-299\" or \"2xx\""
                ))
            })?);
        }
        if status.is_empty() {
            status.push(StatusRange::SUCCESS);
        }
        Ok(Self {
            status,
            json: expect
                .json
                .iter()
                .map(|(path, value)| (path.clone(), value.clone()))
                .collect(),
            body: regex("body", expect.body.as_deref())?,
            not_body: regex("not-body", expect.not_body.as_deref())?,
            header: expect
                .header
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            banner: regex("banner", expect.banner.as_deref())?,
        })
    }

    /// Whether a port's first words matter.
    pub(crate) fn wants_banner(&self) -> bool {
        self.banner.is_some()
    }

    /// All in which an HTTP answer differs; the status first.
    pub(crate) fn judge(&self, response: &Response) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if !self
            .status
            .iter()
            .any(|range| range.contains(response.status))
        {
            let ranges: Vec<_> = self.status.iter().map(ToString::to_string).collect();
            found.push(Mismatch::new(
                format!("status {}", ranges.join(" or ")),
                response.status.to_string(),
            ));
        }
        for (name, value) in &self.header {
            let seen: Vec<&str> = response.header(name).collect();
            if !seen.iter().any(|seen| seen.trim() == value) {
                let seen = if seen.is_empty() {
                    "none".to_owned()
                } else {
                    format!("`{}`", short(&seen.join(", ")))
                };
                found.push(Mismatch::new(format!("header {name}: `{value}`"), seen));
            }
        }
        self.judge_json(response, &mut found);
        let text = String::from_utf8_lossy(&response.body);
        if let Some(pattern) = self
            .body
            .as_ref()
            .filter(|pattern| !pattern.is_match(&text))
        {
            found.push(Mismatch::new(
                format!("a body that matches `{}`", pattern.as_str()),
                cut(response, "no match"),
            ));
        }
        if let Some(hit) = self
            .not_body
            .as_ref()
            .and_then(|pattern| pattern.find(&text).map(|hit| (pattern, hit)))
        {
            let (pattern, hit) = hit;
            let expected = format!("a body without `{}`", pattern.as_str());
            found.push(Mismatch::new(
                expected,
                format!("`{}`", short(hit.as_str())),
            ));
        }
        found
    }

    fn judge_json(&self, response: &Response, found: &mut Vec<Mismatch>) {
        if self.json.is_empty() {
            return;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
            found.push(Mismatch::new(
                "a JSON body",
                cut(response, "something else"),
            ));
            return;
        };
        for (path, expected) in &self.json {
            let seen = find(&body, path);
            if !seen.is_some_and(|seen| same(seen, expected)) {
                let seen =
                    seen.map_or_else(|| "nothing".to_owned(), |seen| short(&seen.to_string()));
                found.push(Mismatch::new(format!("json {path}: {expected}"), seen));
            }
        }
    }

    /// Whether a port's first words differ.
    pub(crate) fn judge_banner(&self, banner: &[u8]) -> Option<Mismatch> {
        let pattern = self.banner.as_ref()?;
        let text = String::from_utf8_lossy(banner);
        if pattern.is_match(&text) {
            return None;
        }
        let seen = if banner.is_empty() {
            "silence".to_owned()
        } else {
            format!("`{}`", short(text.trim_end()))
        };
        Some(Mismatch::new(
            format!("a banner that matches `{}`", pattern.as_str()),
            seen,
        ))
    }
}

/// Patterns are matched by `regex-lite`: in time linear in the text, which the other side chooses.
fn regex(name: &str, pattern: Option<&str>) -> Result<Option<Regex>, Failure> {
    pattern.map(Regex::new).transpose().map_err(|error| {
        Failure::invalid(format!(
            "expect.{name}: `{}`: {error}",
            pattern.unwrap_or_default()
        ))
    })
}

fn cut(response: &Response, seen: &str) -> String {
    let cut = if response.truncated {
        " in what was kept of it"
    } else {
        ""
    };
    format!("{seen}{cut}")
}

/// The beginning of a text, where it is long.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
