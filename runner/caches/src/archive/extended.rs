//! What stands before a header that has no room for it.

use std::io::Read;

use tar::PaxExtensions;

use super::mtime::Mtime;
use crate::limits::MAX_HEADER;

/// What an extended header says of the next entry.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<String>,
    pub(super) link: Option<String>,
    pub(super) mtime: Option<Mtime>,
}

impl Extended {
    /// Reads an extended header of that size.
    ///
    /// # Errors
    /// It is larger than any that is written, or says what none says.
    pub(super) fn read(from: impl Read, size: u64) -> Result<Self, String> {
        if size > MAX_HEADER {
            return Err("one of its headers is too large".to_owned());
        }
        let mut bytes = Vec::new();
        let read = from.take(size).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        let mut extended = Self::default();
        let unreadable = || "one of its headers can't be read".to_owned();
        for pair in PaxExtensions::new(&bytes) {
            let pair = pair.map_err(|_| unreadable())?;
            let (Ok(key), Ok(value)) = (pair.key(), pair.value()) else {
                return Err(unreadable());
            };
            let is_new = match key {
                "path" => extended.path.replace(value.to_owned()).is_none(),
                "linkpath" => extended.link.replace(value.to_owned()).is_none(),
                "mtime" => {
                    let time = Mtime::parse(value).ok_or_else(unreadable)?;
                    extended.mtime.replace(time).is_none()
                }
                _ => return Err("one of its headers says what none should".to_owned()),
            };
            if !is_new {
                return Err("one of its headers says something twice".to_owned());
            }
        }
        Ok(extended)
    }
}
