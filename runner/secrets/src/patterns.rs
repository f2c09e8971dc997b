//! The index of everything that is recognised, by its first four bytes.
//!
//! A general automaton over thousands of spellings is slow to build, large, and can't say whether the end of a buffer
//! could still become a match. All spellings are at least four bytes long, so a filter over the four bytes at a
//! position rules out nearly all positions, and the few spellings that share them are compared directly.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use crate::SecretValue;
use crate::forms::{self, MIN_PATTERN};
use crate::inner_base64::Spelling;
use crate::tokens::{Alphabet, SHAPES};

/// Filter bits for each distinct beginning: at 32, about one position in 32 of any text passes by accident.
const FILTER_BITS_EACH: usize = 32;
/// The filter is at least this large (2 KiB) …
const MIN_FILTER_BITS: usize = 1 << 14;
/// … and at most this large (64 KiB), so that it stays in the processor's nearer caches.
const MAX_FILTER_BITS: usize = 1 << 19;

/// What a pattern is a spelling of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A declared value, by the index of its label.
    Value(usize),
    /// The prefix of an access token, with what follows it.
    Token(Alphabet),
}

/// One text that is looked for.
struct Pattern {
    start: [u8; MIN_PATTERN],
    text: Arc<Spelling>,
    kind: Kind,
}

impl Pattern {
    /// A pattern, unless the text is too short for one.
    fn new(text: Arc<Spelling>, kind: Kind) -> Option<Self> {
        let start = start(text.as_bytes())?;
        Some(Self { start, text, kind })
    }
}

/// A value that is looked for, with its spellings, which all maskers of this value share.
#[derive(Clone)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) value: SecretValue,
    spellings: Arc<[Arc<Spelling>]>,
}

impl Declared {
    pub(crate) fn new(name: String, value: SecretValue) -> Self {
        let spellings = forms::spellings(value.expose())
            .into_iter()
            .map(Arc::new)
            .collect();
        Self {
            name,
            value,
            spellings,
        }
    }
}

/// The patterns of a masker.
pub(crate) struct Patterns {
    /// By their first four bytes, then longest first.
    all: Vec<Pattern>,
    /// The distinct beginnings in order, each with its place in `all`.
    starts: Vec<([u8; MIN_PATTERN], Range<usize>)>,
    filter: Filter,
    labels: Vec<String>,
}

/// What stands at a position of a buffer, as far as its pattern goes.
pub(crate) enum Found<'a> {
    /// This pattern is there, with this length.
    Whole(usize, &'a Kind),
    /// The buffer ends before it can be said whether a pattern is there.
    Cut,
}

impl Patterns {
    /// The patterns of nothing but the well-known tokens, built once.
    pub(crate) fn tokens_only() -> Arc<Self> {
        static TOKENS: LazyLock<Arc<Patterns>> = LazyLock::new(|| Arc::new(Patterns::new(&[])));
        Arc::clone(&TOKENS)
    }

    /// The patterns of these values and of the well-known tokens. Of two values with a spelling in common, the first
    /// gives the label.
    pub(crate) fn new(values: &[Declared]) -> Self {
        let tokens = SHAPES.iter().map(|(prefix, alphabet)| {
            (
                Arc::new(Spelling::new((*prefix).to_owned())),
                Kind::Token(*alphabet),
            )
        });
        let declared = values.iter().enumerate().flat_map(|(index, value)| {
            value
                .spellings
                .iter()
                .map(move |text| (Arc::clone(text), Kind::Value(index)))
        });
        let mut all: Vec<Pattern> = tokens
            .chain(declared)
            .filter_map(|(text, kind)| Pattern::new(text, kind))
            .collect();
        all.sort_by(|a, b| {
            a.start
                .cmp(&b.start)
                .then_with(|| b.text.len().cmp(&a.text.len()))
                .then_with(|| a.text.as_str().cmp(b.text.as_str()))
                .then_with(|| rank(a.kind).cmp(&rank(b.kind)))
        });
        // A value that is a token's prefix keeps both: one says what is covered, the other how it is called.
        all.dedup_by(|b, a| {
            a.text == b.text && matches!((a.kind, b.kind), (Kind::Value(_), Kind::Value(_)))
        });

        let mut starts: Vec<([u8; MIN_PATTERN], Range<usize>)> = Vec::new();
        for (place, pattern) in all.iter().enumerate() {
            match starts.last_mut() {
                Some((last, range)) if *last == pattern.start => range.end = place + 1,
                _ => starts.push((pattern.start, place..place + 1)),
            }
        }
        let labels = values
            .iter()
            .map(|value| format!("[MASKED:{}]", value.name))
            .collect();
        let filter = Filter::new(&starts);
        Self {
            all,
            starts,
            filter,
            labels,
        }
    }

    /// The text put in the place of a value.
    pub(crate) fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("[MASKED]", String::as_str)
    }

    /// The first position at or after `from` where a pattern may begin: an estimate that errs on the side of yes.
    ///
    /// The last three bytes, too short to be looked up, count if they could begin a pattern and more is to come.
    pub(crate) fn next_candidate(&self, bytes: &[u8], from: usize, last: bool) -> Option<usize> {
        if let Some(found) = self.filter.next(bytes, from) {
            return Some(found);
        }
        if last {
            return None;
        }
        let tail = bytes.len().saturating_sub(MIN_PATTERN - 1).max(from);
        (tail..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| self.begins_some(rest)))
    }

    /// Whether some pattern begins with `rest`, which is shorter than a beginning.
    fn begins_some(&self, rest: &[u8]) -> bool {
        let place = self
            .starts
            .partition_point(|(key, _)| key.as_slice() < rest);
        self.starts
            .get(place)
            .is_some_and(|(key, _)| key.starts_with(rest))
    }

    /// The patterns that stand at the beginning of `rest`, longest first, and those that may, unless this `last` text
    /// has nothing after it.
    pub(crate) fn at<'a>(&'a self, rest: &'a [u8], last: bool) -> impl Iterator<Item = Found<'a>> {
        let range = match start(rest) {
            Some(key) => self
                .starts
                .binary_search_by(|(other, _)| other.cmp(&key))
                .ok()
                .and_then(|place| self.starts.get(place))
                .map(|(_, range)| range.clone()),
            None => None,
        };
        let short = start(rest).is_none() && !last && self.begins_some(rest);
        let patterns = range
            .and_then(|range| self.all.get(range))
            .unwrap_or_default();
        short
            .then_some(Found::Cut)
            .into_iter()
            .chain(patterns.iter().filter_map(move |pattern| {
                if rest.starts_with(pattern.text.as_bytes()) {
                    Some(Found::Whole(pattern.text.len(), &pattern.kind))
                } else if !last && pattern.text.as_bytes().starts_with(rest) {
                    Some(Found::Cut)
                } else {
                    None
                }
            }))
    }
}

/// Declared values in their order, tokens after them.
fn rank(kind: Kind) -> usize {
    match kind {
        Kind::Value(index) => index,
        Kind::Token(_) => usize::MAX,
    }
}

/// The first four bytes.
fn start(text: &[u8]) -> Option<[u8; MIN_PATTERN]> {
    text.first_chunk::<MIN_PATTERN>().copied()
}

/// Finds positions whose four bytes may begin a pattern: one bit for each hash of four bytes.
struct Filter {
    words: Vec<u64>,
    shift: u32,
}

impl Filter {
    fn new(starts: &[([u8; MIN_PATTERN], Range<usize>)]) -> Self {
        let bits = (starts.len() * FILTER_BITS_EACH)
            .next_power_of_two()
            .clamp(MIN_FILTER_BITS, MAX_FILTER_BITS);
        let shift = 32 - bits.trailing_zeros();
        let mut words = vec![0u64; bits / 64];
        for (key, _) in starts {
            let hash = hash(*key, shift);
            if let Some(word) = words.get_mut(hash / 64) {
                *word |= 1 << (hash % 64);
            }
        }
        Self { words, shift }
    }

    fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        bytes
            .get(from..)?
            .windows(MIN_PATTERN)
            .position(|window| {
                window.first_chunk::<MIN_PATTERN>().is_some_and(|key| {
                    let hash = hash(*key, self.shift);
                    self.words
                        .get(hash / 64)
                        .is_some_and(|word| word >> (hash % 64) & 1 == 1)
                })
            })
            .map(|offset| from + offset)
    }
}

/// Multiplicative hashing: the upper bits of the product depend on all four bytes.
fn hash(key: [u8; MIN_PATTERN], shift: u32) -> usize {
    (u32::from_le_bytes(key).wrapping_mul(0x9E37_79B1) >> shift) as usize
}
