//! Engines that no test could install: what they answer is written here, and what they are asked is kept.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use capstep_docker::{
    ApiVersion, Builder, Direct, DockerErrorKind, Endpoint, Engine, Reference, RegistryCredentials,
    Stage,
};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::support::{Context, deaf, layers};

/// An engine of a version, with answers by the beginning of the request.
struct Fake {
    dir: TempDir,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn start(api: &str, least: &str, answers: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut known = vec![
            ("GET /_ping".to_owned(), "OK".to_owned()),
            (
                "GET /version".to_owned(),
                format!(
                    r#"{{"Version":"x","Os":"linux","ApiVersion":"{api}","MinAPIVersion":"{least}"}}"#
                ),
            ),
        ];
        known.extend(
            answers
                .iter()
                .map(|(path, answer)| ((*path).to_owned(), (*answer).to_owned())),
        );
        let (heard, api) = (Arc::clone(&asked), api.to_owned());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                // A context ends in an empty chunk, all else in an empty line.
                loop {
                    let mut piece = [0; 4096];
                    let count = stream.read(&mut piece).await.unwrap();
                    request.extend_from_slice(piece.get(..count).unwrap());
                    let text = String::from_utf8_lossy(&request);
                    let streamed = text.contains("transfer-encoding: chunked");
                    let end = if streamed {
                        "\r\n0\r\n\r\n"
                    } else {
                        "\r\n\r\n"
                    };
                    if count == 0 || text.ends_with(end) {
                        break;
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let (status, answer) = known
                    .iter()
                    .find(|(path, _)| request.starts_with(path.as_str()))
                    .map_or(("404 Not Found", ""), |(_, answer)| {
                        ("200 OK", answer.as_str())
                    });
                let head = format!(
                    "HTTP/1.1 {status}\r\nApi-Version: {api}\r\nContent-Length: {}\r\n\r\n",
                    answer.len()
                );
                heard.lock().unwrap().push(request);
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { dir, asked }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    async fn connect(&self) -> Engine {
        Engine::connect(&Endpoint::unix(self.socket()), Arc::new(Direct))
            .await
            .unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_agreed_version_is_spoken() {
    for (api, agreed, path) in [
        (
            "1.41",
            ApiVersion(1, 41),
            "GET /v1.41/images/x/json HTTP/1.1",
        ),
        (
            "1.99",
            ApiVersion(1, 47),
            "GET /v1.47/images/x/json HTTP/1.1",
        ),
    ] {
        let fake = Fake::start(api, "1.24", &[]);
        let engine = fake.connect().await;
        assert_eq!(engine.info().api, agreed);
        let error = engine.inspect("x").await.unwrap_err();
        assert_eq!(error.kind, DockerErrorKind::NotFound, "{error}");
        assert!(
            fake.asked().last().unwrap().starts_with(path),
            "{:?}",
            fake.asked()
        );
    }
}

#[tokio::test]
async fn engines_too_old_and_too_new_are_told() {
    for (api, least, words) in [
        ("1.39", "1.12", "1.40 (Docker 19.03) is the oldest"),
        ("1.99", "1.60", "1.47 is the newest"),
    ] {
        let fake = Fake::start(api, least, &[]);
        let error = Engine::connect(&Endpoint::unix(fake.socket()), Arc::new(Direct))
            .await
            .unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Connect, DockerErrorKind::Unsupported)
        );
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn names_make_no_other_request() {
    let fake = Fake::start("1.41", "1.12", &[]);
    let engine = fake.connect().await;
    let before = fake.asked().len();
    for image in ["../containers/json?all=1#", "..", "a?b", "%2e%2e", ""] {
        for error in [
            engine.inspect(image).await.unwrap_err(),
            engine.remove(image).await.unwrap_err(),
        ] {
            assert_eq!(error.kind, DockerErrorKind::Invalid, "{image}: {error}");
        }
    }
    assert_eq!(fake.asked().len(), before);
}

#[tokio::test]
async fn accounts_are_spelled_in_the_alphabet_that_engines_read() {
    let id = format!(r#"{{"Id":"sha256:{}"}}"#, "0".repeat(64));
    let fake = Fake::start(
        "1.41",
        "1.12",
        &[
            (
                "POST /v1.41/images/create?",
                "{\"status\":\"Digest: sha256:1\"}\r\n",
            ),
            ("GET /v1.41/images/", &id),
        ],
    );
    let engine = fake.connect().await;
    let account = RegistryCredentials {
        registry: "r.example".into(),
        username: "ci".into(),
        password: SecretString::from("????????>>>>>>>>"),
    };
    let reference = Reference::parse(Stage::Pull, "r.example/a:1").unwrap();
    let (listener, _) = layers();
    let token = CancellationToken::new();
    let pulled = engine
        .pull(&reference, None, Some(&account), &listener, &token)
        .await
        .unwrap();
    assert_eq!(pulled.digest.as_deref(), Some("sha256:1"));
    let asked = fake.asked();
    let values: Vec<&str> = asked
        .iter()
        .flat_map(|request| request.lines())
        .filter_map(|line| line.strip_prefix("x-registry-auth: "))
        .collect();
    let [value] = values.as_slice() else {
        panic!("{asked:?}");
    };
    assert!(
        value.contains('_') && !value.contains(['/', '+']),
        "{value}"
    );
}

/// Podman before 5 sends an error without details, for which bollard has no place.
#[tokio::test]
async fn a_build_that_ends_without_an_image_shows_where() {
    let fake = Fake::start(
        "1.41",
        "1.12",
        &[
            ("GET /v1.41/images/json", "[]"),
            (
                "POST /v1.41/build?",
                "{\"stream\":\"Step 1/2 : FROM base\\n\"}\n{\"stream\":\"Step 2/2 : RUN x\\n\"}\n{\"stream\":\"broken\\n\"}\n{\"error\":\"exit status 1\"}\n",
            ),
        ],
    );
    let engine = fake.connect().await;
    let context = Context::new(&[("Dockerfile", "FROM base\nRUN x\n")]);
    let mut request = context.request();
    request.builder = Some(Builder::Classic);
    let error = engine
        .build(&request, &deaf(), &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::BuildFailed, "{error}");
    assert!(error.message.starts_with("Dockerfile:2: "), "{error}");
    assert_eq!(error.instruction.unwrap().last_lines, ["broken"]);
}
