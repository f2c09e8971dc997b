//! The program is killed (SIGKILL) while it brings a cache back, and while it keeps one. The path is whole or not there, and
//! so is the entry; what was left half is removed by the next run, or by `gc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use capstep_tests::journal;
use capstep_tests::project::Project;
use capstep_tests::scale::{Random, long, size};
use nix::sys::signal::Signal;

const PIPELINE: &str = r#"version: 1
vars: { NUMBER: 0 }
jobs:
  a:
    cache: { paths: [lib, single], key: "deps-${{ vars.NUMBER }}" }
    steps: [{ uses: noop }]
"#;

/// The files that are kept, by their paths.
fn files() -> BTreeMap<String, Vec<u8>> {
    let mut random = Random::new(7);
    let mut files = BTreeMap::new();
    for number in 0..400 {
        let length = random.index(8_000);
        files.insert(format!("lib/{}/{number}", number % 9), random.bytes(length));
    }
    files.insert("lib/large".to_owned(), random.bytes(8_000_000));
    files.insert("single".to_owned(), random.bytes(3_000_000));
    files
}

/// A project with a cache folder of its own.
fn project() -> Project {
    let mut project = Project::new(PIPELINE);
    let cache = project.dir.path().join("cache");
    let cache = cache.to_str().unwrap().to_owned();
    project
        .environment
        .push(("XDG_CACHE_HOME".to_owned(), cache));
    write(&project);
    project
}

fn write(project: &Project) {
    for (path, content) in files() {
        project.write(&path, content);
    }
}

fn clear(project: &Project) {
    let _ = fs::remove_dir_all(project.path("lib"));
    let _ = fs::remove_file(project.path("single"));
}

/// The folder of the project's entries.
fn entries(project: &Project) -> PathBuf {
    let caches = project.dir.path().join("cache/capstep/caches");
    let mut folders = fs::read_dir(caches).unwrap().map(|entry| entry.unwrap());
    let own = folders.find(|entry| entry.path().is_dir()).unwrap();
    own.path().join("trusted")
}

/// Whether both paths are there, each whole; neither may be there in part.
#[track_caller]
fn whole(project: &Project, when: &str) -> bool {
    let all = files();
    let [lib, single] = ["lib", "single"].map(|path| project.path(path).exists());
    for (path, content) in &all {
        let is_there = if path == "single" { single } else { lib };
        let found = fs::read(project.path(path)).ok();
        assert_eq!(found.is_some(), is_there, "{when}: {path}");
        assert!(
            !is_there || found.as_ref() == Some(content),
            "{when}: {path}"
        );
    }
    lib && single
}

fn drafts(folder: &Path, start: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_str().unwrap().starts_with(start))
        .count()
}

#[test]
fn kills_while_a_cache_is_brought_back() {
    let count = size(8, 400);
    long("cache kills", &format!("{count} kills"), |random| {
        let project = project();
        project.capstep(&["run"]).expect(0);
        clear(&project);
        let started = Instant::now();
        project
            .capstep(&["run"])
            .expect(0)
            .says("restored lib, single");
        let took = started.elapsed();
        assert!(whole(&project, "without a kill"));
        let mut cut = 0;
        for number in 1..=count {
            clear(&project);
            let running = project.start(&["run"]);
            let wait = took.mul_f64(random.below(1_000) as f64 / 1_000.0);
            std::thread::sleep(wait);
            running.signal(Signal::SIGKILL);
            running.wait();
            let when = format!("kill {number} of {count}, after {wait:?} of {took:?}");
            cut += usize::from(!whole(&project, &when));
            for journal in project.journals() {
                journal::read_killed(&journal);
            }
        }
        println!("{cut} of {count} were killed before the cache was back");
        clear(&project);
        project
            .capstep(&["run"])
            .expect(0)
            .says("restored lib, single");
        assert!(whole(&project, "the run after"));
        assert_eq!(drafts(&project.folder(), ".capstep-restore-"), 0);
    });
}

#[test]
fn kills_while_a_cache_is_kept() {
    let count = size(8, 400);
    long("cache kills", &format!("{count} kills"), |random| {
        let project = project();
        let started = Instant::now();
        project
            .capstep(&["run"])
            .expect(0)
            .says("saved lib, single");
        let took = started.elapsed();
        let mut kept = 0;
        for number in 1..=count {
            let key = format!("NUMBER={number}");
            let running = project.start(&["run", "--var", &key]);
            std::thread::sleep(took.mul_f64(random.below(1_000) as f64 / 1_000.0));
            running.signal(Signal::SIGKILL);
            running.wait();
            // What is kept is whole, and else nothing is.
            clear(&project);
            let ran = project.capstep(&["run", "--var", &key]).expect(0);
            let ran = ran.never_says("damaged");
            let restored = ran.text().contains("restored lib, single");
            assert_eq!(whole(&project, &key), restored, "{}", ran.text());
            kept += usize::from(restored);
            write(&project);
            project.capstep(&["gc", "--caches-size", "1GiB"]).expect(0);
            assert_eq!(drafts(&entries(&project), "."), 0, "{key}");
        }
        println!("{kept} of {count} had been kept before they were killed");
    });
}
