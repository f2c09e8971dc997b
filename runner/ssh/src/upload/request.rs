//! What an upload is asked for, tells and reports.

use std::sync::Arc;

use super::LocalFile;

/// A file to upload.
pub struct UploadEntry {
    /// Where its bytes come from.
    pub local: Arc<dyn LocalFile>,
    /// Absolute, without `.`, `..` and empty parts.
    pub remote: String,
    /// Of the whole content; decides whether the file is sent, and is compared with what was sent.
    pub sha256: [u8; 32],
    /// In bytes, for progress.
    pub size: u64,
    /// The permission bits that the remote file gets.
    pub mode: u32,
}

/// A symbolic link to make.
#[derive(Debug, Clone)]
pub struct UploadSymlink {
    /// Absolute.
    pub remote: String,
    /// As it is to be written; must stay within the designated path.
    pub target: String,
}

/// What to upload.
#[derive(Default)]
pub struct UploadRequest {
    /// The designated remote paths, folders or single files: nothing is written outside of them.
    pub within: Vec<String>,
    /// The files.
    pub entries: Vec<UploadEntry>,
    /// Folders that are to exist even if nothing is in them.
    pub directories: Vec<String>,
    /// Links.
    pub symlinks: Vec<UploadSymlink>,
}

/// How far an upload has come, in bytes of the files that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// So far.
    pub sent: u64,
    /// In the end.
    pub total: u64,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploadReport {
    /// Remote paths of the files and links that were written, in the request's order.
    pub uploaded: Vec<String>,
    /// Files that were there already.
    pub skipped: usize,
    /// Files of these whose permissions were put right.
    pub modes_changed: usize,
    /// Bytes sent.
    pub bytes: u64,
    /// The server could not tell digests, so every file was sent.
    pub without_digests: bool,
}
