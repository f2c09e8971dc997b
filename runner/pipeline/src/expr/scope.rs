//! What an expression is evaluated in.

use serde_json::Value;

use super::secret::SecretText;

/// A value that an expression gives.
#[derive(Debug, Clone)]
pub enum Evaluated {
    /// A value that anyone may see.
    Json(Value),
    /// A secret, or text made with one.
    Secret(SecretText),
}

/// How the job went so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Nothing failed.
    Success,
    /// A step failed; for a job: one that it needs failed, or was not run since another failed before it.
    Failure,
    /// Nothing failed, but something that a job needs was not run.
    Skipped,
    /// The run was cancelled.
    Cancelled,
}

/// Where values come from.
pub trait Scope {
    /// The value that a path leads to, e.g. `["steps", "build", "outputs", "image"]`. What is declared but has no value
    /// is `null`, which `default` replaces.
    ///
    /// # Errors
    ///
    /// Why there is no such value, as a lower-case sentence.
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String>;

    /// How the job went so far.
    fn status(&self) -> JobStatus;

    /// One digest of all files that match one of the patterns, relative to the pipeline's folder; empty where none does.
    ///
    /// # Errors
    ///
    /// Why there is none, as a lower-case sentence.
    fn hash_files(&self, patterns: &[String]) -> Result<String, String> {
        let _ = patterns;
        Err("files are looked at only when the pipeline runs".to_owned())
    }
}

/// Follows the rest of a path into a value: keys of maps, places (from 0) in lists. What a map doesn't have is `null`,
/// and so is all below `null`.
///
/// # Errors
///
/// If the path goes on where there is no map or list, or beyond a list's end.
pub fn descend<'a>(value: &'a Value, path: &[String]) -> Result<&'a Value, String> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Object(map) => Ok(map.get(part).unwrap_or(&Value::Null)),
        Value::Null => Ok(value),
        Value::Array(list) => part
            .parse()
            .ok()
            .and_then(|place: usize| list.get(place))
            .ok_or_else(|| format!("there is no `{part}` in a list of {}", list.len())),
        _ => Err(format!(
            "there is no `{part}` in a {}",
            super::evaluate::kind_name(value)
        )),
    })
}
