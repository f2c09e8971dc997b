//! Caches: used, missing, refused.

use capstep_docker::{BuildEvent, Builder, DockerErrorKind, Reference, Stage};
use capstep_test_engine::{Dockerd, DockerdOptions, http};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Context, account, connect, deaf, dockerd, events, good_account, layers, registry,
};

fn cached(heard: &std::sync::Mutex<Vec<BuildEvent>>) -> usize {
    heard
        .lock()
        .unwrap()
        .iter()
        .filter(|event| matches!(event, BuildEvent::Finished { cached: true, .. }))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_come_from_the_cache_unless_told_otherwise() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    for (builder, word) in [(Builder::Classic, "one"), (Builder::BuildKit, "two")] {
        let context = Context::new(&[(
            "Dockerfile",
            &format!("FROM base\nRUN echo cache-{word}\nRUN echo more\n"),
        )]);
        let mut request = context.request();
        request.builder = Some(builder);
        let first = engine.build(&request, &deaf(), &token).await.unwrap();
        let (listener, heard) = events();
        let again = engine.build(&request, &listener, &token).await.unwrap();
        assert!(cached(&heard) >= 2, "{builder}");
        assert_eq!(first.image_id, again.image_id);
        request.no_cache = true;
        let (listener, heard) = events();
        engine.build(&request, &listener, &token).await.unwrap();
        assert!(cached(&heard) <= 1, "{builder}: {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_in_an_image_is_used_and_a_missing_one_is_no_failure() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    let token = CancellationToken::new();
    let (listener, _) = layers();
    // Both engines have the base image from the registry, so that it is the same one.
    let base = format!("{}/cache-base:1", registry.host());
    let account = good_account(registry);
    let reference = |name: &str| Reference::parse(Stage::Tag, name).unwrap();
    engine.tag("base", &reference(&base)).await.unwrap();
    engine
        .push(&reference(&base), Some(&account), &listener, &token)
        .await
        .unwrap();
    engine.remove(&base).await.unwrap();
    let name = format!("{}/cache:1", registry.host());
    let context = Context::new(&[(
        "Dockerfile",
        &format!("FROM {base}\nRUN head -c 8 /dev/urandom > /x\n"),
    )]);
    let mut request = context.request();
    request.credentials = vec![account.clone()];
    request.cache_from = vec![format!("{}/missing:1", registry.host())];
    request.inline_cache = true;
    request.tags = vec![name.clone()];
    engine.build(&request, &deaf(), &token).await.unwrap();
    engine
        .push(&reference(&name), Some(&account), &listener, &token)
        .await
        .unwrap();

    // An engine that has seen nothing of it: what is random is the same only if it comes from the cache.
    let other = Dockerd::start_empty(DockerdOptions::default());
    let engine = connect(&other).await;
    request.cache_from = vec![name.clone()];
    let (told, heard) = events();
    engine.build(&request, &told, &token).await.unwrap();
    let run_was_cached = {
        let heard = heard.lock().unwrap();
        let run = heard.iter().find_map(|event| match event {
            BuildEvent::Started { id, name, .. } if name.contains("RUN head") => Some(id.clone()),
            _ => None,
        });
        heard.iter().any(|event| {
            matches!(event, BuildEvent::Finished { id, cached: true, .. } if Some(id) == run.as_ref())
        })
    };
    assert!(run_was_cached, "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_cannot_be_had_is_told_and_a_refused_account_is_an_error() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    let token = CancellationToken::new();
    let missing = format!("{}/missing:1", registry.host());
    let nobody = "127.0.0.1:1/cache:1".to_owned();
    for builder in [Builder::Classic, Builder::BuildKit] {
        let context = Context::new(&[("Dockerfile", "FROM base\nRUN echo cached from nothing\n")]);
        let mut request = context.request();
        request.builder = Some(builder);
        request.credentials = vec![good_account(registry)];
        request.cache_from = vec![missing.clone(), nobody.clone()];
        let (listener, heard) = events();
        engine.build(&request, &listener, &token).await.unwrap();
        let told: Vec<String> = heard
            .lock()
            .unwrap()
            .iter()
            .filter_map(|event| match event {
                BuildEvent::CacheMissing { image, why } => Some(format!("{image}: {why}")),
                _ => None,
            })
            .collect();
        for (image, words) in [
            (&missing, ["not found", "unknown"]),
            (&nobody, ["refused"; 2]),
        ] {
            assert!(
                told.iter()
                    .any(|told| told.starts_with(image)
                        && words.iter().any(|word| told.contains(word))),
                "{builder}: {told:?}"
            );
        }
        assert_eq!(told.len(), 2, "{builder}: {told:?}");

        request.cache_from = vec![missing.clone()];
        for credentials in [vec![], vec![account(registry, "wrong")]] {
            request.credentials = credentials;
            let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
            assert_eq!(
                error.kind,
                DockerErrorKind::Unauthorized,
                "{builder}: {error}"
            );
            assert!(error.message.contains(&registry.host()), "{error}");
        }
    }
}

/// The classic builder is given what it is to cache from, and what only this engine has counts too.
#[tokio::test(flavor = "multi_thread")]
async fn the_classic_builder_takes_layers_of_a_pulled_image() {
    let registry = registry();
    let token = CancellationToken::new();
    let account = good_account(registry);
    let name = format!("{}/classic-cache:1", registry.host());
    let context = Context::new(&[("Dockerfile", "FROM base\nRUN head -c 8 /dev/urandom > /x\n")]);
    let mut request = context.request();
    request.builder = Some(Builder::Classic);
    request.credentials = vec![account.clone()];
    request.tags = vec![name.clone()];
    let reference = Reference::parse(Stage::Tag, &name).unwrap();
    let (listener, _) = layers();
    let first = connect(dockerd()).await;
    let built = first.build(&request, &deaf(), &token).await.unwrap();
    first
        .push(&reference, Some(&account), &listener, &token)
        .await
        .unwrap();

    // Another engine has the same base image, and nothing else of it.
    let other = Dockerd::start_empty(DockerdOptions::default());
    let saved = dockerd()
        .command("docker")
        .args(["save", "base"])
        .output()
        .unwrap();
    let loaded = http::unix(&other.socket(), "POST", "/images/load", &saved.stdout).unwrap();
    assert_eq!(loaded.status, 200);
    let second = connect(&other).await;
    request.tags = vec!["again:1".to_owned()];
    request.cache_from = vec![name.clone()];
    let (told, heard) = events();
    let again = second.build(&request, &told, &token).await.unwrap();
    assert_eq!(again.image_id, built.image_id, "{heard:?}");
    assert!(cached(&heard) >= 1, "{heard:?}");

    // The registry doesn't have it, the engine does.
    let only_here = format!("{}/only-here:1", registry.host());
    let tagged = Reference::parse(Stage::Tag, &only_here).unwrap();
    second.tag("again:1", &tagged).await.unwrap();
    request.cache_from = vec![only_here];
    let (told, heard) = events();
    let third = second.build(&request, &told, &token).await.unwrap();
    assert_eq!(third.image_id, built.image_id);
    let heard = heard.lock().unwrap();
    assert!(
        !heard
            .iter()
            .any(|event| matches!(event, BuildEvent::CacheMissing { .. })),
        "{heard:?}"
    );
}
