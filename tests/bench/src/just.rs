//! One step that does nothing, by the whole program and by `just`, a command runner without sandbox, plan or records.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, pipeline};
use crate::report;
use crate::samples::{Samples, differences, ratios};

/// Turns.
const ROUNDS: usize = 100;

/// From crates.io; another version is another comparison.
const VERSION: &str = "1.43.0";

/// Measures both in turns.
pub(crate) fn measure() {
    let what = "`capstep run` of one no-op step (process)";
    let Some(just) = installed() else {
        let why = format!("`cargo install just --version {VERSION}` failed");
        report::row(what, "–", &why, "–", None);
        return;
    };
    let project = Project::new(&pipeline("uses: noop", 1));
    project.write("justfile", b"noop:\n    @true\n");
    // The plugin is compiled once, which is measured elsewhere.
    project.run();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(project.run());
        theirs.push(once(&just, &project.folder()));
    }
    report::row(
        what,
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &format!(
            "`just noop`, {VERSION}: {} ms",
            Samples::milliseconds(&theirs).spread()
        ),
        &format!(
            "+ {} ms, × {}",
            differences(&ours, &theirs).spread(),
            ratios(&ours, &theirs).spread()
        ),
        None,
    );
}

/// `just`, built into the target folder where it is not yet.
fn installed() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/just");
    let program = root.join("bin/just");
    if !program.exists() {
        let status = Command::new("cargo")
            .args(["install", "just", "--locked", "--quiet"])
            .args(["--version", VERSION, "--root"])
            .arg(&root)
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return None;
        }
    }
    Some(program)
}

fn once(just: &Path, folder: &Path) -> Duration {
    let started = Instant::now();
    let status = Command::new(just)
        .arg("noop")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let took = started.elapsed();
    assert!(status.success());
    took
}
