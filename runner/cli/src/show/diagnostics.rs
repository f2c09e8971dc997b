//! Mistakes in a file, each with its text and a caret, drawn by miette.

use std::fmt;

use capstep_pipeline::{Diagnostic, File, Severity, Source, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::printer::Look;

/// How wide explanations are before they are wrapped, in characters: readable in a split terminal and in CI's logs.
const WIDTH: usize = 100;

/// How many lines away a place may be to be drawn in the mistake's own picture.
const NEAR_LINES: usize = 3;

/// The mistakes one after the other, each followed by an empty line.
pub(crate) fn diagnostics(source: &Source, diagnostics: &[Diagnostic], look: Look) -> String {
    let handler = GraphicalReportHandler::new_themed(theme(look))
        .with_width(WIDTH)
        .with_context_lines(1)
        .with_links(false)
        .without_syntax_highlighting();
    let mut text = String::new();
    for diagnostic in diagnostics {
        let before = text.len();
        for (place, report) in reports(source, diagnostic).iter().enumerate() {
            if place > 0 {
                text.push('\n');
            }
            if handler.render_report(&mut text, report).is_err() {
                // A span that the source doesn't have is a bug of whoever made it; the words still help.
                text.truncate(before);
                text.push_str(&diagnostic.plain(source));
                text.push('\n');
                break;
            }
        }
        text.push('\n');
    }
    text
}

fn theme(look: Look) -> GraphicalTheme {
    let mut characters = if look.unicode {
        ThemeCharacters::unicode()
    } else {
        ThemeCharacters::ascii()
    };
    if !look.unicode {
        characters.error = "error:".to_owned();
        characters.warning = "warning:".to_owned();
        characters.advice = "note:".to_owned();
    }
    let styles = if look.colour {
        ThemeStyles::ansi()
    } else {
        ThemeStyles::none()
    };
    GraphicalTheme { characters, styles }
}

/// The mistake with the places around it, then each place further away by itself: in one picture, the places would
/// stand in the order of the file, and the mistake's own not first.
fn reports<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Vec<Report<'a>> {
    let line = |span: Span| {
        let file = source.file_at(span.start);
        (file.start, file.line_column(span.start).0)
    };
    let (file, here) = line(diagnostic.span);
    let (near, far): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|(span, _)| {
        let (other, line) = line(*span);
        other == file && line.abs_diff(here) <= NEAR_LINES
    });
    let label = Some(diagnostic.label.as_str()).filter(|label| !label.is_empty());
    let mut labels = vec![(diagnostic.span, label)];
    labels.extend(
        near.iter()
            .map(|(span, words)| (*span, Some(words.as_str()))),
    );
    let mistake = Report {
        message: &diagnostic.message,
        severity: match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        },
        code: Some(diagnostic.code),
        help: diagnostic.help.as_deref(),
        labels,
        excerpt: Excerpt(source.file_at(diagnostic.span.start)),
    };
    let others = far.iter().map(|(span, words)| Report {
        message: words,
        severity: miette::Severity::Advice,
        code: None,
        help: None,
        labels: vec![(*span, None)],
        excerpt: Excerpt(source.file_at(span.start)),
    });
    std::iter::once(mistake).chain(others).collect()
}

/// One picture, as miette takes it.
#[derive(Debug)]
struct Report<'a> {
    message: &'a str,
    severity: miette::Severity,
    code: Option<&'a str>,
    help: Option<&'a str>,
    /// Places with their words, the main one first.
    labels: Vec<(Span, Option<&'a str>)>,
    excerpt: Excerpt<'a>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let code = self.code?;
        Some(Box::new(code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.labels.iter().enumerate();
        Some(Box::new(labels.map(|(place, (span, words))| {
            let words = words.map(str::to_owned);
            let at = (span.start, span.len());
            if place == 0 {
                LabeledSpan::new_primary_with_span(words, at)
            } else {
                LabeledSpan::new_with_span(words, at)
            }
        })))
    }
}

/// A file, with columns in characters: miette counts bytes.
#[derive(Debug)]
struct Excerpt<'a>(File<'a>);

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let Self(file) = self;
        let own = SourceSpan::from((span.offset().saturating_sub(file.start), span.len()));
        let contents = file.text.read_span(&own, before, after)?;
        let start = contents.span().offset() + file.start;
        let (_, column) = file.line_column(start);
        Ok(Box::new(MietteSpanContents::new_named(
            file.name.to_owned(),
            contents.data(),
            SourceSpan::from((start, contents.span().len())),
            contents.line(),
            column.saturating_sub(1),
            contents.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_the_text_and_a_caret_are_shown() {
        let source = Source::new("capstep.yml", "version: 1\nname: \"äöü\"\nstep: x\n");
        let at = source.text.find("step").unwrap();
        let found = [
            Diagnostic::error("unknown-key", Span::new(at, at + 4), "unknown key `step`")
                .label("not a key")
                .help("did you mean `steps`?"),
            Diagnostic::warning("odd", Span::new(at + 4, at + 5), "odd"),
        ];
        let expected = "\
unknown-key

  error: unknown key `step`
   ,-[capstep.yml:3:1]
 2 | name: \"äöü\"
 3 | step: x
   : ^^|^
   :   `-- not a key
   `----
  help: did you mean `steps`?

odd

  warning: odd
   ,-[capstep.yml:3:5]
 2 | name: \"äöü\"
 3 | step: x
   :     ^
   `----

";
        assert_eq!(diagnostics(&source, &found, Look::default()), expected);
    }

    #[test]
    fn places_far_away_come_after_the_mistake() {
        let source = Source::new("p.yml", "a\nb\nc\nd\ne\nf\n");
        let at = |line: usize| Span::new(2 * line - 2, 2 * line - 1);
        let found = Diagnostic::error("x", at(6), "m")
            .label("here")
            .related(at(5), "near")
            .related(at(1), "far");
        let text = diagnostics(&source, &[found], Look::default());
        let expected = "\
x

  error: m
   ,-[p.yml:6:1]
 4 | d
 5 | e
   : |
   : `-- near
 6 | f
   : |
   : `-- here
   `----

  note: far
   ,-[p.yml:1:1]
 1 | a
   : ^
 2 | b
   `----

";
        assert_eq!(text, expected);
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::new("p.yml", "a: \"äöü\" b");
        let found = Diagnostic::error("x", Span::new(12, 13), "m");
        let text = diagnostics(&source, &[found], Look::default());
        assert!(text.contains("[p.yml:1:10]"), "{text}");
    }

    #[test]
    fn any_span_is_shown_somehow() {
        let source = Source::new("p.yml", "");
        for (start, end) in [(0, 0), (0, 1), (5, 9)] {
            let found = Diagnostic::error("x", Span::new(start, end), "message");
            let text = diagnostics(&source, &[found], Look::default());
            assert!(text.contains("message"), "{text}");
        }
    }
}
