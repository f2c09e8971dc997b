//! Tag, push, pull, inspect, remove.

use capstep_docker::{Builder, DockerErrorKind, Reference, Stage};
use capstep_test_engine::{Registry, base};
use tokio_util::sync::CancellationToken;

use crate::support::{Context, account, connect, deaf, dockerd, good_account, layers, registry};

fn name(text: &str) -> Reference {
    Reference::parse(Stage::Tag, text).unwrap()
}

#[tokio::test]
async fn an_image_goes_to_a_registry_and_comes_back() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    let token = CancellationToken::new();
    let context = Context::new(&[
        (
            "Dockerfile",
            "FROM base\nCOPY there-and-back /x\nLABEL a=b\n",
        ),
        ("there-and-back", "1"),
    ]);
    let mut request = context.request();
    request.builder = Some(Builder::Classic);
    let built = engine.build(&request, &deaf(), &token).await.unwrap();

    let reference = name(&format!("{}/team/there-and-back:1", registry.host()));
    engine.tag(&built.image_id, &reference).await.unwrap();
    let (listener, heard) = layers();
    let pushed = engine
        .push(&reference, Some(&good_account(registry)), &listener, &token)
        .await
        .unwrap();
    assert_eq!(
        registry.digest("team/there-and-back", "1"),
        Some(pushed.digest.clone())
    );
    assert!(
        heard
            .lock()
            .unwrap()
            .iter()
            .any(|progress| progress.layer.is_some() && progress.status == "Pushed")
    );

    let info = engine.inspect(&reference.to_string()).await.unwrap();
    assert_eq!(info.id, built.image_id);
    assert_eq!(info.tags, [reference.to_string()]);
    assert_eq!(
        info.digests,
        [format!("{}@{}", reference.name(), pushed.digest)]
    );
    assert_eq!(info.labels.get("a").map(String::as_str), Some("b"));
    assert!(info.size > 1_000_000 && info.os == "linux" && info.created.ends_with('Z'));

    engine.remove(&reference.to_string()).await.unwrap();
    let error = engine.inspect(&reference.to_string()).await.unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Inspect, DockerErrorKind::NotFound)
    );
    let (listener, _) = layers();
    for wanted in [
        reference.clone(),
        name(&format!("{}@{}", reference.name(), pushed.digest)),
    ] {
        let pulled = engine
            .pull(
                &wanted,
                None,
                Some(&good_account(registry)),
                &listener,
                &token,
            )
            .await
            .unwrap();
        assert_eq!(pulled.id, built.image_id);
        assert_eq!(pulled.digest, Some(pushed.digest.clone()));
    }
    engine.remove(&reference.to_string()).await.unwrap();
}

#[tokio::test]
async fn what_is_missing_is_told_from_what_is_forbidden() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    let token = CancellationToken::new();
    let (listener, _) = layers();
    let good = good_account(registry);
    let bad = account(registry, "wrong");
    let missing = name(&format!("{}/nothing:here", registry.host()));

    for (stage, kind, result) in [
        (
            Stage::Pull,
            DockerErrorKind::NotFound,
            engine
                .pull(&missing, None, Some(&good), &listener, &token)
                .await
                .map(|_| ()),
        ),
        (
            Stage::Pull,
            DockerErrorKind::Unauthorized,
            engine
                .pull(&missing, None, Some(&bad), &listener, &token)
                .await
                .map(|_| ()),
        ),
        (
            Stage::Pull,
            DockerErrorKind::Unauthorized,
            engine
                .pull(&missing, None, None, &listener, &token)
                .await
                .map(|_| ()),
        ),
        (
            Stage::Pull,
            DockerErrorKind::Unreachable,
            engine
                .pull(&name("127.0.0.1:1/nothing"), None, None, &listener, &token)
                .await
                .map(|_| ()),
        ),
        (
            Stage::Push,
            DockerErrorKind::NotFound,
            engine
                .push(&missing, Some(&good), &listener, &token)
                .await
                .map(|_| ()),
        ),
        (
            Stage::Push,
            DockerErrorKind::Invalid,
            engine
                .push(
                    &name("elsewhere.example/x:1"),
                    Some(&good),
                    &listener,
                    &token,
                )
                .await
                .map(|_| ()),
        ),
        (
            Stage::Tag,
            DockerErrorKind::NotFound,
            engine.tag("nothing-here", &missing).await,
        ),
        (
            Stage::Remove,
            DockerErrorKind::NotFound,
            engine.remove("nothing-here").await,
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.kind), (stage, kind), "{error}");
    }

    let reference = name(&format!("{}/base:1", registry.host()));
    engine.tag(base::NAME, &reference).await.unwrap();
    let error = engine
        .push(&reference, Some(&bad), &listener, &token)
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Push, DockerErrorKind::Unauthorized),
        "{error}"
    );
    engine.remove(&reference.to_string()).await.unwrap();
}

#[tokio::test]
async fn a_registry_that_goes_down_is_unreachable() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    let registry = Registry::start();
    let account = good_account(&registry);
    let reference = name(&format!("{}/base:1", registry.host()));
    engine.tag(base::NAME, &reference).await.unwrap();
    registry.stop();
    let (listener, _) = layers();
    let error = engine
        .push(&reference, Some(&account), &listener, &token)
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Push, DockerErrorKind::Unreachable),
        "{error}"
    );
    engine.remove(&reference.to_string()).await.unwrap();
}
