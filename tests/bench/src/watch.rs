//! A process, watched from outside while it runs.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How often it is looked at. What is read is a maximum that the kernel keeps, or a number that changes slowly.
const INTERVAL: Duration = Duration::from_millis(2);

/// What was seen.
pub(crate) struct Watched {
    pub(crate) took: Duration,
    /// The most memory it had resident, in KiB (`VmHWM`).
    pub(crate) peak_kib: u64,
    /// The most threads at once.
    pub(crate) threads: u64,
}

/// Runs a command to its end.
pub(crate) fn watch(command: &mut Command) -> Watched {
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut peak_kib, mut threads) = (0, 0);
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        peak_kib = peak_kib.max(field(&text, "VmHWM:"));
        threads = threads.max(field(&text, "Threads:"));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(INTERVAL);
    };
    assert!(ended.success(), "{command:?}: {ended}");
    Watched {
        took: started.elapsed(),
        peak_kib,
        threads,
    }
}

/// The number in a line of `/proc/PID/status`; 0 once the process is gone.
fn field(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        let text = "Name:\tx\nVmHWM:\t   12345 kB\nThreads:\t7\n";
        assert_eq!((field(text, "VmHWM:"), field(text, "Threads:")), (12345, 7));
        assert_eq!(field("", "VmHWM:"), 0);
    }
}
