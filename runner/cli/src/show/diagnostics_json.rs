//! Mistakes in a file, for programs.

use capstep_pipeline::{Diagnostic, Severity, Source, Span};
use serde::Serialize;

/// One mistake.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Mistake<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Range<'a>,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
}

/// Another place that belongs to it.
#[derive(Debug, Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Range<'a>,
}

/// A part of a file, the end excluded; lines and columns (in characters) count from 1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Range<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// The mistakes as a list to be written as JSON.
pub(crate) fn diagnostics_json<'a>(
    source: &'a Source,
    diagnostics: &'a [Diagnostic],
) -> Vec<Mistake<'a>> {
    let mistake = |diagnostic: &'a Diagnostic| Mistake {
        code: diagnostic.code,
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        place: range(source, diagnostic.span),
        help: diagnostic.help.as_deref(),
        related: diagnostic
            .related
            .iter()
            .map(|(span, words)| Related {
                message: words,
                place: range(source, *span),
            })
            .collect(),
    };
    diagnostics.iter().map(mistake).collect()
}

fn range(source: &Source, span: Span) -> Range<'_> {
    let file = source.file_at(span.start);
    let (line, column) = file.line_column(span.start);
    let (end_line, end_column) = file.line_column(span.end);
    Range {
        file: file.name,
        line,
        column,
        end_line,
        end_column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_says_where_it_starts_and_ends() {
        let source = Source::new("a.yml", "one\ntwo\n");
        let found = [Diagnostic::error("c", Span::new(4, 7), "m").related(Span::new(0, 3), "r")];
        let json = serde_json::to_value(diagnostics_json(&source, &found)).unwrap();
        let expected = serde_json::json!([{
            "code": "c", "severity": "error", "message": "m",
            "file": "a.yml", "line": 2, "column": 1, "end-line": 2, "end-column": 4,
            "help": null,
            "related": [{ "message": "r", "file": "a.yml", "line": 1, "column": 1, "end-line": 1, "end-column": 4 }],
        }]);
        assert_eq!(json, expected);
    }
}
