//! An instruction that failed, and what the engine's words for it mean.

use std::fmt;

use serde_json::{Value, json};

use crate::error::{DockerError, DockerErrorKind, Stage, kind_of_text, lower_first};

/// An instruction that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInstruction {
    /// The step's name, such as `[2/3] RUN make`.
    pub name: String,
    /// The Dockerfile's line, where it could be told.
    pub line: Option<u32>,
    /// The command's exit code, of a `RUN`.
    pub exit_code: Option<i64>,
    /// The last lines that it wrote: at most 25, each of at most 1,000 bytes.
    pub last_lines: Vec<String>,
}

impl fmt::Display for FailedInstruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What went wrong in a build: `text` is the engine's, `step` what was running. A step without a line is none of the
/// Dockerfile's.
pub(super) fn failure(
    dockerfile: &str,
    text: &str,
    code: i64,
    step: Option<FailedInstruction>,
) -> DockerError {
    let text = lower_first(text.trim());
    let exit_code = (code != 0).then_some(code).or_else(|| exit_code(&text));
    let by_text = kind_of_text(&text);
    let step = step.map(|mut step| {
        step.exit_code = exit_code;
        step
    });
    let place = |step: &FailedInstruction| match step.line {
        Some(line) => format!("{dockerfile}:{line}: `{}`", step.name),
        None => format!("`{}`", step.name),
    };
    if let (Some(code), Some(step)) = (exit_code, &step) {
        let mut error = DockerError::new(
            Stage::Build,
            DockerErrorKind::BuildFailed,
            format!("{} ended with exit code {code}", place(step)),
        )
        .with_details(json!({
            "instruction": step.name,
            "line": step.line,
            "exit-code": code,
            "last-lines": step.last_lines,
        }));
        error.instruction = Some(Box::new(step.clone()));
        return error;
    }
    // What isn't the Dockerfile's fault has a kind of its own; a missing file is.
    let kind = match by_text {
        DockerErrorKind::NotFound | DockerErrorKind::Peer | DockerErrorKind::Cancelled => {
            match &step {
                // A base image that a registry doesn't have.
                Some(step) if is_from(&step.name) => by_text,
                Some(step) if step.line.is_some() => DockerErrorKind::BuildFailed,
                _ if is_syntax(&text) => DockerErrorKind::BuildFailed,
                _ => by_text,
            }
        }
        other => other,
    };
    let prefix = match kind {
        DockerErrorKind::DiskFull => "the engine's disk is full: ",
        DockerErrorKind::Unauthorized => {
            "a registry refused (credentials for it are missing or wrong, or the image's name is): "
        }
        _ => "",
    };
    let line = step.as_ref().and_then(|step| step.line);
    let written = line.is_none().then(|| written_line(&text)).flatten();
    let message = match (&step, written) {
        (Some(step), _) => format!("{}: {prefix}{text}", place(step)),
        (None, Some(line)) => format!("{dockerfile}:{line}: {prefix}{text}"),
        (None, None) => format!("{prefix}{text}"),
    };
    let mut error = DockerError::new(Stage::Build, kind, message);
    if let (None, Some(line)) = (&step, written) {
        error = error.with_details(json!({ "line": line }));
    }
    if let Some(step) = step {
        error = error.with_details(json!({ "instruction": step.name, "line": step.line }));
        error.instruction = Some(Box::new(step));
    }
    error
}

/// The same for a refusal of the whole request: the engine says so what it finds before its first line of output.
pub(super) fn refusal(dockerfile: &str, error: DockerError) -> DockerError {
    match error.details.get("message").and_then(Value::as_str) {
        Some(text) => {
            let read = failure(dockerfile, text, 0, None);
            match read.kind {
                // Nothing more than the status had told.
                DockerErrorKind::Peer => error,
                _ => read,
            }
        }
        None => error,
    }
}

/// Whether a step is a `FROM`, in either builder's words.
fn is_from(name: &str) -> bool {
    name.rsplit_once("] ")
        .map_or(name, |(_, instruction)| instruction)
        .split(' ')
        .next()
        .is_some_and(|verb| verb.eq_ignore_ascii_case("FROM"))
}

/// Mistakes that the engine finds before any step runs.
fn is_syntax(text: &str) -> bool {
    [
        "dockerfile parse error",
        "failed to parse dockerfile",
        "unknown instruction",
        "failed to create llb definition",
        "failed to reach build target",
        "target stage",
    ]
    .iter()
    .any(|part| text.contains(part))
}

/// The Dockerfile's line that the engine names in a mistake that it finds before any step runs.
fn written_line(text: &str) -> Option<u32> {
    let rest = text.split_once("dockerfile parse error")?.1;
    let rest = rest.trim_start_matches(" on").strip_prefix(" line ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The number behind `exit code: ` or `non-zero code: `.
fn exit_code(text: &str) -> Option<i64> {
    let rest = ["exit code: ", "non-zero code: ", "exit status "]
        .iter()
        .find_map(|mark| text.rsplit_once(mark))?
        .1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_stand_where_the_engine_says() {
        for (text, expected) in [
            (
                "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: RUM",
                Some(2),
            ),
            (
                "dockerfile parse error on line 13: unknown instruction",
                Some(13),
            ),
            ("dockerfile parse error line x", None),
            ("line 4 of the context", None),
        ] {
            let error = failure("app/Dockerfile", text, 0, None);
            let line = error.details.get("line").and_then(Value::as_u64);
            assert_eq!(line, expected, "{text}");
            let place = expected.map(|line| format!("app/Dockerfile:{line}: "));
            assert!(
                error.message.starts_with(&place.unwrap_or_default()),
                "{error}"
            );
        }
    }

    #[test]
    fn texts_of_the_engines_are_understood() {
        let step = |line| FailedInstruction {
            name: "RUN false".into(),
            line,
            exit_code: None,
            last_lines: Vec::new(),
        };
        for (text, step, kind, code) in [
            (
                "executor failed running [/bin/sh -c false]: exit code: 1",
                Some(step(Some(2))),
                DockerErrorKind::BuildFailed,
                Some(1),
            ),
            (
                "process \"/bin/sh -c exit 7\" did not complete successfully: exit code: 7",
                Some(step(Some(2))),
                DockerErrorKind::BuildFailed,
                Some(7),
            ),
            (
                "The command '/bin/sh -c false' returned a non-zero code: 1",
                Some(step(Some(2))),
                DockerErrorKind::BuildFailed,
                Some(1),
            ),
            (
                "failed to solve: write /x: no space left on device",
                Some(step(Some(2))),
                DockerErrorKind::DiskFull,
                None,
            ),
            (
                "\"/nowhere\" not found: not found",
                Some(step(Some(2))),
                DockerErrorKind::BuildFailed,
                None,
            ),
            (
                "r.example/a:1: not found",
                None,
                DockerErrorKind::NotFound,
                None,
            ),
            (
                "Dockerfile parse error line 2: unknown instruction: RUM",
                None,
                DockerErrorKind::BuildFailed,
                None,
            ),
        ] {
            let error = failure("Dockerfile", text, 0, step);
            assert_eq!(error.kind, kind, "{text}");
            assert_eq!(
                error.instruction.and_then(|step| step.exit_code),
                code,
                "{text}"
            );
        }
    }
}
