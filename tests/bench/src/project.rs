//! A pipeline in a temporary folder.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program;

/// The folder, with the program's state and its compiled plugins beside it.
pub(crate) struct Project {
    dir: TempDir,
}

/// A pipeline whose one job has this step so many times.
pub(crate) fn pipeline(step: &str, times: usize) -> String {
    format!(
        "version: 1\njobs:\n  bench:\n    steps:\n{}",
        format!("      - {step}\n").repeat(times)
    )
}

impl Project {
    /// A project with this pipeline.
    pub(crate) fn new(pipeline: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("project")).unwrap();
        let project = Self { dir };
        project.write("capstep.yml", pipeline.as_bytes());
        project
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        fs::write(self.folder().join(path), content).unwrap();
    }

    /// The pipeline's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    /// Where the program keeps its state.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state/capstep")
    }

    /// Where it keeps compiled plugins.
    pub(crate) fn cache(&self) -> PathBuf {
        self.dir.path().join("cache/capstep")
    }

    /// `capstep run` here, its report thrown away.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(program::path());
        command
            .current_dir(self.folder())
            .arg("run")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("XDG_STATE_HOME", self.dir.path().join("state"))
            .env("XDG_CACHE_HOME", self.dir.path().join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs it once.
    pub(crate) fn run(&self) -> Duration {
        let started = Instant::now();
        let status = self.command().status().unwrap();
        let took = started.elapsed();
        assert!(status.success(), "capstep run: {status}");
        took
    }
}
