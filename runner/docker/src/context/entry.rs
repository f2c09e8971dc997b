//! One entry of a context.

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file with bytes.
    File,
    /// A link, with the text that it holds.
    Link(String),
    /// A named pipe: it is made anew in the image, nothing is read from it.
    Pipe,
}

/// Something below the context's root. (Sockets and devices are no entries: they are left out.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path below the root, with slashes, without one in front.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// The length in bytes, of a file.
    pub size: u64,
    /// Permissions with the set-uid, set-gid and sticky bits.
    pub mode: u32,
    /// When it was changed, in nanoseconds since 1970.
    pub modified: i64,
}
