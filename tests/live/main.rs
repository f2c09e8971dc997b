//! The live view on real terminals: what somebody sees midway and at the end, whatever happens in between.
//!
//! - `showing`: what stands in it; `leaving`: how it goes away; `sizes`: narrow, tiny and resized terminals;
//! - `floods`: steps that say more than anybody reads.

mod floods;
mod leaving;
mod showing;
mod sizes;

use capstep_tests::project::Project;
use capstep_tests::servers;

/// Two jobs side by side that ask a server again and again, which never is healthy.
fn two_that_wait() -> Project {
    let (port, _) = servers::answering("503 Service Unavailable", "not yet");
    let job = |name: &str, attempts: u32| {
        format!(
            "  {name}:\n    steps:\n      - name: Ask it\n        uses: health-check\n        with: {{ url: \
             \"http://127.0.0.1:{port}/\", every: 200ms, attempts: {attempts} }}\n"
        )
    };
    Project::new(&format!(
        "version: 1\njobs:\n{}{}  after:\n    needs: [left, right]\n    steps: [{{ uses: noop }}]\n",
        job("left", 300),
        job("right", 400)
    ))
}
