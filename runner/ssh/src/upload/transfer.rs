//! One file's way into the staging folder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::File;
use russh_sftp::protocol::{FileAttributes, OpenFlags};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _, SeekFrom};
use tokio::sync::mpsc;

use super::resume::Taken;
use super::source::Source;
use super::{LocalFile, UploadProgress};

/// While its content is written a file is the account's alone, whatever it will be afterwards.
pub(super) const MODE_WHILE_WRITTEN: u32 = 0o600;

/// Why a file did not arrive.
#[derive(Debug)]
pub(super) enum Failure {
    Remote(SftpError),
    Local(std::io::Error),
    /// Somebody wrote to the local file while it was read.
    Changed,
}

impl From<SftpError> for Failure {
    fn from(error: SftpError) -> Self {
        Self::Remote(error)
    }
}

/// How often the caller is told at most: faster than anybody looks, and each time costs it more than sending a piece.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// The time of what was never told: the first piece is told at once.
const NOT_YET: u64 = u64::MAX;

/// Counts bytes for all files of an upload and tells the caller, who may be too slow to hear each step.
pub(super) struct Meter {
    /// What has arrived of the files, whenever it was sent.
    arrived: AtomicU64,
    /// What of that was there before.
    resumed: AtomicU64,
    total: u64,
    progress: Option<mpsc::Sender<UploadProgress>>,
    began: Instant,
    /// When it was told last, in milliseconds since then.
    told: AtomicU64,
}

impl Meter {
    pub(super) fn new(total: u64, progress: Option<mpsc::Sender<UploadProgress>>) -> Self {
        Self {
            arrived: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            total,
            progress,
            began: Instant::now(),
            told: AtomicU64::new(NOT_YET),
        }
    }

    /// Bytes that arrived now, and those that were there before.
    pub(super) fn outcome(&self) -> (u64, u64) {
        let resumed = self.resumed.load(Ordering::Relaxed);
        (self.arrived.load(Ordering::Relaxed) - resumed, resumed)
    }

    fn resume(&self, bytes: u64) {
        self.resumed.fetch_add(bytes, Ordering::Relaxed);
        self.add(bytes);
    }

    pub(super) fn add(&self, bytes: u64) {
        let sent = self.arrived.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let Some(progress) = &self.progress else {
            return;
        };
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.told.load(Ordering::Relaxed);
        if told == NOT_YET
            || sent == self.total
            || u128::from(now - told.min(now)) >= TELL_EVERY.as_millis()
        {
            self.told.store(now, Ordering::Relaxed);
            let total = self.total;
            let _ = progress.try_send(UploadProgress { sent, total });
        }
    }
}

/// A file to send.
pub(super) struct Item {
    /// Its place in the request.
    pub(super) index: usize,
    /// Where it is in the end.
    pub(super) remote: String,
    pub(super) local: Arc<dyn LocalFile>,
    /// About how many bytes it has.
    pub(super) size: u64,
    /// Where it is staged.
    pub(super) staged: String,
    /// What its permissions are in the end.
    pub(super) mode: u32,
    /// What is there of it already.
    pub(super) taken: Option<Taken>,
}

impl Item {
    /// What was sent: its place in the request, and what is to be renamed to what. Or what failed for which path.
    pub(super) fn sent(
        self,
        result: Result<(), Failure>,
    ) -> Result<(usize, String, String), (Failure, String)> {
        match result {
            Ok(()) => Ok((self.index, self.staged, self.remote)),
            Err(failure) => Err((failure, self.remote)),
        }
    }
}

/// Writes a local file to a new remote one, or the rest of it to one that has its beginning, and gives it its mode.
pub(super) async fn send(sftp: &SftpSession, item: &Item, meter: &Meter) -> Result<(), Failure> {
    let (mut file, mut source) = match &item.taken {
        Some(taken) => go_on(sftp, item, taken, meter).await?,
        None => (
            create(sftp, &item.staged).await?,
            Source::open(&item.local, item.size, 0),
        ),
    };
    while let Some(piece) = source.next().await? {
        file.write_all(piece).await.map_err(remote)?;
        meter.add(piece.len() as u64);
    }
    if item.taken.is_some() || item.mode != MODE_WHILE_WRITTEN {
        file.set_metadata(mode(item.mode)).await?;
    }
    file.close().await.map_err(remote)
}

/// Opens what is there of a file behind its end, where it is the beginning of the local one; else it is begun anew.
async fn go_on(
    sftp: &SftpSession,
    item: &Item,
    taken: &Taken,
    meter: &Meter,
) -> Result<(File, Source), Failure> {
    let mut source = Source::open(&item.local, item.size, taken.size);
    if source.skipped().await != Some(taken.sha256) {
        sftp.remove_file(&item.staged).await?;
        let file = create(sftp, &item.staged).await?;
        return Ok((file, Source::open(&item.local, item.size, 0)));
    }
    let mut file = sftp.open_with_flags(&item.staged, OpenFlags::WRITE).await?;
    file.seek(SeekFrom::Start(taken.size))
        .await
        .map_err(remote)?;
    meter.resume(taken.size);
    Ok((file, source))
}

async fn create(sftp: &SftpSession, path: &str) -> Result<File, SftpError> {
    let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
    sftp.open_with_flags_and_attributes(path, flags, mode(MODE_WHILE_WRITTEN))
        .await
}

/// Attributes that say permissions alone.
pub(super) fn mode(bits: u32) -> FileAttributes {
    FileAttributes {
        permissions: Some(bits),
        ..FileAttributes::empty()
    }
}

fn remote(error: std::io::Error) -> Failure {
    Failure::Remote(error.into())
}
