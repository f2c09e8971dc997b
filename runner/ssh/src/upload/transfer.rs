//! One file's way into the staging folder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::{LocalFile, UploadProgress};

/// What is read from a local file at once; four SFTP packets' worth.
const PIECE: usize = 128 * 1024;

/// While its content is written a file is the account's alone, whatever it will be afterwards.
const MODE_WHILE_WRITTEN: u32 = 0o600;

/// Why a file did not arrive.
#[derive(Debug)]
pub(super) enum Failure {
    Remote(SftpError),
    Local(std::io::Error),
    /// The bytes that were read have another digest than the caller said.
    Changed,
}

impl From<SftpError> for Failure {
    fn from(error: SftpError) -> Self {
        Self::Remote(error)
    }
}

/// Counts bytes for all files of an upload and tells the caller, who may be too slow to hear each step.
#[derive(Clone)]
pub(super) struct Meter {
    pub(super) sent: Arc<AtomicU64>,
    pub(super) total: u64,
    pub(super) progress: Option<mpsc::Sender<UploadProgress>>,
}

impl Meter {
    fn add(&self, bytes: usize) {
        let sent = self.sent.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if let Some(progress) = &self.progress {
            let _ = progress.try_send(UploadProgress {
                sent,
                total: self.total,
            });
        }
    }
}

/// Writes a local file to a new remote one, with its final mode, and compares what was sent with its digest.
pub(super) async fn send(
    sftp: &SftpSession,
    local: &dyn LocalFile,
    staged: &str,
    mode: u32,
    sha256: [u8; 32],
    meter: &Meter,
) -> Result<(), Failure> {
    let mut reader = local.open().await.map_err(Failure::Local)?;
    let attributes = |mode| FileAttributes {
        permissions: Some(mode),
        ..FileAttributes::empty()
    };
    let mut file = sftp
        .open_with_flags_and_attributes(
            staged,
            OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE,
            attributes(MODE_WHILE_WRITTEN),
        )
        .await?;
    let mut hasher = Sha256::new();
    let mut buffer = zeroize::Zeroizing::new(vec![0; PIECE]);
    loop {
        let read = reader.read(&mut buffer).await.map_err(Failure::Local)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            break;
        };
        hasher.update(piece);
        file.write_all(piece).await.map_err(remote)?;
        meter.add(read);
    }
    if mode & 0o7777 != MODE_WHILE_WRITTEN {
        file.set_metadata(attributes(mode & 0o7777)).await?;
    }
    file.close().await.map_err(remote)?;
    if hasher.finalize()[..] != sha256 {
        return Err(Failure::Changed);
    }
    Ok(())
}

fn remote(error: std::io::Error) -> Failure {
    Failure::Remote(error.into())
}
