//! A list of patterns, of which the last that matches decides.

use crate::context::ignore::pattern::Pattern;
use crate::error::DockerError;

/// Patterns in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matcher {
    patterns: Vec<Pattern>,
    exceptions: bool,
}

/// Which of the patterns hold for a folder and so for all below it; empty at the root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holding(Vec<bool>);

impl Matcher {
    pub(crate) fn new<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, DockerError> {
        let mut read = Vec::new();
        for pattern in patterns {
            read.extend(Pattern::parse(pattern)?);
        }
        Ok(Self {
            exceptions: read.iter().any(Pattern::is_exception),
            patterns: read,
        })
    }

    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    pub(crate) fn has_exceptions(&self) -> bool {
        self.exceptions
    }

    /// Whether the list matches a path, given what holds for its folder; and what holds for what lies below it.
    pub(crate) fn matches(&self, path: &str, folder: &Holding) -> (bool, Holding) {
        let mut matched = false;
        let mut holding = vec![false; self.patterns.len()];
        for ((index, pattern), holds) in self.patterns.iter().enumerate().zip(&mut holding) {
            let inherited = folder.0.get(index).copied().unwrap_or(false);
            // A pattern that could change nothing is not asked, and then does not hold for what lies below either:
            // that is how Docker's tools do it, and files come and go by it.
            if inherited || (pattern.is_exception() == matched && pattern.matches(path)) {
                *holds = true;
                matched = !pattern.is_exception();
            }
        }
        (matched, Holding(holding))
    }

    /// Whether the list matches a path of which nothing else is known, or a folder above it.
    pub(crate) fn matches_alone(&self, path: &str) -> bool {
        let mut holding = Holding::default();
        let mut matched = false;
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        for end in ends {
            if let Some(part) = path.get(..end) {
                (matched, holding) = self.matches(part, &holding);
            }
        }
        matched
    }
}
