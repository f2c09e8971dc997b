//! Looking for a planted value where it may not be: in files, on command lines, in environments.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
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
            let (mut servers, mut found) = (HashSet::new(), Vec::new());
            while !stopped.load(Ordering::SeqCst) {
                look(&forms, &mut servers, &mut found);
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

/// One look at all processes. `servers` are the SSH servers and all that was ever seen below them: a process whose
/// server is gone has another parent, and is still one of the server's.
fn look(forms: &[Vec<u8>], servers: &mut HashSet<u32>, found: &mut Vec<String>) {
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        // First of all: the process may be gone before the look is over.
        let Some(process) = Process::at(&path) else {
            continue;
        };
        let on_the_server = servers.contains(&process.parent);
        if on_the_server || process.name.starts_with("sshd") {
            servers.insert(process.number);
        }
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(path.join(file)).unwrap_or_default();
            if contains(&bytes, forms) {
                let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
                let side = if on_the_server { " on the server" } else { "" };
                found.push(format!("{} of {}{side}", file, name.trim()));
            }
        }
    }
}

struct Process {
    number: u32,
    name: String,
    parent: u32,
}

impl Process {
    /// The process of a folder in `/proc`.
    fn at(path: &Path) -> Option<Self> {
        let number = path.file_name()?.to_str()?.parse().ok()?;
        let stat = fs::read_to_string(path.join("stat")).ok()?;
        // The name stands in brackets, and may hold any.
        let (before, rest) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        Some(Self {
            number,
            name: name.to_owned(),
            parent: rest.split_whitespace().nth(1)?.parse().ok()?,
        })
    }
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
