//! What of a folder is part of a context.

use crate::context::ignore::matcher::{Holding, Matcher};
use crate::context::walk::{Filter, Verdict};

/// The classic builder's rule: everything that no pattern leaves out. A folder that is left out is looked into only if
/// an exception's text begins with its path.
pub(crate) struct Classic<'a> {
    excluded: &'a Matcher,
}

impl<'a> Classic<'a> {
    pub(crate) fn new(excluded: &'a Matcher) -> Self {
        Self { excluded }
    }
}

impl Filter for Classic<'_> {
    type State = Holding;

    const KEEPS_PARENTS: bool = false;

    fn judge(&self, path: &str, is_folder: bool, state: &Holding) -> (Verdict, Holding) {
        let (excluded, holding) = self.excluded.matches(path, state);
        let descend = is_folder && (!excluded || exception_below(self.excluded, path));
        (
            Verdict {
                keep: !excluded,
                descend,
            },
            holding,
        )
    }
}

/// BuildKit's rule: what it asks for by patterns, without what its other patterns leave out. Folders above what is
/// sent are sent too.
pub(crate) struct Asked {
    included: Option<Matcher>,
    excluded: Matcher,
    /// Every include is a plain path, so that folders beside them need no look.
    plain_includes: bool,
    /// The same of the exceptions among the excludes.
    plain_exceptions: bool,
}

impl Asked {
    /// `included` without patterns asks for everything.
    pub(crate) fn new(included: Matcher, excluded: Matcher) -> Self {
        let plain = |matcher: &Matcher, exceptions: bool| {
            matcher
                .patterns()
                .iter()
                .filter(|pattern| pattern.is_exception() == exceptions)
                .all(|pattern| {
                    !without_trailing_glob(pattern.text()).contains(['*', '[', ']', '?', '^', '\\'])
                })
        };
        Self {
            plain_includes: plain(&included, false),
            plain_exceptions: plain(&excluded, true),
            included: (!included.patterns().is_empty()).then_some(included),
            excluded,
        }
    }
}

impl Filter for Asked {
    type State = (Holding, Holding);

    const KEEPS_PARENTS: bool = true;

    fn judge(&self, path: &str, is_folder: bool, state: &Self::State) -> (Verdict, Self::State) {
        let mut keep = true;
        let mut descend = is_folder;
        let mut below = Self::State::default();
        if let Some(included) = &self.included {
            let (matched, holding) = included.matches(path, &state.0);
            below.0 = holding;
            if !matched {
                keep = false;
                descend &= !self.plain_includes || any_below(included, path, false);
            }
        }
        let (excluded, holding) = self.excluded.matches(path, &state.1);
        below.1 = holding;
        if excluded {
            keep = false;
            descend &= if self.plain_exceptions {
                any_below(&self.excluded, path, true)
            } else {
                self.excluded.has_exceptions()
            };
        }
        (Verdict { keep, descend }, below)
    }
}

/// Whether the text of a pattern, of the exceptions or of the others, begins with this folder's path.
fn any_below(matcher: &Matcher, folder: &str, exceptions: bool) -> bool {
    let folder = format!("{folder}/");
    matcher.patterns().iter().any(|pattern| {
        pattern.is_exception() == exceptions
            && format!("{}/", without_trailing_glob(pattern.text())).starts_with(&folder)
    })
}

/// The same for the classic builder, which takes the texts as they are.
fn exception_below(matcher: &Matcher, folder: &str) -> bool {
    let folder = format!("{folder}/");
    matcher.has_exceptions()
        && matcher.patterns().iter().any(|pattern| {
            pattern.is_exception() && format!("{}/", pattern.text()).starts_with(&folder)
        })
}

fn without_trailing_glob(text: &str) -> &str {
    let text = text.strip_suffix("/**").unwrap_or(text);
    text.strip_suffix("/*").unwrap_or(text)
}
