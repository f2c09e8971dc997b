//! How one of the fixed programs is run.

use zeroize::Zeroizing;

use crate::error::{SshError, SshErrorKind};
use crate::exec::Collected;
use crate::quote::{is_plain, single_quote};
use crate::script::BOOTSTRAP_SH;
use crate::session::Session;

/// The most that one of the programs may print; a list of 400,000 paths fits.
pub(super) const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// How the text of each program begins: messages and sorting are the same on every server.
pub const PROGRAM_START: &str = "LC_ALL=C\nexport LC_ALL\n";

impl Session {
    /// Runs one of the fixed programs, with values that reach it as assignments on its standard input.
    pub(crate) async fn program(
        &self,
        program: &str,
        values: &[(&str, &str)],
    ) -> Result<Collected, SshError> {
        let text = program_text(program, values)?;
        self.exec_collect(BOOTSTRAP_SH, text.as_bytes(), ANSWER_LIMIT)
            .await
    }
}

/// What is sent to [`BOOTSTRAP_SH`] for one of [`programs`](super::programs) with these values. Fails with `invalid` for a NUL in one.
pub fn program_text(program: &str, values: &[(&str, &str)]) -> Result<Zeroizing<String>, SshError> {
    let mut text = Zeroizing::new(String::from(PROGRAM_START));
    for (name, value) in values {
        if !is_plain(value) {
            return Err(SshError::channel(
                SshErrorKind::Invalid,
                "a remote path holds a NUL",
            ));
        }
        text.push_str(&format!("{name}={}\n", single_quote(value)));
    }
    // As one word for `eval`: the shell has read all of it before the first command runs.
    text.push_str(&format!(
        "{{ eval {}\n}} </dev/null\n",
        single_quote(program)
    ));
    Ok(text)
}

pub(crate) fn check(what: &str, ran: &Collected) -> Result<(), SshError> {
    if ran.status.success() {
        Ok(())
    } else {
        Err(SshError::channel(
            SshErrorKind::Peer,
            format!("{what}: {}", ran.complaint()),
        ))
    }
}
