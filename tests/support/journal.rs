//! Journals: read, checked, and held against the plan.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One record.
#[derive(Debug, Clone)]
pub struct Record(pub Value);

impl Record {
    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    pub fn verb(&self) -> &str {
        self.text("verb")
    }

    pub fn phase(&self) -> &str {
        self.text("phase")
    }

    pub fn rule(&self) -> Option<&str> {
        self.0["denial"]["rule"].as_str()
    }
}

/// Reads a journal and checks its chain, by its description and not by the program's own code.
#[track_caller]
pub fn read(path: &Path) -> Vec<Record> {
    records(&fs::read_to_string(path).unwrap())
}

/// Reads the journal of a run that was killed: its last line may have been cut, all before it are whole.
#[track_caller]
pub fn read_killed(path: &Path) -> Vec<Record> {
    let text = fs::read_to_string(path).unwrap();
    records(&text[..text.rfind('\n').map_or(0, |end| end + 1)])
}

#[track_caller]
fn records(text: &str) -> Vec<Record> {
    let mut head = "0".repeat(64);
    for (index, line) in text.lines().enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            record["prev"],
            head.as_str(),
            "the journal's chain breaks at line {}:\n{text}",
            index + 1
        );
        assert_eq!(
            record["sequence"],
            index,
            "a record is missing before line {}:\n{text}",
            index + 1
        );
        head = Sha256::digest(line.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    text.lines()
        .map(|line| Record(serde_json::from_str(line).unwrap()))
        .collect()
}

/// **plan ⊇ journal**: whatever was done was in the plan that was printed before.
#[track_caller]
pub fn assert_planned(plan: &Value, journal: &[Record]) {
    for record in journal {
        if record.0["step"].is_null() {
            assert_cached(plan, record);
            continue;
        }
        let step =
            step(plan, record).unwrap_or_else(|| panic!("the plan has no such step: {}", record.0));
        let authority = step["authority"].as_array().unwrap();
        for grant in record.0["grants"].as_array().into_iter().flatten() {
            let planned = authority
                .iter()
                .find(|planned| planned["pointer"] == grant["pointer"]);
            let planned = planned.unwrap_or_else(|| panic!("not planned: {grant} of {}", record.0));
            assert_eq!(
                planned["place"], grant["place"],
                "planned elsewhere: {}",
                record.0
            );
            if !planned["authority"].is_null() {
                assert!(
                    designates(&planned["authority"], grant["authority"].as_str().unwrap()),
                    "planned {}, done {grant}",
                    planned["authority"]
                );
            }
        }
        let planned: Vec<&Value> = step["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|flow| flow["secrets"].as_array().unwrap())
            .collect();
        for secret in record.0["secrets"].as_array().into_iter().flatten() {
            assert!(
                planned.contains(&secret),
                "a secret that was not planned: {}",
                record.0
            );
        }
    }
}

/// What the job itself did: it brought back or kept what its caches say, and nothing else.
#[track_caller]
fn assert_cached(plan: &Value, record: &Record) {
    let job = job(plan, record).unwrap_or_else(|| panic!("no such job: {}", record.0));
    assert!(
        ["cache/restore", "cache/save"].contains(&record.verb()),
        "no job does this: {}",
        record.0
    );
    let grants = record.0["grants"].as_array().unwrap();
    assert!(!grants.is_empty(), "{}", record.0);
    for grant in grants {
        let caches = job["caches"].as_array().into_iter().flatten();
        let mut paths = caches.flat_map(|cache| cache["paths"].as_array().unwrap());
        let planned = paths.find(|path| path["pointer"] == grant["pointer"]);
        let planned = planned.unwrap_or_else(|| panic!("not planned: {grant} of {}", record.0));
        assert_eq!(planned["path"], grant["authority"], "{}", record.0);
        assert_eq!(planned["place"], grant["place"], "{}", record.0);
    }
}

fn job<'a>(plan: &'a Value, record: &Record) -> Option<&'a Value> {
    let mut jobs = plan["jobs"].as_array()?.iter();
    jobs.find(|job| job["id"] == record.0["job"])
}

fn step<'a>(plan: &'a Value, record: &Record) -> Option<&'a Value> {
    let job = job(plan, record)?;
    let steps = job["steps"].as_array()?;
    steps.iter().find(|step| step["number"] == record.0["step"])
}

/// Whether a planned authority is the one that the journal shows for people. Each part that identifies the thing must
/// be in the text.
fn designates(authority: &Value, shown: &str) -> bool {
    let part = |key: &str| {
        authority[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key} in {authority}"))
    };
    match part("kind") {
        // A build context is told with how it is built.
        "path" => shown == part("path") || shown.starts_with(&format!("{} (", part("path"))),
        "registry" => shown == part("host"),
        "state" => shown == part("name"),
        "image" => {
            let image = &authority["image"];
            let name = |key: &str| image[key].as_str().unwrap_or_default();
            shown.starts_with(&format!("{}/{}", name("registry"), name("repository")))
        }
        "url" => shown.starts_with(part("url")),
        "remote-path" => shown.starts_with(part("path")),
        "script" => shown == part("first-line"),
        "ssh-target" => shown.starts_with(&format!("{}@{}", part("user"), part("host"))),
        "tcp-address" => shown == format!("{}:{}", part("host"), authority["port"]),
        other => panic!("an authority that the tests don't know: {other}"),
    }
}
