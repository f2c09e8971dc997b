//! What it was measured on.

use std::fs;
use std::process::Command;

/// Prints processor, cores, kernel, compiler and load.
pub(crate) fn describe() {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let compiler = Command::new("rustc").arg("--version").output();
    let compiler = compiler.map_or_else(
        |_| "rustc unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    println!(
        "{model}, {cores} cores; Linux {}; {compiler}",
        kernel.trim()
    );
    load("before");
}

/// Prints how busy the machine is.
pub(crate) fn load(when: &str) {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let shown: Vec<&str> = load.split(' ').take(3).collect();
    println!(
        "\nload average {when}: {} (1, 5, 15 minutes)",
        shown.join(" ")
    );
}
