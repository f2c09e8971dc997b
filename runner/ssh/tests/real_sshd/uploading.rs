//! Uploads to a real sshd.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Server, mode};
use capstep_ssh::upload::{Reader, STAGING_PREFIX};
use capstep_ssh::{
    ConnectLimits, LocalFile, SshErrorKind, UploadEntry, UploadFolder, UploadRequest,
    UploadSymlink, connect,
};
use zeroize::Zeroizing;

fn memory(remote: &str, bytes: &[u8], mode: u32) -> UploadEntry {
    UploadEntry {
        local: Arc::new(Zeroizing::new(bytes.to_vec())),
        remote: remote.to_owned(),
        size: bytes.len() as u64,
        mode,
    }
}

fn folder(remote: &str, mode: u32) -> UploadFolder {
    UploadFolder {
        remote: remote.to_owned(),
        mode,
    }
}

fn request(within: &str, entries: Vec<UploadEntry>) -> UploadRequest {
    UploadRequest {
        within: vec![within.to_owned()],
        entries,
        ..UploadRequest::default()
    }
}

/// 200 small files in folders, by name.
fn tree(changed: Option<usize>) -> BTreeMap<String, Vec<u8>> {
    (0..200)
        .map(|index| {
            let name = format!("d{}/e {}/file '{index}'.txt", index % 7, index % 3);
            let text = format!(
                "content {index} {}",
                if changed == Some(index) { "new" } else { "" }
            );
            (name, text.into_bytes())
        })
        .collect()
}

fn entries(within: &str, tree: &BTreeMap<String, Vec<u8>>) -> Vec<UploadEntry> {
    tree.iter()
        .map(|(name, bytes)| memory(&format!("{within}/{name}"), bytes, 0o644))
        .collect()
}

fn staging_left(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with(STAGING_PREFIX)
        })
        .count()
}

#[tokio::test]
async fn only_what_changed_is_sent() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("srv/new app");
    let first = session
        .upload(request(&within, entries(&within, &tree(None))), None)
        .await
        .unwrap();
    assert_eq!((first.uploaded.len(), first.skipped), (200, 0));
    for (name, bytes) in tree(None) {
        assert_eq!(fs::read(Path::new(&within).join(name)).unwrap(), bytes);
    }
    let again = session
        .upload(request(&within, entries(&within, &tree(None))), None)
        .await
        .unwrap();
    assert_eq!(
        (again.uploaded.len(), again.skipped, again.bytes),
        (0, 200, 0)
    );
    let changed = tree(Some(42));
    let third = session
        .upload(request(&within, entries(&within, &changed)), None)
        .await
        .unwrap();
    assert_eq!((third.uploaded.len(), third.skipped), (1, 199));
    assert!(
        third.uploaded[0].ends_with("file '42'.txt"),
        "{:?}",
        third.uploaded
    );
    assert_eq!(staging_left(Path::new(&within)), 0);
}

#[tokio::test]
async fn names_with_anything_in_them_are_compared_too() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    let names = ["a\nb", "a\\b", "-rf", "'", "\"", "$(id)", " ", "é", "*"];
    let all = || {
        names
            .iter()
            .map(|name| memory(&format!("{within}/{name}"), name.as_bytes(), 0o644))
            .collect()
    };
    assert_eq!(
        session
            .upload(request(&within, all()), None)
            .await
            .unwrap()
            .uploaded
            .len(),
        names.len()
    );
    for name in names {
        assert_eq!(
            fs::read(Path::new(&within).join(name)).unwrap(),
            name.as_bytes()
        );
    }
    assert_eq!(
        session
            .upload(request(&within, all()), None)
            .await
            .unwrap()
            .skipped,
        names.len()
    );
}

#[tokio::test]
async fn modes_are_exact_and_put_right() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    let all = |run_mode| {
        vec![
            memory(&format!("{within}/secret"), b"s", 0o600),
            memory(&format!("{within}/run"), b"r", run_mode),
            memory(&format!("{within}/plain"), b"p", 0o664),
        ]
    };
    session
        .upload(request(&within, all(0o755)), None)
        .await
        .unwrap();
    let modes = || ["secret", "run", "plain"].map(|name| mode(&Path::new(&within).join(name)));
    assert_eq!(modes(), [0o600, 0o755, 0o664]);
    let report = session
        .upload(request(&within, all(0o700)), None)
        .await
        .unwrap();
    assert_eq!((report.uploaded.len(), report.modes_changed), (0, 1));
    assert_eq!(modes(), [0o600, 0o700, 0o664]);
}

#[tokio::test]
async fn a_single_file_goes_beside_others() {
    let server = Server::start();
    let session = server.connect().await;
    fs::create_dir(server.path("app")).unwrap();
    fs::write(server.path("app/other"), "other").unwrap();
    let remote = server.remote("app/.env");
    session
        .upload(
            request(&remote, vec![memory(&remote, b"A=1\n", 0o600)]),
            None,
        )
        .await
        .unwrap();
    assert_eq!(fs::read(&remote).unwrap(), b"A=1\n");
    assert_eq!(mode(Path::new(&remote)), 0o600);
    assert_eq!(fs::read_dir(server.path("app")).unwrap().count(), 2);
    let error = session
        .upload(
            request(
                &remote,
                vec![memory(&server.remote("app/other"), b"x", 0o600)],
            ),
            None,
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Outside);
}

/// Zeroes that come slowly.
#[derive(Clone, Copy)]
struct Slow {
    bytes: usize,
    /// After each piece.
    pause: Duration,
}

const PIECE: usize = 1 << 20;

impl LocalFile for Slow {
    fn open(&self) -> std::io::Result<Reader> {
        Ok(Box::new(*self))
    }

    fn shows_writes(&self) -> bool {
        true
    }

    fn is_untouched(&self) -> bool {
        true
    }
}

impl std::io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes.is_multiple_of(PIECE) {
            std::thread::sleep(self.pause);
        }
        let read = buffer.len().min(self.bytes).min(PIECE / 4);
        buffer[..read].fill(0);
        self.bytes -= read;
        Ok(read)
    }
}

fn slow(remote: &str) -> UploadEntry {
    let pieces = 64;
    UploadEntry {
        local: Arc::new(Slow {
            bytes: pieces * PIECE,
            pause: Duration::from_millis(50),
        }),
        remote: remote.to_owned(),
        size: (pieces * PIECE) as u64,
        mode: 0o644,
    }
}

#[tokio::test]
async fn a_cut_midway_leaves_the_old_files() {
    let server = Server::start();
    let within = server.remote("app");
    fs::create_dir(&within).unwrap();
    fs::write(server.path("app/big"), "old big").unwrap();
    fs::write(server.path("app/small"), "old small").unwrap();

    // The caller's stream is a pipe through this test, so that the network can be cut under the session.
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let mut tcp = tokio::net::TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    let wire = tokio::spawn(async move {
        let _ = tokio::io::copy_bidirectional(&mut theirs, &mut tcp).await;
    });
    let limits = ConnectLimits::default();
    let session = connect(
        ours,
        &server.target(),
        &server.known_hosts(),
        &server.credentials("user", None),
        &limits,
    )
    .await
    .unwrap();
    let (progress, mut seen) = tokio::sync::mpsc::channel::<capstep_ssh::upload::UploadProgress>(1);
    let all = vec![
        memory(&format!("{within}/small"), b"new small", 0o644),
        slow(&format!("{within}/big")),
    ];
    let cut = async {
        while let Some(step) = seen.recv().await {
            if step.sent > 8 << 20 {
                wire.abort();
                break;
            }
        }
        Instant::now()
    };
    let (result, at) = tokio::join!(session.upload(request(&within, all), Some(progress)), cut);
    let error = result.unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Unreachable, "{error}");
    assert!(
        at.elapsed() < Duration::from_secs(10),
        "the cut was noticed after {:?}",
        at.elapsed()
    );
    assert_eq!(fs::read(server.path("app/big")).unwrap(), b"old big");
    assert_eq!(fs::read(server.path("app/small")).unwrap(), b"old small");
    assert_eq!(staging_left(Path::new(&within)), 1, "what a cut leaves");

    let session = server.connect().await;
    let all = vec![memory(&format!("{within}/small"), b"newer", 0o644)];
    session.upload(request(&within, all), None).await.unwrap();
    assert_eq!(fs::read(server.path("app/small")).unwrap(), b"newer");
    assert_eq!(
        staging_left(Path::new(&within)),
        0,
        "the next upload tidies up"
    );
}

#[tokio::test]
async fn a_dropped_upload_leaves_nothing() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    fs::create_dir(&within).unwrap();
    fs::write(server.path("app/big"), "old big").unwrap();
    let upload = session.upload(request(&within, vec![slow(&format!("{within}/big"))]), None);
    assert!(
        tokio::time::timeout(Duration::from_millis(600), upload)
            .await
            .is_err()
    );
    let started = Instant::now();
    while staging_left(Path::new(&within)) > 0 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fs::read(server.path("app/big")).unwrap(), b"old big");
}

/// A file that has another content each time it is read.
struct Changing(std::sync::atomic::AtomicU8);

impl LocalFile for Changing {
    fn open(&self) -> std::io::Result<Reader> {
        let turn = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(Box::new(std::io::Cursor::new(vec![turn; 100])))
    }
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_not_put_in_place() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    let all = || {
        let changing = UploadEntry {
            local: Arc::new(Changing(0.into())),
            remote: format!("{within}/x"),
            size: 100,
            mode: 0o644,
        };
        let other = memory(&format!("{within}/y"), b"y", 0o644);
        request(&within, vec![changing, other])
    };
    let error = session.upload(all(), None).await.unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Conflict, "{error}");
    assert!(
        error.message.contains("changed while it was uploaded"),
        "{error}"
    );
    assert!(!server.path("app/x").exists() && !server.path("app/y").exists());
    // One of the same size is there, so that it is read for its digest before.
    fs::write(server.path("app/x"), [9; 100]).unwrap();
    session.upload(all(), None).await.unwrap_err();
    assert_eq!(fs::read(server.path("app/x")).unwrap(), [9; 100]);
    let started = Instant::now();
    while staging_left(Path::new(&within)) > 0 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_leaves_everything_as_it_was() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    for there in [None, Some([0; 3])] {
        if let Some(content) = there {
            fs::write(server.path("app/x"), content).unwrap();
        }
        let missing = UploadEntry {
            local: Arc::new(server.path("missing")),
            remote: format!("{within}/x"),
            size: 3,
            mode: 0o644,
        };
        let other = memory(&format!("{within}/y"), b"y", 0o644);
        let error = session
            .upload(request(&within, vec![missing, other]), None)
            .await
            .unwrap_err();
        assert_eq!(error.kind, SshErrorKind::NotFound, "{error}");
        assert!(error.message.contains("app/x"), "{error}");
        assert!(!server.path("app/y").exists());
    }
}

#[tokio::test]
async fn links_that_lead_out_are_refused() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    fs::create_dir_all(server.path("app/inside")).unwrap();
    fs::create_dir_all(server.path("elsewhere/deep")).unwrap();
    symlink(server.path("elsewhere"), server.path("app/out")).unwrap();
    symlink("inside", server.path("app/in")).unwrap();
    fs::write(server.path("elsewhere/target"), "untouched").unwrap();
    symlink(server.path("elsewhere/target"), server.path("app/link")).unwrap();
    for path in ["out/x", "out/deep/x", "out/new/x"] {
        let entry = memory(&format!("{within}/{path}"), b"x", 0o644);
        let error = session
            .upload(request(&within, vec![entry]), None)
            .await
            .unwrap_err();
        assert_eq!(error.kind, SshErrorKind::Outside, "{path}: {error}");
    }
    assert_eq!(fs::read_dir(server.path("elsewhere")).unwrap().count(), 2);
    assert_eq!(
        fs::read_dir(server.path("elsewhere/deep")).unwrap().count(),
        0
    );
    session
        .upload(
            request(
                &within,
                vec![memory(&format!("{within}/in/x"), b"x", 0o644)],
            ),
            None,
        )
        .await
        .unwrap();
    assert_eq!(fs::read(server.path("app/inside/x")).unwrap(), b"x");
    // A link in the file's own place is replaced, never written through.
    session
        .upload(
            request(
                &within,
                vec![memory(&format!("{within}/link"), b"new", 0o644)],
            ),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        fs::read(server.path("elsewhere/target")).unwrap(),
        b"untouched"
    );
    assert_eq!(fs::read(server.path("app/link")).unwrap(), b"new");
    assert!(
        !fs::symlink_metadata(server.path("app/link"))
            .unwrap()
            .is_symlink()
    );

    let read = |path: &str| {
        let path = format!("{within}/{path}");
        let (session, within) = (&session, &within);
        async move {
            let mut bytes = Vec::new();
            session
                .download(&path, Some(within), &mut bytes, 10)
                .await
                .map(|_| bytes)
        }
    };
    assert_eq!(read("in/x").await.unwrap(), b"x");
    assert_eq!(
        read("out/target").await.unwrap_err().kind,
        SshErrorKind::Outside
    );
    assert_eq!(
        read("nothing").await.unwrap_err().kind,
        SshErrorKind::NotFound
    );
    fs::write(server.path("app/long"), "12345678901").unwrap();
    assert_eq!(read("long").await.unwrap_err().kind, SshErrorKind::TooLarge);
}

#[tokio::test]
async fn folders_and_files_in_the_way_are_conflicts() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    fs::create_dir_all(server.path("app/folder")).unwrap();
    fs::write(server.path("app/file"), "f").unwrap();
    for path in ["folder", "file/x"] {
        let entries = vec![
            memory(&format!("{within}/{path}"), b"x", 0o644),
            memory(&format!("{within}/good"), b"x", 0o644),
        ];
        let error = session
            .upload(request(&within, entries), None)
            .await
            .unwrap_err();
        assert_eq!(error.kind, SshErrorKind::Conflict, "{path}: {error}");
        assert!(!server.path("app/good").exists());
    }
}

#[tokio::test]
async fn links_and_empty_folders_are_made() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    let all = || UploadRequest {
        within: vec![within.clone()],
        entries: vec![memory(&format!("{within}/a/x"), b"x", 0o644)],
        directories: vec![
            folder(&format!("{within}/empty/nested"), 0o777),
            folder(&format!("{within}/a"), 0o500),
            folder(&within, 0o700),
        ],
        symlinks: vec![UploadSymlink {
            remote: format!("{within}/b/link"),
            target: "../a/x".into(),
        }],
        ..UploadRequest::default()
    };
    let report = session.upload(all(), None).await.unwrap();
    assert_eq!(report.uploaded.len(), 2);
    assert!(server.path("app/empty/nested").is_dir());
    // The test's own umask is the server's too.
    assert_eq!(
        mode(&server.path("app/empty/nested")),
        mode(&server.path("app/empty"))
    );
    assert_eq!(mode(&server.path("app/a")), 0o700);
    fs::set_permissions(server.path("app/a"), fs::Permissions::from_mode(0o711)).unwrap();
    assert_eq!(
        fs::read_link(server.path("app/b/link")).unwrap(),
        Path::new("../a/x")
    );
    assert_eq!(session.upload(all(), None).await.unwrap().skipped, 2);
    assert_eq!(
        mode(&server.path("app/a")),
        0o711,
        "a folder that is there keeps its mode"
    );
    assert_eq!(
        session
            .read_link(&format!("{within}/b/link"))
            .await
            .unwrap(),
        "../a/x"
    );
    let link = session
        .link_stat(&format!("{within}/b/link"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(link.kind, capstep_ssh::RemoteKind::Symlink);
    assert_eq!(session.stat(&format!("{within}/none")).await.unwrap(), None);
}

#[tokio::test]
async fn many_uploads_fit_in_one_session() {
    let server = Server::start();
    let session = server.connect().await;
    let within = server.remote("app");
    // A server allows ten channels by default: none may be left open.
    for round in 0..25 {
        let entry = memory(&format!("{within}/x"), format!("{round}").as_bytes(), 0o644);
        session
            .upload(request(&within, vec![entry]), None)
            .await
            .unwrap();
    }
    assert_eq!(fs::read(server.path("app/x")).unwrap(), b"24");
}

#[tokio::test]
async fn without_sha256sum_everything_is_sent() {
    let bin = tempfile::tempdir().unwrap();
    let extra = format!("SetEnv PATH={}", bin.path().display());
    let server = Server::start_with(&["ed25519"], &extra);
    let session = server.connect().await;
    let within = server.remote("app");
    let all = || vec![memory(&format!("{within}/x"), b"x", 0o644)];
    // The first time there is nothing to compare with.
    for without_digests in [false, true] {
        let report = session.upload(request(&within, all()), None).await.unwrap();
        assert_eq!(report.without_digests, without_digests);
        assert_eq!(report.uploaded.len(), 1);
    }
    let error = session
        .digests("/", &["etc/passwd".into()])
        .await
        .unwrap_err();
    assert_eq!(error.kind, SshErrorKind::Unsupported);
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_named() {
    let server = Server::start();
    let session = server.connect().await;
    let entry = memory("/proc/capstep/x", b"x", 0o644);
    let error = session
        .upload(request("/proc/capstep", vec![entry]), None)
        .await
        .unwrap_err();
    assert!(error.message.contains("/proc/capstep"), "{error}");
}

/// Compares with `scp` and prints both: a number for people, no threshold, since the machine is shared.
#[tokio::test]
async fn throughput_beside_scp() {
    let server = Server::start();
    let session = server.connect().await;
    let size = 64 << 20;
    let mut bytes = vec![0_u8; size];
    getrandom::fill(&mut bytes).unwrap();
    let local = server.path("local");
    fs::write(&local, &bytes).unwrap();
    fs::set_permissions(server.path("user"), fs::Permissions::from_mode(0o600)).unwrap();
    let started = Instant::now();
    let status = tokio::process::Command::new("scp")
        .args([
            "-q",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
        ])
        .args(["-i", &server.remote("user"), "-P", &server.port.to_string()])
        .arg(&local)
        .arg(format!("root@127.0.0.1:{}", server.remote("by_scp")))
        .status()
        .await
        .unwrap();
    let scp = started.elapsed();
    assert!(status.success());
    let within = server.remote("app");
    let entry = UploadEntry {
        local: Arc::new(local),
        remote: format!("{within}/big"),
        size: size as u64,
        mode: 0o644,
    };
    let started = Instant::now();
    session
        .upload(request(&within, vec![entry]), None)
        .await
        .unwrap();
    let ours = started.elapsed();
    assert_eq!(fs::read(format!("{within}/big")).unwrap(), bytes);
    let rate = |time: Duration| 64.0 / time.as_secs_f64();
    println!(
        "64 MiB: upload {:.0} MiB/s, scp {:.0} MiB/s",
        rate(ours),
        rate(scp)
    );
}
