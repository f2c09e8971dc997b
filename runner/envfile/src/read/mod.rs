//! Reading `.env` files in Docker Compose's dialect, without its interpolation.

mod back;
mod parser;
mod quoted;

use std::collections::HashMap;

pub use self::back::{ReadBack, read_back};
use crate::ParseError;

/// Reads a `.env` file as Docker Compose does, and gives its variables in the order in which each
/// first appears. A name that is set again takes the later value, as it does for compose.
///
/// The dialect: `NAME=value` or `NAME: value`, an optional `export` before it; `#` comments on lines
/// of their own, after a space behind an unquoted value, or behind a quoted one; unquoted values end
/// at the line and lose spaces at both ends; single and double quotes may span lines; in double
/// quotes `\n`, `\t` and the like, `\\`, `\"`, `\$` and octal `\0ddd` are escapes; `$$` is a `$`
/// outside single quotes, as is a `$` before anything but a name, `{`
/// or `(`. A byte order mark and `\r\n` line ends are taken.
///
/// It is stricter than compose where compose guesses: text behind a closing quote, names other than
/// a letter or `_` and then letters, digits, `_`, `.` or `-`, and a name without a value (which
/// compose takes from its own environment) are errors.
///
/// # Errors
///
/// A located [`ParseError`] that quotes nothing from the file. `$NAME`, `${NAME}` and `$(` are errors
/// outside single quotes: this reader has no environment to take a value from and runs nothing.
pub fn parse_dotenv(text: &str) -> Result<Vec<(String, String)>, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = parser::Parser::new(text);
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    while let Some((name, value)) = parser.next_entry()? {
        let earlier = positions
            .get(&name)
            .and_then(|&position| entries.get_mut(position));
        if let Some(entry) = earlier {
            entry.1 = value;
        } else {
            positions.insert(name.clone(), entries.len());
            entries.push((name, value));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
