//! Looking for a planted value where it may not be: in files, on command lines, in environments.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

pub use capstep_test_engine::search::{contains, files, forms};

pub use crate::planned_leaks::assert_only;

/// Looks at every process of the machine, over and over.
pub struct ProcessWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
    looks: Arc<AtomicU64>,
}

impl ProcessWatch {
    /// Starts to look for these values.
    pub fn start(values: &[&str]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let looks = Arc::new(AtomicU64::new(0));
        let forms: Vec<Vec<u8>> = values.iter().flat_map(|value| forms(value)).collect();
        let (stopped, counter) = (Arc::clone(&stop), Arc::clone(&looks));
        let thread = std::thread::spawn(move || {
            let mut found = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                look(&forms, &mut found);
                counter.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            found
        });
        Self {
            stop,
            thread,
            looks,
        }
    }

    /// Stops; gives the processes that had one on their command line or in their environment; those that an SSH server
    /// started as `… on the server`.
    pub fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        let found = self.thread.join().unwrap();
        assert!(
            self.looks.load(Ordering::SeqCst) > 3,
            "the watch hardly looked"
        );
        found
    }
}

impl ProcessWatch {
    /// Insists that only what an SSH server started had one, and that in its environment: where the plan says that it goes.
    #[track_caller]
    pub fn assert_on_the_server_alone(self) {
        let mut found = self.stop();
        found.retain(|found| {
            !(found.starts_with("environ of ") && found.ends_with(" on the server"))
        });
        assert!(
            found.is_empty(),
            "on command lines or in environments: {found:?}"
        );
    }
}

fn look(forms: &[Vec<u8>], found: &mut Vec<String>) {
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        // First of all: the process may be gone before the look is over, its parents live longer.
        let parent = parent(&path);
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(path.join(file)).unwrap_or_default();
            if contains(&bytes, forms) {
                let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
                let side = if started_by(parent, "sshd") {
                    " on the server"
                } else {
                    ""
                };
                found.push(format!("{} of {}{side}", file, name.trim()));
            }
        }
    }
}

/// The number of a process's parent.
fn parent(process: &Path) -> Option<u32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // The name before it stands in brackets, and may hold any.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Whether this process, or one above it, is called so.
fn started_by(mut process: Option<u32>, name: &str) -> bool {
    while let Some(number) = process.filter(|number| *number > 1) {
        let path = PathBuf::from(format!("/proc/{number}"));
        if fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim().starts_with(name)) {
            return true;
        }
        process = parent(&path);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_seen() {
        let canary = "canary-on-a-command-line-of-this-test";
        let watch = ProcessWatch::start(&[canary]);
        let status = std::process::Command::new("sleep")
            .arg("0.2")
            .env("LEAK", canary)
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(
            watch.stop().first().map(String::as_str),
            Some("environ of sleep")
        );
    }
}
