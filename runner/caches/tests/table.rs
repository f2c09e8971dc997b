//! What a key and its fallbacks find, held against the table of what the cache server of `act` finds (`act/README.md`).
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use capstep_caches::{Gate, Spot, Stop, Store, Trust, Wanted};
use serde_json::Value;

/// Lets everything in.
struct Open;

impl Gate for Open {
    fn hides(&self, _: &str) -> bool {
        false
    }

    fn is_sealed(&self, _: &str) -> bool {
        false
    }

    fn compares_up_to(&self) -> u64 {
        0
    }

    fn is_copy(&self, _: &[u8]) -> bool {
        false
    }
}

/// What is kept, or asked for: entries without paths are of one and the same path.
fn wanted(of: &Value) -> Wanted {
    let texts = |key: &str| -> Vec<String> {
        let list = of[key].as_array().into_iter().flatten();
        list.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut paths = texts("paths");
    if paths.is_empty() {
        paths.push("any".to_owned());
    }
    let key = of["key"].as_str().unwrap().to_owned();
    Wanted::new(paths, key, texts("fallback-keys"))
}

#[test]
fn keys_find_what_they_find_elsewhere() {
    let table: Value = serde_json::from_str(include_str!("act/table.json")).unwrap();
    let mut asked = 0;
    for group in table["groups"].as_array().unwrap() {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        fs::create_dir(&work).unwrap();
        let root = folder.path().join("cache");
        let store = Store::open(&root, "project", Trust::Trusted).unwrap();
        for entry in group["kept"].as_array().unwrap() {
            let kept = wanted(entry);
            let spots: Vec<Spot> = kept
                .paths()
                .iter()
                .map(|path| {
                    fs::write(work.join(path), "text").unwrap();
                    Spot {
                        folder: Dir::open_ambient_dir(&work, ambient_authority()).unwrap(),
                        name: path.clone(),
                        path: path.clone(),
                    }
                })
                .collect();
            let stop = Stop::default();
            store.save(&kept, &spots, &Open, "run", &stop).unwrap();
        }
        for question in group["asked"].as_array().unwrap() {
            // Where we differ, the table says why.
            let expected = match question.get("why") {
                Some(_) => question.get("ours"),
                None => question.get("found"),
            };
            let expected = expected.and_then(Value::as_str);
            let found = store.find(&wanted(question)).unwrap();
            let found = found.map(|found| found.entry.key);
            assert_eq!(found.as_deref(), expected, "{question}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}
