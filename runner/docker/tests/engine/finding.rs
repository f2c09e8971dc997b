//! Which engine is found, against what the docker command line says (`docker context inspect`).

use std::fs;
use std::path::Path;
use std::process::Command;

use capstep_docker::{DockerErrorKind, Endpoint, Source, Surroundings};

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
