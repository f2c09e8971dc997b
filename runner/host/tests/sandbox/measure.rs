//! What a run costs. The numbers are printed (`--nocapture`); the assertions only catch a fall by orders of magnitude.

use std::time::{Duration, Instant};

use capstep_host::sandbox::{
    AbiKind, CacheDirectories, Invocation, RunOutcome, Sandbox, SandboxConfig,
};

use crate::guests;
use crate::support::{Host, declared};

const RUNS: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn compiling_loading_and_running() {
    let root = tempfile::tempdir().unwrap();
    let config = SandboxConfig {
        cache: Some(CacheDirectories {
            system: None,
            user: root.path().join("cache"),
        }),
        ..SandboxConfig::default()
    };
    let bytes = guests::noop();
    let start = Instant::now();
    let sandbox = Sandbox::new(config.clone()).unwrap();
    let started = start.elapsed();
    let start = Instant::now();
    drop(
        sandbox
            .load(&bytes, &declared(AbiKind::World))
            .await
            .unwrap(),
    );
    let cold = start.elapsed();
    let sandbox = Sandbox::new(config).unwrap();
    let start = Instant::now();
    let plugin = sandbox
        .load(&bytes, &declared(AbiKind::World))
        .await
        .unwrap();
    let cached = start.elapsed();
    let host = Host::new();
    let mut times: Vec<Duration> = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let report = sandbox
            .run(&plugin, Invocation::step("{}"), host.clone())
            .await;
        times.push(start.elapsed());
        assert!(matches!(report.outcome, RunOutcome::Finished { .. }));
    }
    times.sort();
    let median = times[RUNS / 2];
    println!(
        "{} bytes: start {started:?}, compile {cold:?}, from cache {cached:?}, run: median {median:?}, best {:?}",
        bytes.len(),
        times[0]
    );
    assert!(median < Duration::from_millis(20), "{median:?}");
}
