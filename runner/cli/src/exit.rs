//! The exit codes: promises to whoever calls the program.

/// All went well.
pub(crate) const PASSED: u8 = 0;
/// A step failed.
pub(crate) const FAILED: u8 = 1;
/// The command line or the pipeline has a mistake; nothing was run.
pub(crate) const USAGE: u8 = 2;
/// A step tried what it may not do.
pub(crate) const DENIED: u8 = 3;
/// The machine, its engine or the network failed.
pub(crate) const INFRASTRUCTURE: u8 = 4;
/// Interrupted by the person who started it.
pub(crate) const INTERRUPTED: u8 = 130;
/// Ended by another program.
pub(crate) const TERMINATED: u8 = 143;

/// The codes for `--help`.
pub(crate) fn help() -> String {
    let rows = [
        (PASSED, "passed"),
        (FAILED, "a step failed"),
        (USAGE, "the command line or the pipeline has a mistake"),
        (DENIED, "a step tried what it may not do"),
        (
            INFRASTRUCTURE,
            "the machine, its engine or the network failed",
        ),
        (INTERRUPTED, "interrupted"),
        (TERMINATED, "terminated"),
    ];
    let lines = rows.map(|(code, meaning)| format!("  {code:>3}  {meaning}"));
    format!("Exit codes:\n{}", lines.join("\n"))
}
