//! The first way in: a component of the world `capstep:step`, with the Rust SDK. It counts the lines and words of a
//! file that it was handed.

use capstep_sdk::Failure;
use capstep_sdk::files::Files;
use serde::{Deserialize, Serialize};

/// As much of the file as is asked for at once, in bytes; the text of the test is longer.
const PIECE: u32 = 64;

/// What the step takes.
#[derive(Debug, Deserialize)]
pub struct Inputs {
    /// The file, by its name alone; what may be read is the host's to know.
    #[serde(rename = "file")]
    pub _file: String,
}

/// What the step gives.
#[derive(Debug, Serialize)]
pub struct Outputs {
    /// Line ends.
    pub lines: u64,
    /// Runs of what is not white space.
    pub words: u64,
}

/// Counts.
///
/// # Errors
/// The file can't be read.
pub fn run(host: &impl Files, _: Inputs) -> Result<Outputs, Failure> {
    let mut outputs = Outputs { lines: 0, words: 0 };
    let mut in_word = false;
    let mut offset = 0;
    loop {
        let piece = host.read("/file", "", offset, PIECE)?;
        if piece.is_empty() {
            return Ok(outputs);
        }
        offset += piece.len() as u64;
        for byte in piece {
            outputs.lines += u64::from(byte == b'\n');
            let is_word = !byte.is_ascii_whitespace();
            outputs.words += u64::from(is_word && !in_word);
            in_word = is_word;
        }
    }
}

capstep_sdk::step!(run);
