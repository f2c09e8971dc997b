//! SFTP, confined to the root: by the text of each path, and by the folder handle that follows no link out.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _, Permissions};
use russh::Channel;
use russh::server::Msg;
use russh_sftp::protocol::{
    Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version,
};
use russh_sftp::server::StatusReply;

use super::serve::Context;
use crate::root::Root;

/// Files and folders that a client may have open at once.
const HANDLES: usize = 256;

/// The most that is read at once; clients ask for less.
const READ_LIMIT: u32 = 256 * 1024;

/// Entries of a folder in one answer.
const NAMES_AT_ONCE: usize = 128;

/// Replaces a file in one step.
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// The mode of files and folders for which the client asks for none.
const DEFAULT_MODE: u32 = 0o600;

/// Serves a channel until it ends.
pub(super) fn serve(channel: Channel<Msg>, context: &Context) {
    let session = Sftp {
        root: Arc::clone(&context.root),
        open: HashMap::new(),
        next: 0,
    };
    let stream = channel.into_stream();
    tokio::spawn(async move { russh_sftp::server::run(stream, session).await });
}

enum Open {
    File(Arc<std::fs::File>),
    Folder(Vec<File>),
}

struct Sftp {
    root: Arc<Root>,
    open: HashMap<String, Open>,
    next: u64,
}

type Answer<T> = Result<T, StatusReply>;

impl Sftp {
    /// Does something with files, away from the threads that serve the network.
    async fn files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Root) -> io::Result<T> + Send + 'static,
    ) -> Answer<T> {
        let root = Arc::clone(&self.root);
        match tokio::task::spawn_blocking(move || work(&root)).await {
            Ok(result) => result.map_err(|error| reply(&error)),
            Err(_) => Err(StatusCode::Failure.into()),
        }
    }

    fn path(&self, remote: &str) -> Answer<PathBuf> {
        let outside = || StatusCode::PermissionDenied.with_message("outside of the demo's folder");
        self.root.relative(remote).ok_or_else(outside)
    }

    fn add(&mut self, id: u32, open: Open) -> Answer<Handle> {
        if self.open.len() >= HANDLES {
            return Err(StatusCode::Failure.with_message("too many open files"));
        }
        self.next += 1;
        let handle = self.next.to_string();
        self.open.insert(handle.clone(), open);
        Ok(Handle { id, handle })
    }

    fn file(&self, handle: &str) -> Answer<Arc<std::fs::File>> {
        match self.open.get(handle) {
            Some(Open::File(file)) => Ok(Arc::clone(file)),
            _ => Err(StatusCode::BadMessage.into()),
        }
    }
}

impl russh_sftp::server::Handler for Sftp {
    type Error = StatusReply;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported.into()
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Answer<Version> {
        let mut version = Version::new();
        version
            .extensions
            .insert(POSIX_RENAME.to_owned(), "1".to_owned());
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        pflags: OpenFlags,
        attrs: FileAttributes,
    ) -> Answer<Handle> {
        let path = self.path(&filename)?;
        let mode = mode(attrs.permissions.unwrap_or(DEFAULT_MODE));
        let file = self
            .files(move |root| {
                let file = match root.dir.metadata(&path) {
                    // To open a pipe is to wait for its other end.
                    Ok(found) if !found.is_file() => {
                        return Err(io::Error::other("not a regular file"));
                    }
                    _ => root.dir.open_with(path, &options(pflags, mode))?,
                };
                Ok(file.into_std())
            })
            .await?;
        self.add(id, Open::File(Arc::new(file)))
    }

    async fn close(&mut self, id: u32, handle: String) -> Answer<Status> {
        match self.open.remove(&handle) {
            Some(_) => Ok(done(id)),
            None => Err(StatusCode::BadMessage.into()),
        }
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Answer<Data> {
        let file = self.file(&handle)?;
        let length = usize::try_from(len.min(READ_LIMIT)).unwrap_or_default();
        let data = self
            .files(move |_| {
                let mut data = vec![0; length];
                let read = file.read_at(&mut data, offset)?;
                data.truncate(read);
                Ok(data)
            })
            .await?;
        if data.is_empty() && len > 0 {
            return Err(StatusCode::Eof.into());
        }
        Ok(Data { id, data })
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Answer<Status> {
        let file = self.file(&handle)?;
        self.files(move |_| file.write_all_at(&data, offset))
            .await?;
        Ok(done(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Answer<Attrs> {
        let path = self.path(&path)?;
        let attrs = self
            .files(move |root| Ok(attributes(&root.dir.symlink_metadata(path)?)))
            .await?;
        Ok(Attrs { id, attrs })
    }

    async fn stat(&mut self, id: u32, path: String) -> Answer<Attrs> {
        let path = self.path(&path)?;
        let attrs = self
            .files(move |root| Ok(attributes(&root.dir.metadata(path)?)))
            .await?;
        Ok(Attrs { id, attrs })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Answer<Attrs> {
        let file = self.file(&handle)?;
        let attrs = self
            .files(move |_| Ok(attributes(&Metadata::from_just_metadata(file.metadata()?))))
            .await?;
        Ok(Attrs { id, attrs })
    }

    async fn setstat(&mut self, id: u32, path: String, attrs: FileAttributes) -> Answer<Status> {
        let path = self.path(&path)?;
        let mode = only_mode(&attrs)?;
        self.files(move |root| {
            let permissions = Permissions::from_std(std::fs::Permissions::from_mode(mode));
            root.dir.set_permissions(path, permissions)
        })
        .await?;
        Ok(done(id))
    }

    async fn fsetstat(&mut self, id: u32, handle: String, attrs: FileAttributes) -> Answer<Status> {
        let file = self.file(&handle)?;
        let mode = only_mode(&attrs)?;
        self.files(move |_| file.set_permissions(std::fs::Permissions::from_mode(mode)))
            .await?;
        Ok(done(id))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Answer<Handle> {
        let path = self.path(&path)?;
        let names = self
            .files(move |root| {
                let mut names = Vec::new();
                for entry in root.dir.read_dir(path)? {
                    let entry = entry?;
                    let name = entry.file_name().to_string_lossy().into_owned();
                    names.push(File::new(name, attributes(&entry.metadata()?)));
                }
                Ok(names)
            })
            .await?;
        self.add(id, Open::Folder(names))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Answer<Name> {
        match self.open.get_mut(&handle) {
            Some(Open::Folder(names)) if names.is_empty() => Err(StatusCode::Eof.into()),
            Some(Open::Folder(names)) => {
                let rest = names.len().saturating_sub(NAMES_AT_ONCE);
                let files = names.split_off(rest);
                Ok(Name { id, files })
            }
            _ => Err(StatusCode::BadMessage.into()),
        }
    }

    async fn remove(&mut self, id: u32, filename: String) -> Answer<Status> {
        let path = self.path(&filename)?;
        self.files(move |root| root.dir.remove_file(path)).await?;
        Ok(done(id))
    }

    async fn mkdir(&mut self, id: u32, path: String, _: FileAttributes) -> Answer<Status> {
        let path = self.path(&path)?;
        self.files(move |root| root.dir.create_dir(path)).await?;
        Ok(done(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Answer<Status> {
        let path = self.path(&path)?;
        self.files(move |root| root.dir.remove_dir(path)).await?;
        Ok(done(id))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Answer<Name> {
        let path = match path.as_str() {
            "" | "." => PathBuf::from("."),
            path => self.path(path)?,
        };
        let real = self
            .files(move |root| {
                let real = root.dir.canonicalize(path)?;
                let full = root.path.join(real.strip_prefix(".").unwrap_or(&real));
                // Joining nothing leaves a slash at the end.
                let text = full.to_string_lossy();
                Ok(text.trim_end_matches('/').to_owned())
            })
            .await?;
        let files = vec![File::dummy(real)];
        Ok(Name { id, files })
    }

    async fn rename(&mut self, id: u32, oldpath: String, newpath: String) -> Answer<Status> {
        let (from, to) = (self.path(&oldpath)?, self.path(&newpath)?);
        self.files(move |root| match root.dir.symlink_metadata(&to) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => root.dir.rename(from, &root.dir, to),
        })
        .await?;
        Ok(done(id))
    }

    async fn readlink(&mut self, id: u32, path: String) -> Answer<Name> {
        let path = self.path(&path)?;
        let target = self
            .files(move |root| root.dir.read_link_contents(path))
            .await?;
        let files = vec![File::dummy(target.to_string_lossy())];
        Ok(Name { id, files })
    }

    // As OpenSSH and its clients have it: the link's content comes first, its own path second.
    async fn symlink(&mut self, id: u32, content: String, link: String) -> Answer<Status> {
        let path = self.path(&link)?;
        if !stays_inside(&path, Path::new(&content)) {
            return Err(StatusCode::PermissionDenied.with_message("the link leads out"));
        }
        self.files(move |root| root.dir.symlink(content, path))
            .await?;
        Ok(done(id))
    }

    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Answer<Packet> {
        if request != POSIX_RENAME {
            return Err(self.unimplemented());
        }
        let (from, rest) = text(&data).ok_or(StatusCode::BadMessage)?;
        let (to, _) = text(rest).ok_or(StatusCode::BadMessage)?;
        let (from, to) = (self.path(from)?, self.path(to)?);
        self.files(move |root| root.dir.rename(from, &root.dir, to))
            .await?;
        Ok(Packet::Status(done(id)))
    }
}

fn done(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: String::new(),
        language_tag: String::new(),
    }
}

fn reply(error: &io::Error) -> StatusReply {
    match error.kind() {
        io::ErrorKind::NotFound => StatusCode::NoSuchFile.into(),
        io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied.into(),
        _ => StatusCode::Failure.with_message(error.to_string()),
    }
}

/// Permission bits alone: no set-user-id and the like.
fn mode(permissions: u32) -> u32 {
    permissions & 0o777
}

/// The mode that attributes set; an error if they set anything else.
fn only_mode(attrs: &FileAttributes) -> Answer<u32> {
    match attrs.permissions {
        Some(permissions) if attrs.size.is_none() && attrs.mtime.is_none() => Ok(mode(permissions)),
        _ => Err(StatusCode::OpUnsupported.into()),
    }
}

fn options(flags: OpenFlags, mode: u32) -> OpenOptions {
    let has = |flag| flags.contains(flag);
    let mut options = OpenOptions::new();
    options
        .read(has(OpenFlags::READ))
        .write(has(OpenFlags::WRITE))
        .append(has(OpenFlags::APPEND))
        .truncate(has(OpenFlags::TRUNCATE))
        .create(has(OpenFlags::CREATE))
        .create_new(has(OpenFlags::CREATE) && has(OpenFlags::EXCLUDE))
        .mode(mode);
    options
}

fn attributes(metadata: &Metadata) -> FileAttributes {
    FileAttributes {
        size: Some(metadata.len()),
        uid: Some(metadata.uid()),
        gid: Some(metadata.gid()),
        permissions: Some(metadata.mode()),
        mtime: Some(u32::try_from(metadata.mtime()).unwrap_or_default()),
        atime: Some(u32::try_from(metadata.atime()).unwrap_or_default()),
        ..FileAttributes::empty()
    }
}

/// Whether a link's content, taken from the link's folder, stays in the root by its text.
fn stays_inside(link: &Path, content: &Path) -> bool {
    let mut depth = link.components().count().saturating_sub(1);
    for part in content.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    !content.as_os_str().is_empty()
}

/// A string of the protocol at the beginning of some bytes, and the rest.
fn text(data: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = data.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        let check = |link: &str, content: &str, expected: bool| {
            let stays = stays_inside(Path::new(link), Path::new(content));
            assert_eq!(stays, expected, "{link} -> {content}");
        };
        check("a/link", "x", true);
        check("a/link", "../x", true);
        check("a/link", "../../x", false);
        check("a/link", "x/../../../y", false);
        check("link", "..", false);
        check("link", "/etc/passwd", false);
        check("link", "", false);
    }

    #[test]
    fn protocol_strings_are_read() {
        let check = |data: &[u8], expected: Option<(&str, &[u8])>| {
            assert_eq!(text(data), expected, "{data:?}");
        };
        check(b"\0\0\0\x02abc", Some(("ab", b"c")));
        check(b"\0\0\0\0", Some(("", b"")));
        check(b"\0\0\0\x03ab", None);
        check(b"\xff\xff\xff\xffab", None);
        check(b"\0\0", None);
        check(b"\0\0\0\x01\xff", None);
    }
}
