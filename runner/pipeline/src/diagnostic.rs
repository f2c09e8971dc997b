//! One mistake in the file, located and with its remedy.

use crate::source::{Source, Span};

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The pipeline can't be run.
    Error,
    /// The pipeline runs, but probably not as meant.
    Warning,
}

/// A mistake: what it is, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable word for the kind of mistake, e.g. `unknown-key`; see [`crate::codes`].
    pub code: &'static str,
    /// Whether the pipeline can still be run.
    pub severity: Severity,
    /// What is wrong, one lower-case sentence without a full stop, literals in backticks.
    pub message: String,
    /// The text it is about.
    pub span: Span,
    /// A few words beside the marked text; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            span,
            label: String::new(),
            help: None,
            related: Vec::new(),
        }
    }

    /// Puts a few words beside the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, where there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        if help.is_some() {
            self.help = help;
        }
        self
    }

    /// Adds another place that belongs to the mistake.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    /// The same about a file that stands behind others.
    #[must_use]
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.span = self.span.shifted(by);
        for (span, _) in &mut self.related {
            *span = span.shifted(by);
        }
        self
    }

    /// Whether the pipeline can't be run because of this.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The diagnostic as plain lines: `file:line:column: code: message`, and the help below it. For logs and tests;
    /// the command line draws its own, with the text and a caret.
    pub fn plain(&self, source: &Source) -> String {
        let mut text = format!(
            "{}: {}: {}",
            source.place(self.span),
            self.code,
            self.message
        );
        for (span, words) in &self.related {
            text.push_str(&format!("\n  {}: {words}", source.place(*span)));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("\n  help: {help}"));
        }
        text
    }
}
