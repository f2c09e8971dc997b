//! A step that says more than anybody reads, with the live view below it and without.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};

use crate::project::{Project, pipeline};
use crate::report;
use crate::samples::{Samples, ratios};

/// Turns.
const ROUNDS: usize = 15;
/// How many lines the step says: as many as it would in a second at 200 a millisecond.
const LINES: usize = 200_000;
/// A terminal of a usual size.
const WINDOW: Winsize = Winsize {
    ws_row: 50,
    ws_col: 120,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// Measures it: the whole program, on a terminal that takes what it is given, and with its report through `cat`.
pub(crate) fn measure() {
    let project = Project::new(&pipeline(
        &format!("run: \"seq -f 'line %.0f of what a program says while it works' {LINES}\""),
        1,
    ));
    project.run();
    let (mut live, mut without, mut piped) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        live.push(on_terminal(project.command().env("TERM", "xterm")));
        without.push(on_terminal(
            project.command().env("TERM", "xterm").arg("--no-live"),
        ));
        piped.push(through_cat(project.command()));
    }
    let times = Samples::milliseconds(&live);
    let lines = LINES as f64 / times.quantile(0.5);
    let shown = format!("{} ms ({lines:.0} lines a millisecond)", times.spread());
    for (what, times) in [
        ("`capstep run 2>&1 \\| cat`", &piped),
        ("the same terminal, `--no-live`", &without),
    ] {
        let ratios = ratios(&live, times);
        report::row(
            &format!("a step that says {LINES} lines, with the live view on a terminal (process)"),
            &shown,
            &format!("{what} {} ms", Samples::milliseconds(times).spread()),
            &format!("× {}", ratios.spread()),
            Some(("≤ 1.1", ratios.quantile(0.5) <= 1.1)),
        );
    }
}

/// Runs it with its report on a terminal whose other side takes everything at once.
fn on_terminal(command: &mut Command) -> Duration {
    let pair = openpty(&WINDOW, None).unwrap();
    let mut screen = std::fs::File::from(pair.master);
    let started = Instant::now();
    let mut child = command.stderr(pair.slave).spawn().unwrap();
    // The command has the other side open as well, and nothing would ever end.
    command.stderr(Stdio::null());
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        // It ends with an error when nobody has the other side any more.
        while let Ok(1..) = screen.read(&mut buffer) {}
    });
    let status = child.wait().unwrap();
    reader.join().unwrap();
    let took = started.elapsed();
    assert!(status.success(), "capstep run: {status}");
    took
}

/// Runs it with its report through `cat`.
fn through_cat(mut command: Command) -> Duration {
    let started = Instant::now();
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = command.stderr(cat.stdin.take().unwrap()).spawn().unwrap();
    drop(command);
    let status = child.wait().unwrap();
    assert!(cat.wait().unwrap().success());
    let took = started.elapsed();
    assert!(status.success(), "capstep run: {status}");
    took
}
