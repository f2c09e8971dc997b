//! Masking of a stream that arrives in chunks.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::Masker;
use crate::patterns::Patterns;
use crate::scan::{Cursor, Piece, scan};

/// Masks a stream: whatever its chunks, all that comes out is what [`Masker::mask_bytes`] makes of the whole.
///
/// Only bytes that could still begin a match are kept back, so a line without the beginning of a secret at its end
/// comes out at once, and never more than the longest spelling of a secret is held.
pub struct StreamMasker {
    patterns: Arc<Patterns>,
    held: Zeroizing<Vec<u8>>,
    cursor: Cursor,
    replaced: u64,
}

impl StreamMasker {
    /// A masker of a new stream.
    pub fn new(masker: &Masker) -> Self {
        Self {
            patterns: Arc::clone(masker.patterns()),
            held: Zeroizing::new(Vec::new()),
            cursor: Cursor::default(),
            replaced: 0,
        }
    }

    /// How many secrets were replaced so far.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Takes the next bytes and gives what can be said of the stream so far.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len() + chunk.len());
        if self.held.is_empty() {
            let decided = self.step(chunk, false, &mut out);
            self.held
                .extend_from_slice(chunk.get(decided..).unwrap_or_default());
        } else {
            let mut buffer = std::mem::take(&mut self.held);
            append(&mut buffer, chunk);
            let decided = self.step(&buffer, false, &mut out);
            buffer.drain(..decided);
            self.held = buffer;
        }
        out
    }

    /// Ends the stream and gives the rest of it.
    pub fn finish(mut self) -> Vec<u8> {
        self.end()
    }

    /// The same for who still needs [`StreamMasker::replaced`]. Nothing may be pushed after it.
    pub fn end(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut out = Vec::with_capacity(held.len());
        self.step(&held, true, &mut out);
        out
    }

    fn step(&mut self, buffer: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
        let replaced = &mut self.replaced;
        scan(
            &self.patterns,
            buffer,
            last,
            &mut self.cursor,
            |piece| match piece {
                Piece::Clear(part) => out.extend_from_slice(part),
                Piece::Label(label) => {
                    *replaced += 1;
                    out.extend_from_slice(label.as_bytes());
                }
            },
        )
    }
}

/// Appends without leaving a copy of what is held in memory that was given back.
fn append(held: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    if held.capacity() - held.len() < chunk.len() {
        let mut larger = Vec::with_capacity((held.len() + chunk.len()).next_power_of_two());
        larger.extend_from_slice(held);
        *held = Zeroizing::new(larger);
    }
    held.extend_from_slice(chunk);
}
