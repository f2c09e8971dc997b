//! Builds.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use capstep_docker::{
    BuildEvent, BuildSecret, Builder, ContextSent, DockerErrorKind, Gate, Network, Stage,
};
use secrecy::SecretSlice;
use tokio_util::sync::CancellationToken;

use crate::support::{Context, connect, deaf, dockerd, events, log};

#[tokio::test]
async fn the_classic_builder_takes_a_streamed_context() {
    let engine = connect(dockerd()).await;
    let context = Context::new(&[
        (
            "docker/app.Dockerfile",
            "FROM base AS one\nARG WHO=x\nWORKDIR /src\nCOPY . .\nRUN echo hello $WHO; find . | sort; readlink link; cat 'dir/with blank'\nFROM base\nRUN exit 9\n",
        ),
        (".dockerignore", "left-out\n*\n!dir\n!link\n"),
        ("left-out/a", ""),
        ("dir/with blank", "contents\n"),
        ("other", ""),
    ]);
    symlink("../outside", context.dir.path().join("link")).unwrap();
    let mut request = context.request();
    request.builder = Some(Builder::Classic);
    request.dockerfile = "docker/app.Dockerfile".into();
    request.target = Some("one".into());
    request.build_args = vec![("WHO".into(), "wörld".into())];
    request.labels = vec![("project".into(), "p".into()), ("q".into(), "\"".into())];
    request.tags = vec!["streamed:1".into(), "streamed:2".into()];
    request.network = Network::None;
    let (listener, heard) = events();
    let token = CancellationToken::new();
    let built = engine.build(&request, &listener, &token).await.unwrap();
    assert_eq!(built.builder, Builder::Classic);
    // `with blank`, the ignore file and the Dockerfile.
    let sizes = ["dir/with blank", ".dockerignore", "docker/app.Dockerfile"]
        .map(|path| context.dir.path().join(path).metadata().unwrap().len());
    assert_eq!(
        built.context_sent,
        ContextSent {
            files: 3,
            bytes: sizes.iter().sum()
        }
    );
    let text = log(&heard);
    for expected in [
        "hello wörld\n",
        "./dir/with blank\n",
        "../outside\n",
        "contents\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // The Dockerfile and the ignore file are sent for the engine's own use; it takes them away again where a pattern
    // leaves them out.
    for unexpected in ["left-out", "other", "app.Dockerfile", ".dockerignore"] {
        assert!(!text.contains(unexpected), "{unexpected}: {text}");
    }
    let info = engine.inspect("streamed:1").await.unwrap();
    assert_eq!(info.id, built.image_id);
    let tags: BTreeSet<&str> = info.tags.iter().map(String::as_str).collect();
    assert_eq!(tags, BTreeSet::from(["streamed:1", "streamed:2"]));
    assert_eq!(info.labels.get("q").map(String::as_str), Some("\""));
    let heard = heard.lock().unwrap();
    assert!(heard.iter().any(|event| matches!(
        event,
        BuildEvent::Started { name, line: Some(5), .. } if name.starts_with("RUN echo")
    )));
    assert!(
        heard
            .iter()
            .any(|event| matches!(event, BuildEvent::Finished { error: None, .. }))
    );
}

#[tokio::test]
async fn buildkit_asks_for_what_it_needs() {
    let engine = connect(dockerd()).await;
    let context = Context::new(&[
        (
            "docker/app.Dockerfile",
            "FROM base AS one\nARG WHO=x\nWORKDIR /src\nCOPY . .\nRUN --mount=type=secret,id=tok echo hello $WHO; find . | sort; readlink link; cat 'dir/with blank'; wc -c < /run/secrets/tok\nFROM base\nRUN exit 9\n",
        ),
        (".dockerignore", "left-out\n*\n!dir\n!link\n"),
        ("left-out/a", ""),
        ("dir/with blank", "contents\n"),
        ("other", ""),
    ]);
    symlink("../outside", context.dir.path().join("link")).unwrap();
    let mut request = context.request();
    request.builder = Some(Builder::BuildKit);
    request.dockerfile = "docker/app.Dockerfile".into();
    request.target = Some("one".into());
    request.build_args = vec![("WHO".into(), "wörld".into())];
    request.labels = vec![("q".into(), "\"".into())];
    request.tags = vec!["asked:1".into(), "asked:2".into()];
    request.network = Network::None;
    request.secrets = vec![BuildSecret {
        id: "tok".into(),
        value: SecretSlice::from(vec![b'x'; 1000]),
    }];
    let (listener, heard) = events();
    let token = CancellationToken::new();
    let built = engine.build(&request, &listener, &token).await.unwrap();
    assert_eq!(built.builder, Builder::BuildKit);
    // `with blank` alone.
    assert_eq!(built.context_sent, ContextSent { files: 1, bytes: 9 });
    let text = log(&heard);
    for expected in [
        "hello wörld\n",
        "./dir/with blank\n",
        "../outside\n",
        "contents\n",
        "1000\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for unexpected in ["left-out", "other", "app.Dockerfile", ".dockerignore"] {
        assert!(!text.contains(unexpected), "{unexpected}: {text}");
    }
    let info = engine.inspect("asked:1").await.unwrap();
    assert_eq!(info.id, built.image_id);
    assert_eq!(info.labels.get("q").map(String::as_str), Some("\""));
    let heard = heard.lock().unwrap();
    assert!(heard.iter().any(|event| matches!(
        event,
        BuildEvent::Started { name, line: Some(5), .. } if name.contains("RUN --mount")
    )));
}

#[tokio::test]
async fn a_failing_instruction_is_shown_where_it_stands() {
    for builder in [Builder::Classic, Builder::BuildKit] {
        a_failing_instruction(builder).await;
    }
}

async fn a_failing_instruction(builder: Builder) {
    let engine = connect(dockerd()).await;
    let before = dockerd().images();
    let context = Context::new(&[(
        "Dockerfile",
        "FROM base\nCOPY Dockerfile /failing\n\nRUN seq 1 100; \\\n  echo broken; exit 7\n",
    )]);
    let mut request = context.request();
    request.builder = Some(builder);
    let (listener, _) = events();
    let error = engine
        .build(&request, &listener, &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Build, DockerErrorKind::BuildFailed),
        "{error}"
    );
    let step = error.instruction.unwrap();
    assert_eq!((step.line, step.exit_code), (Some(4), Some(7)));
    assert_eq!(step.last_lines.last().map(String::as_str), Some("broken"));
    assert!(step.last_lines.contains(&"100".to_owned()) && step.last_lines.len() == 25);
    // Nothing of it stays in the engine.
    let after: BTreeSet<String> = dockerd().images().into_iter().collect();
    let mine = after
        .iter()
        .filter(|id| !before.contains(id))
        .filter(|id| dockerd().history(id).contains("/failing"))
        .count();
    assert_eq!(mine, 0);
}

struct Sealed;

impl Gate for Sealed {
    fn hides(&self, path: &str) -> bool {
        path == ".git"
    }

    fn refuse(&self, path: &str) -> Option<String> {
        (path == ".env").then(|| "it holds the secret DB_PASSWORD".to_owned())
    }
}

#[tokio::test]
async fn a_refused_file_stops_the_build_unless_it_is_left_out() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    for builder in [Builder::Classic, Builder::BuildKit] {
        let context = Context::new(&[
            ("Dockerfile", "FROM base\nCOPY . /x\n"),
            (".env", "A=canary"),
        ]);
        let mut request = context.request();
        request.source = context.guarded(Sealed);
        request.builder = Some(builder);
        let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Context, DockerErrorKind::Refused)
        );
        assert!(
            error.message.contains("`.env`") && error.message.contains(".dockerignore"),
            "{error}"
        );
        std::fs::write(context.dir.path().join(".dockerignore"), ".env\n").unwrap();
        engine.build(&request, &deaf(), &token).await.unwrap();
    }
}
