//! Lines on their way to the terminal, in batches.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use capstep_engine::Event;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::board::Board;
use super::screen::Screen;
use super::{layout, terminal};
use crate::printer::Printer;

/// How many bytes of lines are collected at most between two redraws. A step that says more than ten times that in a
/// second waits for the terminal, as it would without the view.
const COLLECTED: usize = 1 << 20;

/// Takes events and writes them. Whoever writes holds `screen`, so that nothing overtakes; `pending` is held only for
/// moments, so that a step goes on while a terminal is slow.
pub(super) struct Writer {
    printer: Printer,
    screen: Mutex<Screen>,
    pending: Mutex<Pending>,
}

struct Pending {
    lines: String,
    board: Board,
}

impl Writer {
    pub(super) fn new(printer: Printer) -> Self {
        Self {
            printer,
            screen: Mutex::default(),
            pending: Mutex::new(Pending {
                lines: String::new(),
                board: Board::new(Instant::now()),
            }),
        }
    }

    /// Takes an event and the lines that it is told with.
    pub(super) fn tell(&self, event: &Event, lines: &str) {
        let mut pending = lock(&self.pending);
        pending.board.tell(event, Instant::now());
        pending.lines.push_str(&self.printer.cleaned(lines));
        let is_full = pending.lines.len() > COLLECTED;
        drop(pending);
        if is_full {
            self.write();
        }
    }

    /// Writes the lines so far, and the area as it is now.
    pub(super) fn write(&self) {
        self.write_to(&mut lock(&self.screen), true);
    }

    /// Writes the lines so far, and takes the area away.
    pub(super) fn end(&self) {
        self.write_to(&mut lock(&self.screen), false);
    }

    /// Takes the area away while somebody else writes: not at all where the caller itself may be the one that writes.
    pub(super) fn step_aside(&self) {
        if let Ok(mut screen) = self.screen.try_lock() {
            self.write_to(&mut screen, false);
        }
    }

    /// Others have written to the terminal.
    pub(super) fn forget(&self) {
        lock(&self.screen).forget();
    }

    /// Stops the program, as the terminal's user asked for; goes on when it is continued.
    pub(super) fn stop(&self) {
        let mut screen = lock(&self.screen);
        self.write_to(&mut screen, false);
        // Not `SIGTSTP`, which is caught. Where it fails nothing is stopped, and nothing is lost.
        let _ = kill(Pid::this(), Signal::SIGSTOP);
    }

    fn write_to(&self, screen: &mut Screen, with_area: bool) {
        let mut pending = lock(&self.pending);
        let lines = std::mem::take(&mut pending.lines);
        let area = if with_area && !terminal::is_in_background() {
            let look = self.printer.people;
            layout::lines(&pending.board, Instant::now(), terminal::size(), look)
        } else {
            Vec::new()
        };
        drop(pending);
        let bytes = screen.draw(&lines, area);
        if !bytes.is_empty() {
            self.printer.terminal(&bytes);
        }
    }
}

/// A panic elsewhere has left what is in it whole: each change is made at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
