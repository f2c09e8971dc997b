//! What killed runs left outside their folders.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use capstep_engine::past::PastRuns;
use capstep_process::{left_behind, remove_left_behind};

use super::{Found, RemovedKind};
use crate::report::UNFINISHED_REPORT;

/// How a file is called that is put in place by rename, until then.
const TEMPORARY: &str = ".tmp";

/// The folders of a project in which such files stand.
const FOLDERS: [&str; 2] = ["values", "environments"];

/// Temporary files in a folder.
pub(super) fn temporary_files(folder: &Path, found: &mut Found) {
    for path in entries(folder) {
        if begins(&path, TEMPORARY) {
            found.remove(RemovedKind::Leftover, path, |path| fs::remove_file(path));
        }
    }
}

/// What a killed run was writing of a project's own state, and the turns that it waited for. No run is under way.
pub(super) fn of_projects(projects: &Path, found: &mut Found) {
    for project in entries(projects) {
        for folder in FOLDERS {
            temporary_files(&project.join(folder), found);
        }
        // Untrusted runs have groups of their own. Of each group there is a folder of tickets: whoever holds one is under
        // way.
        for of_whom in [&project, &project.join("untrusted")] {
            let groups = of_whom.join("concurrency");
            temporary_files(&groups, found);
            for ticket in entries(&groups).flat_map(|group| entries(&group)) {
                found.remove(RemovedKind::Leftover, ticket, |path| fs::remove_file(path));
            }
        }
    }
}

/// Private folders of scripts whose runner was killed.
pub(super) fn of_scripts(scratch: &Path, found: &mut Found) {
    for path in left_behind(scratch).unwrap_or_default() {
        found.remove(RemovedKind::Leftover, path, remove_left_behind);
    }
}

/// Reports that a killed run was writing into the folder of its pipeline.
pub(super) fn of_reports(runs: &PastRuns, found: &mut Found) {
    let records = runs
        .all()
        .into_iter()
        .flatten()
        .filter_map(|run| run.record);
    let folders: BTreeSet<PathBuf> = records.map(|record| record.workspace.into()).collect();
    for folder in folders {
        for path in entries(&folder) {
            if begins(&path, UNFINISHED_REPORT) && !is_held(&path) {
                found.remove(RemovedKind::Leftover, path, |path| fs::remove_file(path));
            }
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

fn begins(path: &Path, with: &str) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| name.starts_with(with))
}

fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_collected() {
        let state = tempfile::tempdir().unwrap();
        let workspace = state.path().join("workspace");
        let project = state.path().join("projects/p");
        let run = state.path().join("runs/1");
        for folder in [
            "values",
            "environments",
            "concurrency/g",
            "untrusted/concurrency/g",
        ] {
            fs::create_dir_all(project.join(folder)).unwrap();
        }
        fs::create_dir_all(&workspace).unwrap();
        fs::create_dir_all(&run).unwrap();
        let record = format!(
            r#"{{"version":1,"run":"1","pipeline":"p","digest":"d","project":"p","workspace":"{}",
            "started":"2026-11-21T11:02:03Z","finished":null,"outcome":null,"exit-code":null,"journal-head":null}}"#,
            workspace.display()
        );
        fs::write(run.join("run.json"), record).unwrap();
        let kept = [
            project.join("values/none.json"),
            project.join("environments/a.json"),
            project.join("concurrency/g.json"),
            workspace.join(".capstep-report-living"),
            workspace.join("report.html"),
        ];
        let gone = [
            project.join("values/.tmpA"),
            project.join("environments/.tmpB"),
            project.join("concurrency/.tmpC"),
            project.join("concurrency/g/7"),
            project.join("untrusted/concurrency/g/8"),
            workspace.join(".capstep-report-dead"),
        ];
        for path in kept.iter().chain(&gone) {
            fs::write(path, "x").unwrap();
        }
        let writes = File::open(&kept[3]).unwrap();
        writes.lock().unwrap();
        let mut found = Found {
            dry_run: false,
            removed: Vec::new(),
            failed: Vec::new(),
        };
        of_projects(&state.path().join("projects"), &mut found);
        of_reports(&PastRuns::of(state.path()), &mut found);
        assert_eq!(found.failed, []);
        let mut removed: Vec<_> = found.removed.iter().map(|one| one.path.clone()).collect();
        removed.sort();
        let mut expected = gone.to_vec();
        expected.sort();
        assert_eq!(removed, expected);
        assert!(kept.iter().all(|path| path.exists()));
    }
}
