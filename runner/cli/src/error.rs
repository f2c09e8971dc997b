//! Why a command did not do what it was asked: the one place where kinds of errors become exit codes.

use std::io;

use capstep_pipeline::{Diagnostic, Source, Span};

use crate::exit;

/// An error as people get to see it.
#[derive(Debug)]
pub(crate) struct CliError {
    /// Whose matter it is.
    pub(crate) kind: ErrorKind,
    /// What happened: one lower-case sentence without a full stop, literals in backticks.
    pub(crate) message: String,
    /// What might help.
    pub(crate) hints: Vec<String>,
    /// The mistakes in a file that it is about; shown before the message.
    pub(crate) located: Option<Box<Located>>,
}

/// Mistakes in a file.
#[derive(Debug)]
pub(crate) struct Located {
    /// The file.
    pub(crate) source: Source,
    /// The mistakes, sorted by place.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Whose matter an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The command line's.
    Usage,
    /// The pipeline's, or a plugin's that it names.
    Pipeline,
    /// The machine's.
    Infrastructure,
    /// Nobody's: a signal ended it before anything was run, and this is the exit code that says which.
    Cancelled(u8),
}

impl CliError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub(crate) fn pipeline(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Pipeline, message)
    }

    pub(crate) fn infrastructure(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Infrastructure, message)
    }

    /// A signal came before anything was run.
    pub(crate) fn cancelled(exit_code: u8, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled(exit_code), message)
    }

    /// The mistakes of a file, with their number as the message.
    pub(crate) fn located(source: Source, mut diagnostics: Vec<Diagnostic>) -> Self {
        sort(&mut diagnostics);
        let message = summary(&source, &diagnostics);
        let located = Some(Box::new(Located {
            source,
            diagnostics,
        }));
        Self {
            located,
            ..Self::pipeline(message)
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint where there is one.
    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Usage | ErrorKind::Pipeline => exit::USAGE,
            ErrorKind::Infrastructure => exit::INFRASTRUCTURE,
            ErrorKind::Cancelled(code) => code,
        }
    }

    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            located: None,
        }
    }
}

/// What the system says, without the name of the temporary file that it says it of: nobody has chosen that name.
pub(crate) fn of_system(error: &io::Error) -> String {
    let text = error.to_string();
    // As `tempfile` says it, and in no other way.
    let told = text.split(" at path \"").next();
    told.map_or_else(|| text.clone(), str::to_owned)
}

/// The mistake of a run-time value that grants and has no bound.
const UNBOUNDED: &str = "unbounded-run-time-value";

/// By place, and each mistake once: what two checks found alike is one mistake.
pub(crate) fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|left, right| {
        let key = |diagnostic: &Diagnostic| (diagnostic.span, diagnostic.severity);
        key(left).cmp(&key(right))
    });
    let mut seen: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    let unknown: Vec<Span> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error() && diagnostic.code.starts_with("unknown-"))
        .map(|diagnostic| diagnostic.span)
        .collect();
    diagnostics.retain(|diagnostic| {
        // What is not there has no bound either; the one mistake is where it leads to nothing.
        let within =
            |part: &Span| diagnostic.span.start <= part.start && part.end <= diagnostic.span.end;
        if diagnostic.code == UNBOUNDED && unknown.iter().any(within) {
            return false;
        }
        let same = |known: &Diagnostic| {
            (known.span, known.code, &known.message)
                == (diagnostic.span, diagnostic.code, &diagnostic.message)
        };
        // Sorted by place, those at the same place are the last ones.
        let mut here = seen
            .iter()
            .rev()
            .take_while(|known| known.span == diagnostic.span);
        let repeated = here.any(same);
        if !repeated {
            seen.push(diagnostic.clone());
        }
        !repeated
    });
}

/// `3 mistakes in capstep.yml`, `1 mistake and 2 warnings in capstep.yml`.
pub(crate) fn summary(source: &Source, diagnostics: &[Diagnostic]) -> String {
    let mistakes = diagnostics.iter().filter(|found| found.is_error()).count();
    let warnings = diagnostics.len() - mistakes;
    let counted = match (mistakes, warnings) {
        (_, 0) => count(mistakes, "mistake"),
        (0, _) => count(warnings, "warning"),
        _ => format!(
            "{} and {}",
            count(mistakes, "mistake"),
            count(warnings, "warning")
        ),
    };
    format!("{counted} in {}", source.name)
}

/// `1 step`, `2 steps`, `no steps`.
pub(crate) fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_sorted_and_each_told_once() {
        let error = |code, at| Diagnostic::error(code, Span::new(at, at + 1), "m");
        let mut found = vec![
            error("b", 5),
            error("a", 9),
            error("c", 1),
            error("b", 5),
            error("a", 5),
        ];
        sort(&mut found);
        let order: Vec<_> = found
            .iter()
            .map(|found| (found.span.start, found.code))
            .collect();
        assert_eq!(order, [(1, "c"), (5, "b"), (5, "a"), (9, "a")]);
    }

    #[test]
    fn summaries_count() {
        let source = Source::new("capstep.yml", "");
        let check = |mistakes, warnings, expected| {
            let mut found = vec![Diagnostic::error("a", Span::default(), "m"); mistakes];
            found.extend(vec![
                Diagnostic::warning("a", Span::default(), "m");
                warnings
            ]);
            assert_eq!(summary(&source, &found), expected);
        };
        check(0, 0, "no mistakes in capstep.yml");
        check(1, 0, "1 mistake in capstep.yml");
        check(0, 1, "1 warning in capstep.yml");
        check(3, 2, "3 mistakes and 2 warnings in capstep.yml");
    }
}
