//! The docker format: `docker run --env-file`.
//!
//! That reader knows no quotes and no escapes: a line is a name, `=`, and the value as it is,
//! spaces at both ends and quotes included, nothing interpolated. It strips one carriage return
//! from a line's end, and refuses any line that doesn't fit its 64 KiB buffer.

use super::refuse_nul;
use crate::secret_text::SecretText;
use crate::{EncodeError, Entry, EnvFormat};

/// The longest line without its line feed, in bytes: `bufio.Scanner`'s buffer of 64 KiB has to
/// hold both.
const MAX_LINE: usize = 64 * 1024 - 1;

pub(super) fn write(entries: &[Entry<'_>], out: &mut SecretText) -> Result<(), EncodeError> {
    for entry in entries {
        refuse_nul(entry, EnvFormat::Docker)?;
        let refuse = |reason: &str, hint: &str| Err(EncodeError::new(entry.name, reason, hint));
        if entry.value.contains('\n') {
            return refuse(
                "the value has several lines, which the docker format can't hold",
                "use the compose, shell or json format, or encode the value (as base64, say)",
            );
        }
        if entry.value.ends_with('\r') {
            return refuse(
                "the value ends with a carriage return, which docker strips",
                "strip carriage returns, or use the compose, shell or json format",
            );
        }
        if entry.name.len() + 1 + entry.value.len() > MAX_LINE {
            return refuse(
                "the line is longer than the 64 KiB that docker reads",
                "use the compose, shell or json format, or hand the value over as a file",
            );
        }
        out.push_str(entry.name);
        out.push('=');
        out.push_str(entry.value);
        out.push('\n');
    }
    Ok(())
}
