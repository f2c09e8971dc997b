//! What an upload is asked for, tells and reports.

use std::sync::Arc;

use super::LocalFile;
use crate::release::Release;

/// A file to upload.
pub struct UploadEntry {
    /// Where its bytes come from.
    pub local: Arc<dyn LocalFile>,
    /// Absolute, without `.`, `..` and empty parts.
    pub remote: String,
    /// In bytes: a file that has another size on the server is sent without a look at its content.
    pub size: u64,
    /// The permission bits that the remote file gets.
    pub mode: u32,
}

/// A folder that is to exist even if nothing is in it.
#[derive(Debug, Clone)]
pub struct UploadFolder {
    /// Absolute.
    pub remote: String,
    /// The permission bits that it gets at most where it has to be made: the server's umask cuts them, so that a checkout
    /// which everybody may write to makes none such there. The account itself may always use it.
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
    /// The folders.
    pub directories: Vec<UploadFolder>,
    /// Links.
    pub symlinks: Vec<UploadSymlink>,
    /// The release that it goes into: what is left of an upload into one that was given up is gone on with.
    pub release: Option<Release>,
}

/// How far an upload has come, in bytes of the files that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// So far, with what was there already of a file.
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
    /// Bytes of these files that were not sent: an upload that was cut had left them there.
    pub resumed: u64,
    /// The server could not tell digests, so every file was sent.
    pub without_digests: bool,
}
