//! Where a pattern may begin, judged by four bytes.
//!
//! Nearly every position of a text is ruled out by the [`Filter`], with one multiplication and one bit; the few that
//! pass by accident, by a look into a table. What is left shares its first four bytes with a pattern.

use std::ops::Range;

use crate::forms::MIN_PATTERN;

/// How far it is looked at what patterns begin with alike; what differs later is told apart by a search.
const MAX_COMMON: usize = 32;
/// The logarithm of the filter's bits: 32 KiB, which the processor's nearest cache holds. Fifty values have about 2,000
/// beginnings, so that about one position in 130 of any text passes by accident.
const FILTER_BITS_LOG: u32 = 18;
/// The filter's words.
const FILTER_WORDS: usize = 1 << (FILTER_BITS_LOG - 6);
/// The bytes that are read at once.
const WORD: usize = 8;
/// How many positions have their four bytes in a word.
const STRIDE: usize = WORD - MIN_PATTERN + 1;

/// The first four bytes of a pattern, or of a place in a text.
pub(crate) type Start = [u8; MIN_PATTERN];

/// The first four bytes.
pub(crate) fn start(text: &[u8]) -> Option<Start> {
    text.first_chunk::<MIN_PATTERN>().copied()
}

/// The patterns with the same first four bytes.
pub(crate) struct Group {
    start: Start,
    /// Their places among all.
    pub(crate) places: Range<usize>,
    /// How many bytes all of them begin with, as far as that was looked at: at least four.
    pub(crate) common: usize,
}

/// The beginnings of all patterns.
pub(crate) struct Starts {
    /// In the order of their bytes.
    groups: Vec<Group>,
    /// Open addressing by [`hash`], at most half full: the place of a group and one, zero where there is none.
    slots: Vec<u32>,
    /// How far a hash is shifted for a slot.
    shift: u32,
    filter: Filter,
}

impl Starts {
    /// The beginnings of patterns that come in the order of their bytes.
    pub(crate) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut first: &[u8] = &[];
        for (place, text) in patterns.enumerate() {
            let Some(start) = start(text) else { continue };
            match groups.last_mut() {
                Some(group) if group.start == start => {
                    group.places.end = place + 1;
                    group.common = common(first.get(..group.common).unwrap_or_default(), text);
                }
                _ => {
                    first = text;
                    groups.push(Group {
                        start,
                        places: place..place + 1,
                        common: text.len().min(MAX_COMMON),
                    });
                }
            }
        }
        let mut filter = Filter::new();
        let size = (groups.len() * 2).next_power_of_two().max(2);
        let mut slots = vec![0; size];
        let shift = 32 - size.trailing_zeros();
        for (group, number) in groups.iter().zip(1..) {
            filter.add(group.start);
            let mut at = (hash(u32::from_le_bytes(group.start)) >> shift) as usize;
            while slots.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) % size;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = number;
            }
        }
        Self {
            groups,
            slots,
            shift,
            filter,
        }
    }

    /// The patterns that begin with these four bytes.
    pub(crate) fn group(&self, start: Start) -> Option<&Group> {
        let mut at = (hash(u32::from_le_bytes(start)) >> self.shift) as usize;
        loop {
            let number = *self.slots.get(at)? as usize;
            let group = self.groups.get(number.checked_sub(1)?)?;
            if group.start == start {
                return Some(group);
            }
            at = (at + 1) % self.slots.len();
        }
    }

    /// Whether some pattern begins with `rest`, which is shorter than a beginning.
    pub(crate) fn begin_with(&self, rest: &[u8]) -> bool {
        let place = self
            .groups
            .partition_point(|group| group.start.as_slice() < rest);
        self.groups
            .get(place)
            .is_some_and(|group| group.start.starts_with(rest))
    }

    /// The first position at or after `from` where a pattern may begin; see `Patterns::next_candidate`.
    pub(crate) fn next(&self, bytes: &[u8], from: usize, last: bool) -> Option<usize> {
        let mut from = from;
        while let Some(found) = self.filter.next(bytes, from) {
            let rest = bytes.get(found..).unwrap_or_default();
            if start(rest).is_some_and(|start| self.group(start).is_some()) {
                return Some(found);
            }
            from = found + 1;
        }
        if last {
            return None;
        }
        let tail = bytes.len().saturating_sub(MIN_PATTERN - 1).max(from);
        (tail..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| self.begin_with(rest)))
    }
}

/// How many bytes two texts begin with alike.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Finds positions whose four bytes may begin a pattern: one bit for each hash of four bytes.
struct Filter(Box<[u64; FILTER_WORDS]>);

impl Filter {
    fn new() -> Self {
        Self(Box::new([0; FILTER_WORDS]))
    }

    fn add(&mut self, start: Start) {
        let (word, bit) = place(u32::from_le_bytes(start));
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// Whether these four bytes pass. Without a branch, so that neighbours are tested at the same time.
    #[inline(always)]
    fn passes(&self, start: u32) -> bool {
        let (word, bit) = place(start);
        self.0.get(word).copied().unwrap_or_default() >> bit & 1 == 1
    }

    /// The first position at or after `from` that passes.
    #[inline]
    fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut rest = bytes.get(from..)?;
        while let Some(word) = rest.first_chunk::<WORD>() {
            let word = u64::from_le_bytes(*word);
            let at = |offset: u32| self.passes((word >> (8 * offset)) as u32);
            if at(0) | at(1) | at(2) | at(3) | at(4) {
                break;
            }
            rest = rest.get(STRIDE..).unwrap_or_default();
        }
        let skipped = bytes.len() - rest.len();
        rest.windows(MIN_PATTERN)
            .position(|window| {
                start(window).is_some_and(|start| self.passes(u32::from_le_bytes(start)))
            })
            .map(|offset| skipped + offset)
    }
}

/// The word and the bit of a filter that stand for four bytes.
#[inline(always)]
fn place(start: u32) -> (usize, u32) {
    let hash = hash(start) >> (32 - FILTER_BITS_LOG);
    ((hash >> 6) as usize, hash & 63)
}

/// Multiplicative hashing: the upper bits of the product depend on all four bytes.
#[inline(always)]
fn hash(start: u32) -> u32 {
    start.wrapping_mul(0x9E37_79B1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition: the first position whose bytes are the beginning of a pattern, or may become it.
    fn plain_next(patterns: &[String], text: &[u8], from: usize, last: bool) -> Option<usize> {
        (from..text.len()).find(|at| {
            patterns.iter().any(|pattern| {
                let start = &pattern.as_bytes()[..MIN_PATTERN];
                let rest = &text[*at..];
                rest.starts_with(start)
                    || (!last && rest.len() < MIN_PATTERN && start.starts_with(rest))
            })
        })
    }

    proptest! {
        #[test]
        fn what_may_begin_is_what_its_definition_says(
            patterns in proptest::collection::btree_set("[ab]{2}[a-z]{2,40}", 0..40),
            text in "[abcd]{0,60}",
            from in 0usize..70,
            last in any::<bool>(),
        ) {
            let patterns: Vec<String> = patterns.into_iter().collect();
            let starts = Starts::new(patterns.iter().map(String::as_bytes));
            prop_assert_eq!(
                starts.next(text.as_bytes(), from, last),
                plain_next(&patterns, text.as_bytes(), from, last)
            );
            for group in &starts.groups {
                for pattern in &patterns[group.places.clone()] {
                    let text = pattern.as_bytes();
                    prop_assert_eq!(start(text), Some(group.start));
                    prop_assert!(patterns[group.places.start].as_bytes().starts_with(&text[..group.common]));
                }
            }
            prop_assert_eq!(
                starts.groups.iter().map(|group| group.places.len()).sum::<usize>(),
                patterns.len()
            );
        }
    }

    #[test]
    fn many_beginnings_are_all_found() {
        let patterns: Vec<String> = (0..20_000).map(|number| format!("{number:06}")).collect();
        let starts = Starts::new(patterns.iter().map(String::as_bytes));
        assert!(patterns.iter().all(|text| {
            start(text.as_bytes()).is_some_and(|start| starts.group(start).is_some())
        }));
        assert!(starts.group(*b"x000").is_none());
        assert_eq!(starts.next(b"abcdefghijk0199", 0, true), Some(11));
    }
}
