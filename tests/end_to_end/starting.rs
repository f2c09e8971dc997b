//! Ctrl-C while a plugin is compiled and while settings are written, and the second Ctrl-C, which waits for nobody.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use capstep_tests::journal::assert_planned;
use capstep_tests::program::{Ran, Running, wait_until};
use capstep_tests::project::Project;
use capstep_tests::servers;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::interrupted::SOON;
use capstep_tests::deployment::Deployment;

/// Interrupts a run, and gives how it ended and how long that took.
#[track_caller]
fn interrupt(running: Running) -> (Ran, Duration) {
    let interrupted = Instant::now();
    running.signal(Signal::SIGINT);
    let ran = running.wait().expect(130);
    let took = interrupted.elapsed();
    assert!(took < SOON, "it took {took:?} to end");
    (ran, took)
}

/// A program that does nothing, in so much code that compiling it takes a while.
fn large_program() -> Vec<u8> {
    let line = "local.get 0 i32.const 31 i32.mul local.set 0 local.get 0 i32.const 7 i32.rotl local.set 0 ";
    let function = format!(
        "(func (param i32) (result i32) {} local.get 0)",
        line.repeat(200)
    );
    let functions = function.repeat(2_000);
    let start = "(func (export \"_start\"))";
    wat::parse_str(format!(
        "(module (memory (export \"memory\") 1) {functions} {start})"
    ))
    .unwrap()
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path().display().to_string());
        }
    }
    found.sort();
    found
}

#[test]
fn while_a_plugin_is_compiled() {
    let mut project = Project::new(
        "version: 1\njobs:\n  a:\n    steps:\n      - uses: env-setup\n        with: { file: .env, vars: { A: b } }\n      - \
         uses: ./large.wasm\n",
    );
    project.write("large.wasm", large_program());
    // A cache of its own, where nothing is compiled yet.
    let cache = project.dir.path().join("cache");
    project.environment = vec![("XDG_CACHE_HOME".to_owned(), cache.display().to_string())];
    let running = project.start(&["run", "--format", "json"]);
    // Once the small plugin is in the cache, it is the large one's turn, which takes longer than this.
    wait_until("the first plugin", || {
        files(&cache).iter().any(|file| file.ends_with(".cwasm"))
    });
    std::thread::sleep(Duration::from_millis(100));
    let (ran, _) = interrupt(running);
    assert!(
        !ran.stdout.contains("\"step-started\""),
        "compiling was over:\n{}",
        ran.stdout
    );
    // Nothing was begun, so there is no run; nothing was done, and nothing of the compiled code is half there.
    assert!(project.journals().is_empty());
    assert!(!project.path(".env").exists());
    for file in files(&cache) {
        assert!(
            file.ends_with(".cwasm"),
            "left in the cache: {:?}",
            files(&cache)
        );
    }
    // What is there can be used: the next run does everything.
    project.capstep(&["run"]).expect(0);
    assert_eq!(project.read(".env").trim(), "A=b");
}

#[test]
fn while_settings_are_written() {
    let port = servers::silent();
    let large = "x".repeat(700_000);
    let pipeline = |value: &str| {
        format!(
            "version: 1\nsecrets: [TOKEN]\njobs:\n  a:\n    steps:\n      - uses: env-setup\n        with: {{ file: conf/.env, vars: {{ \
             VALUE: {value}, TOKEN: \"${{{{ secrets.TOKEN }}}}\", END: here }} }}\n      - uses: health-check\n        with: {{ url: \
             \"http://127.0.0.1:{port}/\", attempts: 1, timeout: 60s }}\n"
        )
    };
    for attempt in 0..8 {
        let mut project = Project::new(&pipeline(&large));
        project.environment = vec![(
            "TOKEN".to_owned(),
            "cnry-while-settings-are-written".to_owned(),
        )];
        project.write("conf/.env", "OLD=1\n");
        let plan = project.plan(&[]);
        let running = project.start(&["run"]);
        let folder = project.path("conf");
        // The first that shows: the new file under a name of its own, beside the one that it will replace. Where the
        // disk is faster than this looks, the next step is interrupted, which must be as harmless.
        wait_until("writing", || {
            fs::read_dir(&folder).unwrap().count() > 1
                || fs::metadata(folder.join(".env")).unwrap().len() > 6
        });
        std::thread::sleep(Duration::from_micros(500 * attempt));
        let (ran, _) = interrupt(running);
        ran.never_says("cnry-while-settings-are-written");
        assert_planned(&plan, &project.journal());
        assert_eq!(
            files(&folder),
            [folder.join(".env").display().to_string()],
            "something was left beside it"
        );
        let text = project.read("conf/.env");
        let whole = text.starts_with("VALUE=xxx") && text.ends_with("END=here\n");
        assert!(
            text == "OLD=1\n" || whole,
            "half a file of {} bytes",
            text.len()
        );
    }
}

#[test]
fn the_second_time_ends_it_at_once() {
    let deployment = Deployment::deployed();
    let before = deployment.current();
    // The server answers nothing any more: tidying up there would wait for as long as it may.
    let proxy = deployment.behind_a_stall();
    let plan = deployment.project.plan(&[]);
    let running = deployment.start();
    wait_until("the upload", || {
        proxy.passed.load(Ordering::SeqCst) >= 200_000
    });
    running.signal(Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(500));
    let (ran, took) = interrupt(running);
    assert!(
        took < Duration::from_secs(4),
        "the second Ctrl-C took {took:?}"
    );
    deployment.check(&plan, &ran);
    assert_eq!(deployment.current(), before);
    assert_eq!(deployment.service.version().as_deref(), Some("1"));
    // The run's own folder says that it was interrupted.
    let state = files(&deployment.project.state());
    let newest = state.iter().filter(|file| file.ends_with("run.json"));
    let outcomes: Vec<serde_json::Value> = newest
        .map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        .collect();
    assert!(
        outcomes
            .iter()
            .any(|run| run["outcome"] == json!("interrupted")
                || run["outcome"] == json!("cancelled")),
        "{outcomes:?}"
    );
}
