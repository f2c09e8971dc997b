//! Where secrets must not be: layers, history, build cache, registry, logs, and what this crate says.

use capstep_docker::{BuildSecret, Reference, Stage};
use capstep_test_engine::registry::PASSWORD;
use capstep_test_engine::{Dockerd, Registry, search};
use secrecy::SecretSlice;
use tokio_util::sync::CancellationToken;

use crate::support::{Context, connect, events, good_account, layers, log};

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_out_of_everything_that_lasts() {
    let own = Dockerd::start();
    let registry = Registry::start();
    let engine = connect(&own).await;
    let token = CancellationToken::new();
    let canary = "kanarienvogel-8f2c1e";
    let name = format!("{}/secret:1", registry.host());
    let context = Context::new(&[(
        "Dockerfile",
        "FROM base\nRUN --mount=type=secret,id=tok test \"$(wc -c < /run/secrets/tok)\" = 20 && sha256sum /run/secrets/tok > /sum\n\
         RUN --mount=type=secret,id=tok --mount=type=cache,target=/cache ls -la /run/secrets /cache\n",
    )]);
    let mut request = context.request();
    request.secrets = vec![BuildSecret {
        id: "tok".into(),
        value: SecretSlice::from(canary.as_bytes().to_vec()),
    }];
    request.credentials = vec![good_account(&registry)];
    request.tags = vec![name.clone()];
    request.inline_cache = true;
    assert!(!format!("{request:?}").contains(canary));
    let (listener, heard) = events();
    engine.login(&good_account(&registry)).await.unwrap();
    engine.build(&request, &listener, &token).await.unwrap();
    let reference = Reference::parse(Stage::Tag, &name).unwrap();
    let (listener, _) = layers();
    engine
        .push(
            &reference,
            Some(&good_account(&registry)),
            &listener,
            &token,
        )
        .await
        .unwrap();
    assert!(!log(&heard).contains(canary));
    let all = own.ask(
        "GET",
        &format!("/images/{}/history", name.replace('/', "%2F")),
    );
    assert!(!all.to_string().contains(canary));
    for (place, folder) in [("engine", own.data()), ("registry", registry.data())] {
        for value in [canary, PASSWORD] {
            let found = search::files(&folder, value);
            assert!(found.is_empty(), "{place}: {found:?}");
        }
    }
    for (log, mark) in [(own.log(), "/build"), (registry.log(), "/v2/")] {
        assert!(log.contains(mark), "{log}");
        for value in [canary, PASSWORD] {
            let found = search::contains(log.as_bytes(), &search::forms(value));
            assert!(!found, "{log}");
        }
    }

    // The search finds what is there: a build argument stays.
    let context = Context::new(&[("Dockerfile", "FROM base\nARG A\nRUN echo $A > /x\n")]);
    let mut request = context.request();
    request.build_args = vec![("A".into(), canary.into())];
    request.tags = vec![name.clone()];
    let (deaf, _) = events();
    engine.build(&request, &deaf, &token).await.unwrap();
    engine
        .push(
            &reference,
            Some(&good_account(&registry)),
            &listener,
            &token,
        )
        .await
        .unwrap();
    assert!(!search::files(&own.data(), canary).is_empty());
    assert!(!search::files(&registry.data(), canary).is_empty());
}
