//! Caches in a workspace: what is recorded, what is out of reach, and how a job's end ends it.

use std::fs;
use std::path::Path;

use capstep_grants::Place;
use serde_json::Value;

use super::*;
use crate::journal::Phase;

struct Around {
    dir: tempfile::TempDir,
}

impl Around {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("work")).unwrap();
        Self { dir }
    }

    fn work(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join("work").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.dir.path().join("journal.jsonl")).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The phases and verbs of a journal's records.
    fn records(&self) -> Vec<String> {
        let journal = self.journal();
        let shown = journal.iter().map(|record| {
            let text = |key: &str| record[key].as_str().unwrap().to_owned();
            format!("{} {}", text("phase"), text("verb"))
        });
        shown.collect()
    }

    /// Caches of a new run, with a journal of its own.
    fn run(&self, root: &Path, trust: Trust) -> Caches {
        let path = self.dir.path().join("journal.jsonl");
        let _ = fs::remove_file(&path);
        let workspace = Workspace::open(&self.work("")).unwrap();
        Caches::new(
            Some(root.to_owned()),
            "project".to_owned(),
            trust,
            Arc::new(workspace.reserving("deploy.yml")),
            Arc::new(SealedFiles::open(&self.dir.path().join("state"), &self.work("")).unwrap()),
            Arc::new(Journal::create(&path).unwrap()),
        )
    }

    fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("cache")
    }
}

fn cache(paths: &[&str], key: &str) -> JobCache {
    let grants = (0..).zip(paths).map(|(number, path)| GrantReference {
        pointer: format!("cache/0/paths/{number}"),
        authority: (*path).to_owned(),
        place: Place {
            file: "capstep.yml".to_owned(),
            line: 4,
            column: 9,
        },
    });
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    JobCache {
        wanted: Wanted::new(paths, key.to_owned(), Vec::new()),
        grants: grants.collect(),
    }
}

fn act(call: u64) -> JobAct {
    JobAct {
        actor: Actor {
            run: "r".to_owned(),
            job: "build".to_owned(),
            step: None,
            attempt: 1,
        },
        call,
    }
}

async fn restore(caches: &Caches, cache: &JobCache) -> Restored {
    let never = std::future::pending();
    let restored = caches.restore(&act(1), cache, never, |_, _| {}).await;
    restored.unwrap()
}

async fn save(caches: &Caches, cache: &JobCache) -> Kept {
    let saved = caches.save(&act(2), cache, std::future::pending()).await;
    saved.unwrap()
}

#[tokio::test]
async fn each_act_is_recorded() {
    let around = Around::new();
    let kept = cache(&["lib/deps", "out"], "k");
    let first = around.run(&around.root(), Trust::Trusted);
    let miss = restore(&first, &kept).await;
    assert!(matches!(miss, Restored::Miss { reason: None, .. }));
    around.write("lib/deps/file", "text");
    around.write("out", "text");
    assert!(matches!(save(&first, &kept).await, Kept::Made { .. }));
    assert_eq!(save(&first, &kept).await, Kept::ThereAlready);
    assert_eq!(
        around.records(),
        [
            "read cache/restore",
            "intent cache/save",
            "outcome cache/save",
            "read cache/save"
        ]
    );
    let journal = around.journal();
    let intent = &journal[1];
    assert!(intent.get("step").is_none(), "{intent}");
    assert_eq!(intent["arguments"]["key"], "k");
    assert_eq!(intent["grants"][1]["pointer"], "cache/0/paths/1");
    assert_eq!(journal[2]["result"]["files"], 3);
    // The next run.
    let next = around.run(&around.root(), Trust::Trusted);
    let miss = restore(&next, &kept).await;
    assert!(
        matches!(&miss, Restored::Miss { reason: Some(why), is_odd: false, occupied: true } if why == "`lib/deps` is there already and stays as it is"),
        "{miss:?}"
    );
    fs::remove_dir_all(around.work("lib")).unwrap();
    fs::remove_file(around.work("out")).unwrap();
    // What an untrusted run looks for is somewhere else.
    let other = around.run(&around.root(), Trust::Untrusted);
    assert!(matches!(
        restore(&other, &kept).await,
        Restored::Miss { reason: None, .. }
    ));
    let next = around.run(&around.root(), Trust::Trusted);
    let hit = restore(&next, &kept).await;
    assert!(matches!(hit, Restored::Hit { exact: true, .. }));
    assert!(around.work("lib/deps/file").exists() && around.work("out").exists());
    assert_eq!(
        around.records(),
        ["intent cache/restore", "outcome cache/restore"]
    );
    assert_eq!(around.journal()[1]["result"]["made-by"], "r");
}

#[tokio::test]
async fn the_store_is_out_of_every_grants_reach() {
    let around = Around::new();
    for root in [around.work("cache"), around.work("a/b")] {
        let caches = around.run(&root, Trust::Trusted);
        around.write("lib/file", "text");
        let kept = save(&caches, &cache(&["lib"], "k")).await;
        let Kept::No(NotKept::Other, why) = kept else {
            panic!("{kept:?}");
        };
        assert!(why.contains("lies in the pipeline's own folder"), "{why}");
        let odd = restore(&caches, &cache(&["gone"], "k")).await;
        assert!(matches!(odd, Restored::Miss { is_odd: true, .. }));
    }
}

#[tokio::test]
async fn paths_that_no_step_is_handed_are_not_kept() {
    let around = Around::new();
    let caches = around.run(&around.root(), Trust::Trusted);
    around.write("real/file", "text");
    around.write("deploy.yml", "version: 1");
    around.write("lib/file", "text");
    std::os::unix::fs::symlink("real", around.work("door")).unwrap();
    let check = async |path: &str, expected: &str| {
        let kept = save(&caches, &cache(&[path], path)).await;
        let Kept::No(NotKept::Other, why) = kept else {
            panic!("{path}: {kept:?}");
        };
        assert_eq!(why, expected, "{path}");
    };
    check("deploy.yml", "`deploy.yml` is reserved").await;
    check(
        "door/file",
        "`door/file` is reached by a link: none is followed",
    )
    .await;
    check(
        "lib/file/x",
        "`lib/file/x` can't be reached: Not a directory (os error 20)",
    )
    .await;
    let absent = save(&caches, &cache(&["gone/x", "gone"], "g")).await;
    assert!(matches!(absent, Kept::No(NotKept::Absent, _)), "{absent:?}");
    // A file that was written with secrets, and a copy of it.
    let secret = b"TOKEN=1234";
    let names = vec!["TOKEN".to_owned()];
    caches
        .sealed
        .remember("lib/file", secret, "TOKEN=[secret]".to_owned(), names, None)
        .unwrap();
    let kept = save(&caches, &cache(&["lib"], "s")).await;
    assert!(
        matches!(&kept, Kept::No(NotKept::Secret, why) if why.starts_with("`lib/file`")),
        "{kept:?}"
    );
    around.write("copy/of", "TOKEN=1234");
    let kept = save(&caches, &cache(&["copy"], "s")).await;
    assert!(
        matches!(&kept, Kept::No(NotKept::Secret, why) if why.starts_with("`copy/of`")),
        "{kept:?}"
    );
}

#[tokio::test]
async fn the_jobs_end_ends_it() {
    let around = Around::new();
    let caches = around.run(&around.root(), Trust::Trusted);
    around.write("lib/file", "text");
    let kept = cache(&["lib"], "k");
    let saved = caches.save(&act(1), &kept, async {}).await.unwrap();
    // It may have been quicker than the end was told.
    if let Kept::No(why, _) = saved {
        assert_eq!(why, NotKept::Stopped);
        save(&caches, &kept).await;
    }
    let last = around.journal();
    let ended = last.iter().filter(|record| record["phase"] == "outcome");
    let begun = last.iter().filter(|record| record["phase"] == "intent");
    assert_eq!(ended.count(), begun.count(), "nothing is in doubt");
    fs::remove_dir_all(around.work("lib")).unwrap();
    let restored = caches.restore(&act(3), &kept, async {}, |_, _| {}).await;
    match restored.unwrap() {
        Restored::Hit { .. } => assert!(around.work("lib/file").exists()),
        Restored::Miss { is_odd, .. } => {
            assert!(!is_odd && !around.work("lib").exists());
        }
    }
    let _ = Phase::Intent;
}
