//! Signs in a failed script's output that the sandbox stopped it, and what to write in the pipeline then.
//!
//! The kernel tells a script only `EACCES`, and tells the runner nothing: what a program makes of that is all there is to
//! go by. So what is said here is a guess, and says so (`may`), but where the path is known for what it is.
//!
//! - `read`: a line of output to what it complains about; `hints`: what that means for this step.

mod hints;
mod read;

use std::collections::VecDeque;

use crate::step::Shared;
use hints::Seen;
use read::Sign;

/// How many signs are kept, the last ones: what ended the script stands at the end.
const KEPT: usize = 20;
/// How many hints are given: one cause has one, and a page of them is no help.
const HINTS: usize = 3;

/// What was heard.
#[derive(Default)]
pub(super) struct Signs {
    heard: VecDeque<Sign>,
}

impl Signs {
    /// Listens to a masked line of output.
    pub(super) fn hear(&mut self, line: &str) {
        let Some(sign) = read::sign(line) else {
            return;
        };
        if self.heard.contains(&sign) {
            return;
        }
        if self.heard.len() == KEPT {
            self.heard.pop_front();
        }
        self.heard.push_back(sign);
    }

    /// What to write, where one of the step's limits may have been in the way: the last signs first.
    pub(super) fn hints(&self, shared: &Shared) -> Vec<String> {
        if self.heard.is_empty() {
            return Vec::new();
        }
        let seen = Seen::of(shared);
        let mut hints: Vec<String> = Vec::new();
        // Of what was not reached, a line that says where is worth more than one that doesn't.
        let is_named = |sign: &Sign| matches!(sign, Sign::Unreached(Some(_)));
        let vague = Sign::Unreached(None);
        let named = self.heard.iter().any(is_named);
        let telling = self.heard.iter().rev();
        let telling = telling.filter(|sign| !(named && **sign == vague));
        for hint in telling.filter_map(|sign| seen.hint(sign)) {
            if !hints.contains(&hint) && hints.len() < HINTS {
                hints.push(hint);
            }
        }
        hints
    }
}
