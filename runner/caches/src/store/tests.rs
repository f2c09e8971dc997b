//! Stores and their entries: made, found, brought back, damaged, cut short, removed; and archives that nobody of us wrote.

mod clearing;
mod hostile;
mod keeping;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use tempfile::TempDir;

use super::*;
use crate::error::{RestoreError, SaveError};
use crate::{Gate, Spot, Stop, Wanted};

/// A cache folder and a workspace.
pub(super) struct Place {
    dir: TempDir,
}

/// Lets everything in, but what is named here.
#[derive(Default)]
pub(super) struct Open {
    hidden: Vec<&'static str>,
    sealed: Vec<&'static str>,
    secret: Option<&'static [u8]>,
}

impl Gate for Open {
    fn hides(&self, path: &str) -> bool {
        self.hidden.contains(&path)
    }

    fn is_sealed(&self, path: &str) -> bool {
        self.sealed.contains(&path)
    }

    fn compares_up_to(&self) -> u64 {
        self.secret.map_or(0, |_| 1024)
    }

    fn is_copy(&self, bytes: &[u8]) -> bool {
        self.secret == Some(bytes)
    }
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("work")).unwrap();
        Self { dir }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("xdg/capstep")
    }

    pub(super) fn work(&self, path: &str) -> PathBuf {
        self.dir.path().join("work").join(path)
    }

    pub(super) fn store(&self, trust: Trust) -> Store {
        Store::open(&self.root(), "project", trust).unwrap()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.work(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn spots(&self, paths: &[String]) -> Vec<Spot> {
        let spots = paths.iter().map(|path| {
            let (around, name) = path.rsplit_once('/').unwrap_or((".", path));
            fs::create_dir_all(self.work(around)).unwrap();
            let folder = Dir::open_ambient_dir(self.work(around), ambient_authority()).unwrap();
            Spot {
                folder,
                name: name.to_owned(),
                path: path.clone(),
            }
        });
        spots.collect()
    }

    pub(super) fn save(&self, store: &Store, wanted: &Wanted) -> Result<Saved, SaveError> {
        self.save_through(store, wanted, &Open::default())
    }

    pub(super) fn save_through(
        &self,
        store: &Store,
        wanted: &Wanted,
        gate: &Open,
    ) -> Result<Saved, SaveError> {
        let spots = self.spots(wanted.paths());
        store.save(wanted, &spots, gate, "run", &Stop::default())
    }

    /// The key that was found and restored; none where nothing is kept.
    pub(super) fn restore(
        &self,
        store: &Store,
        wanted: &Wanted,
    ) -> Result<Option<String>, RestoreError> {
        let Some(found) = store.find(wanted)? else {
            return Ok(None);
        };
        let spots = self.spots(wanted.paths());
        store.restore(&found, spots, &Open::default(), &Stop::default())?;
        Ok(Some(found.entry.key))
    }

    /// Everything in the workspace, in order: `mode path`, with what a file holds or where a link leads.
    pub(super) fn listing(&self, below: &str) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.work(below), below, &mut found);
        found
    }

    /// The names in the workspace that are ours.
    pub(super) fn drafts(&self, below: &str) -> usize {
        let entries = fs::read_dir(self.work(below)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_str().unwrap().starts_with(".capstep-restore-"))
            .count()
    }

    /// The names in a store's folder that are no entries.
    pub(super) fn unfinished(&self, store: &Store) -> usize {
        let entries = fs::read_dir(store.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_str().unwrap().starts_with('.'))
            .count()
    }
}

fn list(path: &Path, name: &str, found: &mut Vec<String>) {
    let metadata = path.symlink_metadata().unwrap();
    let mode = metadata.mode() & 0o777;
    if metadata.is_symlink() {
        let target = fs::read_link(path).unwrap();
        found.push(format!("link {name} -> {}", target.display()));
    } else if metadata.is_file() {
        let text = fs::read_to_string(path).unwrap();
        found.push(format!("{mode:o} {name}: {text}"));
    } else {
        found.push(format!("{mode:o} {name}/"));
        let mut names: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        for child in names {
            list(&path.join(&child), &format!("{name}/{child}"), found);
        }
    }
}

pub(super) fn wanted(paths: &[&str], key: &str, fallback: &[&str]) -> Wanted {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Wanted::new(owned(paths), key.to_owned(), owned(fallback))
}

/// A second since 1970, and nanoseconds.
fn mtime(path: &Path) -> (i64, i64) {
    let metadata = path.symlink_metadata().unwrap();
    (metadata.mtime(), metadata.mtime_nsec())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn link(target: &str, path: &Path) {
    symlink(target, path).unwrap();
}
