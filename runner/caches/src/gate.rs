//! What may be in an entry.

/// Says of paths in the workspace what may be kept and what may come back.
pub trait Gate: Sync {
    /// Whether no step is ever handed it: left out of what is saved, and refused in what is restored.
    fn hides(&self, path: &str) -> bool;

    /// Whether it was written with secrets.
    fn is_sealed(&self, path: &str) -> bool;

    /// How large files are, in bytes, that may be copies of what was written with secrets; 0 where there is nothing that
    /// could be copied.
    fn compares_up_to(&self) -> u64;

    /// Whether these bytes are those of a file that was written with secrets.
    fn is_copy(&self, bytes: &[u8]) -> bool;
}
