//! Cancelling in each stage: the operation ends at once, and nothing of it stays in the engine.

use std::fs::File;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_docker::{
    BuildEvent, BuildListener, Builder, DockerError, DockerErrorKind, LayerListener, Reference,
    Stage,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Context, connect, dockerd, good_account, registry};

/// An operation that is cancelled ends within this time; without it most would go on for minutes.
const PROMPT: Duration = Duration::from_secs(15);

/// Whether a process with this word among its arguments runs.
fn runs(word: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().any(|entry| {
        std::fs::read(entry.unwrap().path().join("cmdline")).is_ok_and(|line| {
            line.split(|byte| *byte == 0)
                .any(|part| part == word.as_bytes())
        })
    })
}

fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + PROMPT;
    while !check() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A listener that cancels once an event is the one that is waited for.
fn cancelling(
    token: &CancellationToken,
    wanted: impl Fn(&BuildEvent) -> bool + Send + Sync + 'static,
) -> BuildListener {
    let token = token.clone();
    Arc::new(move |event| {
        if wanted(&event) {
            token.cancel();
        }
    })
}

async fn prompt<T>(operation: impl Future<Output = Result<T, DockerError>>) -> DockerError {
    let result = tokio::time::timeout(Duration::from_secs(60), operation).await;
    match result.expect("it ends") {
        Ok(_) => panic!("it was not cancelled"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_instruction_ends() {
    let engine = connect(dockerd()).await;
    for (builder, seconds) in [(Builder::Classic, "86391"), (Builder::BuildKit, "86392")] {
        let context = Context::new(&[(
            "Dockerfile",
            &format!(
                "FROM base\nCOPY Dockerfile /cancelled-{seconds}\nRUN echo up; sleep {seconds}\n"
            ),
        )]);
        let mut request = context.request();
        request.builder = Some(builder);
        let token = CancellationToken::new();
        let listener = cancelling(&token, |event| matches!(event, BuildEvent::Log { .. }));
        let started = Instant::now();
        let error = prompt(engine.build(&request, &listener, &token)).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Build, DockerErrorKind::Cancelled)
        );
        assert!(started.elapsed() < PROMPT * 2);
        eventually("the process ends", || !runs(seconds));
        assert_nothing_left(seconds);
    }
}

/// No image of the build and no container of it.
fn assert_nothing_left(mark: &str) {
    eventually("its images and containers go", || {
        let images = dockerd()
            .images()
            .iter()
            .any(|id| dockerd().history(id).contains(&format!("cancelled-{mark}")));
        let containers = dockerd()
            .ask("GET", "/containers/json?all=1")
            .to_string()
            .contains(mark);
        !images && !containers
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_whose_future_is_dropped_ends() {
    let engine = connect(dockerd()).await;
    for (builder, seconds) in [(Builder::Classic, "86393"), (Builder::BuildKit, "86394")] {
        let context = Context::new(&[(
            "Dockerfile",
            &format!(
                "FROM base\nCOPY Dockerfile /cancelled-{seconds}\nRUN echo up; sleep {seconds}\n"
            ),
        )]);
        let mut request = context.request();
        request.builder = Some(builder);
        let up = CancellationToken::new();
        let listener = cancelling(&up, |event| matches!(event, BuildEvent::Log { .. }));
        let never = CancellationToken::new();
        tokio::select! {
            _ = engine.build(&request, &listener, &never) => panic!("it ended by itself"),
            () = up.cancelled() => {}
        }
        eventually("the process ends", || !runs(seconds));
        assert_nothing_left(seconds);
    }
}

/// Whoever waits for a build may stop waiting in the moment in which it is cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_cancelled_and_dropped_at_once_leaves_nothing() {
    let engine = connect(dockerd()).await;
    for (builder, seconds) in [(Builder::Classic, "86395"), (Builder::BuildKit, "86396")] {
        let context = Context::new(&[(
            "Dockerfile",
            &format!(
                "FROM base\nCOPY Dockerfile /cancelled-{seconds}\nRUN echo up; sleep {seconds}\n"
            ),
        )]);
        let mut request = context.request();
        request.builder = Some(builder);
        let token = CancellationToken::new();
        let listener = cancelling(&token, |event| matches!(event, BuildEvent::Log { .. }));
        tokio::select! {
            biased;
            _ = engine.build(&request, &listener, &token) => panic!("it was waited for"),
            () = token.cancelled() => {}
        }
        let started = Instant::now();
        engine.tidied().await;
        assert!(started.elapsed() < PROMPT * 2);
        assert_nothing_left(seconds);
        eventually("the process ends", || !runs(seconds));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_on_its_way_ends() {
    let engine = connect(dockerd()).await;
    for builder in [Builder::Classic, Builder::BuildKit] {
        let context = Context::new(&[("Dockerfile", "FROM scratch\nCOPY large /\n")]);
        // As large as it takes seconds to read: most of it is a hole.
        File::create(context.dir.path().join("large"))
            .unwrap()
            .set_len(8 << 30)
            .unwrap();
        let before = dockerd().images();
        let mut request = context.request();
        request.builder = Some(builder);
        let token = CancellationToken::new();
        let listener = cancelling(&token, |event| {
            matches!(event, BuildEvent::Progressed { what, current, .. }
                if what.starts_with("transferring") && *current > 1 << 20)
        });
        if builder == Builder::Classic {
            // It says nothing before it has all.
            let token = token.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(500)).await;
                token.cancel();
            });
        }
        let started = Instant::now();
        let error = prompt(engine.build(&request, &listener, &token)).await;
        assert_eq!(error.kind, DockerErrorKind::Cancelled, "{error}");
        assert!(started.elapsed() < PROMPT);
        assert!(dockerd().images().len() <= before.len() + 4);
        // What had arrived is gone.
        eventually("the half context goes", || {
            disk(&dockerd().data()) < 400 << 20
        });
    }
}

/// The bytes that a folder takes on the disk.
fn disk(folder: &std::path::Path) -> u64 {
    let output = std::process::Command::new("du")
        .arg("-sk")
        .arg(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let blocks: u64 = text.split_whitespace().next().unwrap().parse().unwrap();
    blocks * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_and_a_pull_end() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    let account = good_account(registry);
    let context = Context::new(&[(
        "Dockerfile",
        "FROM base\nRUN dd if=/dev/urandom of=/x bs=1M count=96 2>/dev/null\n",
    )]);
    let name = format!("{}/cancelled:1", registry.host());
    let mut request = context.request();
    request.tags = vec![name.clone()];
    // BuildKit's cache would keep the layer, and there would be nothing to pull.
    request.builder = Some(Builder::Classic);
    let never = CancellationToken::new();
    engine
        .build(&request, &crate::support::deaf(), &never)
        .await
        .unwrap();
    let reference = Reference::parse(Stage::Tag, &name).unwrap();

    let (token, listener) = cancelling_layers("Pushing");
    let error = prompt(engine.push(&reference, Some(&account), &listener, &token)).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Push, DockerErrorKind::Cancelled)
    );
    assert_eq!(registry.digest("cancelled", "1"), None);

    let (_, deaf) = cancelling_layers("never");
    engine
        .push(&reference, Some(&account), &deaf, &never)
        .await
        .unwrap();
    engine.remove(&name).await.unwrap();
    let (token, listener) = cancelling_layers("Downloading");
    let error = prompt(engine.pull(&reference, None, Some(&account), &listener, &token)).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Pull, DockerErrorKind::Cancelled)
    );
    assert_eq!(
        engine.inspect(&name).await.unwrap_err().kind,
        DockerErrorKind::NotFound
    );
}

fn cancelling_layers(status: &'static str) -> (CancellationToken, LayerListener) {
    let token = CancellationToken::new();
    let cancel = token.clone();
    let listener: LayerListener = Arc::new(move |progress| {
        if progress.status == status && progress.current.is_some_and(|current| current > 0) {
            cancel.cancel();
        }
    });
    (token, listener)
}
