//! Programs that know nothing of the host, and the folders that they are handed.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use capstep_host::sandbox::{AbiKind, Arguments, Invocation, Limits, Preopen, RunOutcome};

use crate::guests;
use crate::support::run;

fn exited(outcome: RunOutcome) -> (i32, String) {
    match outcome {
        RunOutcome::Exited { code, stdout, .. } => (code, String::from_utf8(stdout).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_environment_input_output_and_exit_code() {
    let source = r#"
        use std::io::Read;
        fn main() {
            let mut input = String::new();
            std::io::stdin().read_to_string(&mut input).unwrap();
            let args: Vec<String> = std::env::args().collect();
            let vars: Vec<(String, String)> = std::env::vars().collect();
            println!("{args:?} {vars:?} {input:?}");
            eprintln!("to the log");
            std::process::exit(7);
        }"#;
    for target in ["wasm32-wasip1", "wasm32-wasip2"] {
        let bytes = guests::rust("all", source, target);
        let invocation = Invocation {
            arguments: Arguments::Plain {
                args: vec!["tool".into(), "-v".into()],
                env: vec![("A".into(), "1".into())],
                stdin: b"some\ninput".to_vec(),
                stdout_capture_limit: 1 << 20,
            },
            ..Invocation::plain(Vec::new())
        };
        let (report, host) = run(&bytes, AbiKind::Plain, invocation).await;
        let (code, stdout) = exited(report.outcome);
        // Rust's library for WASI 0.2 knows success and failure only.
        assert!(
            if target == "wasm32-wasip1" {
                code == 7
            } else {
                code != 0
            },
            "{target} {code}"
        );
        assert_eq!(
            stdout,
            "[\"tool\", \"-v\"] [(\"A\", \"1\")] \"some\\ninput\"\n"
        );
        assert_eq!(
            (host.stdout(), host.stderr()),
            (stdout, "to the log\n".to_owned())
        );
        assert!(host.calls().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_is_passed_on_and_not_kept() {
    // 1 GB in pieces of 1 MB.
    let bytes = guests::command(
        "",
        "(local $n i32) (memory.fill (i32.const 65536) (i32.const 120) (i32.const 1000000))
         (loop $l (call $print (i32.const 65536) (i32.const 1000000))
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $l (i32.lt_u (local.get $n) (i32.const 1000))))",
    );
    let limits = Limits {
        time: Duration::from_secs(60),
        ..Limits::default()
    };
    let before = resident();
    let (report, host) = run(
        &bytes,
        AbiKind::Plain,
        Invocation {
            limits,
            ..Invocation::plain(vec![])
        },
    )
    .await;
    let RunOutcome::Exited {
        code: 0,
        stdout,
        truncated: true,
    } = report.outcome
    else {
        panic!("{:?}", report.outcome)
    };
    assert_eq!(stdout.len(), 1 << 20);
    assert_eq!(*host.written.lock().unwrap(), 1_000_000_000);
    assert!(
        resident() < before + (200 << 20),
        "{} {}",
        before,
        resident()
    );
}

/// The memory of this process in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or("0 kB");
    line.trim()
        .trim_end_matches(" kB")
        .parse::<usize>()
        .unwrap_or(0)
        << 10
}

/// Tries what its arguments say, one after the other, and prints how each went.
const FILES: &str = r#"
    use std::{fs, io};
    fn main() {
        let args: Vec<String> = std::env::args().skip(1).collect();
        for what in &args {
            let (verb, path) = what.split_once(' ').unwrap();
            let result = match verb {
                "read" => fs::read_to_string(path),
                "write" => fs::write(path, "changed").map(|()| String::from("ok")),
                "append" => fs::OpenOptions::new().append(true).open(path).map(|_| String::from("ok")),
                "truncate" => fs::File::create(path).map(|_| String::from("ok")),
                "mkdir" => fs::create_dir(path).map(|()| String::from("ok")),
                "remove" => fs::remove_file(path).map(|()| String::from("ok")),
                "rename" => { let (a, b) = path.split_once(' ').unwrap(); fs::rename(a, b).map(|()| String::from("ok")) }
                "link" => { let (a, b) = path.split_once(' ').unwrap(); fs::hard_link(a, b).map(|()| String::from("ok")) }
                "list" => fs::read_dir(path).map(|entries| entries.count().to_string()),
                other => Err(io::Error::other(other.to_owned())),
            };
            match result {
                Ok(text) => println!("{text}"),
                Err(error) => println!("{:?}", error.kind()),
            }
        }
    }"#;

async fn try_files(preopens: Vec<Preopen>, what: &[&str]) -> Vec<String> {
    let mut args = vec!["files".to_owned()];
    args.extend(what.iter().map(|text| (*text).to_owned()));
    let bytes = guests::rust("files", FILES, "wasm32-wasip1");
    let (report, _) = run(
        &bytes,
        AbiKind::Plain,
        Invocation {
            preopens,
            ..Invocation::plain(args)
        },
    )
    .await;
    let (code, stdout) = exited(report.outcome);
    assert_eq!(code, 0);
    stdout.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_to_read_can_not_be_changed_and_one_to_write_can() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["read", "write"] {
        fs::create_dir(root.path().join(folder)).unwrap();
        fs::write(root.path().join(folder).join("a"), "text").unwrap();
    }
    let preopens = vec![
        Preopen {
            host: root.path().join("read"),
            guest: "/in".into(),
            writable: false,
        },
        Preopen {
            host: root.path().join("write"),
            guest: "/out".into(),
            writable: true,
        },
    ];
    let denied = "PermissionDenied";
    for (what, expected) in [
        ("read /in/a", "text"),
        ("list /in", "1"),
        ("write /in/a", denied),
        ("write /in/b", denied),
        ("append /in/a", denied),
        ("truncate /in/a", denied),
        ("mkdir /in/d", denied),
        ("remove /in/a", denied),
        ("rename /in/a /in/b", denied),
        ("rename /in/a /out/b", denied),
        ("link /in/a /out/l", denied),
        ("write /out/b", "ok"),
        ("mkdir /out/d", "ok"),
        ("remove /out/a", "ok"),
    ] {
        assert_eq!(
            try_files(preopens.clone(), &[what]).await,
            [expected],
            "{what}"
        );
    }
    assert_eq!(
        fs::read_to_string(root.path().join("read/a")).unwrap(),
        "text"
    );
    assert_eq!(
        fs::read_to_string(root.path().join("write/b")).unwrap(),
        "changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out_of_a_folder() {
    let root = tempfile::tempdir().unwrap();
    let inside = root.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::create_dir(root.path().join("outside")).unwrap();
    fs::write(root.path().join("outside/secret"), "secret").unwrap();
    let absolute = root.path().join("outside/secret");
    symlink("../outside/secret", inside.join("relative")).unwrap();
    symlink(&absolute, inside.join("absolute")).unwrap();
    symlink("../outside", inside.join("folder")).unwrap();
    symlink("relative", inside.join("twice")).unwrap();
    symlink("..", inside.join("up")).unwrap();
    let read = format!("read {}", absolute.display());
    let below = format!("read /in{}", absolute.display());
    let tries = [
        "read /in/../outside/secret",
        "read /in/./.././outside/secret",
        "read /in/relative",
        "read /in/absolute",
        "read /in/folder/secret",
        "read /in/folder/",
        "read /in/twice",
        "read /in/up/outside/secret",
        "read ../outside/secret",
        "read /etc/passwd",
        "read /in//etc/passwd",
        "read /proc/self/environ",
        &read,
        &below,
        "write /in/folder/new",
        "write /in/../outside/new",
        "write /in/relative",
        "truncate /in/absolute",
        "list /in/up",
        "list /in/folder/",
        "list /",
        "mkdir /in/folder/new",
        "remove /in/folder/secret",
        "rename /in/folder/ /in/mine",
        "rename /in/relative/ /in/mine",
        "link /in/folder/secret /in/mine",
    ];
    let preopens = vec![Preopen {
        host: inside.clone(),
        guest: "/in".into(),
        writable: true,
    }];
    let found = try_files(preopens, &tries).await;
    for (what, found) in tries.iter().zip(&found) {
        let refused = [
            "PermissionDenied",
            "NotFound",
            "NotADirectory",
            "Uncategorized",
            "CrossesDevices",
            "InvalidInput",
        ];
        assert!(refused.contains(&found.as_str()), "{what}: {found}");
    }
    assert_eq!(found.len(), tries.len());
    assert_eq!(fs::read_to_string(&absolute).unwrap(), "secret");
    assert_eq!(
        fs::read_dir(root.path().join("outside")).unwrap().count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_a_fault_that_names_it() {
    let preopens = vec![Preopen {
        host: "/nowhere/at/all".into(),
        guest: "/in".into(),
        writable: false,
    }];
    let (report, _) = run(
        &guests::command("", ""),
        AbiKind::Plain,
        Invocation {
            preopens,
            ..Invocation::plain(vec![])
        },
    )
    .await;
    assert!(
        matches!(&report.outcome, RunOutcome::HostFault { message } if message.contains("/nowhere/at/all"))
    );
}
