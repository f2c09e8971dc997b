//! What the demo's server does not do.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::os::unix::fs::symlink;

use capstep_demo::{DemoServers, SCRIPT};
use capstep_ssh::script::{BOOTSTRAP_AUTO, BOOTSTRAP_BASH, BOOTSTRAP_SH};
use capstep_ssh::{SshErrorKind, Stage};
use support::{Ran, connect_as, exec, login, script, upload};

fn refused(ran: &Ran, what: &str) {
    assert_eq!(ran.status.code, Some(126), "{what}: {ran:?}");
    assert_eq!(ran.stdout, b"", "{what}");
    assert!(
        ran.stderr.starts_with("capstep demo: refused: "),
        "{what}: {ran:?}"
    );
}

#[tokio::test]
async fn one_account_and_one_key_log_in() {
    let servers = DemoServers::start().await.unwrap();
    let other = DemoServers::start().await.unwrap();
    for (user, key) in [
        ("root", servers.user_key()),
        ("demo2", servers.user_key()),
        ("", servers.user_key()),
        (servers.user(), other.user_key()),
    ] {
        let error = connect_as(&servers, user, &key).await.unwrap_err();
        assert_eq!(error.stage, Stage::Authentication, "{user}: {error}");
    }
    assert_ne!(servers.known_hosts(), other.known_hosts());
    login(&servers).await;
}

#[tokio::test]
async fn other_commands_are_refused() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let marker = servers.root().join("marker");
    let touch = format!("touch {}", marker.display());
    for command in [
        "id",
        "",
        "sh",
        touch.as_str(),
        "exec /bin/sh -s ",
        "exec /bin/sh -s\n",
        "xargs -0 sha256sum; id",
        "xargs -0 rm -rf",
        "\u{fffd}",
    ] {
        let ran = exec(&session, command, touch.as_bytes()).await;
        refused(&ran, command);
    }
    assert!(!marker.exists());
}

#[tokio::test]
async fn other_scripts_are_refused() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let release = session
        .begin_release(&servers.release(), "r1", &[])
        .await
        .unwrap();
    let here = release.path.as_str();
    let marker = servers.root().join("marker");
    let touch = format!("touch {}", marker.display());
    let longer = format!("{SCRIPT}{touch}\n");
    let key = [("SECRET_KEY_BASE", "x")];
    for (text, env, folder) in [
        (touch.as_str(), &key[..], Some(here)),
        (longer.as_str(), &key, Some(here)),
        ("", &key, Some(here)),
        (SCRIPT, &[("BASH_ENV", "/tmp/x")], Some(here)),
        (SCRIPT, &[("PATH", "/tmp")], Some(here)),
        (SCRIPT, &key, None),
        (SCRIPT, &key, Some("/etc")),
        (SCRIPT, &key, Some(&format!("{here}/../../.."))),
        (SCRIPT, &key, Some(&servers.root().display().to_string())),
    ] {
        // A refused program ends while the client waits with its input open: the answer must come all the same.
        let (sender, receiver) = tokio::sync::mpsc::channel(8);
        let env: Vec<_> = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into()))
            .collect();
        let request = capstep_ssh::ScriptRequest {
            script: text,
            env: &env,
            working_directory: folder,
            interpreter: capstep_ssh::Interpreter::Auto,
            errexit: true,
        };
        let ran = support::collect(session.run_script(request, sender), receiver).await;
        refused(&ran, &format!("{text:?} {folder:?}"));
    }
    // Values are data: what looks like code in them stays text.
    let awful = format!("'; {touch}; $({touch}) `{touch}` '\n}} </dev/null\n{touch}");
    let env = [("SITE_NAME", awful.as_str()), ("SECRET_KEY_BASE", "x")];
    let ran = script(&session, SCRIPT, &env, Some(here)).await;
    assert!(ran.out().contains(&awful), "{ran:?}");
    assert!(!marker.exists());
}

#[tokio::test]
async fn other_programs_are_refused() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let marker = servers.root().join("marker");
    let touch = format!("touch {}\n", marker.display());
    let base = servers.release();
    let list = capstep_ssh::release::program_text(
        capstep_ssh::release::programs::LIST,
        &[("base", base.as_str())],
    )
    .unwrap();
    let ours = exec(&session, BOOTSTRAP_SH, list.as_bytes()).await;
    assert!(ours.status.success(), "{ours:?}");
    let check = async |input: String| {
        for command in [BOOTSTRAP_AUTO, BOOTSTRAP_BASH, BOOTSTRAP_SH] {
            refused(&exec(&session, command, input.as_bytes()).await, &input);
        }
    };
    check(String::new()).await;
    check(touch.clone()).await;
    check(format!("{{ {touch}}} </dev/null\n")).await;
    check(format!("{touch}{}", *list)).await;
    check(list.replace("LIST", "X").replace("set -eu", &touch)).await;
    check(list.replace("base=", "PATH=")).await;
    check(list.replace(&base, "/etc")).await;
    check(list.replace(&base, &format!("{base}/../../../..'; {touch}'"))).await;
    check("x".repeat(100_000)).await;
    // What comes after a program that may run is not passed on.
    let ran = exec(
        &session,
        BOOTSTRAP_SH,
        format!("{}{touch}", *list).as_bytes(),
    )
    .await;
    assert!(
        ran.stderr.contains("refused") || ran.status.success(),
        "{ran:?}"
    );
    assert!(!marker.exists());
}

#[tokio::test]
async fn names_outside_of_the_folder_are_refused() {
    let servers = DemoServers::start().await.unwrap();
    let session = login(&servers).await;
    let root = servers.root().display();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("precious"), "kept").unwrap();
    symlink(outside.path(), servers.root().join("out")).unwrap();
    let names = [
        format!("{}/precious", outside.path().display()),
        format!("{root}/out/precious"),
        format!(
            "{root}/../{}/precious",
            outside.path().file_name().unwrap().to_str().unwrap()
        ),
        "precious".to_owned(),
        "-rf".to_owned(),
        String::new(),
    ];
    for name in &names {
        for command in [
            "xargs -0 sha256sum",
            "xargs -0 rm -f",
            "xargs -0 rmdir",
            "xargs -0 -n 2 mv -T -f",
        ] {
            for input in [
                format!("{name}\0"),
                format!("{root}/a\0{name}\0"),
                name.clone(),
            ] {
                refused(&exec(&session, command, input.as_bytes()).await, name);
            }
        }
    }
    for path in &names[..3] {
        let error = session.stat(path).await.unwrap_err();
        assert_eq!(error.kind, SshErrorKind::Peer, "{path}: {error}");
        let error = session.read_link(path).await.unwrap_err();
        assert_eq!(error.kind, SshErrorKind::Peer, "{path}: {error}");
        let error = session
            .download(path, None, &mut Vec::new(), 9)
            .await
            .unwrap_err();
        assert_eq!(error.kind, SshErrorKind::Peer, "{path}: {error}");
    }
    for folder in [
        outside.path().display().to_string(),
        format!("{root}/out"),
        format!("{root}/out/new"),
    ] {
        assert!(
            upload(&session, &folder, &[("planted", "x")])
                .await
                .is_err(),
            "{folder}"
        );
    }
    let left: Vec<_> = std::fs::read_dir(outside.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    let kept = std::fs::read_to_string(outside.path().join("precious")).unwrap();
    assert_eq!(kept, "kept");
}
