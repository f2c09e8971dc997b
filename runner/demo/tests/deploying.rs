//! What the demo's pipeline does, by the client that the host uses.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use capstep_demo::{DemoServers, SCRIPT};
use support::{fill, get, login, script, upload};

const ENV: &str = "SITE_NAME='capstep demo'\nSECRET_KEY_BASE='s3cret'\n";
const VARIABLES: &[(&str, &str)] = &[("SITE_NAME", "it's a demo"), ("SECRET_KEY_BASE", "s3cret")];

#[tokio::test]
async fn a_deployment_makes_the_service_healthy() {
    let servers = DemoServers::start().await.unwrap();
    let starting = (503, r#"{"status":"starting"}"#.to_owned());
    assert_eq!(get(&servers, "GET /health").await, starting);
    assert_eq!(get(&servers, "GET /").await.0, 404);

    let session = login(&servers).await;
    let base = servers.release();
    let release = session.begin_release(&base, "20260101", &[]).await.unwrap();
    let files = [("index.html", "<h1>one</h1>"), (".env", ENV)];
    let report = fill(&session, &release, &files).await;
    assert_eq!((report.uploaded.len(), report.without_digests), (2, false));
    let file = servers.root().join("srv/site/releases/20260101/index.html");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );

    let ran = script(&session, SCRIPT, VARIABLES, Some(&release.path)).await;
    assert!(ran.status.success(), "{ran:?}");
    assert!(ran.out().contains("deploying it's a demo in "), "{ran:?}");
    assert_eq!(
        get(&servers, "GET /health").await,
        starting,
        "not switched yet"
    );

    session.commit_release(&release, 3).await.unwrap();
    let (status, body) = get(&servers, "GET /health").await;
    let expected = r#"{"status":"healthy","release":"20260101","site":"capstep demo"}"#;
    assert_eq!((status, body.as_str()), (200, expected));
    assert_eq!(get(&servers, "GET /").await, (200, "<h1>one</h1>".into()));
    assert_eq!(get(&servers, "HEAD /").await, (200, String::new()));
    assert_eq!(get(&servers, "GET /.env").await.0, 404);
    assert_eq!(get(&servers, "GET /../.env").await.0, 404);
    assert_eq!(get(&servers, "POST /health").await.0, 405);
}

#[tokio::test]
async fn a_second_release_takes_over_what_is_unchanged() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let base = servers.release();
    let first = session.begin_release(&base, "r1", &[]).await.unwrap();
    let files = [("index.html", "one"), ("old/page.html", "x"), (".env", ENV)];
    fill(&session, &first, &files).await;
    session.commit_release(&first, 3).await.unwrap();

    let second = session.begin_release(&base, "r2", &[]).await.unwrap();
    let files = [("index.html", "two"), (".env", ENV)];
    let report = fill(&session, &second, &files).await;
    assert_eq!((report.uploaded.len(), report.skipped), (1, 1));
    let keep: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let removed = session.prune_extra(&second, &keep).await.unwrap();
    assert_eq!(removed, ["old/page.html", "old"]);
    session.abort_release(&second).await.unwrap();
    assert_eq!(get(&servers, "GET /").await.1, "one");

    let third = session
        .begin_release(&base, "r3", &["log".into()])
        .await
        .unwrap();
    fill(&session, &third, &files).await;
    let report = session.commit_release(&third, 3).await.unwrap();
    assert_eq!(report.previous.as_deref(), Some("r1"));
    assert_eq!(get(&servers, "GET /").await.1, "two");
    let names: Vec<_> = session.list_releases(&base).await.unwrap();
    let names: Vec<_> = names.iter().map(|release| release.name.as_str()).collect();
    assert_eq!(names, ["r1", "r3"]);
}

#[tokio::test]
async fn files_come_back_as_they_went() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let folder = format!("{}/files", servers.root().display());
    let large = "0123456789abcdef".repeat(40_000);
    upload(&session, &folder, &[("large", &large), ("a/b/empty", "")])
        .await
        .unwrap();
    let mut read = Vec::new();
    let path = format!("{folder}/large");
    session
        .download(&path, Some(&folder), &mut read, 1 << 20)
        .await
        .unwrap();
    assert!(read == large.as_bytes());
    assert_eq!(
        session
            .stat(&format!("{folder}/a/b/empty"))
            .await
            .unwrap()
            .unwrap()
            .size,
        0
    );
    assert!(
        session
            .stat(&format!("{folder}/nothing"))
            .await
            .unwrap()
            .is_none()
    );
    let names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "staging folders are gone: {names:?}");
}

#[tokio::test]
async fn a_script_that_fails_says_so() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let release = session
        .begin_release(&servers.release(), "r1", &[])
        .await
        .unwrap();
    let ran = script(&session, SCRIPT, &VARIABLES[..1], Some(&release.path)).await;
    assert_eq!(ran.status.code, Some(1), "{ran:?}");
    assert_eq!(ran.stderr, "SECRET_KEY_BASE is missing\n");
}
