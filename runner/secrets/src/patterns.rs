//! The index of everything that is recognised, by its first four bytes.
//!
//! A general automaton over thousands of spellings is slow to build, large, and can't say whether the end of a buffer
//! could still become a match. All spellings are at least four bytes long, so a filter over the four bytes at a
//! position rules out nearly all positions (`starts`), and what shares them is searched in its order.

use std::sync::{Arc, LazyLock};

use crate::SecretValue;
use crate::forms;
use crate::inner_base64::Spelling;
use crate::starts::{Starts, start};
use crate::tokens::{Alphabet, SHAPES};

/// One text that is looked for.
struct Pattern {
    text: Arc<Spelling>,
    /// Its first bytes as a number, which orders nearly all patterns without a look at their texts.
    head: u64,
    /// The declared value that it is a spelling of, by the index of its label: the first of several.
    value: Option<usize>,
    /// What follows it, if it is the prefix of an access token. It may be a value's spelling as well: one says what is
    /// covered, the other how it is called.
    token: Option<Alphabet>,
    /// The longest pattern that this one begins with, by its place.
    shorter: Option<usize>,
}

impl Pattern {
    fn new(text: Arc<Spelling>, value: Option<usize>, token: Option<Alphabet>) -> Self {
        let head = text
            .bytes()
            .chain(std::iter::repeat(0))
            .take(size_of::<u64>())
            .fold(0, |head, byte| head << 8 | u64::from(byte));
        Self {
            text,
            head,
            value,
            token,
            shorter: None,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
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
    /// In the order of their bytes, each text once.
    all: Vec<Pattern>,
    starts: Starts,
    labels: Vec<String>,
}

/// What stands at a position of a buffer, as far as its pattern goes.
pub(crate) struct Found<'a> {
    /// The pattern's length.
    pub(crate) len: usize,
    /// The index of the value's label.
    pub(crate) value: Option<usize>,
    /// What follows the prefix of a token.
    pub(crate) token: Option<&'a Alphabet>,
}

/// What is known of a position.
pub(crate) enum At<'a, I: Iterator<Item = Found<'a>>> {
    /// These patterns are there, longest first; often none.
    Whole(I),
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
            let text = Arc::new(Spelling::new((*prefix).to_owned()));
            Pattern::new(text, None, Some(*alphabet))
        });
        let declared = values.iter().enumerate().flat_map(|(index, value)| {
            let spellings = value.spellings.iter();
            spellings.map(move |text| Pattern::new(Arc::clone(text), Some(index), None))
        });
        let mut all: Vec<Pattern> = declared
            .chain(tokens)
            .filter(|pattern| start(pattern.bytes()).is_some())
            .collect();
        // The sort keeps the order of what is equal, so the first of the declared values comes first.
        all.sort_by(|a, b| {
            let heads = a.head.cmp(&b.head);
            heads.then_with(|| a.bytes().cmp(b.bytes()))
        });
        all.dedup_by(|again, first| {
            let same = again.head == first.head && again.text == first.text;
            if same {
                first.value = first.value.or(again.value);
                first.token = first.token.or(again.token);
            }
            same
        });
        link(&mut all);
        let starts = Starts::new(all.iter().map(Pattern::bytes));
        let labels = values
            .iter()
            .map(|value| format!("[MASKED:{}]", value.name))
            .collect();
        Self {
            all,
            starts,
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
        self.starts.next(bytes, from, last)
    }

    /// The patterns that stand at the beginning of `rest`, unless one may that `rest` is too short for. Where `rest` is
    /// the `last` of its text, none may.
    pub(crate) fn at<'a>(
        &'a self,
        rest: &[u8],
        last: bool,
    ) -> At<'a, impl Iterator<Item = Found<'a>> + use<'a>> {
        let (cut, longest) = match start(rest) {
            Some(key) => self.look(key, rest),
            None => (self.starts.begin_with(rest), None),
        };
        if cut && !last {
            return At::Cut;
        }
        // What one pattern begins with is there as well.
        let mut next = longest.and_then(|place| self.all.get(place));
        At::Whole(std::iter::from_fn(move || {
            let pattern = next?;
            next = pattern.shorter.and_then(|place| self.all.get(place));
            Some(Found {
                len: pattern.text.len(),
                value: pattern.value,
                token: pattern.token.as_ref(),
            })
        }))
    }

    /// Whether `rest`, which begins with `key`, is the beginning of a longer pattern; and the place of the longest
    /// pattern that it begins with.
    fn look(&self, key: [u8; 4], rest: &[u8]) -> (bool, Option<usize>) {
        let Some(group) = self.starts.group(key) else {
            return (false, None);
        };
        let patterns = self.all.get(group.places.clone()).unwrap_or_default();
        // Values often begin alike: what all of them begin with is compared once.
        let common = patterns
            .first()
            .and_then(|first| first.bytes().get(..group.common))
            .unwrap_or_default();
        if !rest.starts_with(common) {
            return (common.starts_with(rest), None);
        }
        let after = patterns.partition_point(|pattern| pattern.bytes() <= rest);
        let cut = patterns
            .get(after)
            .is_some_and(|pattern| pattern.bytes().starts_with(rest));
        // All that `rest` begins with is what the last pattern not after it begins with, or that pattern itself.
        let mut place = after
            .checked_sub(1)
            .map(|before| group.places.start + before);
        while let Some(pattern) = place.and_then(|place| self.all.get(place)) {
            if rest.starts_with(pattern.bytes()) {
                break;
            }
            place = pattern.shorter;
        }
        (cut, place)
    }
}

/// Sets `shorter` of sorted patterns.
fn link(all: &mut [Pattern]) {
    for place in 0..all.len() {
        let Some((before, [this, ..])) = all.split_at_mut_checked(place) else {
            continue;
        };
        // The one before and what that one begins with are all that this one can begin with.
        let mut shorter = place.checked_sub(1);
        while let Some(other) = shorter.and_then(|at| before.get(at)) {
            if this.bytes().starts_with(other.bytes()) {
                break;
            }
            shorter = other.shorter;
        }
        this.shorter = shorter;
    }
}
