//! All runs of a state folder.

use std::cmp::Ordering;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::record::{PastRun, is_held};
use crate::state::gate;

/// How long the part of an id is that tells the second: `20261121-110203`.
const SECOND: usize = 15;

/// What the name of a run's folder begins with while it is removed.
const HALF_REMOVED: &str = ".gc-";

/// The runs of a state folder.
#[derive(Debug, Clone)]
pub struct PastRuns {
    folder: PathBuf,
}

/// Why no run is meant.
#[derive(Debug, Error)]
pub enum FindError {
    /// The folder can't be read.
    #[error("the runs in {path} can't be read: {error}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// No run's id begins so.
    #[error("there is no run `{0}`")]
    None(String),
    /// Several do.
    #[error("`{prefix}` may be any of {} runs", .ids.len())]
    Several {
        /// What was asked for.
        prefix: String,
        /// The runs, newest first.
        ids: Vec<String>,
    },
}

impl PastRuns {
    /// Those of the state folder, `$XDG_STATE_HOME/capstep`.
    pub fn of(state: &Path) -> Self {
        Self {
            folder: state.join("runs"),
        }
    }

    /// The folder that holds them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Their ids, newest first.
    ///
    /// # Errors
    /// The folder can't be read. One that isn't there holds no runs.
    pub fn ids(&self) -> Result<Vec<String>, FindError> {
        let failed = |error| FindError::Io {
            path: self.folder.clone(),
            error,
        };
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            match entry.file_name().into_string() {
                Ok(name) if is_folder && !name.starts_with('.') => ids.push(name),
                _ => {}
            }
        }
        ids.sort_by(|left, right| self.newer_first(left, right));
        Ok(ids)
    }

    /// An id begins with the second it was made in; of one second, the time when its lock was made tells.
    fn newer_first(&self, left: &str, right: &str) -> Ordering {
        let second = |id: &str| id.get(..SECOND).unwrap_or_default().to_owned();
        let made = |id: &str| {
            let lock = std::fs::metadata(self.folder.join(id).join("lock"));
            lock.and_then(|lock| lock.modified()).ok()
        };
        second(right)
            .cmp(&second(left))
            .then_with(|| made(right).cmp(&made(left)))
            .then_with(|| right.cmp(left))
    }

    /// A run by its id, which is one of [`PastRuns::ids`].
    pub fn read(&self, id: &str) -> PastRun {
        PastRun::read(id.to_owned(), self.folder.join(id))
    }

    /// The runs, newest first, each read when it is come to.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn all(&self) -> Result<impl Iterator<Item = PastRun> + '_, FindError> {
        Ok(self.ids()?.into_iter().map(|id| self.read(&id)))
    }

    /// Removes a run that is not under way, whole: what is left where this is cut off is no run any more, but one of
    /// [`PastRuns::half_removed`].
    ///
    /// # Errors
    /// The run is under way, or its folder can't be removed.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        let aside = self.folder.join(format!("{HALF_REMOVED}{id}"));
        {
            // No run begins meanwhile, so that one that has its folder and not yet its lock is never taken for dead.
            let gate = gate(&self.folder)?;
            gate.lock()?;
            let run = self.folder.join(id);
            if is_held(&run.join("lock")) {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "the run is under way",
                ));
            }
            std::fs::rename(&run, &aside)?;
        }
        std::fs::remove_dir_all(&aside)
    }

    /// Does something while no run is under way and none begins. Gives whether it was done: not where a run is under way.
    ///
    /// # Errors
    /// The runs can't be looked at.
    pub fn while_none_lives(&self, act: impl FnOnce()) -> Result<bool, FindError> {
        let failed = |error| FindError::Io {
            path: self.folder.clone(),
            error,
        };
        let _gate = match gate(&self.folder) {
            Ok(gate) => {
                gate.lock().map_err(failed)?;
                Some(gate)
            }
            // Nothing was ever run here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let ids = self.ids()?;
        let mut locks = ids.iter().map(|id| self.folder.join(id).join("lock"));
        if locks.any(|lock| is_held(&lock)) {
            return Ok(false);
        }
        act();
        Ok(true)
    }

    /// Folders of runs whose removal was cut off.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn half_removed(&self) -> Result<Vec<PathBuf>, FindError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(FindError::Io {
                    path: self.folder.clone(),
                    error,
                });
            }
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let is_one = |path: &PathBuf| {
            let name = path.file_name().and_then(std::ffi::OsStr::to_str);
            name.is_some_and(|name| name.starts_with(HALF_REMOVED))
        };
        let mut found: Vec<PathBuf> = paths.filter(is_one).collect();
        found.sort();
        Ok(found)
    }

    /// The run whose id begins so.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn find(&self, prefix: &str) -> Result<PastRun, FindError> {
        let mut ids = self.ids()?;
        ids.retain(|id| id.starts_with(prefix));
        match ids.as_slice() {
            _ if prefix.is_empty() => Err(FindError::None(prefix.to_owned())),
            [] => Err(FindError::None(prefix.to_owned())),
            [only] => Ok(self.read(only)),
            // A whole id is meant even where another begins with it.
            several if several.iter().any(|id| id == prefix) => Ok(self.read(prefix)),
            _ => Err(FindError::Several {
                prefix: prefix.to_owned(),
                ids,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_means_one_run() {
        let state = tempfile::tempdir().unwrap();
        let runs = PastRuns::of(state.path());
        assert!(runs.ids().unwrap().is_empty());
        for id in [
            "20261121-110203-aaaaaaaa",
            "20261121-110203-abbbbbbb",
            "20261122-000000-cccccccc",
        ] {
            std::fs::create_dir_all(state.path().join("runs").join(id)).unwrap();
        }
        std::fs::write(state.path().join("runs/file"), "").unwrap();
        // Of two runs of one second the one that was made later is the newer.
        for id in ["20261121-110203-abbbbbbb", "20261121-110203-aaaaaaaa"] {
            std::fs::write(state.path().join("runs").join(id).join("lock"), "").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(runs.ids().unwrap()[1], "20261121-110203-aaaaaaaa");
        assert_eq!(runs.ids().unwrap()[0], "20261122-000000-cccccccc");
        let check = |prefix: &str, expected: Result<&str, &str>| {
            let found = runs.find(prefix).map(|run| run.id);
            let found = found.map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected);
        };
        check("20261122", Ok("20261122-000000-cccccccc"));
        check("20261121-110203-ab", Ok("20261121-110203-abbbbbbb"));
        check("20261121", Err("`20261121` may be any of 2 runs"));
        check("2025", Err("there is no run `2025`"));
        check("", Err("there is no run ``"));
    }
}
