//! A plugin that starts a thousand operations which wait at once.

use std::process::Command;

use capstep_grants::manifest::Manifest;

use crate::project::{Project, pipeline};
use crate::report;
use crate::samples::Samples;
use crate::watch::watch;

/// Turns.
const ROUNDS: usize = 5;

const MANIFEST: &str = "\
name = \"sleepers\"
version = \"0.1.0\"
description = \"Starts a thousand sleeps of one second and waits for them.\"
abi = \"command\"
protocol = 1

[outputs.done]
type = \"integer\"
doc = \"How many have ended.\"
";

/// Measures its time, which is a second and what the host adds, and the program's threads.
pub(crate) fn measure() {
    let project = Project::new(&pipeline("uses: ./sleepers.wasm", 1));
    let mut plugin = compiled();
    let (manifest, _) = Manifest::from_toml(MANIFEST).unwrap();
    plugin.extend(manifest.to_custom_section());
    project.write("sleepers.wasm", &plugin);
    project.run();
    let idle = Project::new(&pipeline("uses: noop", 1));
    idle.run();
    let (mut times, mut threads, mut idle_threads) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let watched = watch(&mut project.command());
        times.push(watched.took);
        threads.push(watched.threads as f64);
        idle_threads.push(watch(&mut idle.command()).threads as f64);
    }
    let threads = Samples::new(threads);
    let most = threads.quantile(1.0);
    report::row(
        "1,000 operations of one second at once: threads of the program",
        &format!("at most {most}"),
        &format!(
            "one no-op step: at most {}",
            Samples::new(idle_threads).quantile(1.0)
        ),
        &format!("{} ms in all", Samples::milliseconds(&times).spread()),
        Some(("no thread each (≤ 32)", most <= 32.0)),
    );
}

/// The plugin: a program for WASI 0.1 without dependencies.
fn compiled() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("sleepers.rs");
    std::fs::write(&source, include_str!("../fixtures/sleepers.rs")).unwrap();
    let output = folder.path().join("sleepers.wasm");
    let status = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--target",
            "wasm32-wasip1",
            "-Copt-level=2",
        ])
        .arg("-o")
        .args([&output, &source])
        .status()
        .unwrap();
    assert!(
        status.success(),
        "the plugin does not compile; is the target wasm32-wasip1 installed?"
    );
    std::fs::read(output).unwrap()
}
