//! The shell's way to run a step that does nothing.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts `bash -c true` and waits for it.
pub(crate) fn once() -> Duration {
    let started = Instant::now();
    let status = Command::new("bash")
        .args(["-c", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let took = started.elapsed();
    assert!(status.success());
    took
}
