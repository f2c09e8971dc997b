//! A registry that goes away. (The name makes its long test the first to begin: it mostly waits.)

use std::sync::Arc;

use capstep_docker::{DockerErrorKind, LayerListener, Reference, Stage};
use capstep_test_engine::Registry;
use tokio_util::sync::CancellationToken;

use crate::support::{Context, connect, deaf, dockerd};

/// The engine tries again four times, after 5, 10, 15 and 20 seconds: most of this test's time.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_goes_down_in_the_middle_of_a_push_is_unreachable() {
    let engine = connect(dockerd()).await;
    let own = Arc::new(Registry::start_open());
    let context = Context::new(&[(
        "Dockerfile",
        "FROM base\nRUN dd if=/dev/urandom of=/y bs=1M count=64 2>/dev/null\n",
    )]);
    let name = format!("{}/middle:1", own.host());
    let mut request = context.request();
    request.tags = vec![name.clone()];
    let token = CancellationToken::new();
    engine.build(&request, &deaf(), &token).await.unwrap();
    let stopping = Arc::clone(&own);
    let once = std::sync::Once::new();
    let listener: LayerListener = Arc::new(move |progress| {
        if progress.status == "Pushing" && progress.current.is_some_and(|current| current > 0) {
            once.call_once(|| stopping.stop());
        }
    });
    let reference = Reference::parse(Stage::Tag, &name).unwrap();
    let error = engine
        .push(&reference, None, &listener, &token)
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Push, DockerErrorKind::Unreachable),
        "{error}"
    );
    assert!(error.message.contains(&own.host()), "{error}");
    engine.remove(&name).await.unwrap();
}
