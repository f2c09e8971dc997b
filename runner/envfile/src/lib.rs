//! Environment files: writes a list of names and values so that its reader gets back exactly those
//! values, and reads `.env` files without ever interpolating.
//!
//! There is no one `.env` format. Each reader has its own rules for quotes, escapes and `$`, so the
//! writer is told who will read ([`EnvFormat`]), and what that reader can't be given is an error
//! whose hint names a format that can hold it. Nothing here touches a file, the environment or a
//! terminal; values are held in buffers that are wiped.
//!
//! # Layout
//!
//! | module | what it holds |
//! | --- | --- |
//! | `format` | [`EnvFormat`]: the formats and their names |
//! | `entry` | [`Entry`] and [`EncodeOptions`]: what is written |
//! | `error` | [`EncodeError`] and [`ParseError`] |
//! | `name` | which names each reader takes |
//! | `secret_text` | the growing buffer that leaves no copy of a value behind |
//! | `write` | [`encode`], and one module a format |
//! | `read` | [`parse_dotenv`]: compose's dialect, with located errors; [`read_back`]: what [`encode`] wrote |
//!
//! # Where the readers of a compose file differ
//!
//! Docker Compose (compose-go) reads back every value that [`EnvFormat::Compose`] writes. Other
//! programs read the same file, and these values can't be written so that all of them agree;
//! `tests/readers/table.json` lists values with what each reader made of them.
//!
//! | value holds | bash `source` | python-dotenv, docker-compose 1.29 |
//! | --- | --- | --- |
//! | `${NAME}` | same | interpolates it, even in single quotes; has no way to say it literally |
//! | `'` and `$`, or `$` and a final `\` | same | keeps the backslash of `\$` |
//! | `'` or a final `\`, and a backtick | reads `\0140` for the backtick: wrong, but runs nothing | reads `\0140` |
//! | `\\` and (`$` or a backtick) | same | reads one backslash for two |
//! | a carriage return | same | reads a line feed |
//! | a final `\`, with `"` later in the file | same | reads on to the guard comment at the end of the line |
//! | (a name) `.` or `-` | not an assignment: `command not found`, with the line in the message | same |
//! | (a name) `UID` and the like, which bash owns | fails, or doesn't last | same |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod entry;
mod error;
mod format;
mod name;
mod read;
mod secret_text;
mod write;

pub use entry::{EncodeOptions, Entry};
pub use error::{EncodeError, ParseError};
pub use format::EnvFormat;
pub use read::{ReadBack, parse_dotenv, read_back};
pub use write::encode;
