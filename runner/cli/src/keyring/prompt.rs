//! A secret's value: from standard input, or typed without being seen. Never from the command line, where every user of
//! the machine could read it.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};

use capstep_secrets::{SecretValue, value_from_file};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::CliError;

/// The largest value that is read, in bytes: the largest keys and service accounts have a few kilobytes.
const MAX_VALUE_BYTES: u64 = 1024 * 1024;

/// Ctrl-C, Ctrl-D and the two keys that take a character back, as a terminal sends them that does nothing about them.
const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACK: [u8; 2] = [8, 127];

/// Reads the value. None: whoever types it thought better of it.
pub(crate) fn value(name: &str) -> Result<Option<SecretValue>, CliError> {
    if std::io::stdin().is_terminal() {
        typed(name)
    } else {
        piped().map(Some)
    }
}

fn piped() -> Result<SecretValue, CliError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        CliError::usage(format!(
            "the value can't be read from standard input: {error}"
        ))
    };
    // As large as it may become, so that it never moves and leaves a copy.
    let mut content = Vec::with_capacity(MAX_VALUE_BYTES as usize + 1);
    let mut input = std::io::stdin().lock().take(MAX_VALUE_BYTES + 1);
    input
        .read_to_end(&mut content)
        .map_err(|error| unreadable(&error))?;
    if content.len() as u64 > MAX_VALUE_BYTES {
        content.zeroize();
        return Err(unreadable(&"it is larger than 1 MiB"));
    }
    value_from_file(content).map_err(|error| unreadable(&error))
}

fn typed(name: &str) -> Result<Option<SecretValue>, CliError> {
    let failed = |error: std::io::Error| {
        CliError::infrastructure(format!("the terminal can't be read: {error}")).hint(format!(
            "give the value by standard input: `capstep secret set {name} < FILE`"
        ))
    };
    let mut terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(failed)?;
    let quiet = Quiet::begin(&terminal).map_err(failed)?;
    let asked = write!(terminal, "value of {name} (it is not shown): ");
    let line = asked.and_then(|()| read_line(&mut terminal));
    drop(quiet);
    let _ = writeln!(terminal);
    match line.map_err(failed)? {
        None => Ok(None),
        Some(mut bytes) => {
            let text = std::str::from_utf8(&bytes).map(SecretValue::new);
            bytes.zeroize();
            text.map(Some)
                .map_err(|_| CliError::usage("what was typed is no UTF-8 text"))
        }
    }
}

/// A line as it is typed, character by character.
fn read_line(terminal: &mut impl std::io::Read) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    // A line has at most 4096 bytes where a terminal reads it itself: so it never moves and leaves a copy.
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut byte = [0];
    loop {
        if terminal.read(&mut byte)? == 0 {
            return Ok(None);
        }
        match byte {
            [b'\n' | b'\r'] => return Ok(Some(line)),
            [INTERRUPT] => return Ok(None),
            [END] if line.is_empty() => return Ok(None),
            [key] if BACK.contains(&key) => {
                // A character's later bytes begin with the bits 10.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            [other] if line.len() < line.capacity() => line.push(other),
            _ => return Err(std::io::Error::other("the line is longer than 4096 bytes")),
        }
    }
}

/// A terminal that shows nothing of what is typed, and hands Ctrl-C on as a character, so that it is never left like that.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn begin(terminal: &File) -> std::io::Result<Self> {
        let terminal = terminal.try_clone()?;
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet
            .local_flags
            .remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_and_are_taken_back() {
        let check = |typed: &str, expected: Option<&str>| {
            let line = read_line(&mut typed.as_bytes()).unwrap();
            let line = line.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            assert_eq!(line.as_deref(), expected, "{typed:?}");
        };
        check("abc\n", Some("abc"));
        check("abc\rrest", Some("abc"));
        check("abü\u{7f}c\n", Some("abc"));
        check("\u{7f}\u{8}a\n", Some("a"));
        check("ab\u{3}\n", None);
        check("\u{4}", None);
        check("ab", None);
        check("\n", Some(""));
        assert!(read_line(&mut "x".repeat(5_000).as_bytes()).is_err());
    }
}
