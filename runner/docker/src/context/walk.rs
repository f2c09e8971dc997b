//! What lies below a context's root, in the order in which both builders expect it.

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, FileTypeExt, Metadata, MetadataExt};

use crate::context::entry::{Entry, EntryKind};
use crate::context::source::ContextSource;
use crate::error::{DockerError, Stage};

/// Deeper folders are refused rather than walked: paths of engines end at 4,096 bytes.
const DEPTH_LIMIT: usize = 1024;

/// What a filter says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// It is part of the result.
    pub(crate) keep: bool,
    /// Of a folder: what lies below it is looked at.
    pub(crate) descend: bool,
}

/// What chooses entries.
pub(crate) trait Filter {
    /// What holds for a folder's children.
    type State: Default;

    /// Whether a folder that was not kept is part of the result once something below it is.
    const KEEPS_PARENTS: bool;

    /// The verdict on an entry, given what holds for its folder, and what holds for its own children.
    fn judge(&self, path: &str, is_folder: bool, state: &Self::State) -> (Verdict, Self::State);
}

/// The entries that a filter keeps: folders before what lies below them, names in the order of their bytes.
pub(crate) fn walk<F: Filter>(
    source: &ContextSource,
    filter: &F,
) -> Result<Vec<Entry>, DockerError> {
    let mut walker = Walker {
        source,
        filter,
        entries: Vec::new(),
        pending: Vec::new(),
    };
    walker.folder(source.dir(), "", &F::State::default(), 0)?;
    Ok(walker.entries)
}

struct Walker<'a, F> {
    source: &'a ContextSource,
    filter: &'a F,
    entries: Vec<Entry>,
    /// The folders above, none of which is part of the result yet.
    pending: Vec<Entry>,
}

impl<F: Filter> Walker<'_, F> {
    fn folder(
        &mut self,
        dir: &Dir,
        prefix: &str,
        state: &F::State,
        depth: usize,
    ) -> Result<(), DockerError> {
        if depth > DEPTH_LIMIT {
            return Err(DockerError::invalid(
                Stage::Context,
                format!("the build context is more than {DEPTH_LIMIT} folders deep"),
            ));
        }
        let failed = |error| unreadable(prefix.trim_end_matches('/'), &error);
        let mut names = Vec::new();
        for item in dir.entries().map_err(failed)? {
            names.push(item.map_err(failed)?.file_name());
        }
        names.sort_unstable();
        for name in names {
            let path = match name.to_str() {
                Some(name) => format!("{prefix}{name}"),
                // Neither builder's protocol has a place for it; it may still be left out as a whole.
                None => format!("{prefix}{}", name.to_string_lossy()),
            };
            if self.source.is_hidden(&path) {
                continue;
            }
            // What is gone since the folder was read was not there.
            let Ok(metadata) = dir.symlink_metadata(&name) else {
                continue;
            };
            let (verdict, below) = self.filter.judge(&path, metadata.is_dir(), state);
            if verdict.keep && name.to_str().is_none() {
                return Err(DockerError::invalid(
                    Stage::Context,
                    format!(
                        "the name of `{path}` in the build context is no UTF-8 text: rename it, or leave it out by a line in .dockerignore"
                    ),
                ));
            }
            if !metadata.is_dir() {
                if verdict.keep
                    && let Some(entry) = entry(dir, &name, path, &metadata)?
                {
                    self.keep(entry);
                }
                continue;
            }
            if !verdict.keep && !verdict.descend {
                continue;
            }
            let folder = Entry {
                path,
                kind: EntryKind::Folder,
                size: 0,
                mode: metadata.mode() & 0o7777,
                modified: modified(&metadata),
            };
            let inner = format!("{}/", folder.path);
            let waiting = self.pending.len();
            if verdict.keep {
                self.keep(folder);
            } else if F::KEEPS_PARENTS {
                self.pending.push(folder);
            }
            if verdict.descend {
                let child = dir
                    .open_dir_nofollow(&name)
                    .map_err(|error| unreadable(inner.trim_end_matches('/'), &error))?;
                self.folder(&child, &inner, &below, depth + 1)?;
            }
            self.pending.truncate(waiting);
        }
        Ok(())
    }

    fn keep(&mut self, entry: Entry) {
        self.entries.append(&mut self.pending);
        self.entries.push(entry);
    }
}

/// The entry of what is no folder; none for what is never sent.
fn entry(
    dir: &Dir,
    name: &std::ffi::OsStr,
    path: String,
    metadata: &Metadata,
) -> Result<Option<Entry>, DockerError> {
    let kind = if metadata.is_file() {
        EntryKind::File
    } else if metadata.is_symlink() {
        let target = dir
            .read_link_contents(name)
            .map_err(|error| unreadable(&path, &error))?;
        EntryKind::Link(target.into_os_string().into_string().map_err(|_| {
            DockerError::invalid(
                Stage::Context,
                format!(
                    "the link `{path}` of the build context leads to a name that is no UTF-8 text"
                ),
            )
        })?)
    } else if metadata.file_type().is_fifo() {
        EntryKind::Pipe
    } else {
        return Ok(None);
    };
    Ok(Some(Entry {
        path,
        size: if kind == EntryKind::File {
            metadata.len()
        } else {
            0
        },
        kind,
        mode: metadata.mode() & 0o7777,
        modified: modified(metadata),
    }))
}

fn modified(metadata: &Metadata) -> i64 {
    metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec())
}

fn unreadable(path: &str, error: &std::io::Error) -> DockerError {
    let path = if path.is_empty() { "." } else { path };
    DockerError::invalid(
        Stage::Context,
        format!(
            "`{path}` of the build context cannot be read: {error}; make it readable, or leave it out by a line in .dockerignore"
        ),
    )
}
