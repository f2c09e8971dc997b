//! An archive to files.

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _};
use rustix::fs::{AtFlags, Mode, fchmod, futimens, utimensat};
use tar::{Archive, EntryType};

use super::KEPT_MODE;
use super::extended::Extended;
use super::link::stays_within;
use super::mtime::Mtime;
use crate::entry::Amount;
use crate::error::RestoreError;
use crate::gate::Gate;
use crate::handle;
use crate::limits::{CHUNK, MAX_BYTES, MAX_DEPTH, MAX_FILES};
use crate::staging::{Staging, new_file};
use crate::stop::Stop;

/// Fills the spots with what is in an archive. Whatever it says, nothing is written but below them, and no more than an
/// entry may have: each thing is made by its name in the open folder that it lies in, and a folder that is left is never
/// opened again.
///
/// # Errors
/// The archive is none of ours, or something can't be written.
pub(crate) fn unpack(
    file: File,
    staging: &mut Staging<'_>,
    gate: &dyn Gate,
    stop: &Stop,
) -> Result<(), RestoreError> {
    let mut archive = Archive::new(BufReader::with_capacity(CHUNK, file));
    let mut unpacker = Unpacker {
        staging,
        gate,
        stop,
        folders: Vec::new(),
        amount: Amount::default(),
        chunk: vec![0; CHUNK],
    };
    let mut extended = None;
    let entries = archive
        .entries()
        .map_err(|error| damaged(error.to_string()))?;
    for entry in entries.raw(true) {
        if stop.is_stopped() {
            return Err(RestoreError::Stopped);
        }
        let mut entry = entry.map_err(|error| damaged(error.to_string()))?;
        let size = entry.size();
        if entry.header().entry_type() == EntryType::XHeader {
            let read = Extended::read(&mut entry, size).map_err(damaged)?;
            if extended.replace(read).is_some() {
                return Err(damaged("two headers of one file".to_owned()));
            }
            continue;
        }
        let member = Member::read(&entry, extended.take().unwrap_or_default())?;
        unpacker.add(&member, size, &mut entry)?;
    }
    if extended.is_some() {
        return Err(damaged("a header without a file".to_owned()));
    }
    unpacker.close_until(None)
}

/// What an archive says of one thing in it.
struct Member {
    path: String,
    kind: Kind,
    mode: u32,
    mtime: Mtime,
}

enum Kind {
    File,
    Folder,
    Link(String),
}

impl Member {
    fn read<R: Read>(entry: &tar::Entry<'_, R>, extended: Extended) -> Result<Self, RestoreError> {
        let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(damaged("a name in it is no text".to_owned())),
        };
        let path = match extended.path {
            Some(path) => path,
            None => text(&entry.path_bytes())?,
        };
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\0', '\n']);
        if !path.split('/').all(plain) {
            return Err(damaged(format!("the name `{}` in it", path.escape_debug())));
        }
        let header = entry.header();
        let unreadable = |error: io::Error| damaged(error.to_string());
        let kind = match header.entry_type() {
            EntryType::Regular => Kind::File,
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink => Kind::Link(match extended.link {
                Some(link) => link,
                None => text(&entry.link_name_bytes().unwrap_or_default())?,
            }),
            _ => {
                return Err(damaged(format!(
                    "`{path}` is neither a file, a folder nor a link"
                )));
            }
        };
        let plain_time = |seconds: u64| Mtime {
            seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
            nanoseconds: 0,
        };
        Ok(Self {
            kind,
            mode: header.mode().map_err(unreadable)? & KEPT_MODE,
            mtime: match extended.mtime {
                Some(mtime) => mtime,
                None => plain_time(header.mtime().map_err(unreadable)?),
            },
            path,
        })
    }
}

struct Unpacker<'a, 's> {
    staging: &'a mut Staging<'s>,
    gate: &'a dyn Gate,
    stop: &'a Stop,
    /// The folders around what comes next, the outermost first.
    folders: Vec<Folder>,
    amount: Amount,
    chunk: Vec<u8>,
}

/// A folder that is being filled.
struct Folder {
    path: String,
    dir: Dir,
    mode: u32,
    mtime: Mtime,
}

impl Unpacker<'_, '_> {
    fn add(&mut self, member: &Member, size: u64, data: &mut dyn Read) -> Result<(), RestoreError> {
        let path = member.path.as_str();
        let place = self
            .staging
            .holder(path)
            .filter(|_| !self.gate.hides(path))
            .ok_or_else(|| damaged(format!("`{path}` is in it, and is none of its paths")))?;
        self.count(path, size, &member.kind)?;
        self.close_until(Some(path))?;
        let outermost = self.staging.is_spot(place, path);
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let around = self.folders.last();
        let is_next = match around {
            Some(folder) => !outermost && folder.path == above,
            None => outermost,
        };
        if !is_next {
            return Err(damaged(format!("`{path}` comes out of turn")));
        }
        if self.folders.len() > MAX_DEPTH {
            return Err(damaged(format!("`{path}` lies in too many folders")));
        }
        let write = |error: io::Error| match error.kind() {
            // Nothing else is in these folders but what came out of it.
            io::ErrorKind::AlreadyExists => damaged(format!("`{path}` is twice in it")),
            _ => RestoreError::Write {
                path: path.to_owned(),
                error,
            },
        };
        match &member.kind {
            Kind::Folder => {
                let dir = match around {
                    None => self.staging.folder(place).map_err(write)?,
                    Some(folder) => new_folder(&folder.dir, name).map_err(write)?,
                };
                self.folders.push(Folder {
                    path: path.to_owned(),
                    dir,
                    mode: member.mode,
                    mtime: member.mtime,
                });
                Ok(())
            }
            Kind::File => {
                let file = match around {
                    None => self.staging.file(place).map_err(write)?,
                    Some(folder) => new_file(&folder.dir, name).map_err(write)?,
                };
                self.fill(&file, path, size, data)?;
                fchmod(&file, Mode::from_raw_mode(member.mode))
                    .and_then(|()| futimens(&file, &member.mtime.times()))
                    .map_err(|error| write(error.into()))
            }
            Kind::Link(target) => {
                let depth = self.folders.len();
                let Some(folder) = around.filter(|_| stays_within(target, depth)) else {
                    return Err(damaged(format!("the link `{path}` in it leads elsewhere")));
                };
                folder.dir.symlink(target, name).map_err(write)?;
                let times = member.mtime.times();
                utimensat(&folder.dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(|error| write(error.into()))
            }
        }
    }

    /// Counts before anything is written.
    fn count(&mut self, path: &str, size: u64, kind: &Kind) -> Result<(), RestoreError> {
        if size > 0 && !matches!(kind, Kind::File) {
            return Err(damaged(format!("`{path}` has bytes, and is no file")));
        }
        self.amount.files += 1;
        self.amount.bytes = self.amount.bytes.saturating_add(size);
        if self.amount.files > MAX_FILES || self.amount.bytes > MAX_BYTES {
            return Err(damaged(
                "there is more in it than an entry may have".to_owned(),
            ));
        }
        Ok(())
    }

    fn fill(
        &mut self,
        mut file: &File,
        path: &str,
        size: u64,
        data: &mut dyn Read,
    ) -> Result<(), RestoreError> {
        let mut left = size;
        while left > 0 {
            if self.stop.is_stopped() {
                return Err(RestoreError::Stopped);
            }
            let read = data.read(&mut self.chunk);
            let count = read.map_err(|error| damaged(error.to_string()))?;
            if count == 0 {
                return Err(damaged(format!("it ends within `{path}`")));
            }
            let bytes = self.chunk.get(..count).unwrap_or_default();
            file.write_all(bytes).map_err(|error| RestoreError::Write {
                path: path.to_owned(),
                error,
            })?;
            left = left.saturating_sub(count as u64);
        }
        Ok(())
    }

    /// Finishes the folders that a path does not lie in; all without one. Its time is set last: what is made in a folder
    /// changes it.
    fn close_until(&mut self, path: Option<&str>) -> Result<(), RestoreError> {
        while let Some(folder) = self.folders.last() {
            let below = path.and_then(|path| path.strip_prefix(folder.path.as_str()));
            if below.is_some_and(|rest| rest.starts_with('/')) {
                return Ok(());
            }
            let set = || -> io::Result<()> {
                let handle = handle::of(&folder.dir)?;
                fchmod(&handle, Mode::from_raw_mode(folder.mode))?;
                Ok(futimens(&handle, &folder.mtime.times())?)
            };
            set().map_err(|error| RestoreError::Write {
                path: folder.path.clone(),
                error,
            })?;
            self.folders.pop();
        }
        Ok(())
    }
}

/// A new folder that nobody else can read yet.
fn new_folder(folder: &Dir, name: &str) -> io::Result<Dir> {
    folder.create_dir_with(name, DirBuilder::new().mode(0o700))?;
    folder.open_dir_nofollow(name)
}

fn damaged(why: String) -> RestoreError {
    RestoreError::Damaged(why)
}
