//! The terminal that standard error is: how large it is, and whose turn it is.

use std::io::stderr;

use rustix::process::getpgrp;
use rustix::termios::{tcgetpgrp, tcgetwinsize};

use super::layout::Size;

/// How large a terminal is that does not say it.
const USUAL: Size = Size {
    rows: 24,
    columns: 80,
};

/// How large it is now.
pub(super) fn size() -> Size {
    let Ok(size) = tcgetwinsize(stderr()) else {
        return USUAL;
    };
    let known = |cells: u16, usual| {
        if cells == 0 {
            usual
        } else {
            usize::from(cells)
        }
    };
    Size {
        rows: known(size.ws_row, USUAL.rows),
        columns: known(size.ws_col, USUAL.columns),
    }
}

/// Whether the program runs in the background of a shell, which is talking to somebody on the same terminal.
pub(super) fn is_in_background() -> bool {
    // A terminal that controls nobody has no background.
    tcgetpgrp(stderr()).is_ok_and(|group| group != getpgrp())
}
