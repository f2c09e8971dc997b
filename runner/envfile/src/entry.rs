//! What is written: entries and options.

use std::fmt;

/// One variable. Its `Debug` shows the name alone, since the value may be a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The variable's name; which names are allowed depends on the format.
    pub name: &'a str,
    /// The value that the reader must get back, byte for byte.
    pub value: &'a str,
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How a file is written, besides its format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Text for the top of the file, each of its lines behind `# `; control characters become
    /// spaces and very long lines are cut. JSON has no comments, so there it is left out.
    pub comment: Option<String>,
    /// Remove every carriage return from the values (so `\r\n` becomes `\n`), for values that were
    /// pasted into a web form or saved on Windows.
    pub strip_cr: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let entry = Entry {
            name: "TOKEN",
            value: "hunter2",
        };
        let shown = format!("{entry:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("hunter2"));
    }
}
