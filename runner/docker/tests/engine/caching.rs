//! Caches, labels, and what is taken away.

use capstep_docker::{BuildEvent, Builder, Reference, Stage};
use capstep_test_engine::{Dockerd, DockerdOptions};
use tokio_util::sync::CancellationToken;

use crate::support::{Context, connect, deaf, dockerd, events, good_account, layers, registry};

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
async fn nameless_images_of_a_project_are_taken_away_and_no_others() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    let mut ids = Vec::new();
    for project in ["mine", "theirs"] {
        let context = Context::new(&[("Dockerfile", "FROM base\nRUN echo nameless\n")]);
        let mut request = context.request();
        request.labels = vec![("capstep.project".into(), project.into())];
        ids.push(
            engine
                .build(&request, &deaf(), &token)
                .await
                .unwrap()
                .image_id,
        );
    }
    assert!(engine.remove_nameless(&[]).await.unwrap().is_empty());
    let removed = engine
        .remove_nameless(&[("capstep.project".into(), "mine".into())])
        .await
        .unwrap();
    assert!(
        removed.contains(&ids[0]) && !removed.contains(&ids[1]),
        "{removed:?}"
    );
    engine.inspect(&ids[1]).await.unwrap();
    engine.remove(&ids[1]).await.unwrap();
}
