//! What lies below a designated path.

use cap_std::fs::Metadata;
use capstep_grants::WorkspacePath;

use super::place::{FileError, Place};
use super::workspace::Workspace;

/// How many entries a walk may find. A grant on a folder of more is a mistake, and the list would fill the memory.
const MAX_ENTRIES: usize = 250_000;

/// How deep a walk may go.
const MAX_DEPTH: usize = 128;

/// An entry of a walk.
pub(crate) struct Found {
    pub(crate) place: Place,
    /// Below where the walk began, `/` between its parts; a glob's matches have their path in the workspace.
    pub(crate) path: String,
    pub(crate) metadata: Metadata,
}

/// The entries at or below a path, sorted, reserved ones left out, links not followed. A glob gives what it matches.
pub(crate) fn walk(
    workspace: &Workspace,
    root: &WorkspacePath,
    path: &WorkspacePath,
    recursive: bool,
) -> Result<Vec<Found>, FileError> {
    walk_except(workspace, root, path, recursive, &|_, _| false)
}

/// Whether an entry is left out, by its path below where the walk began; with whether it is a folder. A folder that is
/// left out is not looked into.
pub(crate) type Skip<'a> = &'a dyn Fn(&str, bool) -> bool;

/// The same without what is to be skipped.
pub(crate) fn walk_except(
    workspace: &Workspace,
    root: &WorkspacePath,
    path: &WorkspacePath,
    recursive: bool,
    skip: Skip<'_>,
) -> Result<Vec<Found>, FileError> {
    let mut found = Vec::new();
    if path.is_glob() {
        let matcher = globset::GlobBuilder::new(path.as_str())
            .literal_separator(true)
            .build()
            .map_err(|error| {
                FileError::Io(std::io::Error::new(
                    std::io::ErrorKind::InvalidInput,
                    error.to_string(),
                ))
            })?
            .compile_matcher();
        let Ok(fixed) = WorkspacePath::parse(path.fixed_part()) else {
            return Err(FileError::Reserved);
        };
        let start = Place::open(workspace, &fixed, &fixed)?;
        let base = if fixed.as_str() == "." {
            String::new()
        } else {
            format!("{fixed}/")
        };
        below(&start, "", true, 0, skip, &mut found)?;
        found.retain_mut(|entry| {
            entry.path = format!("{base}{}", entry.path);
            !entry.metadata.is_dir() && matcher.is_match(&entry.path)
        });
    } else {
        let place = Place::open(workspace, root, path)?;
        let metadata = place.stat()?;
        if metadata.is_dir() {
            below(&place, "", recursive, 0, skip, &mut found)?;
        } else {
            found.push(Found {
                place,
                path: String::new(),
                metadata,
            });
        }
    }
    Ok(found)
}

fn below(
    folder: &Place,
    at: &str,
    recursive: bool,
    depth: usize,
    skip: Skip<'_>,
    found: &mut Vec<Found>,
) -> Result<(), FileError> {
    let too = |what: &str| {
        FileError::Io(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            what.to_owned(),
        ))
    };
    if depth > MAX_DEPTH {
        return Err(too("has more than 128 folders in each other"));
    }
    for (name, metadata) in folder.children()? {
        let place = folder.child(&name)?;
        if place.is_reserved() {
            continue;
        }
        let path = if at.is_empty() {
            name
        } else {
            format!("{at}/{name}")
        };
        let is_folder = metadata.is_dir();
        if skip(&path, is_folder) {
            continue;
        }
        if found.len() >= MAX_ENTRIES {
            return Err(too("has more than 250,000 entries"));
        }
        let next = if is_folder && recursive {
            Some(folder.child(path.rsplit('/').next().unwrap_or(&path))?)
        } else {
            None
        };
        found.push(Found {
            place,
            path: path.clone(),
            metadata,
        });
        if let Some(next) = next {
            below(&next, &path, recursive, depth + 1, skip, found)?;
        }
    }
    Ok(())
}
