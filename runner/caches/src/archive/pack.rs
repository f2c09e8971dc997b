//! Files to an archive.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Metadata, MetadataExt as _};
use tar::{Builder, EntryType, Header};

use super::link::stays_within;
use super::mtime::Mtime;
use super::written::Written;
use super::{KEPT_MODE, LONG};
use crate::entry::{Amount, Archive};
use crate::error::SaveError;
use crate::gate::Gate;
use crate::limits::{MAX_BYTES, MAX_DEPTH, MAX_FILES};
use crate::reading::reading;
use crate::spot::Spot;
use crate::stop::Stop;

/// Writes what is at the spots to an archive; spots where nothing is are left out.
pub(crate) fn pack(
    file: File,
    spots: &[Spot],
    gate: &dyn Gate,
    stop: &Stop,
) -> Result<Archive, SaveError> {
    let mut packer = Packer {
        tar: Builder::new(Written::new(file)),
        gate,
        stop,
        amount: Amount::default(),
    };
    let mut held = Vec::new();
    for spot in spots {
        let before = packer.amount.files;
        packer.add(&spot.folder, OsStr::new(&spot.name), &spot.path, 0)?;
        if packer.amount.files > before {
            held.push(spot.path.clone());
        }
    }
    if held.is_empty() {
        return Err(SaveError::Absent);
    }
    let written = packer.tar.into_inner().and_then(Written::finish);
    let (size, sha256) = written.map_err(SaveError::Write)?;
    Ok(Archive {
        held,
        amount: packer.amount,
        size,
        sha256,
    })
}

struct Packer<'a> {
    tar: Builder<Written>,
    gate: &'a dyn Gate,
    stop: &'a Stop,
    amount: Amount,
}

impl Packer<'_> {
    /// Adds what has this name in a folder, and all that lies in it. `depth` is how many folders of what is kept lie around
    /// it.
    fn add(
        &mut self,
        folder: &Dir,
        name: &OsStr,
        path: &str,
        depth: usize,
    ) -> Result<(), SaveError> {
        if self.stop.is_stopped() {
            return Err(SaveError::Stopped);
        }
        if self.gate.hides(path) {
            return Ok(());
        }
        let read = |error| unreadable(path, error);
        let metadata = match folder.symlink_metadata(name) {
            Ok(metadata) => metadata,
            // Gone since its folder was read, or never there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(read(error)),
        };
        self.count(path, depth)?;
        if metadata.is_dir() {
            let dir = folder.open_dir_nofollow(name).map_err(read)?;
            self.folder(&dir, path, depth)
        } else if metadata.is_symlink() {
            let target = folder.read_link_contents(name).map_err(read)?;
            self.link(target.to_str(), path, depth, &metadata)
        } else if metadata.is_file() {
            self.file(folder, name, path)
        } else {
            Err(refused(path, "is neither a file, a folder nor a link"))
        }
    }

    fn count(&mut self, path: &str, depth: usize) -> Result<(), SaveError> {
        if depth > MAX_DEPTH {
            return Err(SaveError::TooMuch(format!(
                "`{path}` lies in more than {MAX_DEPTH} folders"
            )));
        }
        self.amount.files += 1;
        if self.amount.files > MAX_FILES {
            return Err(SaveError::TooMuch(format!(
                "there are more than {MAX_FILES} files"
            )));
        }
        Ok(())
    }

    fn folder(&mut self, dir: &Dir, path: &str, depth: usize) -> Result<(), SaveError> {
        let read = |error| unreadable(path, error);
        let metadata = dir.dir_metadata().map_err(read)?;
        self.append(EntryType::Directory, path, None, &metadata, 0, io::empty())?;
        let mut names = Vec::new();
        for entry in dir.entries().map_err(read)? {
            names.push(entry.map_err(read)?.file_name());
        }
        // The same files are the same archive.
        names.sort_unstable();
        for name in names {
            let Some(text) = name.to_str().filter(|text| !text.contains('\n')) else {
                let path = format!("{path}/{}", name.display());
                return Err(refused(&path, "has a name that is no text of one line"));
            };
            self.add(dir, &name, &format!("{path}/{text}"), depth + 1)?;
        }
        Ok(())
    }

    fn link(
        &mut self,
        target: Option<&str>,
        path: &str,
        depth: usize,
        metadata: &Metadata,
    ) -> Result<(), SaveError> {
        let Some(target) = target.filter(|target| !target.contains('\n')) else {
            return Err(refused(
                path,
                "is a link to a name that is no text of one line",
            ));
        };
        if !stays_within(target, depth) {
            let why = format!("is a link to `{target}`, which is not surely in what is cached");
            return Err(refused(path, &why));
        }
        self.append(
            EntryType::Symlink,
            path,
            Some(target),
            metadata,
            0,
            io::empty(),
        )
    }

    fn file(&mut self, folder: &Dir, name: &OsStr, path: &str) -> Result<(), SaveError> {
        let read = |error| unreadable(path, error);
        if self.gate.is_sealed(path) {
            return Err(SaveError::Secret {
                path: path.to_owned(),
            });
        }
        let file = folder.open_with(name, &reading()).map_err(read)?;
        // What was opened counts, not what had the name before.
        let metadata = file.metadata().map_err(read)?;
        if !metadata.is_file() {
            return Err(refused(path, "was replaced while it was read"));
        }
        let size = metadata.len();
        self.amount.bytes = self.amount.bytes.saturating_add(size);
        if self.amount.bytes > MAX_BYTES {
            return Err(SaveError::TooMuch(format!(
                "there are more than {} GiB",
                MAX_BYTES / (1 << 30)
            )));
        }
        let mut exactly = Exactly {
            inner: file,
            left: size,
            stop: self.stop,
        };
        if size > self.gate.compares_up_to() {
            return self.append(EntryType::Regular, path, None, &metadata, size, exactly);
        }
        // What is compared is what is written.
        let mut bytes = Vec::new();
        exactly.read_to_end(&mut bytes).map_err(read)?;
        if self.gate.is_copy(&bytes) {
            return Err(SaveError::Secret {
                path: path.to_owned(),
            });
        }
        self.append(
            EntryType::Regular,
            path,
            None,
            &metadata,
            size,
            bytes.as_slice(),
        )
    }

    fn append(
        &mut self,
        kind: EntryType,
        path: &str,
        target: Option<&str>,
        metadata: &Metadata,
        size: u64,
        data: impl Read,
    ) -> Result<(), SaveError> {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(metadata.mode() & KEPT_MODE);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size);
        let mtime = Mtime::of(metadata);
        header.set_mtime(mtime.plain().unwrap_or(0));
        let mut extended: Vec<(&str, String)> = Vec::new();
        if mtime.plain().is_none() {
            extended.push(("mtime", mtime.text()));
        }
        if header.set_path(path).is_err() {
            header.set_path(LONG).map_err(SaveError::Write)?;
            extended.push(("path", path.to_owned()));
        }
        if let Some(target) = target
            && header.set_link_name_literal(target).is_err()
        {
            header
                .set_link_name_literal(LONG)
                .map_err(SaveError::Write)?;
            extended.push(("linkpath", target.to_owned()));
        }
        header.set_cksum();
        let pairs = extended.iter().map(|(key, value)| (*key, value.as_bytes()));
        self.tar
            .append_pax_extensions(pairs)
            .and_then(|()| self.tar.append(&header, data))
            .map_err(|error| self.failed(path, error))
    }

    /// What went wrong where an entry was written: the stop, the file that is read, or the archive.
    fn failed(&self, path: &str, error: io::Error) -> SaveError {
        if self.stop.is_stopped() {
            return SaveError::Stopped;
        }
        let read = error.get_ref().and_then(|error| error.downcast_ref());
        match read {
            Some(ReadFailed(why)) => unreadable(path, io::Error::other(why.clone())),
            None => SaveError::Write(error),
        }
    }
}

/// Why a file could not be read: told apart from why the archive could not be written, since one loop does both.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ReadFailed(String);

/// A file's bytes, as many as its header says: one that grows meanwhile is cut there, one that shrinks is an error.
struct Exactly<'a, R> {
    inner: R,
    left: u64,
    stop: &'a Stop,
}

impl<R: Read> Read for Exactly<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        let count = match self.inner.read(buffer) {
            Ok(0) => {
                let why = "it became shorter while it was read";
                return Err(io::Error::other(ReadFailed(why.to_owned())));
            }
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => return Err(io::Error::other(ReadFailed(error.to_string()))),
        };
        self.left -= count as u64;
        Ok(count)
    }
}

fn unreadable(path: &str, error: io::Error) -> SaveError {
    SaveError::Read {
        path: path.to_owned(),
        error,
    }
}

fn refused(path: &str, why: &str) -> SaveError {
    SaveError::Refused {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}
