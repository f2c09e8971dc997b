//! A thousand steps and ten thousand in one run: whether time grows with their number alone, and memory stays. What one
//! step takes, the program's start above all, is taken off both.

use std::time::Duration;

use crate::project::{Project, pipeline};
use crate::report;
use crate::samples::{Samples, ratios};
use crate::watch::watch;

/// Turns.
const ROUNDS: usize = 5;
/// Steps of the smaller run; the larger one has ten times as many.
const STEPS: usize = 1000;
/// The memory a run may take, in MiB.
const MEMORY: f64 = 150.0;

/// Measures them in turns.
pub(crate) fn measure() {
    let one = Project::new(&pipeline("uses: noop", 1));
    let few = Project::new(&pipeline("uses: noop", STEPS));
    let many = Project::new(&pipeline("uses: noop", 10 * STEPS));
    for project in [&one, &few, &many] {
        project.run();
    }
    let (mut times_few, mut times_many): (Vec<Duration>, Vec<Duration>) = Default::default();
    let (mut peaks_few, mut peaks_many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = one.run();
        for (project, times, peaks) in [
            (&few, &mut times_few, &mut peaks_few),
            (&many, &mut times_many, &mut peaks_many),
        ] {
            let watched = watch(&mut project.command());
            times.push(watched.took.saturating_sub(start));
            peaks.push(watched.peak_kib as f64 / 1024.0);
        }
    }
    let growth = ratios(&times_many, &times_few);
    let factor = growth.quantile(0.5);
    report::row(
        "10,000 steps in one run against 1,000: time without the start",
        &format!("{} ms", Samples::milliseconds(&times_many).spread()),
        &format!(
            "1,000 steps {} ms",
            Samples::milliseconds(&times_few).spread()
        ),
        &format!("× {}", growth.spread()),
        Some(("8 to 12", (8.0..=12.0).contains(&factor))),
    );
    let peaks = Samples::new(peaks_many);
    report::row(
        "10,000 steps in one run: most memory resident",
        &format!("{} MiB", peaks.spread()),
        &format!("1,000 steps {} MiB", Samples::new(peaks_few).spread()),
        "–",
        Some(("≤ 150 MiB", peaks.quantile(1.0) <= MEMORY)),
    );
}
