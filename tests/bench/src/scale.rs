//! A thousand steps and ten thousand in one run: whether time grows with their number alone, and memory stays.

use crate::project::{Project, pipeline};
use crate::report;
use crate::samples::Samples;
use crate::watch::watch;

/// Turns.
const ROUNDS: usize = 3;
/// Steps of the smaller run; the larger one has ten times as many.
const STEPS: usize = 1000;
/// The memory a run may take, in MiB.
const MEMORY: f64 = 150.0;

/// Measures both in turns.
pub(crate) fn measure() {
    let few = Project::new(&pipeline("uses: noop", STEPS));
    let many = Project::new(&pipeline("uses: noop", 10 * STEPS));
    few.run();
    many.run();
    let (mut times_few, mut times_many, mut peaks_few, mut peaks) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let watched = watch(&mut few.command());
        times_few.push(watched.took);
        peaks_few.push(watched.peak_kib as f64 / 1024.0);
        let watched = watch(&mut many.command());
        times_many.push(watched.took);
        peaks.push(watched.peak_kib as f64 / 1024.0);
    }
    let pairs = times_many.iter().zip(&times_few);
    let growth = Samples::new(pairs.map(|(many, few)| many.as_secs_f64() / few.as_secs_f64()));
    let factor = growth.quantile(0.5);
    report::row(
        "10,000 steps in one run against 1,000: time",
        &format!("{} ms", Samples::milliseconds(&times_many).spread()),
        &format!(
            "1,000 steps {} ms",
            Samples::milliseconds(&times_few).spread()
        ),
        &format!("× {}", growth.spread()),
        Some(("8 to 12", (8.0..=12.0).contains(&factor))),
    );
    let peaks = Samples::new(peaks);
    report::row(
        "10,000 steps in one run: most memory resident",
        &format!("{} MiB", peaks.spread()),
        &format!("1,000 steps {} MiB", Samples::new(peaks_few).spread()),
        "–",
        Some(("≤ 150 MiB", peaks.quantile(1.0) <= MEMORY)),
    );
}
