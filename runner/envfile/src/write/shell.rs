//! The shell format: `. ./file` in any POSIX shell.
//!
//! Every value stands in single quotes, in which a shell changes nothing, and a `'` is written as
//! `'\''`. The lines are plain assignments: a caller who wants them in the environment of the
//! programs it starts writes `set -a; . ./file; set +a`.

use super::refuse_nul;
use crate::secret_text::SecretText;
use crate::{EncodeError, Entry, EnvFormat};

pub(super) fn write(entries: &[Entry<'_>], out: &mut SecretText) -> Result<(), EncodeError> {
    for entry in entries {
        refuse_nul(entry, EnvFormat::Shell)?;
        out.push_str(entry.name);
        out.push_str("='");
        for (index, part) in entry.value.split('\'').enumerate() {
            if index > 0 {
                out.push_str("'\\''");
            }
            out.push_str(part);
        }
        out.push_str("'\n");
    }
    Ok(())
}
