//! A pipeline's folder, and what running it leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::journal::{self, Record};
use crate::program::{Ran, Running, capstep, start};
use crate::watch::{Plans, Watch};

/// A project in a temporary folder: `project/` with the pipeline, `state/` for the program, room for more beside them.
pub struct Project {
    pub dir: TempDir,
    /// Variables of the program's environment.
    pub environment: Vec<(String, String)>,
    plans: Plans,
}

impl Project {
    /// A project with this pipeline.
    pub fn new(pipeline: &str) -> Self {
        let project = Self::empty();
        project.write("capstep.yml", pipeline);
        project
    }

    /// A project without one.
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["project", "project/.git", "state"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Self {
            dir,
            environment: Vec::new(),
            plans: Plans::default(),
        }
    }

    /// The pipeline's folder.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    /// Where the program keeps its state.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Where a program that is told so puts what it has no other place for.
    pub fn temporary(&self) -> PathBuf {
        self.dir.path().join("tmp")
    }

    /// Tells the program to put it there (`TMPDIR`), so that what it leaves can be seen.
    pub fn watch_temporary(&mut self) {
        fs::create_dir(self.temporary()).unwrap();
        let folder = self.temporary().display().to_string();
        self.environment.push(("TMPDIR".to_owned(), folder));
    }

    /// Sets a variable of the program's environment.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
    }

    /// A path in the pipeline's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    /// Writes a file of the project, with the folders around it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Reads a file of the project.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// A file with secrets, beside the project.
    pub fn secrets(&self, content: &str) -> String {
        let path = self.dir.path().join("secrets.env");
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Starts the program here. A run is held against its plan, which is printed before.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let (folder, state) = (self.folder(), self.state());
        let watch = Watch::start((&folder, &state), &self.environment, arguments, &self.plans);
        let mut command = capstep(&folder, &state, arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut running = start(&mut command);
        running.watch = watch;
        running
    }

    /// Runs the program here.
    #[track_caller]
    pub fn capstep(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// The plan, as `capstep plan --format json` has it.
    #[track_caller]
    pub fn plan(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["plan", "--format", "json"];
        all.extend(arguments);
        let ran = self.capstep(&all).expect(0);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// All journals of this project, the oldest first.
    pub fn journals(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        find(&self.state(), "journal.jsonl", &mut found);
        found.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        found
    }

    /// The records of the last run, its chain checked.
    #[track_caller]
    pub fn journal(&self) -> Vec<Record> {
        let path = self.journals().pop().expect("no journal was written");
        journal::read(&path)
    }
}

/// The bytes of all files in a folder and below it.
pub fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}

/// Files of that name in a folder and below it.
fn find(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            find(&entry.path(), name, found);
        } else if entry.file_name() == name {
            found.push(entry.path());
        }
    }
}
