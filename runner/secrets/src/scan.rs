//! Decides which bytes of a text are covered, position by position.
//!
//! A position is decided once everything that could begin there is known to be there or not, so the decisions depend
//! on the text alone and not on how it was cut into chunks. Covered is the union of all matches: of two that overlap,
//! no end of either stays.

use crate::patterns::{At, Patterns};
use crate::tokens::{ALPHABETS, Alphabet, MIN_BODY};

/// The label of a token that nobody declared.
const TOKEN_LABEL: &str = "[MASKED:token]";

/// A stretch of what masking gives.
pub(crate) enum Piece<'a> {
    /// Bytes of the input as they are.
    Clear(&'a [u8]),
    /// The replacement of the covered bytes that follow.
    Label(&'a str),
}

/// What has to be known of the bytes already decided, with offsets in the buffer that begins with the first undecided
/// byte.
#[derive(Default)]
pub(crate) struct Cursor {
    /// All before this is covered.
    covered: usize,
    /// Where the run of token characters ends that the last token of each alphabet began.
    run_ends: [usize; ALPHABETS],
    /// Whether that run goes on as far as the buffer did.
    open: [bool; ALPHABETS],
}

/// What is known of one position.
enum Verdict<'a> {
    Nothing,
    /// Covered up to this offset.
    Match(usize, &'a str),
    /// More bytes are needed.
    Undecided,
}

/// Goes through `buffer` and emits what masking makes of it, up to the first position that can't be decided yet; the
/// number of decided bytes is returned. `last` says that nothing follows, so all is decided.
pub(crate) fn scan<'a>(
    patterns: &'a Patterns,
    buffer: &'a [u8],
    last: bool,
    cursor: &mut Cursor,
    mut emit: impl FnMut(Piece<'a>),
) -> usize {
    cursor.continue_runs(buffer);
    // What is decided and clear is emitted when a match or the end comes, in one piece.
    let mut shown = 0;
    let mut from = 0;
    let decided = loop {
        let Some(at) = patterns.next_candidate(buffer, from, last) else {
            break buffer.len();
        };
        match judge(patterns, buffer, at, last, cursor) {
            Verdict::Nothing => {}
            Verdict::Undecided => break at,
            Verdict::Match(end, label) => {
                if at >= cursor.covered {
                    clear(buffer, shown.max(cursor.covered), at, &mut emit);
                    emit(Piece::Label(label));
                }
                shown = at;
                cursor.covered = cursor.covered.max(end);
            }
        }
        from = at + 1;
    };
    clear(buffer, shown.max(cursor.covered), decided, &mut emit);
    cursor.advance(decided);
    decided
}

/// Emits a stretch, if there is anything in it.
fn clear<'a>(buffer: &'a [u8], from: usize, to: usize, emit: &mut impl FnMut(Piece<'a>)) {
    if let Some(clear) = buffer.get(from..to)
        && !clear.is_empty()
    {
        emit(Piece::Clear(clear));
    }
}

/// What begins at `at`.
fn judge<'a>(
    patterns: &'a Patterns,
    buffer: &'a [u8],
    at: usize,
    last: bool,
    cursor: &mut Cursor,
) -> Verdict<'a> {
    let rest = buffer.get(at..).unwrap_or_default();
    let mut end = at;
    let mut label = None;
    let At::Whole(found) = patterns.at(rest, last) else {
        return Verdict::Undecided;
    };
    for found in found {
        let after = at + found.len;
        if let Some(index) = found.value {
            end = end.max(after);
            label.get_or_insert_with(|| patterns.label(index));
        }
        if let Some(alphabet) = found.token {
            match cursor.token(buffer, after, *alphabet, last) {
                TokenEnd::Undecided => return Verdict::Undecided,
                TokenEnd::None => {}
                TokenEnd::At(run_end) => end = end.max(run_end),
            }
        }
    }
    if end == at {
        return Verdict::Nothing;
    }
    Verdict::Match(end, label.unwrap_or(TOKEN_LABEL))
}

enum TokenEnd {
    None,
    At(usize),
    Undecided,
}

impl Cursor {
    /// Where the token ends whose body begins at `body`.
    fn token(&mut self, buffer: &[u8], body: usize, alphabet: Alphabet, last: bool) -> TokenEnd {
        let rest = buffer.get(body..).unwrap_or_default();
        let near = rest.get(..MIN_BODY).unwrap_or(rest);
        let run = alphabet.run(near);
        if run < MIN_BODY {
            let cut = run == rest.len() && !last;
            return if cut {
                TokenEnd::Undecided
            } else {
                TokenEnd::None
            };
        }
        let (Some(known), Some(open)) = (
            self.run_ends.get_mut(alphabet.index()),
            self.open.get_mut(alphabet.index()),
        ) else {
            return TokenEnd::None;
        };
        // A run that is known already is not measured again, else tokens within tokens would take quadratic time.
        if *known < body + MIN_BODY {
            *known = body + alphabet.run(rest);
            *open = *known == buffer.len();
        }
        TokenEnd::At(*known)
    }

    /// Extends the runs that reached the end of the buffer into what was appended to it since.
    fn continue_runs(&mut self, buffer: &[u8]) {
        for alphabet in Alphabet::ALL {
            let (Some(end), Some(open)) = (
                self.run_ends.get_mut(alphabet.index()),
                self.open.get_mut(alphabet.index()),
            ) else {
                continue;
            };
            if *open {
                *end += alphabet.run(buffer.get(*end..).unwrap_or_default());
                *open = *end == buffer.len();
                self.covered = self.covered.max(*end);
            }
        }
    }

    /// The buffer loses its first `decided` bytes.
    fn advance(&mut self, decided: usize) {
        self.covered = self.covered.saturating_sub(decided);
        for end in &mut self.run_ends {
            *end = end.saturating_sub(decided);
        }
    }
}
