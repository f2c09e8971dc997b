//! Large uploads that were cut, gone on with.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Server, mode};
use capstep_ssh::upload::{RESUME_FROM, STAGING_PREFIX, UploadProgress};
use capstep_ssh::{
    ConnectLimits, Release, Session, UploadEntry, UploadReport, UploadRequest, connect,
};
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

const MIB: usize = 1 << 20;

/// Bytes of which no two places are alike.
fn content(length: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(length)
        .collect()
}

fn entry(remote: &str, bytes: &[u8]) -> UploadEntry {
    UploadEntry {
        local: Arc::new(Zeroizing::new(bytes.to_vec())),
        remote: remote.to_owned(),
        size: bytes.len() as u64,
        mode: 0o640,
    }
}

fn request(within: &str, files: &[(&str, &[u8])], release: Option<&Release>) -> UploadRequest {
    UploadRequest {
        within: vec![within.to_owned()],
        entries: files
            .iter()
            .map(|(name, bytes)| entry(&format!("{within}/{name}"), bytes))
            .collect(),
        release: release.cloned(),
        ..UploadRequest::default()
    }
}

/// Uploads over a connection that is cut once so many bytes have gone to the server.
async fn cut(server: &Server, request: impl AsyncFnOnce(&Session) -> UploadRequest, after: usize) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let tcp = tokio::net::TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    tokio::spawn(async move {
        let (mut from_us, mut to_us) = tokio::io::split(theirs);
        let (mut from_server, mut to_server) = tcp.into_split();
        let there = async {
            let mut limited = (&mut from_us).take(after as u64);
            let _ = tokio::io::copy(&mut limited, &mut to_server).await;
        };
        let back = tokio::io::copy(&mut from_server, &mut to_us);
        tokio::select! { () = there => {}, _ = back => {} }
    });
    let session = connect(
        ours,
        &server.target(),
        &server.known_hosts(),
        &server.credentials("user", None),
        &ConnectLimits::default(),
    )
    .await
    .unwrap();
    let request = request(&session).await;
    session.upload(request, None).await.unwrap_err();
}

/// The files in the staging folders below a folder.
fn staged(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let is_staging = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(STAGING_PREFIX)
    };
    list(folder)
        .iter()
        .filter(|path| is_staging(path))
        .flat_map(|folder| list(folder))
        .collect()
}

/// Waits until the server has written all that came, which is when nobody has the file open, and returns the size.
async fn settled(path: &Path) -> usize {
    let started = Instant::now();
    while is_open(path) {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the server does not let go of it"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    usize::try_from(fs::metadata(path).unwrap().len()).unwrap()
}

/// Whether a process has the file open.
fn is_open(path: &Path) -> bool {
    let file = fs::metadata(path).unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut opened = processes.flat_map(|process| {
        fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten()
    });
    opened.any(|opened| {
        opened
            .and_then(|opened| fs::metadata(opened.path()))
            .is_ok_and(|opened| (opened.dev(), opened.ino()) == (file.dev(), file.ino()))
    })
}

async fn upload(server: &Server, request: UploadRequest) -> UploadReport {
    let session = server.connect().await;
    session.upload(request, None).await.unwrap()
}

#[tokio::test]
async fn what_was_sent_before_a_cut_is_not_sent_again() {
    let server = Server::start();
    let within = server.remote("app");
    let large = content(40 * MIB);
    let files = [("large.bin", &large[..]), ("small", b"s")];
    cut(&server, async |_| request(&within, &files, None), 10 * MIB).await;
    let left = staged(Path::new(&within));
    let partial = left
        .iter()
        .find(|path| fs::metadata(path).unwrap().len() > MIB as u64)
        .unwrap();
    let there = settled(partial).await;
    assert!(there < large.len(), "it was not cut midway");
    let report = upload(&server, request(&within, &files, None)).await;
    assert_eq!(report.resumed, there as u64);
    assert_eq!(report.bytes, (large.len() - there + 1) as u64);
    assert!(fs::read(server.path("app/large.bin")).unwrap() == large);
    assert_eq!(mode(&server.path("app/large.bin")), 0o640);
    assert_eq!(staged(Path::new(&within)), Vec::<PathBuf>::new());
    let again = upload(&server, request(&within, &files, None)).await;
    assert_eq!((again.skipped, again.bytes, again.resumed), (2, 0, 0));
}

#[tokio::test]
async fn a_release_goes_on_with_what_an_abandoned_one_has() {
    let server = Server::start();
    let base = server.remote("srv");
    let large = content(24 * MIB);
    let files = [("deep/large.bin", &large[..])];
    let mut sizes = Vec::new();
    // Cut twice: the second one goes on with what the first has, and the third with what both have.
    for (name, after) in [("1", 4 * MIB), ("2", 12 * MIB)] {
        let begun = async |session: &Session| {
            let release = session.begin_release(&base, name, &[]).await.unwrap();
            request(&release.path, &files, Some(&release))
        };
        cut(&server, begun, after).await;
        let left = staged(&server.path(&format!("srv/releases/{name}")));
        sizes.push(settled(&left[0]).await);
    }
    assert!(sizes[0] < sizes[1], "{sizes:?}");
    let session = server.connect().await;
    let release = session.begin_release(&base, "3", &[]).await.unwrap();
    let all = request(&release.path, &files, Some(&release));
    let report = session.upload(all, None).await.unwrap();
    assert_eq!(report.resumed, sizes[1] as u64);
    assert_eq!(report.bytes, (large.len() - sizes[1]) as u64);
    let committed = session.commit_release(&release, 5).await.unwrap();
    assert_eq!(
        committed.pruned,
        ["1", "2"],
        "the others are not needed any more"
    );
    assert!(fs::read(server.path("srv/current/deep/large.bin")).unwrap() == large);
}

/// A staging folder with something at the place of the large file.
fn plant(server: &Server, name: &str, planting: impl FnOnce(&Path)) -> PathBuf {
    let folder = server.path(&format!("app/{STAGING_PREFIX}{name}"));
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    planting(&folder);
    folder
}

fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

const OPEN: &str = "in a folder that others may look into";
const FOREIGN: &str = "in another account's folder";

#[tokio::test]
async fn what_is_found_is_not_believed() {
    let server = Server::start();
    let within = server.remote("app");
    let large = content(16 * MIB);
    let files = [("large.bin", &large[..])];
    // What the file is staged as is learned from an upload that is cut.
    cut(&server, async |_| request(&within, &files, None), 4 * MIB).await;
    let left = staged(Path::new(&within));
    settled(&left[0]).await;
    let name = left[0].file_name().unwrap().to_owned();
    fs::remove_dir_all(&within).unwrap();
    fs::write(server.path("elsewhere"), &large[..8 * MIB]).unwrap();
    let half = &large[..8 * MIB];
    let mut wrong = half.to_vec();
    wrong[5 * MIB] ^= 1;
    let longer = [&large[..], b"x"].concat();

    let check = async |what: &str, resumed: usize, planting: &dyn Fn(&Path)| {
        let folder = plant(&server, "planted", |folder| planting(&folder.join(&name)));
        let report = upload(&server, request(&within, &files, None)).await;
        assert_eq!(report.resumed, resumed as u64, "{what}");
        assert_eq!(report.bytes, (large.len() - resumed) as u64, "{what}");
        let there = server.path("app/large.bin");
        assert!(fs::read(&there).unwrap() == large, "{what}");
        assert!(
            !fs::symlink_metadata(&there).unwrap().is_symlink(),
            "{what}"
        );
        assert_eq!(mode(&there), 0o640, "{what}");
        // A folder in it is nothing that an upload makes: it is left to somebody who knows what it is. So is what others
        // could have made.
        let is_left = ["a folder", OPEN, FOREIGN].contains(&what);
        assert_eq!(folder.exists(), is_left, "{what}: it was left");
        fs::remove_dir_all(&within).unwrap();
    };
    check("the beginning", half.len(), &|path| {
        write(path, half, 0o600)
    })
    .await;
    check("all of it", large.len(), &|path| write(path, &large, 0o640)).await;
    check("a wrong beginning", 0, &|path| write(path, &wrong, 0o600)).await;
    check("longer than the file", 0, &|path| {
        write(path, &longer, 0o600)
    })
    .await;
    check("hardly anything", 0, &|path| {
        write(path, &large[..MIB / 2], 0o600)
    })
    .await;
    check("nothing in it", 0, &|path| write(path, b"", 0o600)).await;
    check("others may write to it", 0, &|path| {
        write(path, half, 0o666)
    })
    .await;
    check("others may read it", 0, &|path| write(path, half, 0o644)).await;
    check("another account's", 0, &|path| {
        write(path, half, 0o600);
        chown(path, Some(12_345), None).unwrap();
    })
    .await;
    check("a link", 0, &|path| {
        symlink(server.path("elsewhere"), path).unwrap();
    })
    .await;
    check("a folder", 0, &|path| fs::create_dir(path).unwrap()).await;
    check("a pipe", 0, &|path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    })
    .await;
    check(OPEN, 0, &|path| {
        write(path, half, 0o600);
        let folder = path.parent().unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    })
    .await;
    check(FOREIGN, 0, &|path| {
        write(path, half, 0o600);
        chown(path.parent().unwrap(), Some(12_345), None).unwrap();
    })
    .await;
    assert!(
        fs::read(server.path("elsewhere")).unwrap() == half,
        "it was written through a link"
    );
}

#[tokio::test]
async fn the_last_attempt_is_gone_on_with() {
    let server = Server::start();
    let within = server.remote("app");
    let large = content(16 * MIB);
    let files = [("large.bin", &large[..])];
    cut(&server, async |_| request(&within, &files, None), 4 * MIB).await;
    let left = staged(Path::new(&within));
    settled(&left[0]).await;
    let name = left[0].file_name().unwrap().to_owned();
    // An older attempt had got farther, with another content.
    plant(&server, "older", |folder| {
        let path = folder.join(&name);
        write(&path, &vec![0; 12 * MIB], 0o600);
        let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(hour_ago).unwrap();
    });
    let report = upload(&server, request(&within, &files, None)).await;
    assert!(report.resumed >= 3 * MIB as u64, "{report:?}");
    assert!(fs::read(server.path("app/large.bin")).unwrap() == large);
    assert_eq!(staged(Path::new(&within)), Vec::<PathBuf>::new());
}

/// An upload that goes on with what one before has left moves that into its own folder; cut in that moment, it leaves both.
#[tokio::test]
async fn what_was_moved_already_is_gone_on_with() {
    let server = Server::start();
    let within = server.remote("app");
    let large = content(16 * MIB);
    let files = [("large.bin", &large[..])];
    cut(&server, async |_| request(&within, &files, None), 4 * MIB).await;
    let left = staged(Path::new(&within));
    let there = settled(&left[0]).await;
    let outer = plant(&server, "outer", |folder| {
        fs::rename(left[0].parent().unwrap(), folder.join("o0")).unwrap();
    });
    let report = upload(&server, request(&within, &files, None)).await;
    assert_eq!(report.resumed, there as u64);
    assert!(fs::read(server.path("app/large.bin")).unwrap() == large);
    assert!(!outer.exists());
}

#[tokio::test]
async fn another_size_is_another_file() {
    let server = Server::start();
    let within = server.remote("app");
    let large = content(16 * MIB);
    cut(
        &server,
        async |_| request(&within, &[("large.bin", &large)], None),
        4 * MIB,
    )
    .await;
    settled(&staged(Path::new(&within))[0]).await;
    let longer = content(17 * MIB);
    let report = upload(&server, request(&within, &[("large.bin", &longer)], None)).await;
    assert_eq!((report.resumed, report.bytes), (0, longer.len() as u64));
    assert!(fs::read(server.path("app/large.bin")).unwrap() == longer);
}

#[tokio::test]
async fn without_sha256sum_nothing_is_gone_on_with() {
    let bin = tempfile::tempdir().unwrap();
    let extra = format!("SetEnv PATH={}", bin.path().display());
    let server = Server::start_with(&["ed25519"], &extra);
    let within = server.remote("app");
    let large = content(16 * MIB);
    let files = [("large.bin", &large[..])];
    for tool in ["xargs", "cp"] {
        symlink(format!("/usr/bin/{tool}"), bin.path().join(tool)).unwrap();
    }
    cut(&server, async |_| request(&within, &files, None), 4 * MIB).await;
    settled(&staged(Path::new(&within))[0]).await;
    let report = upload(&server, request(&within, &files, None)).await;
    assert_eq!((report.resumed, report.bytes), (0, large.len() as u64));
    assert!(fs::read(server.path("app/large.bin")).unwrap() == large);
}

/// What is found is copied: an upload that lives, into another release, comes to its end.
#[tokio::test]
async fn an_upload_that_lives_is_not_disturbed() {
    let server = Server::start();
    let base = server.remote("srv");
    let large = content(RESUME_FROM as usize + 8 * MIB);
    let files = [("large.bin", &large[..])];
    let (one, other) = (server.connect().await, server.connect().await);
    let first = one.begin_release(&base, "1", &[]).await.unwrap();
    let second = other.begin_release(&base, "2", &[]).await.unwrap();
    let (progress, mut seen) = tokio::sync::mpsc::channel::<UploadProgress>(1);
    let beside = async {
        while let Some(step) = seen.recv().await {
            if step.sent > 4 * MIB as u64 {
                break;
            }
        }
        let all = request(&second.path, &files, Some(&second));
        other.upload(all, None).await.unwrap()
    };
    let all = request(&first.path, &files, Some(&first));
    let (report, beside) = tokio::join!(one.upload(all, Some(progress)), beside);
    let report = report.unwrap();
    assert_eq!((report.resumed, report.bytes), (0, large.len() as u64));
    assert_eq!(beside.resumed + beside.bytes, large.len() as u64);
    for release in [first, second] {
        assert!(fs::read(Path::new(&release.path).join("large.bin")).unwrap() == large);
    }
}
