//! How long and how much: generous, since machines differ and this one may be busy; far below what was thrown at it.

use std::time::Duration;

use capstep_tests::program::Ran;

/// Reading a file and saying what is wrong with it: time that processors work for it.
pub(crate) const READING: Duration = Duration::from_secs(15);
/// A run that has something to wait for.
pub(crate) const RUNNING: Duration = Duration::from_secs(60);

/// The memory of reading.
pub(crate) const SMALL: u64 = 300 << 20;
/// The memory of a run: a plugin's 256 MiB among it, and the compiler's.
pub(crate) const LARGE: u64 = 900 << 20;

/// Insists on the exit code, the time and the memory.
#[track_caller]
pub(crate) fn bounded(ran: Ran, code: i32, time: Duration, memory: u64) -> Ran {
    let ran = ran.expect(code);
    // Reading waits for nothing: how long it takes otherwise is the machine's affair.
    let took = if time == READING {
        ran.worked
    } else {
        ran.took
    };
    assert!(took < time, "it took {took:?}");
    assert!(ran.peak < memory, "it took {} MiB", ran.peak >> 20);
    // A plugin may panic, and say so; the program may not.
    let own = |line: &&str| line.contains("panicked at") && !line.contains("tests/hostile");
    assert_eq!(ran.stderr.lines().find(own), None);
    ran
}
