//! A build whose context is large, against `docker build` on the same engine. The project has a file with secrets, as
//! projects that deploy have: each file of the context is then held against it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use capstep_test_engine::{Dockerd, DockerdOptions};

use crate::project::Project;
use crate::report;
use crate::samples::{Samples, ratios};
use crate::watch::watch;

/// Turns.
const ROUNDS: usize = 8;

/// The context, in megabytes, where `--context=` says nothing.
pub(crate) const CONTEXT: usize = 500;

/// Of it, in files of 1 MB; the rest is in small files, as in a folder of dependencies.
const LARGE_SHARE: usize = 4;

/// The small files.
const SMALL: usize = 16 << 10;

/// The engine stores what it has in memory, with room for so many times the context: on a disk, what the turn before has
/// deleted and what is still to be written decide how long a build takes, and two builds of the same differ by half.
const ROOM: usize = 6;

/// The memory that the runner may take, in MiB.
const MEMORY: f64 = 100.0;

/// Measures both in turns; the engine forgets what it had of the context before each.
pub(crate) fn measure() {
    measure_with(CONTEXT);
}

/// The same with a context of so many megabytes.
pub(crate) fn measure_with(megabytes: usize) {
    let engine = Dockerd::start_with(DockerdOptions {
        disk: Some(format!("{}m", megabytes * ROOM)),
        ..DockerdOptions::default()
    });
    let project = Project::new(
        "version: 1\nsecrets: [KEY]\njobs:\n  a:\n    steps:\n      - uses: env-setup\n        with: { file: .env, vars: { KEY: \"${{ secrets.KEY }}\" } }\n      \
         - uses: docker-build\n        with: { context: app, tags: ours }\n",
    );
    fill(&project, megabytes);
    let mut ours = project.command();
    ours.env("DOCKER_HOST", engine.host())
        .env("KEY", "the secret of this bench");
    let mut theirs = engine.command("docker");
    theirs
        .env("DOCKER_BUILDKIT", "1")
        .args(["build", "--quiet", "--tag", "theirs"])
        .arg(project.folder().join("app"));
    quiet(&mut theirs);
    // The plugins are compiled once, which is measured elsewhere.
    watch(&mut ours);
    let (mut own, mut other, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Each is the first one as often as the second.
        if round % 2 == 0 {
            own.push(turn(&engine, &mut ours, &mut peaks));
        }
        other.push(turn(&engine, &mut theirs, &mut Vec::new()));
        if round % 2 == 1 {
            own.push(turn(&engine, &mut ours, &mut peaks));
        }
    }
    let compared = ratios(&own, &other);
    report::row(
        &format!(
            "docker-build: a context of {megabytes} MB, one sealed file in the project, the engine's data in memory (whole run)"
        ),
        &format!("{} ms", Samples::milliseconds(&own).spread()),
        &format!(
            "`docker build` {} ms",
            Samples::milliseconds(&other).spread()
        ),
        &format!("× {}", compared.spread()),
        Some(("≤ 1.1", compared.quantile(0.5) <= 1.1)),
    );
    let peaks = Samples::new(peaks);
    report::row(
        "the same: most memory resident in the runner",
        &format!("{} MiB", peaks.spread()),
        "–",
        "–",
        Some(("≤ 100 MiB", peaks.quantile(1.0) <= MEMORY)),
    );
}

fn turn(engine: &Dockerd, command: &mut Command, peaks: &mut Vec<f64>) -> Duration {
    for image in ["ours", "theirs"] {
        let mut removal = engine.command("docker");
        // That there is none yet is no failure.
        let _ = quiet(removal.args(["rmi", "--force", image])).status();
    }
    engine.ask("POST", "/build/prune?all=1");
    nix::unistd::sync();
    let watched = watch(command);
    peaks.push(watched.peak_kib as f64 / 1024.0);
    watched.took
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

/// The context's files; no two have the same bytes, and none is empty in the engine's view.
fn fill(project: &Project, megabytes: usize) {
    let app = project.folder().join("app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), "FROM base\nCOPY data /data\n").unwrap();
    let large = megabytes / LARGE_SHARE;
    let small = (megabytes - large) * (1 << 20) / SMALL;
    let mut state = 1_u64;
    for number in 0..large + small {
        let (folder, size) = if number < large {
            ("large".to_owned(), 1 << 20)
        } else {
            (format!("small/{:03}", number % 500), SMALL)
        };
        let folder = app.join("data").join(folder);
        fs::create_dir_all(&folder).unwrap();
        let mut bytes = Vec::with_capacity(size);
        while bytes.len() < size {
            // xorshift: nothing that a disk or a file system could make smaller.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        fs::write(folder.join(format!("{number}.bin")), bytes).unwrap();
    }
}
