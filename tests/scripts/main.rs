//! `run:` steps: the pipeline's own scripts, in the sandbox for programs. Each act is shown twice: handed over it
//! succeeds, without that it doesn't.
//!
//! - `acts`: what must not be possible, on a `machine` full of what must not be reached; `metadata`: the cloud's address;
//! - `running`: output, exit codes, environment, secrets, time; `files`: what is seen and changed; `network`: the way out;
//! - `given`: what a machine gives, and what is left on it.

mod acts;
mod files;
mod given;
mod machine;
mod metadata;
mod network;
mod running;

use capstep_tests::program::Ran;
use capstep_tests::project::Project;

/// A project with one step; its keys as YAML, indented by eight.
fn project(step: &str) -> Project {
    Project::new(&format!(
        "version: 1\nsecrets: [CANARY]\njobs:\n  only:\n    steps:\n      - id: script\n{step}"
    ))
}

/// Plans and runs it; nothing that was done wasn't planned.
#[track_caller]
fn run(project: &Project) -> Ran {
    let canary = capstep_tests::hostile::canary(project, CANARY);
    let plan = project.plan(&[]);
    let ran = project.capstep(&["run", &canary]);
    capstep_tests::journal::assert_planned(&plan, &project.journal());
    ran
}

/// What the planted secret is recognised by.
const CANARY: &str = "cnry-41a6f0c8d2e94b7780ab";
