//! A part of a job is not the job.

use capstep_engine::{Event, Outcome, StepRef};

use super::{Asked, ran, said, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_which_only_some_steps_ran_has_not_deployed() {
    let check = async |environment: &str, only: &[usize], expected: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "version: 1\njobs:\n  a:\n    environment: {environment}\n    steps: [ {{ id: s, uses: noop, with: {{ echo: x }} }}, {{ uses: noop }} ]\n"
        );
        let steps = only.iter().map(|step| StepRef {
            job: "a".to_owned(),
            step: *step,
        });
        let asked = Asked {
            only: steps.collect(),
            ..Asked::default()
        };
        let run = start(folder.path(), &text, asked, |_| false).await;
        assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
        let deployed: Vec<_> = run
            .events
            .iter()
            .filter_map(|timed| match &timed.event {
                Event::Deployed { environment, .. } => Some(environment.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(
            deployed,
            expected,
            "{environment} {only:?}: {:?}",
            ran(&run)
        );
    };
    let named = "{ name: production, url: \"https://${{ steps.s.outputs.echo }}/\" }";
    for environment in ["production", named] {
        check(environment, &[], &["production"]).await;
        check(environment, &[1], &[]).await;
        check(environment, &[2], &[]).await;
        // All of its steps are the job.
        check(environment, &[1, 2], &["production"]).await;
    }
}
