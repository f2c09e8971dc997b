//! Connecting, what the engine is, and logging in.

use std::sync::Arc;

use capstep_docker::{ApiVersion, Builder, Direct, DockerErrorKind, Endpoint, Engine, Stage};
use capstep_test_engine::{Dockerd, DockerdOptions};
use serde_json::json;

use crate::support::{account, connect, dockerd, good_account, registry};

#[tokio::test]
async fn an_engine_says_what_it_is() {
    let engine = connect(dockerd()).await;
    engine.ping().await.unwrap();
    let version = dockerd().ask("GET", "/version");
    let info = engine.info();
    assert_eq!(info.name, "Docker Engine");
    assert_eq!(info.version, version["Version"].as_str().unwrap());
    assert!(info.api >= ApiVersion(1, 40), "{info:?}");
    assert_eq!(info.os, "linux");
    assert!(info.has_buildkit);
    assert_eq!(
        (info.builder, info.builder_reason),
        (Builder::BuildKit, "the engine has BuildKit")
    );
}

#[tokio::test]
async fn an_engine_that_goes_down_is_unreachable_and_one_without_buildkit_says_so() {
    let mut options = DockerdOptions::default();
    options
        .config
        .insert("features".into(), json!({ "buildkit": false }));
    let own = Dockerd::start_empty(options);
    let engine = connect(&own).await;
    assert_eq!(engine.info().builder, Builder::Classic);
    assert_eq!(
        engine.info().builder_reason,
        "the engine's configuration turns BuildKit off"
    );
    let socket = own.socket();
    drop(own);
    let error = engine.ping().await.unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Connect, DockerErrorKind::Unreachable)
    );
    let error = Engine::connect(&Endpoint::unix(&socket), Arc::new(Direct))
        .await
        .unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::Unreachable);
    assert!(error.message.contains("start Docker"), "{error}");
}

#[tokio::test]
async fn what_is_no_engine_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("sock");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut head).await;
            let _ = tokio::io::AsyncWriteExt::write_all(
                &mut stream,
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            )
            .await;
        }
    });
    let error = Engine::connect(&Endpoint::unix(&socket), Arc::new(Direct))
        .await
        .unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::Peer);
    assert!(error.message.contains("is no container engine"), "{error}");
}

#[tokio::test]
async fn logins_are_checked() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    engine.login(&good_account(registry)).await.unwrap();

    let error = engine
        .login(&account(registry, "hunter2-wrong"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Login, DockerErrorKind::Unauthorized)
    );
    assert!(
        error.message.contains("refused the account `ci`"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");

    let mut nowhere = good_account(registry);
    nowhere.registry = "127.0.0.1:1".into();
    let error = engine.login(&nowhere).await.unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Login, DockerErrorKind::Unreachable),
        "{error}"
    );

    nowhere.registry = "https://127.0.0.1:1/x".into();
    let error = engine.login(&nowhere).await.unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::Invalid, "{error}");
}
