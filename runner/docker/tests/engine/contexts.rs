//! What is sent, against what `docker build` sends: the very tar entries for the classic builder, and the files that
//! arrive for BuildKit.
//!
//! `contexts.txt` holds the answers: for the classic builder those of the docker command line 28.2.2 (`classic`) and,
//! where they differ, of 20.10.24 (`classic-20.10`); for BuildKit those of 20.10.24 (`buildkit`), the last one that
//! brings BuildKit's client along. The rules for patterns were mended since, in the library that both clients share:
//! [`MENDED`] are the trees where that shows, and there `buildkit-mended` says what the rules of today come to. Those
//! rows follow from the library's text, not from a run.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use capstep_docker::context::{self, EntryKind, Open};
use capstep_docker::{
    BuildRequest, Builder, ContextSource, Direct, DockerErrorKind, Endpoint, Engine,
};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{deaf, dockerd};
use crate::trees::{TREES, Tree};

/// The answers by tree; a line is `KIND ENTRY`.
const TABLE: &str = include_str!("contexts.txt");

/// Trees where BuildKit's client of 20.10 differs from those of today, and why.
const MENDED: [(&str, &str); 5] = [
    (
        "characters of expressions",
        "`+`, `(` and `{` had the meaning that they have in expressions",
    ),
    (
        "stars next to names",
        "`**b` meant a whole name, and now the end of one",
    ),
    (
        "exception that begins with double star",
        "a folder that is left out was not looked into for such an exception",
    ),
    (
        "star and an exception that begins with double star",
        "the same",
    ),
    ("node modules", "the same"),
];

/// The docker command line that is asked: that of the machine's packages, unless another is named.
fn docker() -> Command {
    let program = std::env::var("CAPSTEP_DOCKER").unwrap_or_else(|_| "docker".into());
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("DOCKER_BUILDKIT", "0");
    command
}

/// The kind of row that a docker command line's answers for the classic builder are.
fn classic_kind() -> &'static str {
    let output = docker().arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let major: u32 = text
        .trim_start_matches("Docker version ")
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap();
    if major < 23 {
        "classic-20.10"
    } else {
        "classic"
    }
}

/// An engine that takes builds and remembers their contexts.
struct Recorder {
    dir: TempDir,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Recorder {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::UnixListener::bind(dir.path().join("sock")).unwrap();
        let heard = Arc::clone(&bodies);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let heard = Arc::clone(&heard);
                let service = service_fn(move |request| record(Arc::clone(&heard), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { dir, bodies }
    }

    fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("sock").display())
    }

    /// The entries of the last context: everything about them but the folder's own times.
    fn entries(&self) -> Vec<String> {
        let body = self.bodies.lock().unwrap().pop().expect("a context came");
        let mut archive = tar::Archive::new(&body[..]);
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            let mut text = String::new();
            write!(
                text,
                "{:?} {:?} {:o} {} {}:{}",
                String::from_utf8_lossy(&entry.path_bytes()),
                header.entry_type(),
                header.mode().unwrap() & 0o7777,
                entry.size(),
                header.uid().unwrap(),
                header.gid().unwrap(),
            )
            .unwrap();
            if let Some(target) = entry.link_name_bytes() {
                write!(text, " -> {:?}", String::from_utf8_lossy(&target)).unwrap();
            }
            found.push(text);
        }
        found.sort();
        found
    }
}

async fn record(
    heard: Arc<Mutex<Vec<Bytes>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let answer = if path.ends_with("/build") {
        heard.lock().unwrap().push(body);
        "{\"aux\":{\"ID\":\"sha256:0\"}}\n"
    } else if path.ends_with("/images/json") {
        "[]"
    } else if path.ends_with("/version") {
        "{\"Version\":\"0\",\"Os\":\"linux\"}"
    } else {
        "{}"
    };
    Ok(Response::builder()
        .header("Api-Version", "1.41")
        .header("Ostype", "linux")
        .header("Builder-Version", "1")
        .body(Full::new(Bytes::from(answer)))
        .unwrap())
}

fn source(root: &Path) -> ContextSource {
    let dir = Dir::open_ambient_dir(root, ambient_authority()).unwrap();
    ContextSource::new(Arc::new(dir), Arc::new(Open))
}

/// What `docker build` sends, or nothing where it refuses.
async fn classic_reference(recorder: &Recorder, tree: &Tree, root: &Path) -> Vec<String> {
    let host = recorder.host();
    let config = recorder.dir.path().join("config");
    let dockerfile = root.join(tree.dockerfile());
    let root = root.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        docker()
            .env("DOCKER_HOST", host)
            .env("DOCKER_CONFIG", config)
            .args(["build", "-q", "-f"])
            .arg(dockerfile)
            .arg(root)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    assert!(output.status.success(), "{}: {output:?}", tree.name);
    recorder.entries()
}

/// The paths that `COPY . /` brings with BuildKit, folders with a slash.
fn buildkit_reference(tree: &Tree, root: &Path) -> Vec<String> {
    let output = dockerd()
        .command("docker")
        .env("DOCKER_BUILDKIT", "1")
        .args(["build", "-q", "--output", "type=tar,dest=-", "-f"])
        .arg(root.join(tree.dockerfile()))
        .arg(root)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {output:?}", tree.name);
    let mut archive = tar::Archive::new(&output.stdout[..]);
    let mut found: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            format!("{:?}", String::from_utf8_lossy(&entry.path_bytes()))
        })
        .collect();
    found.sort();
    found
}

/// What this crate sends.
async fn classic_ours(recorder: &Recorder, tree: &Tree, root: &Path) -> Vec<String> {
    let endpoint = Endpoint::unix(recorder.dir.path().join("sock"));
    let engine = Engine::connect(&endpoint, Arc::new(Direct)).await.unwrap();
    let mut request = BuildRequest::new(source(root), "trees");
    request.builder = Some(Builder::Classic);
    request.dockerfile = tree.dockerfile().into();
    engine
        .build(&request, &deaf(), &CancellationToken::new())
        .await
        .unwrap();
    recorder.entries()
}

fn buildkit_ours(tree: &Tree, root: &Path) -> Vec<String> {
    let source = source(root);
    let ignore = context::ignore_text(&source, tree.dockerfile(), true).unwrap();
    let mut found: Vec<String> = context::list_for_buildkit(&source, &ignore)
        .unwrap()
        .into_iter()
        // `COPY` leaves pipes behind.
        .filter(|entry| entry.kind != EntryKind::Pipe)
        .map(|entry| {
            let slash = if entry.kind == EntryKind::Folder {
                "/"
            } else {
                ""
            };
            format!("{:?}", format!("{}{slash}", entry.path))
        })
        .collect();
    found.sort();
    found
}

/// A tree's rows of a kind; none where there are no such rows.
fn rows(tree: &Tree, kind: &str) -> Option<Vec<String>> {
    let mut rows = None;
    let mut here = false;
    for line in TABLE.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            here = name == tree.name;
        } else if here
            && let Some((of, entry)) = line.split_once(' ')
            && of == kind
        {
            let rows = rows.get_or_insert_with(Vec::new);
            // A kind with a bare dash has no entries at all.
            if entry != "-" {
                rows.push(entry.to_owned());
            }
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_builder_gets_what_docker_build_sends() {
    let recorder = Recorder::start();
    let kind = classic_kind();
    for tree in TREES {
        let root = tempfile::tempdir().unwrap();
        tree.plant(root.path());
        let current = rows(tree, "classic").expect("rows of the table");
        let reference = classic_reference(&recorder, tree, root.path()).await;
        let recorded = rows(tree, kind).unwrap_or_else(|| current.clone());
        assert_eq!(reference, recorded, "{}: the table is old", tree.name);
        let ours = classic_ours(&recorder, tree, root.path()).await;
        assert_eq!(ours, current, "{}", tree.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buildkit_gets_what_docker_build_sends() {
    let mut trees = tokio::task::JoinSet::new();
    for tree in TREES {
        trees.spawn_blocking(move || {
            let root = tempfile::tempdir().unwrap();
            tree.plant(root.path());
            let recorded = rows(tree, "buildkit").expect("rows of the table");
            let reference = buildkit_reference(tree, root.path());
            assert_eq!(reference, recorded, "{}: the table is old", tree.name);
            let ours = buildkit_ours(tree, root.path());
            let mended = MENDED.iter().any(|(name, _)| *name == tree.name);
            let expected = rows(tree, "buildkit-mended");
            assert_eq!(expected.is_some(), mended, "{}", tree.name);
            assert_eq!(ours, expected.unwrap_or(recorded), "{}", tree.name);
        });
    }
    while let Some(tree) = trees.join_next().await {
        tree.unwrap();
    }
}

#[test]
fn broken_patterns_are_refused_as_docker_build_refuses_them() {
    for pattern in ["[", "a[", "[]", "[^]", "!", "a\\", "[a-]"] {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("Dockerfile"), "FROM scratch\n").unwrap();
        std::fs::write(root.path().join(".dockerignore"), pattern).unwrap();
        let output = docker()
            .env("DOCKER_HOST", "unix:///nowhere")
            .args(["build", "-q"])
            .arg(root.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("syntax error in pattern") || said.contains("illegal exclusion pattern"),
            "{pattern}: {said}"
        );
        let error = context::list(&source(root.path()), pattern, "Dockerfile").unwrap_err();
        assert_eq!(error.kind, DockerErrorKind::Invalid, "{pattern}");
        assert!(error.message.contains(pattern), "{error}");
    }
}

/// Prints the rows of a docker command line, where it is asked to: `CAPSTEP_WRITE_CONTEXTS=FILE`, and
/// `CAPSTEP_DOCKER=PROGRAM` for another than the first in the path.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_written_on_request() {
    let Some(path) = std::env::var_os("CAPSTEP_WRITE_CONTEXTS") else {
        return;
    };
    let recorder = Recorder::start();
    let kind = classic_kind();
    let mut text = String::new();
    for tree in TREES {
        let root = tempfile::tempdir().unwrap();
        tree.plant(root.path());
        writeln!(text, "\n== {}", tree.name).unwrap();
        let mut write = |kind: &str, entries: Vec<String>| {
            if entries.is_empty() {
                writeln!(text, "{kind} -").unwrap();
            }
            for entry in entries {
                writeln!(text, "{kind} {entry}").unwrap();
            }
        };
        write(kind, classic_reference(&recorder, tree, root.path()).await);
        if kind == "classic-20.10" {
            write("buildkit", buildkit_reference(tree, root.path()));
        }
    }
    std::fs::write(path, text).unwrap();
}
