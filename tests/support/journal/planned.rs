//! **plan ⊇ journal**: whatever was done was in the plan that was printed before.

use serde_json::Value;

use super::shown::shown;
use super::verbs::{self, Needed, Verb};
use super::{Record, caches};

/// Insists that everything of a journal was planned.
#[track_caller]
pub fn assert_planned(plan: &Value, journal: &[Record]) {
    if let Some(wrong) = unplanned(plan, journal) {
        panic!("{wrong}");
    }
}

/// The first thing in a journal that was not planned, in words.
pub fn unplanned(plan: &Value, journal: &[Record]) -> Option<String> {
    journal.iter().find_map(|record| {
        let why = check(plan, record).err()?;
        Some(format!("{why}: {}", record.0))
    })
}

fn check(plan: &Value, record: &Record) -> Result<(), String> {
    if record.0["step"].is_null() {
        return caches::check(job(plan, record).ok_or("the plan has no such job")?, record);
    }
    let step = step(plan, record).ok_or("the plan has no such step")?;
    let granted = granted(step, record)?;
    if record.phase() == "denied" {
        // Nothing was done; what it names was planned all the same.
        return Ok(());
    }
    let verb = verbs::of(record.verb()).ok_or("a verb that the tests don't know")?;
    // What was granted is of use to this verb, and nothing that it needs is missing.
    for grant in &granted {
        if !verb.grants.iter().any(|needed| fits(needed, grant)) {
            return Err(format!("that verb has no use for {grant}"));
        }
    }
    for needed in verb.grants.iter().filter(|needed| needed.always) {
        if !granted.iter().any(|grant| fits(needed, grant)) {
            let words = needed.words.join(" or ");
            return Err(format!("done without a {} for {words}", needed.kind));
        }
    }
    secrets(step, record, verb, &granted)?;
    urls(record, &granted)?;
    files(step, record, &granted)
}

fn job<'a>(plan: &'a Value, record: &Record) -> Option<&'a Value> {
    let mut jobs = plan["jobs"].as_array()?.iter();
    jobs.find(|job| job["id"] == record.0["job"])
}

fn step<'a>(plan: &'a Value, record: &Record) -> Option<&'a Value> {
    let mut steps = job(plan, record)?["steps"].as_array()?.iter();
    steps.find(|step| step["number"] == record.0["step"])
}

/// The plan's grants that a record names: at the same pointer, written at the same place, and of the same thing.
fn granted<'a>(step: &'a Value, record: &Record) -> Result<Vec<&'a Value>, String> {
    let authority = step["authority"].as_array().ok_or("no authority")?;
    let mut found = Vec::new();
    for grant in record.0["grants"].as_array().into_iter().flatten() {
        let planned = authority
            .iter()
            .find(|planned| planned["pointer"] == grant["pointer"])
            .ok_or_else(|| format!("not planned: {grant}"))?;
        if planned["place"] != grant["place"] {
            return Err(format!("planned at {}, done {grant}", planned["place"]));
        }
        match shown(planned) {
            Some(thing) if grant["authority"] != thing.as_str() => {
                return Err(format!("planned `{thing}`, done {grant}"));
            }
            // Known only when the step starts: then it was bounded.
            None if planned["within"].is_null() => {
                return Err(format!("neither known nor bounded in the plan: {grant}"));
            }
            _ => found.push(planned),
        }
    }
    Ok(found)
}

fn fits(needed: &Needed, grant: &Value) -> bool {
    let has = |word: &&str| {
        let access = grant["access"].as_array().into_iter().flatten();
        access.into_iter().any(|access| access == *word)
    };
    grant["type"] == needed.kind
        && needed
            .role
            .is_none_or(|role| grant.get("role").is_some_and(|found| found == role))
        && (needed.words.iter().any(has) || (needed.words.is_empty() && needed.role.is_some()))
}

/// The secrets that were used flow to a sink of this verb, and to a far end that the record names.
fn secrets(step: &Value, record: &Record, verb: &Verb, granted: &[&Value]) -> Result<(), String> {
    let flows = step["secrets"].as_array().ok_or("no secrets")?;
    for secret in record.0["secrets"].as_array().into_iter().flatten() {
        let is_planned = flows.iter().any(|flow| {
            let names = flow["secrets"].as_array();
            if !names.is_some_and(|names| names.contains(secret)) {
                return false;
            }
            if record.verb() == "secrets/reveal" {
                return flow["revealed"] == true && flow["pointer"] == record.0["arguments"]["input"];
            }
            let sink = flow["sink"].as_str().unwrap_or_default();
            let ends = flow["far-ends"].as_array().into_iter().flatten();
            verb.sinks.contains(&sink)
                // A passphrase's far end is the key, which is no grant.
                && (sink == "passphrase"
                    || ends.into_iter().any(|end| granted.iter().any(|grant| grant["pointer"] == *end)))
        });
        if !is_planned {
            return Err(format!("{secret} was not planned to go there"));
        }
    }
    Ok(())
}

/// What was asked in the end, after redirects, is within what was granted.
fn urls(record: &Record, granted: &[&Value]) -> Result<(), String> {
    let Some(asked) = record.0["result"]["url"].as_str() else {
        return Ok(());
    };
    let within = granted.iter().any(|grant| {
        let authority = &grant["authority"];
        let Some(url) = authority["url"].as_str() else {
            return authority.is_null();
        };
        let (asked_path, path) = (until(asked, '?'), until(url, '?'));
        match authority["match"].as_str() {
            Some("exact") => asked == url,
            Some("prefix") => below(asked_path, path.trim_end_matches('/')),
            Some("origin") => origin(asked) == origin(url),
            _ => false,
        }
    });
    if within {
        Ok(())
    } else {
        Err(format!("{asked} was asked"))
    }
}

fn until(text: &str, end: char) -> &str {
    text.split(end).next().unwrap_or(text)
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    &url[..end]
}

fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The files that were sent are below the remote paths that were granted; those of a release below its folder.
fn files(step: &Value, record: &Record, granted: &[&Value]) -> Result<(), String> {
    let authority = step["authority"].as_array().ok_or("no authority")?;
    for file in record.0["result"]["files"].as_array().into_iter().flatten() {
        let file = file.as_str().unwrap_or_default();
        let within = granted.iter().any(|grant| {
            let planned = &grant["authority"];
            let Some(path) = planned["path"]
                .as_str()
                .filter(|_| planned["kind"] == "remote-path")
            else {
                return grant["type"] == "remote-path" && planned.is_null();
            };
            let Some(release) = planned.get("release") else {
                return below(file, path.trim_end_matches('/'));
            };
            let mut folders = authority
                .iter()
                .filter(|other| other["pointer"] == *release);
            let folder = folders
                .next()
                .and_then(|other| other["authority"]["path"].as_str());
            folder.is_some_and(|folder| is_of_release(file, folder, path))
        });
        if !within {
            return Err(format!("{file} was sent"));
        }
    }
    Ok(())
}

/// Whether a file is at or below `path` of some release of the folder.
fn is_of_release(file: &str, folder: &str, path: &str) -> bool {
    let releases = format!("{}/releases/", folder.trim_end_matches('/'));
    let Some((name, inside)) = file
        .strip_prefix(&releases)
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    !name.is_empty() && (path == "." || below(inside, path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan() -> Value {
        let place = json!({ "file": "capstep.yml", "line": 1, "column": 1 });
        let grant = |pointer: &str, kind: &str, authority: Value, access: &[&str]| json!({ "pointer": pointer, "type": kind, "authority": authority, "access": access, "place": place });
        let target = json!({ "kind": "ssh-target", "user": "a", "host": "h", "port": 2222 });
        let remote = json!({ "kind": "remote-path", "path": "/srv/web", "targets": ["/target"] });
        let site =
            json!({ "kind": "url", "url": "http://h/v2/", "match": "prefix", "methods": ["GET"] });
        json!({ "jobs": [{ "id": "j", "steps": [{ "number": 1, "secrets": [
            { "secrets": ["KEY"], "pointer": "/key", "sink": "ssh-auth", "far-ends": ["/target"], "revealed": false },
        ], "authority": [
            grant("/target", "ssh-target", target, &["files"]),
            grant("/from", "path", json!({ "kind": "path", "path": "web" }), &["upload"]),
            grant("/to", "remote-path", remote, &["upload"]),
            grant("/url", "url", site, &["request"]),
        ] }] }] })
    }

    fn record(verb: &str, grants: &[(&str, &str)], more: Value) -> Record {
        let place = json!({ "file": "capstep.yml", "line": 1, "column": 1 });
        let grants: Vec<Value> = grants
            .iter()
            .map(|(pointer, authority)| {
                json!({ "pointer": pointer, "authority": authority, "place": place })
            })
            .collect();
        let mut record =
            json!({ "job": "j", "step": 1, "phase": "outcome", "verb": verb, "grants": grants });
        for (key, value) in more.as_object().unwrap() {
            record[key] = value.clone();
        }
        Record(record)
    }

    #[test]
    fn only_what_was_planned_passes() {
        let target = ("/target", "a@h:2222");
        let (from, to) = (("/from", "web"), ("/to", "/srv/web"));
        let check = |record: Record, expected: Option<&str>| {
            let found = unplanned(&plan(), &[record]);
            match expected {
                None => assert_eq!(found, None),
                Some(why) => assert!(
                    found.as_ref().is_some_and(|found| found.contains(why)),
                    "{why}: {found:?}"
                ),
            }
        };
        let none = || json!({});
        check(record("ssh/upload", &[target, from, to], none()), None);
        check(
            record("ssh/upload", &[target, from], none()),
            Some("without a remote-path"),
        );
        check(
            record("ssh/upload", &[], none()),
            Some("without a ssh-target"),
        );
        let prefix = ("/target", "a@h");
        check(
            record("ssh/upload", &[prefix, from, to], none()),
            Some("planned `a@h:2222`"),
        );
        let below = ("/to", "/srv/web/more");
        check(
            record("ssh/upload", &[target, from, below], none()),
            Some("planned `/srv/web`"),
        );
        check(record("ssh/run", &[target], none()), Some("no use for"));
        check(record("files/read", &[from], none()), Some("no use for"));
        check(record("new/verb", &[], none()), Some("don't know"));
        let sent = |file: &str| json!({ "result": { "files": [file] } });
        check(
            record("ssh/upload", &[target, from, to], sent("/srv/web/a")),
            None,
        );
        check(
            record("ssh/upload", &[target, from, to], sent("/srv/website/a")),
            Some("was sent"),
        );
        let used = json!({ "secrets": ["KEY"] });
        check(record("ssh/connect", &[target], used.clone()), None);
        let url = ("/url", "http://h/v2/ (prefix)");
        check(
            record("http/send", &[url], used),
            Some("not planned to go there"),
        );
        let asked = |url: &str| json!({ "result": { "url": url } });
        check(
            record("http/send", &[url], asked("http://h/v2/x?y=/../")),
            None,
        );
        check(
            record("http/send", &[url], asked("http://h/v20")),
            Some("was asked"),
        );
        let nowhere = json!({ "step": 2 });
        check(record("http/send", &[url], nowhere), Some("no such step"));
    }

    #[test]
    fn files_of_releases_are_in_one() {
        for (file, path, expected) in [
            ("/srv/releases/1/a", ".", true),
            ("/srv/releases/1/web/a", "web", true),
            ("/srv/releases/1/website", "web", false),
            ("/srv/current/a", ".", false),
            ("/srv/releases/1", ".", false),
        ] {
            assert_eq!(is_of_release(file, "/srv/", path), expected, "{file}");
        }
    }
}
