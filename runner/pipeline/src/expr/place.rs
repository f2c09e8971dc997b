//! Where an expression's characters stand in the file.

use crate::source::{Source, Span};

/// From offsets in a scalar's text to spans in the file.
///
/// YAML's quoting and folding mean that the text is not always what stands in the file. Where a piece is found there
/// letter by letter it gets its own span, elsewhere that of the whole scalar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    base: Option<usize>,
    whole: Span,
}

impl Place {
    /// The place of `text`, the whole of the scalar at `whole`.
    pub(super) fn of_scalar(text: &str, whole: Span, source: &Source) -> Self {
        let base = source.slice(whole).find(text).map(|at| whole.start + at);
        Self { base, whole }
    }

    /// The span of a range of bytes in the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        match self.base {
            Some(base) => Span::new(base + start, base + end),
            None => self.whole,
        }
    }

    /// The place of the text that starts `by` bytes further on.
    pub(super) fn skip(self, by: usize) -> Self {
        Self {
            base: self.base.map(|base| base + by),
            ..self
        }
    }
}

/// Finds the pieces of a scalar in the file, one after another.
pub(super) struct Finder<'a> {
    raw: &'a str,
    /// Where to look from; none once a piece was not found, so that a text of many pieces is not searched for each.
    from: Option<usize>,
    whole: Span,
}

impl<'a> Finder<'a> {
    pub(super) fn new(whole: Span, source: &'a Source) -> Self {
        Self {
            raw: source.slice(whole),
            from: Some(0),
            whole,
        }
    }

    /// The place of the next piece.
    pub(super) fn next(&mut self, piece: &str) -> Place {
        let found = self.from.and_then(|from| {
            let at = self.raw.get(from..)?.find(piece)?;
            Some(from + at)
        });
        self.from = found.map(|at| at + piece.len());
        Place {
            base: found.map(|at| self.whole.start + at),
            whole: self.whole,
        }
    }
}
