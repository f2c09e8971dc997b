//! Which engine is found, against what the docker command line says (`docker context inspect`).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use capstep_docker::{ApiVersion, Direct, DockerErrorKind, Endpoint, Engine, Source, Surroundings};

use crate::support::dockerd;

/// Values of `DOCKER_HOST` with the answer of the docker command line, 28.2.2 and 20.10.24; the same but for
/// `ssh://h/p`, which the older one refuses. `!` marks what it refuses, `-` what it takes and this crate does not.
const HOSTS: [(&str, &str); 20] = [
    ("", "unix:///var/run/docker.sock"),
    ("unix:///x/y.sock", "unix:///x/y.sock"),
    ("unix://", "unix:///var/run/docker.sock"),
    ("unix:///./a", "unix:///./a"),
    (" unix:///x ", "unix:///x"),
    ("tcp://1.2.3.4", "tcp://1.2.3.4:2375"),
    ("tcp://1.2.3.4:99", "tcp://1.2.3.4:99"),
    ("1.2.3.4:77", "tcp://1.2.3.4:77"),
    ("tcp://[::1]:5", "tcp://[::1]:5"),
    ("h", "tcp://h:2375"),
    (":88", "tcp://localhost:88"),
    ("tcp://", "tcp://localhost:2375"),
    ("tcp://[::1]", "!"),
    ("http://h:4", "!"),
    ("tcp://h:notaport", "!"),
    ("UNIX:///x", "!"),
    ("tcp://h:77/path", "-tcp://h:77/path"),
    ("ssh://me@h", "-ssh://me@h"),
    ("fd://", "-fd://"),
    ("unix:/x", "-tcp://unix:2375/x"),
];

fn ours(around: &Surroundings) -> Result<(String, Source), DockerErrorKind> {
    Endpoint::find(around)
        .map(|found| (found.address.to_string(), found.source))
        .map_err(|error| error.kind)
}

/// What the command line says of the same surroundings.
fn theirs(around: &Surroundings) -> Option<String> {
    let mut command = Command::new("docker");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .args([
            "context",
            "inspect",
            "--format",
            "{{.Endpoints.docker.Host}}",
        ]);
    if let Some(host) = &around.docker_host {
        command.env("DOCKER_HOST", host);
    }
    if let Some(context) = &around.docker_context {
        command.env("DOCKER_CONTEXT", context);
    }
    if let Some(config) = &around.docker_config {
        command.env("DOCKER_CONFIG", config);
    }
    for (name, value) in [
        ("DOCKER_TLS", &around.docker_tls),
        ("DOCKER_TLS_VERIFY", &around.docker_tls_verify),
    ] {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    if let Some(folder) = &around.docker_cert_path {
        command.env("DOCKER_CERT_PATH", folder);
    }
    if let Some(home) = &around.home {
        command.env("HOME", home);
    }
    let output = command.output().unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn addresses_are_read_as_the_command_line_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    for (host, expected) in HOSTS {
        let around = Surroundings {
            docker_host: Some(host.into()),
            docker_config: Some(dir.path().into()),
            ..Surroundings::default()
        };
        let said = theirs(&around);
        let found = ours(&around);
        match expected.as_bytes().first() {
            Some(b'!') => {
                assert_eq!(said, None, "{host}");
                assert_eq!(found, Err(DockerErrorKind::Invalid), "{host}");
            }
            Some(b'-') => {
                assert_eq!(said.as_deref(), expected.get(1..), "{host}");
                assert_eq!(found, Err(DockerErrorKind::Unsupported), "{host}");
            }
            _ => {
                assert_eq!(said.as_deref(), Some(expected), "{host}");
                assert_eq!(found.unwrap().0, expected, "{host}");
            }
        }
    }
}

fn create(config: &Path, arguments: &[&str]) {
    let output = Command::new("docker")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DOCKER_CONFIG", config)
        .args(["context"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn contexts_are_found_as_the_command_line_finds_them() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".docker");
    create(
        &config,
        &["create", "one", "--docker", "host=unix:///one.sock"],
    );
    create(
        &config,
        &["create", "zwei", "--docker", "host=tcp://zwei:1"],
    );
    create(&config, &["create", "far", "--docker", "host=ssh://me@far"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let base = Surroundings {
        home: Some(home.path().into()),
        ..Surroundings::default()
    };
    let context = |name: &str| Some(name.to_owned());
    for (current, around, expected) in [
        (
            None,
            base.clone(),
            Ok(("unix:///var/run/docker.sock", Source::Default)),
        ),
        (
            Some("one"),
            base.clone(),
            Ok(("unix:///one.sock", Source::CurrentContext("one".into()))),
        ),
        (
            Some("one"),
            Surroundings {
                docker_context: context("zwei"),
                ..base.clone()
            },
            Ok(("tcp://zwei:1", Source::DockerContext("zwei".into()))),
        ),
        (
            Some("one"),
            Surroundings {
                docker_context: context("default"),
                ..base.clone()
            },
            Ok(("unix:///var/run/docker.sock", Source::Default)),
        ),
        (
            Some("one"),
            Surroundings {
                docker_context: context("zwei"),
                docker_host: Some("tcp://h:1".into()),
                ..base.clone()
            },
            Ok(("tcp://h:1", Source::DockerHost)),
        ),
        (
            Some("one"),
            Surroundings {
                docker_config: Some(elsewhere.path().into()),
                ..base.clone()
            },
            Ok(("unix:///var/run/docker.sock", Source::Default)),
        ),
        (
            None,
            Surroundings {
                docker_config: Some(config.clone()),
                docker_context: context("zwei"),
                home: None,
                ..base.clone()
            },
            Ok(("tcp://zwei:1", Source::DockerContext("zwei".into()))),
        ),
        (Some("far"), base.clone(), Err(DockerErrorKind::Unsupported)),
        (Some("gone"), base.clone(), Err(DockerErrorKind::NotFound)),
    ] {
        let text = match current {
            Some(name) => format!("{{\"auths\":{{}},\"currentContext\":\"{name}\"}}"),
            None => String::new(),
        };
        fs::write(config.join("config.json"), text).unwrap();
        let expected = expected.map(|(address, source)| (address.to_owned(), source));
        match &expected {
            Ok((address, _)) => assert_eq!(theirs(&around).as_ref(), Some(address), "{around:?}"),
            Err(DockerErrorKind::NotFound) => assert_eq!(theirs(&around), None),
            Err(_) => {}
        }
        assert_eq!(ours(&around), expected, "{around:?}");
    }
    fs::write(config.join("config.json"), "{ not json").unwrap();
    assert_eq!(ours(&base), Err(DockerErrorKind::Invalid));
}

#[test]
fn a_rootless_engine_is_found_where_the_system_has_none() {
    let runtime = tempfile::tempdir().unwrap();
    let socket = runtime.path().join("docker.sock");
    fs::write(&socket, "").unwrap();
    let around = |uid| Surroundings {
        runtime_dir: Some(runtime.path().into()),
        uid,
        ..Surroundings::default()
    };
    let system = Path::new("/var/run/docker.sock").exists();
    let (address, source) = ours(&around(1000)).unwrap();
    if system {
        assert_eq!(source, Source::Default);
    } else {
        assert_eq!(
            (address, source),
            (format!("unix://{}", socket.display()), Source::Rootless)
        );
    }
    assert_eq!(ours(&around(0)).unwrap().1, Source::Default);
}

/// `DOCKER_TLS` and `DOCKER_TLS_VERIFY` name an engine where nothing else does, and certificates of any that no context
/// names. (An empty `DOCKER_HOST` is none to Docker's command line 28, and hides the context from that of 20.10.)
#[test]
fn tls_is_asked_for_as_the_command_line_does() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".docker");
    create(
        &config,
        &["create", "one", "--docker", "host=unix:///one.sock"],
    );
    let certificates = tempfile::tempdir().unwrap();
    let key = rcgen::generate_simple_self_signed(vec!["x".to_owned()]).unwrap();
    fs::write(certificates.path().join("ca.pem"), key.cert.pem()).unwrap();
    let text = |text: &str| Some(text.to_owned());
    let base = Surroundings {
        home: Some(home.path().into()),
        ..Surroundings::default()
    };
    let verified = Surroundings {
        docker_tls_verify: text("1"),
        docker_cert_path: Some(certificates.path().into()),
        ..base.clone()
    };
    for (around, expected, tls) in [
        // The files are only looked at where TLS is asked for.
        (
            Surroundings {
                docker_tls_verify: text(""),
                docker_tls: text(""),
                ..verified.clone()
            },
            Ok(("unix:///var/run/docker.sock", Source::Default)),
            false,
        ),
        (
            verified.clone(),
            Ok(("tcp://localhost:2376", Source::Tls)),
            true,
        ),
        // Any text turns it on.
        (
            Surroundings {
                docker_tls_verify: text("0"),
                ..verified.clone()
            },
            Ok(("tcp://localhost:2376", Source::Tls)),
            true,
        ),
        (
            Surroundings {
                docker_tls: text("1"),
                ..verified.clone()
            },
            Ok(("tcp://localhost:2376", Source::Tls)),
            true,
        ),
        (
            Surroundings {
                docker_host: text("tcp://h"),
                ..verified.clone()
            },
            Ok(("tcp://h:2375", Source::DockerHost)),
            true,
        ),
        (
            Surroundings {
                docker_host: text(" "),
                ..verified.clone()
            },
            Ok(("tcp://localhost:2376", Source::DockerHost)),
            true,
        ),
        // A context has certificates of its own, or none.
        (
            Surroundings {
                docker_context: text("one"),
                ..verified.clone()
            },
            Ok(("unix:///one.sock", Source::DockerContext("one".into()))),
            false,
        ),
        // There is no file to check by.
        (
            Surroundings {
                docker_cert_path: None,
                ..verified.clone()
            },
            Err(DockerErrorKind::NotFound),
            false,
        ),
        // Nobody would check: the command line does that.
        (
            Surroundings {
                docker_tls: text("1"),
                docker_cert_path: Some(certificates.path().into()),
                ..base.clone()
            },
            Err(DockerErrorKind::Unsupported),
            false,
        ),
    ] {
        let expected = expected.map(|(address, source)| (address.to_owned(), source));
        match &expected {
            Ok((address, _)) => assert_eq!(theirs(&around).as_ref(), Some(address), "{around:?}"),
            Err(DockerErrorKind::NotFound) => assert_eq!(theirs(&around), None, "{around:?}"),
            Err(_) => assert_eq!(theirs(&around).as_deref(), Some("tcp://localhost:2376")),
        }
        let found = Endpoint::find(&around);
        assert_eq!(
            found.as_ref().is_ok_and(|found| found.tls.is_some()),
            tls,
            "{around:?}"
        );
        assert_eq!(ours(&around), expected, "{around:?}");
    }
}

#[test]
fn versions_and_platforms_are_read() {
    for (text, expected) in [
        ("", Ok(None)),
        ("1.41", Ok(Some(ApiVersion(1, 41)))),
        ("v1.40", Ok(Some(ApiVersion(1, 40)))),
        ("new", Err(DockerErrorKind::Invalid)),
        ("1", Err(DockerErrorKind::Invalid)),
    ] {
        let found = Endpoint::find(&Surroundings {
            docker_api_version: Some(text.to_owned()),
            docker_default_platform: Some(text.to_owned()),
            ..Surroundings::default()
        });
        let platform = found
            .as_ref()
            .ok()
            .and_then(|found| found.default_platform.clone());
        if expected.is_ok() {
            assert_eq!(platform.unwrap_or_default(), text);
        }
        assert_eq!(
            found.map(|found| found.api).map_err(|error| error.kind),
            expected,
            "{text}"
        );
    }
}

/// `DOCKER_API_VERSION` is spoken where both sides know it.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_insisted_on_is_spoken() {
    for (text, expected) in [
        ("1.40", Ok(ApiVersion(1, 40))),
        ("1.24", Err(DockerErrorKind::Unsupported)),
        ("1.99", Err(DockerErrorKind::Unsupported)),
    ] {
        let endpoint = Endpoint::find(&Surroundings {
            docker_host: Some(dockerd().host()),
            docker_api_version: Some(text.to_owned()),
            ..Surroundings::default()
        })
        .unwrap();
        let connected = Engine::connect(&endpoint, Arc::new(Direct)).await;
        assert_eq!(
            connected
                .map(|engine| engine.info().api)
                .map_err(|error| error.kind),
            expected,
            "{text}"
        );
    }
}
