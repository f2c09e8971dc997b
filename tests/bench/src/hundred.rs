//! A hundred steps in one run, against a hundred processes.

use std::time::Instant;

use crate::project::{Project, pipeline};
use crate::samples::{Samples, ratios};
use crate::{bash, report};

/// Turns.
const ROUNDS: usize = 20;
/// Steps, and processes.
const STEPS: usize = 100;

/// Measures it: the whole program, its start included.
pub(crate) fn measure() {
    let project = Project::new(&pipeline("uses: noop", STEPS));
    project.run();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(project.run());
        let started = Instant::now();
        for _ in 0..STEPS {
            bash::once();
        }
        theirs.push(started.elapsed());
    }
    let ratios = ratios(&ours, &theirs);
    report::row(
        "`capstep run` of 100 no-op steps (process)",
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &format!(
            "100 × `bash -c true` {} ms",
            Samples::milliseconds(&theirs).spread()
        ),
        &format!("× {}", ratios.spread()),
        Some(("≤ 0.2", ratios.quantile(0.5) <= 0.2)),
    );
}
