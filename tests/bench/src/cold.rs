//! The whole program, for one step that does nothing; its plugin was compiled by an earlier run.

use crate::project::{Project, pipeline};
use crate::samples::{Samples, differences, ratios};
use crate::{bash, report};

/// Turns.
const ROUNDS: usize = 100;

/// Measures it against one `bash -c true`.
pub(crate) fn measure() {
    let project = Project::new(&pipeline("uses: noop", 1));
    let compiling = project.run();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(project.run());
        theirs.push(bash::once());
    }
    let more = differences(&ours, &theirs);
    report::row(
        "`capstep run` of one no-op step (process; plugin compiled before)",
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &format!(
            "`bash -c true` {} ms",
            Samples::milliseconds(&theirs).spread()
        ),
        &format!(
            "+ {} ms, × {}",
            more.spread(),
            ratios(&ours, &theirs).spread()
        ),
        Some(("+ ≤ 10 ms", more.quantile(0.5) <= 10.0)),
    );
    report::row(
        "the first one on a machine, which compiles the plugin (once)",
        &format!("{:.0} ms", compiling.as_secs_f64() * 1000.0),
        "–",
        "–",
        None,
    );
}
