//! Folders of runs.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, SystemTime};

use capstep_engine::past::{PastRun, PastRuns, RunState};

use super::{Found, Keep, RemovedKind, leftovers};
use crate::error::CliError;
use crate::history;

/// Removes the runs that are not kept.
pub(super) fn collect(runs: &PastRuns, keep: &Keep, found: &mut Found) -> Result<(), CliError> {
    // How many runs of each project were come to, the newest first.
    let mut seen: HashMap<String, usize> = HashMap::new();
    for run in runs.all().map_err(history::not_found)? {
        if run.state == RunState::Running {
            continue;
        }
        let number = seen.entry(project(&run)).or_default();
        *number += 1;
        if *number > keep.newest && age(&run).is_none_or(|age| age >= keep.younger) {
            found.remove(RemovedKind::Run, run.path.clone(), |_| runs.remove(&run.id));
        } else {
            leftovers::temporary_files(&run.path, found);
        }
    }
    for path in runs.half_removed().map_err(history::not_found)? {
        found.remove(RemovedKind::Leftover, path, |path| fs::remove_dir_all(path));
    }
    Ok(())
}

/// Whose run it is. Those without a record are one project.
fn project(run: &PastRun) -> String {
    let record = run.record.as_ref();
    record.map_or_else(String::new, |record| {
        let key = record.project.as_ref();
        key.unwrap_or(&record.workspace).clone()
    })
}

/// How long ago the run began; none where nothing says it.
fn age(run: &PastRun) -> Option<Duration> {
    let metadata = run.path.join("run.json").metadata();
    let written = metadata
        .or_else(|_| run.path.metadata())
        .ok()?
        .modified()
        .ok()?;
    SystemTime::now().duration_since(written).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn the_dead_go_by_number_and_age_and_the_living_stay() {
        let state = tempfile::tempdir().unwrap();
        let runs = state.path().join("runs");
        let mut locks = Vec::new();
        for (id, project, held) in [
            ("1", "a", false),
            ("2", "a", false),
            ("3", "b", false),
            ("4", "a", true),
            ("5", "a", false),
        ] {
            let folder = runs.join(id);
            fs::create_dir_all(&folder).unwrap();
            let lock = File::create(folder.join("lock")).unwrap();
            if held {
                lock.lock().unwrap();
                locks.push(lock);
            }
            let record = format!(
                r#"{{"version":1,"run":"{id}","pipeline":"p","digest":"d","project":"{project}","workspace":"/w",
                "started":"2026-11-21T11:02:03Z","finished":null,"outcome":null,"exit-code":null,"journal-head":null}}"#
            );
            fs::write(folder.join("run.json"), record).unwrap();
        }
        fs::write(runs.join("5/.tmpXYZ"), "half").unwrap();
        fs::create_dir(runs.join(".gc-0")).unwrap();
        let check = |newest, younger, dry_run, expected: &[&str]| {
            let mut found = Found {
                dry_run,
                removed: Vec::new(),
                failed: Vec::new(),
            };
            let keep = Keep {
                newest,
                younger: Duration::from_secs(younger),
                cache: 0,
                cached: 0,
                unused: Duration::ZERO,
            };
            collect(&PastRuns::of(state.path()), &keep, &mut found).unwrap();
            assert_eq!(found.failed, []);
            let names: Vec<String> = found
                .removed
                .iter()
                .map(|removed| {
                    removed
                        .path
                        .strip_prefix(&runs)
                        .unwrap()
                        .display()
                        .to_string()
                })
                .collect();
            assert_eq!(names, expected, "{newest} {younger}");
        };
        check(0, 3_600, true, &["5/.tmpXYZ", ".gc-0"]);
        check(1, 0, true, &["5/.tmpXYZ", "2", "1", ".gc-0"]);
        check(1, 0, false, &["5/.tmpXYZ", "2", "1", ".gc-0"]);
        check(1, 0, false, &[]);
        check(0, 0, false, &["5", "3"]);
        let left: Vec<_> = fs::read_dir(&runs)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        assert_eq!(left, ["4"]);
    }
}
