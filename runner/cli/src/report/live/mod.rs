//! The live view: below the lines of the report, a small area that says what runs now.
//!
//! - `board`: what runs, folded from events; `progress`: how far a step has come;
//! - `layout`: the area's lines for a board and a size; `bar`, `cells`: what they are made of;
//! - `screen`: lines and area as bytes for a terminal; `terminal`: its size, and whose turn it is;
//! - `writer`: lines on their way to it, in batches; `ticker`: what redraws it, and the signals that matter to it.
//!
//! The cursor is never hidden and the terminal's settings are never touched, so that nothing has to be put back,
//! however the program ends. Nor is a library of progress bars used: `indicatif` draws everything again for each line
//! above its bars, and a step may say hundreds in a millisecond.

mod bar;
mod board;
mod cells;
mod layout;
mod progress;
mod screen;
mod terminal;
mod ticker;
mod writer;

use std::sync::Arc;

use capstep_engine::Event;

use crate::context::Environment;
use crate::printer::Printer;
use ticker::Ticker;
use writer::Writer;

/// Variables that say that nobody watches: any value but an empty one.
const NOBODY: &str = "CI";
/// What the terminal is called.
const TERMINAL: &str = "TERM";
/// What terminals are called that can't move their cursor.
const DUMB: &str = "dumb";

/// Whether the live view can be shown: standard error is a terminal that can move its cursor, and somebody watches.
pub(crate) fn can_be_shown(printer: Printer, environment: &Environment) -> bool {
    let set = |name| environment.get(name).filter(|value| !value.is_empty());
    printer.is_terminal && set(NOBODY).is_none() && set(TERMINAL).is_some_and(|name| name != DUMB)
}

/// The live view of a run.
pub(super) struct Live {
    writer: Arc<Writer>,
    /// None when it has ended.
    ticker: Option<Ticker>,
}

impl Live {
    /// Begins; nothing is drawn before jobs run. None where the machine has no thread to give.
    pub(super) fn start(printer: Printer) -> Option<Self> {
        let writer = Arc::new(Writer::new(printer));
        let ticker = Some(Ticker::start(&writer)?);
        Some(Self { writer, ticker })
    }

    /// Takes an event, and the lines that it is told with.
    pub(super) fn tell(&self, event: &Event, lines: &str) {
        self.writer.tell(event, lines);
    }

    /// Writes what is left and takes the area away.
    pub(super) fn end(&mut self) {
        // The thread first: it must not draw the area again.
        self.ticker = None;
        self.writer.end();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::Look;

    #[test]
    fn it_is_for_terminals_that_somebody_watches() {
        let check = |is_terminal, variables: &[(&str, &str)], expected| {
            let printer = Printer {
                people: Look::default(),
                data: Look::default(),
                is_terminal,
            };
            let environment = Environment::of(variables);
            assert_eq!(
                can_be_shown(printer, &environment),
                expected,
                "{variables:?}"
            );
        };
        check(true, &[("TERM", "xterm-256color")], true);
        check(false, &[("TERM", "xterm-256color")], false);
        check(true, &[("TERM", "dumb")], false);
        check(true, &[("TERM", "")], false);
        check(true, &[], false);
        check(true, &[("TERM", "linux"), ("CI", "true")], false);
        check(true, &[("TERM", "linux"), ("CI", "")], true);
    }
}
