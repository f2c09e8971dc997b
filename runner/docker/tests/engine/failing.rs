//! Failures of the world around: disks, registries, what a builder or an engine cannot do.

use std::fs::File;
use std::io::Write;

use capstep_docker::{BuildSecret, Builder, DockerErrorKind, Reference, Stage};
use capstep_test_engine::{Dockerd, DockerdOptions, base};
use secrecy::SecretSlice;
use tokio_util::sync::CancellationToken;

use crate::support::{Context, account, connect, deaf, dockerd, good_account, layers, registry};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told() {
    let small = Dockerd::start_with(DockerdOptions {
        disk: Some("40m".into()),
        ..DockerdOptions::default()
    });
    let engine = connect(&small).await;
    let token = CancellationToken::new();
    for builder in [Builder::Classic, Builder::BuildKit] {
        // Within an instruction it is the instruction that fails, and its lines say why.
        let context = Context::new(&[(
            "Dockerfile",
            "FROM base\nRUN dd if=/dev/zero of=/x bs=1M count=64\n",
        )]);
        let mut request = context.request();
        request.builder = Some(builder);
        let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
        assert_eq!(error.kind, DockerErrorKind::BuildFailed, "{error}");
        let step = error.instruction.unwrap();
        assert_eq!((step.line, step.exit_code), (Some(2), Some(1)));
        assert!(
            step.last_lines
                .iter()
                .any(|line| line.contains("No space left on device")),
            "{step:?}"
        );
    }
    // What BuildKit has received stays for the next try, and the disk stays full: it comes last.
    for builder in [Builder::Classic, Builder::BuildKit] {
        let context = Context::new(&[("Dockerfile", "FROM base\nCOPY large /\n")]);
        let mut large = File::create(context.dir.path().join("large")).unwrap();
        for _ in 0..64 {
            large.write_all(&[b'x'; 1 << 20]).unwrap();
        }
        let mut request = context.request();
        request.builder = Some(builder);
        let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Build, DockerErrorKind::DiskFull),
            "{builder}: {error}"
        );
        assert!(error.message.contains("disk is full"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn base_images_are_pulled_with_the_account_of_their_registry() {
    let engine = connect(dockerd()).await;
    let registry = registry();
    let token = CancellationToken::new();
    let (listener, _) = layers();
    for (builder, tag) in [
        (Builder::Classic, "classic"),
        (Builder::BuildKit, "buildkit"),
    ] {
        let name = format!("{}/private/base:{tag}", registry.host());
        let reference = Reference::parse(Stage::Tag, &name).unwrap();
        // An image of its own, so that no builder has it by another name.
        let own = Context::new(&[("Dockerfile", &format!("FROM base\nLABEL own={tag}\n"))]);
        let mut request = own.request();
        request.tags = vec![name.clone()];
        engine.build(&request, &deaf(), &token).await.unwrap();
        engine
            .push(&reference, Some(&good_account(registry)), &listener, &token)
            .await
            .unwrap();
        engine.remove(&name).await.unwrap();

        let context = Context::new(&[("Dockerfile", &format!("FROM {name}\nRUN echo in\n"))]);
        let mut request = context.request();
        request.builder = Some(builder);
        for (credentials, line) in [
            (vec![], "without an account"),
            (vec![account(registry, "wrong")], "with a wrong password"),
        ] {
            request.credentials = credentials;
            let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
            assert_eq!(
                (error.stage, error.kind),
                (Stage::Build, DockerErrorKind::Unauthorized),
                "{builder} {line}: {error}"
            );
        }
        request.credentials = vec![good_account(registry)];
        engine.build(&request, &deaf(), &token).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_a_dockerfile_are_told_from_failures_around_it() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    let missing = format!("FROM {}/no/base:1\n", registry().host());
    for (dockerfile, target, stage, kind) in [
        (
            "FROM base\nCOPY nothing /\n",
            None,
            Stage::Build,
            DockerErrorKind::BuildFailed,
        ),
        (
            "FROM base\nRUM x\n",
            None,
            Stage::Build,
            DockerErrorKind::BuildFailed,
        ),
        (
            "FROM base\n",
            Some("gone"),
            Stage::Build,
            DockerErrorKind::BuildFailed,
        ),
        (
            missing.as_str(),
            None,
            Stage::Build,
            DockerErrorKind::NotFound,
        ),
        (
            "FROM 127.0.0.1:1/base\n",
            None,
            Stage::Build,
            DockerErrorKind::Unreachable,
        ),
    ] {
        for builder in [Builder::Classic, Builder::BuildKit] {
            let context = Context::new(&[("Dockerfile", dockerfile)]);
            let mut request = context.request();
            request.builder = Some(builder);
            request.target = target.map(str::to_owned);
            request.credentials = vec![good_account(registry())];
            let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
            assert_eq!(
                (error.stage, error.kind),
                (stage, kind),
                "{builder}: {dockerfile}: {error}"
            );
        }
    }
    let context = Context::new(&[("other", "")]);
    let error = engine
        .build(&context.request(), &deaf(), &token)
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Context, DockerErrorKind::NotFound)
    );
    assert!(error.message.contains("`Dockerfile`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_before_anything_is_sent() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    let context = Context::new(&[("Dockerfile", "FROM base\n")]);
    let secret = |size| BuildSecret {
        id: "tok".into(),
        value: SecretSlice::from(vec![b'x'; size]),
    };
    let usual = || context.request();
    let classic = || {
        let mut request = context.request();
        request.builder = Some(Builder::Classic);
        request
    };
    let mut requests = Vec::new();
    let mut request = classic();
    request.secrets = vec![secret(1)];
    requests.push((
        request,
        DockerErrorKind::Unsupported,
        "build secrets need BuildKit",
    ));
    let mut request = classic();
    request.inline_cache = true;
    requests.push((request, DockerErrorKind::Unsupported, "needs BuildKit"));
    let mut request = usual();
    request.platforms = vec!["linux/amd64".into(), "linux/arm64".into()];
    requests.push((
        request,
        DockerErrorKind::Unsupported,
        "one platform at a time",
    ));
    let mut request = usual();
    request.secrets = vec![secret(500 * 1024 + 1)];
    requests.push((request, DockerErrorKind::TooLarge, "500 KB"));
    let mut request = usual();
    request.tags = vec!["Not A Name".into()];
    requests.push((request, DockerErrorKind::Invalid, "no image name"));
    let mut request = usual();
    request.dockerfile = "../outside".into();
    requests.push((request, DockerErrorKind::Invalid, "../outside"));
    for (request, kind, words) in requests {
        let error = engine.build(&request, &deaf(), &token).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_in_use_is_a_conflict() {
    let engine = connect(dockerd()).await;
    let token = CancellationToken::new();
    let context = Context::new(&[("Dockerfile", "FROM base\nLABEL in=use\n")]);
    let mut request = context.request();
    request.tags = vec!["in-use:1".into()];
    engine.build(&request, &deaf(), &token).await.unwrap();
    let output = dockerd()
        .command("docker")
        .args(["create", "in-use:1", "true"])
        .output()
        .unwrap();
    let container = String::from_utf8(output.stdout).unwrap();
    let error = engine.remove("in-use:1").await.unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Remove, DockerErrorKind::Conflict),
        "{error}"
    );
    dockerd().ask("DELETE", &format!("/containers/{}", container.trim()));
    engine.remove("in-use:1").await.unwrap();
    engine.inspect(base::NAME).await.unwrap();
}
