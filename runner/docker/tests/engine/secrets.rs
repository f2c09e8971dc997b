//! Where secrets must not be: layers, history, build cache, registry, logs, and what this crate says.

use std::fs;
use std::path::Path;
use std::process::Command;

use capstep_docker::{BuildSecret, Reference, Stage};
use capstep_test_engine::registry::PASSWORD;
use capstep_test_engine::{Dockerd, Registry};
use secrecy::SecretSlice;
use tokio_util::sync::CancellationToken;

use crate::support::{Context, connect, events, good_account, layers, log};

/// The files below a folder that hold one of these, compressed ones looked into as well.
fn holding(folder: &Path, needles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let mut bytes = fs::read(&path).unwrap_or_default();
                if bytes.starts_with(&[0x1f, 0x8b]) {
                    bytes.extend(
                        Command::new("gzip")
                            .arg("-dc")
                            .arg(&path)
                            .output()
                            .unwrap()
                            .stdout,
                    );
                }
                let text = String::from_utf8_lossy(&bytes);
                if needles.iter().any(|needle| text.contains(needle)) {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_out_of_everything_that_lasts() {
    let own = Dockerd::start();
    let registry = Registry::start();
    let engine = connect(&own).await;
    let token = CancellationToken::new();
    let canary = "kanarienvogel-8f2c1e";
    let encoded = "a2FuYXJpZW52b2dlbC04ZjJjMWU";
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
        let found = holding(&folder, &[canary, encoded, PASSWORD]);
        assert!(found.is_empty(), "{place}: {found:?}");
    }
    let logged = own.log();
    assert!(
        logged.contains("/build") && !logged.contains(canary) && !logged.contains(PASSWORD),
        "{logged}"
    );

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
    assert!(!holding(&own.data(), &[canary]).is_empty());
    assert!(!holding(&registry.data(), &[canary]).is_empty());
}
