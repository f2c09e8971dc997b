//! Folders that others may write to, too: what stands there under the name of an upload's leftover is not believed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::Server;
use capstep_ssh::upload::{Reader, STAGING_PREFIX};
use capstep_ssh::{LocalFile, UploadEntry, UploadReport, UploadRequest};
use zeroize::Zeroizing;

/// Nobody's number.
const STRANGER: u32 = 12_345;

/// What uploads stage files and links as.
const STAGED: [&str; 3] = ["f0", "l1", "r0123456789abcdef0123456789abcdef"];

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A server with a folder that everybody may write to, and one beside it with files that nobody may remove.
fn shared(mode: u32) -> Server {
    let server = Server::start();
    for folder in ["app", "home"] {
        fs::create_dir(server.path(folder)).unwrap();
    }
    set_mode(&server.path("app"), mode);
    for name in precious() {
        fs::write(server.path("home").join(name), "precious").unwrap();
    }
    server
}

fn precious() -> impl Iterator<Item = &'static str> {
    STAGED.into_iter().chain(["id_ed25519"])
}

#[track_caller]
fn nothing_is_lost(server: &Server) {
    for name in precious() {
        assert!(server.path("home").join(name).exists(), "{name} is lost");
    }
}

/// A folder with the name of a leftover and staged files in it.
fn plant(server: &Server, name: &str, mode: u32) -> PathBuf {
    let folder = server.path(&format!("app/{STAGING_PREFIX}{name}"));
    make(&folder, mode);
    folder
}

fn make(folder: &Path, mode: u32) {
    fs::create_dir(folder).unwrap();
    for name in STAGED {
        fs::write(folder.join(name), "staged").unwrap();
    }
    set_mode(folder, mode);
}

fn left(server: &Server) -> Vec<String> {
    let entries = fs::read_dir(server.path("app")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<_> = names
        .filter_map(|name| Some(name.strip_prefix(STAGING_PREFIX)?.to_owned()))
        .collect();
    left.sort();
    left
}

fn request(server: &Server, text: &str) -> UploadRequest {
    let within = server.remote("app");
    UploadRequest {
        entries: vec![UploadEntry {
            local: Arc::new(Zeroizing::new(text.as_bytes().to_vec())),
            remote: format!("{within}/file"),
            size: text.len() as u64,
            mode: 0o644,
        }],
        within: vec![within],
        ..UploadRequest::default()
    }
}

async fn upload(server: &Server, text: &str) -> UploadReport {
    let session = server.connect().await;
    let report = session.upload(request(server, text), None).await.unwrap();
    assert_eq!(
        fs::read_to_string(server.path("app/file")).unwrap(),
        text,
        "it has arrived"
    );
    report
}

#[tokio::test]
async fn a_leftover_of_ours_is_removed() {
    // A bit that folders inherit is no matter.
    for mode in [0o755, 0o1777, 0o2775] {
        let server = shared(mode);
        let folder = plant(&server, "a", 0o700);
        fs::remove_file(folder.join("l1")).unwrap();
        symlink(server.path("home/id_ed25519"), folder.join("l1")).unwrap();
        make(&folder.join("o0"), 0o700);
        assert_eq!(upload(&server, "new").await.uploaded.len(), 1);
        assert_eq!(left(&server), [""; 0], "{mode:o}");
        // And where nothing else is to be done.
        plant(&server, "b", 0o700);
        assert_eq!(upload(&server, "new").await.skipped, 1);
        assert_eq!(left(&server), [""; 0], "{mode:o}, nothing new");
        nothing_is_lost(&server);
    }
}

#[tokio::test]
async fn a_link_with_a_leftovers_name_is_not_followed() {
    let server = shared(0o1777);
    let link = server.path(&format!("app/{STAGING_PREFIX}a"));
    symlink(server.path("home"), &link).unwrap();
    // Nor one that stands where an upload would have moved a leftover to.
    let folder = plant(&server, "b", 0o700);
    symlink(server.path("home"), folder.join("o0")).unwrap();
    for text in ["new", "new", "newer"] {
        upload(&server, text).await;
        nothing_is_lost(&server);
        assert_eq!(left(&server), ["a", "b"]);
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
}

#[tokio::test]
async fn what_others_could_have_made_is_left_alone() {
    let server = shared(0o1777);
    let mut folders = vec![plant(&server, "a", 0o755), plant(&server, "b", 0o770)];
    let foreign = plant(&server, "c", 0o700);
    chown(&foreign, Some(STRANGER), None).unwrap();
    folders.push(foreign);
    for text in ["new", "new", "newer"] {
        upload(&server, text).await;
        assert_eq!(left(&server), ["a", "b", "c"]);
        for folder in &folders {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "{folder:?}");
        }
    }
}

/// A private folder of the account's, given such a name by somebody who may rename it.
#[tokio::test]
async fn what_no_upload_makes_stays_where_it_is() {
    let server = shared(0o777);
    let folder = plant(&server, "a", 0o700);
    fs::write(folder.join("id_ed25519"), "precious").unwrap();
    for text in ["new", "new", "newer"] {
        upload(&server, text).await;
        assert_eq!(left(&server), ["a"]);
        assert!(folder.join("id_ed25519").exists());
    }
}

/// A leftover that is exchanged for a link, and back, again and again, while uploads look at it.
#[tokio::test]
async fn a_leftover_that_becomes_a_link_is_not_followed() {
    let server = shared(0o777);
    let leftover = server.path(&format!("app/{STAGING_PREFIX}a"));
    let (aside, home) = (server.path("aside"), server.path("home"));
    let done = Arc::new(AtomicBool::new(false));
    let (stop, at) = (Arc::clone(&done), leftover.clone());
    let attacker = std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            // Any of these may fail: an upload has been there in between.
            if !aside.exists() {
                make(&aside, 0o700);
            }
            let _ = fs::rename(&aside, &at);
            std::thread::sleep(Duration::from_micros(300));
            let _ = fs::rename(&at, &aside);
            let _ = symlink(&home, &at);
            std::thread::sleep(Duration::from_micros(300));
            let _ = fs::remove_file(&at);
        }
    });
    let session = server.connect().await;
    let started = Instant::now();
    let mut text = String::new();
    while started.elapsed() < Duration::from_secs(3) {
        text.push('x');
        let report = session.upload(request(&server, &text), None).await;
        assert_eq!(report.unwrap().uploaded.len(), 1);
        nothing_is_lost(&server);
    }
    done.store(true, Ordering::Relaxed);
    attacker.join().unwrap();
}

/// A file that is never read to its end.
struct Endless;

impl LocalFile for Endless {
    fn open(&self) -> std::io::Result<Reader> {
        struct Slow;
        impl std::io::Read for Slow {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                std::thread::sleep(Duration::from_millis(20));
                buffer.fill(0);
                Ok(buffer.len())
            }
        }
        Ok(Box::new(Slow))
    }
}

/// Where the others may rename even the folder of an upload that lives, its end follows no link.
#[tokio::test]
async fn an_uploads_own_folder_that_becomes_a_link_is_not_followed() {
    let server = shared(0o777);
    let session = server.connect().await;
    let mut request = request(&server, "");
    request.entries[0].local = Arc::new(Endless);
    request.entries[0].size = 1 << 40;
    let exchange = async {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if let [name] = &left(&server)[..] {
                let folder = server.path(&format!("app/{STAGING_PREFIX}{name}"));
                let mode = fs::metadata(&folder).unwrap().permissions().mode();
                assert_eq!(mode & 0o7777, 0o700);
                fs::rename(&folder, server.path("aside")).unwrap();
                symlink(server.path("home"), &folder).unwrap();
                return folder;
            }
        }
    };
    let link = tokio::select! {
        folder = exchange => folder,
        ended = session.upload(request, None) => panic!("{ended:?}"),
    };
    // It was dropped; what it removes, it has removed by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(link.is_symlink());
    nothing_is_lost(&server);
}
