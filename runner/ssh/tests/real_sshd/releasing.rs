//! Releases on a real sshd.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use crate::support::Server;
use capstep_ssh::{
    Release, Session, SshErrorKind, UploadEntry, UploadFolder, UploadReport, UploadRequest,
};
use zeroize::Zeroizing;

async fn fill(session: &Session, release: &Release, files: &[(&str, &str)]) -> UploadReport {
    let entries = files
        .iter()
        .map(|(name, text)| UploadEntry {
            local: Arc::new(Zeroizing::new(text.as_bytes().to_vec())),
            remote: format!("{}/{name}", release.path),
            size: text.len() as u64,
            mode: 0o644,
        })
        .collect();
    let request = UploadRequest {
        within: vec![release.path.clone()],
        entries,
        ..UploadRequest::default()
    };
    session.upload(request, None).await.unwrap()
}

fn keep(files: &[(&str, &str)]) -> Vec<String> {
    files.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn current(base: &str, file: &str) -> String {
    fs::read_to_string(Path::new(base).join("current").join(file)).unwrap()
}

#[tokio::test]
async fn a_release_is_switched_and_a_failed_one_leaves_no_trace() {
    let server = Server::start();
    let session = server.connect().await;
    let base = server.remote("srv/web 'app'");
    let shared = ["log/".to_owned(), "storage/a b".to_owned()];

    let first = session.begin_release(&base, "1", &shared).await.unwrap();
    let files = [
        ("app.rb", "one"),
        ("config/db.yml", "db"),
        ("old/gone.rb", "gone"),
    ];
    assert_eq!(fill(&session, &first, &files).await.uploaded.len(), 3);
    assert!(!Path::new(&base).join("current").exists());
    let listed = session.list_releases(&base).await.unwrap();
    assert!(listed.len() == 1 && listed[0].unfinished && !listed[0].current);
    let report = session.commit_release(&first, 5).await.unwrap();
    assert_eq!(
        (report.previous, report.pruned.len(), report.warnings.len()),
        (None, 0, 0)
    );
    assert_eq!(current(&base, "app.rb"), "one");
    fs::write(Path::new(&base).join("current/log/app.log"), "logged").unwrap();
    fs::write(Path::new(&base).join("current/storage/a b/file"), "stored").unwrap();

    let second = session.begin_release(&base, "2", &shared).await.unwrap();
    let files = [("app.rb", "two"), ("config/db.yml", "db")];
    let report = fill(&session, &second, &files).await;
    assert_eq!(
        (report.uploaded.len(), report.skipped),
        (1, 1),
        "unchanged files come from the copy"
    );
    let removed = session.prune_extra(&second, &keep(&files)).await.unwrap();
    assert_eq!(removed, ["old/gone.rb", "old"]);
    assert_eq!(current(&base, "app.rb"), "one");
    session.commit_release(&second, 5).await.unwrap();
    assert_eq!(current(&base, "app.rb"), "two");
    assert_eq!(current(&base, "log/app.log"), "logged");
    assert_eq!(current(&base, "storage/a b/file"), "stored");
    assert!(!Path::new(&base).join("current/old").exists());
    assert_eq!(
        fs::read_to_string(Path::new(&base).join("releases/1/old/gone.rb")).unwrap(),
        "gone"
    );

    let third = session.begin_release(&base, "3", &shared).await.unwrap();
    fill(&session, &third, &[("app.rb", "three")]).await;
    session.abort_release(&third).await.unwrap();
    assert_eq!(current(&base, "app.rb"), "two");
    let names: Vec<_> = session.list_releases(&base).await.unwrap();
    let names: Vec<_> = names
        .iter()
        .map(|release| (release.name.as_str(), release.current, release.unfinished))
        .collect();
    assert_eq!(names, [("1", false, false), ("2", true, false)]);
    assert_eq!(
        fs::read_dir(Path::new(&base).join("releases"))
            .unwrap()
            .count(),
        2,
        "no marks are left"
    );
    assert_eq!(
        current(&base, "log/app.log"),
        "logged",
        "aborting removes links, not what is shared"
    );
}

#[tokio::test]
async fn pruning_keeps_so_many() {
    let server = Server::start();
    let session = server.connect().await;
    let base = server.remote("srv");
    for index in 1..=5 {
        let release = session
            .begin_release(&base, &format!("r{index}"), &[])
            .await
            .unwrap();
        fill(&session, &release, &[("n", &index.to_string())]).await;
        let report = session.commit_release(&release, 3).await.unwrap();
        assert_eq!(
            report.previous,
            (index > 1).then(|| format!("r{}", index - 1))
        );
        assert_eq!(report.warnings, Vec::<String>::new());
    }
    let names: Vec<_> = session
        .list_releases(&base)
        .await
        .unwrap()
        .into_iter()
        .map(|release| release.name)
        .collect();
    assert_eq!(names, ["r3", "r4", "r5"]);
    assert_eq!(current(&base, "n"), "5");
    // One that died before its commit goes with the next successful one.
    session.begin_release(&base, "r6", &[]).await.unwrap();
    let next = session.begin_release(&base, "r7", &[]).await.unwrap();
    let report = session.commit_release(&next, 3).await.unwrap();
    assert_eq!(report.pruned, ["r3", "r6"]);
    assert_eq!(current(&base, "n"), "5");
}

#[tokio::test]
async fn mistakes_are_refused_before_anything_is_touched() {
    let server = Server::start();
    let session = server.connect().await;
    let base = server.remote("srv");
    for (base, name, shared) in [
        (base.as_str(), "../x", &[][..]),
        (base.as_str(), "", &[]),
        ("relative", "1", &[]),
        ("/", "1", &[]),
        (base.as_str(), "1", &["../../etc".to_owned()]),
        (base.as_str(), "1", &["a".to_owned(), "a/b".to_owned()]),
    ] {
        let error = session.begin_release(base, name, shared).await.unwrap_err();
        assert_eq!(
            error.kind,
            SshErrorKind::Invalid,
            "{base} {name} {shared:?}"
        );
    }
    assert!(!server.path("srv").exists());
    assert!(session.list_releases(&base).await.unwrap().is_empty());

    let release = session.begin_release(&base, "1", &[]).await.unwrap();
    let error = session.begin_release(&base, "1", &[]).await.unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Conflict);
    assert!(
        Path::new(&release.path).is_dir(),
        "the other's release stays"
    );
    fs::create_dir(server.path("srv/current")).unwrap();
    let error = session.commit_release(&release, 3).await.unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Conflict);
    fs::remove_dir(server.path("srv/current")).unwrap();
    session.commit_release(&release, 3).await.unwrap();
    let error = session.abort_release(&release).await.unwrap_err();
    assert_eq!(
        error.kind,
        SshErrorKind::Conflict,
        "the current release is never removed"
    );
    fs::remove_dir_all(server.path("srv/releases/1")).unwrap();
    let error = session.commit_release(&release, 3).await.unwrap_err();
    assert_eq!(error.kind, SshErrorKind::NotFound);
}

#[tokio::test]
async fn a_shared_path_takes_what_the_first_release_had() {
    let server = Server::start();
    let session = server.connect().await;
    let base = server.remote("srv");
    fs::create_dir_all(server.path("srv/releases/0/storage")).unwrap();
    fs::write(server.path("srv/releases/0/storage/db"), "data").unwrap();
    fs::write(server.path("srv/releases/0/.env"), "A=1").unwrap();
    symlink("releases/0", server.path("srv/current")).unwrap();
    let shared = ["storage".to_owned(), ".env".to_owned()];
    let release = session.begin_release(&base, "1", &shared).await.unwrap();
    session.commit_release(&release, 3).await.unwrap();
    assert_eq!(current(&base, "storage/db"), "data");
    assert_eq!(current(&base, ".env"), "A=1");
    assert_eq!(
        fs::read_to_string(server.path("srv/shared/storage/db")).unwrap(),
        "data"
    );
    // What belongs to shared paths is no business of an upload to the release.
    assert!(release.is_shared("storage/x"));
    let error = session
        .upload(
            UploadRequest {
                within: vec![release.path.clone()],
                directories: vec![UploadFolder {
                    remote: format!("{}/storage/x", release.path),
                    mode: 0o755,
                }],
                ..UploadRequest::default()
            },
            None,
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Outside);
}
