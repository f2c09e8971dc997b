//! Many steps: each is run, each is recorded, and what is kept of one is gone when it is over.

use capstep_tests::journal::assert_planned;
use capstep_tests::project::Project;
use capstep_tests::scale::{long, size};

/// Runs so many steps, in so many jobs; gives the most memory that it took.
fn run(steps: usize, jobs: usize) -> u64 {
    let mut text = "version: 1\njobs:\n".to_owned();
    for job in 0..jobs {
        text.push_str(&format!("  j{job}:\n    steps:\n"));
        for step in 0..steps / jobs {
            text.push_str(&format!("      - {{ uses: env-setup, with: {{ file: j{job}/{step}.env, vars: {{ N: \"{step}\" }} }} }}\n"));
        }
    }
    assert!(text.len() < 1 << 20, "{} bytes of pipeline", text.len());
    let project = Project::new(&text);
    let plan = project.plan(&[]);
    let ran = project.capstep(&["run", "--format", "json"]).expect(0);
    let finished = ran
        .stdout
        .lines()
        .filter(|line| line.contains("\"event\":\"step-finished\""))
        .count();
    assert_eq!(finished, steps);
    let journal = project.journal();
    assert_planned(&plan, &journal);
    let written = journal
        .iter()
        .filter(|record| record.verb() == "files/write-entries" && record.phase() == "outcome")
        .count();
    assert_eq!(written, steps);
    assert_eq!(project.read("j0/1.env").trim(), "N=1");
    ran.peak
}

#[test]
fn ten_times_as_many_steps() {
    let steps = size(100, 1_000);
    long(
        "steps",
        &format!("{steps}, then {} steps", steps * 10),
        |random| {
            let jobs = random.pick(&[1, 2, 5, 10]);
            let few = run(steps, jobs);
            let many = run(steps * 10, jobs);
            assert!(
                many < few * 2 + (100 << 20),
                "memory grows with steps: {} MiB, then {} MiB",
                few >> 20,
                many >> 20
            );
        },
    );
}
