//! Mistakes in a file, each with its text and a caret, drawn by miette.

use std::fmt;

use capstep_pipeline::{Diagnostic, Severity, Source};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::printer::Look;

/// How wide explanations are before they are wrapped, in characters: readable in a split terminal and in CI's logs.
const WIDTH: usize = 100;

/// The mistakes one after the other, each followed by an empty line.
pub(crate) fn diagnostics(source: &Source, diagnostics: &[Diagnostic], look: Look) -> String {
    let handler = GraphicalReportHandler::new_themed(theme(look))
        .with_width(WIDTH)
        .with_context_lines(1)
        .with_links(false)
        .without_syntax_highlighting();
    let mut text = String::new();
    for diagnostic in diagnostics {
        let report = Report {
            diagnostic,
            excerpt: Excerpt(source),
        };
        if handler.render_report(&mut text, &report).is_err() {
            // A span that the source doesn't have is a bug of whoever made it; the words still help.
            text.push_str(&diagnostic.plain(source));
            text.push('\n');
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
        (characters.error, characters.warning) = ("error:".to_owned(), "warning:".to_owned());
    }
    let styles = if look.colour {
        ThemeStyles::ansi()
    } else {
        ThemeStyles::none()
    };
    GraphicalTheme { characters, styles }
}

/// One mistake, as miette takes it.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    excerpt: Excerpt<'a>,
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.diagnostic.help.as_deref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = Some(self.diagnostic.label.clone()).filter(|label| !label.is_empty());
        let span = self.diagnostic.span;
        let primary = LabeledSpan::new_primary_with_span(label, (span.start, span.len()));
        let related = self.diagnostic.related.iter().map(|(span, words)| {
            LabeledSpan::new_with_span(Some(words.clone()), (span.start, span.len()))
        });
        Some(Box::new(std::iter::once(primary).chain(related)))
    }
}

/// The source, with columns in characters: miette counts bytes.
struct Excerpt<'a>(&'a Source);

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.0.text.read_span(span, before, after)?;
        let (_, column) = self.0.line_column(contents.span().offset());
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            column.saturating_sub(1),
            contents.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::Span;

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
