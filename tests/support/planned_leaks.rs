//! Where a planted value may be found, derived from the plan: in the file that it was given in, in the files that it was
//! planned to be written to, and where these were planned to be uploaded. Nowhere else, however the run went.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::leaks::files;

/// A secret that was planted.
pub struct Planted<'a> {
    /// Its name in the pipeline.
    pub name: &'a str,
    /// What it is recognised by.
    pub value: &'a str,
    /// The files that hold it because the test put it there.
    pub given: Vec<PathBuf>,
}

/// Both sides of a run.
pub struct Sides<'a> {
    /// The folder of the project, which has its state, its temporary files and what was given beside it.
    pub here: &'a Path,
    /// The server's folder.
    pub there: &'a Path,
}

/// Insists that the values are where the plan says, and nowhere else.
#[track_caller]
pub fn assert_only(plan: &Value, planted: &[Planted<'_>], sides: &Sides<'_>) {
    for secret in planted {
        let places = Places::of(plan, secret.name);
        let is_planned = |path: &PathBuf| {
            secret.given.contains(path) || places.is_here(sides.here, path) || places.is_there(path)
        };
        let mut found = files(sides.here, secret.value);
        found.extend(files(sides.there, secret.value));
        found.extend(in_the_machines_own(secret.value));
        let wrong: Vec<PathBuf> = found.into_iter().filter(|path| !is_planned(path)).collect();
        assert!(wrong.is_empty(), "{} is in {wrong:?}", secret.name);
    }
}

/// What the program has put into the folder for temporary files that all share, where it has been given another.
fn in_the_machines_own(value: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir("/tmp").into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Other tests' servers.
            let other = ["capstep-engine", "capstep-registry", "capstep-process"];
            name.starts_with("capstep") && !other.iter().any(|other| name.starts_with(other))
        })
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .flat_map(|entry| files(&entry.path(), value))
        .collect()
}

/// Where a secret is planned to be.
pub struct Places {
    /// The pipeline's folder, within the project: what its paths are relative to.
    base: PathBuf,
    /// Files of the project.
    local: Vec<String>,
    /// Files on the server: what their path begins with, and what it ends with.
    remote: Vec<(String, String)>,
}

impl Places {
    pub fn of(plan: &Value, secret: &str) -> Self {
        let file = Path::new(plan["file"].as_str().unwrap_or_default());
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut local = Vec::new();
        for step in steps(plan) {
            for flow in step["secrets"].as_array().into_iter().flatten() {
                let names = flow["secrets"].as_array();
                if flow["sink"] != "file"
                    || !names.is_some_and(|names| names.contains(&secret.into()))
                {
                    continue;
                }
                for end in flow["far-ends"].as_array().into_iter().flatten() {
                    local.extend(path_at(step, end).map(str::to_owned));
                }
            }
        }
        let mut remote = Vec::new();
        for step in steps(plan) {
            for (from, to, release) in transfers(step) {
                for file in &local {
                    if let Some(inside) = inside(file, from) {
                        remote.push(destination(to, inside, release));
                    }
                }
            }
        }
        Self {
            base,
            local,
            remote,
        }
    }

    /// The files of the project that may hold it.
    pub fn here(&self, here: &Path) -> Vec<PathBuf> {
        let project = here.join("project").join(&self.base);
        self.local.iter().map(|path| project.join(path)).collect()
    }

    fn is_here(&self, here: &Path, path: &PathBuf) -> bool {
        self.here(here).contains(path)
    }

    /// Whether a file of the server may hold it.
    pub fn is_there(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.remote
            .iter()
            .any(|(start, end)| path.starts_with(start.as_str()) && path.ends_with(end.as_str()))
    }
}

fn steps(plan: &Value) -> impl Iterator<Item = &Value> {
    let jobs = plan["jobs"].as_array().into_iter().flatten();
    jobs.flat_map(|job| job["steps"].as_array().into_iter().flatten())
}

fn grant<'a>(step: &'a Value, pointer: &Value) -> Option<&'a Value> {
    let mut grants = step["authority"].as_array()?.iter();
    grants.find(|grant| grant["pointer"] == *pointer)
}

fn path_at<'a>(step: &'a Value, pointer: &Value) -> Option<&'a str> {
    grant(step, pointer)?["authority"]["path"].as_str()
}

/// The uploads of a step: from where, to where, and the release's folder where it is relative to one.
fn transfers(step: &Value) -> Vec<(&str, &str, Option<&str>)> {
    let grants = step["authority"].as_array().into_iter().flatten();
    let remote = grants.filter(|grant| {
        grant["authority"]["kind"] == "remote-path"
            && grant["access"]
                .as_array()
                .is_some_and(|access| access.contains(&"upload".into()))
    });
    remote
        .filter_map(|remote| {
            let record = remote["pointer"].as_str()?.rsplit_once('/')?.0;
            let from = path_at(step, &format!("{record}/from").into())?;
            let to = remote["authority"]["path"].as_str()?;
            let release = remote["authority"].get("release");
            let release = release.and_then(|release| path_at(step, release));
            Some((from, to, release))
        })
        .collect()
}

/// The rest of a file's path below a folder; empty where it is that file itself.
fn inside<'a>(file: &'a str, from: &str) -> Option<&'a str> {
    match file.strip_prefix(from) {
        _ if from == "." => Some(file),
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    }
}

fn destination(to: &str, inside: &str, release: Option<&str>) -> (String, String) {
    let joined = match (to, inside) {
        (".", inside) => inside.to_owned(),
        (to, "") => to.to_owned(),
        (to, inside) => format!("{}/{inside}", to.trim_end_matches('/')),
    };
    match release {
        Some(folder) => (format!("{folder}/releases/"), format!("/{joined}")),
        None => (joined.clone(), joined),
    }
}

#[test]
fn places_follow_from_the_plan() {
    use serde_json::json;
    let path = |pointer: &str, path: &str| json!({ "pointer": pointer, "access": ["upload"], "authority": { "kind": "path", "path": path } });
    let remote = |pointer: &str, path: &str, release: bool| {
        let mut authority = json!({ "kind": "remote-path", "path": path });
        if release {
            authority["release"] = json!("/release");
        }
        json!({ "pointer": pointer, "access": ["upload"], "authority": authority })
    };
    let plan = json!({ "jobs": [{ "steps": [
        { "authority": [path("/file", "conf/.env")],
          "secrets": [{ "secrets": ["KEY"], "sink": "file", "far-ends": ["/file"] },
                      { "secrets": ["OTHER"], "sink": "ssh-auth", "far-ends": ["/target"] }] },
        { "authority": [
            remote("/release", "/srv/web", false),
            path("/upload/0/from", "conf"), remote("/upload/0/to", "config", true),
            path("/upload/1/from", "conf/.env"), remote("/upload/1/to", "/etc/web.env", false),
            path("/upload/2/from", "site"), remote("/upload/2/to", "/www", false),
          ], "secrets": [] },
    ] }] });
    let places = Places::of(&plan, "KEY");
    assert_eq!(
        places.here(Path::new("/t")),
        [Path::new("/t/project/conf/.env")]
    );
    for (path, expected) in [
        ("/srv/web/releases/7/config/.env", true),
        ("/srv/web/releases/7/.env", false),
        ("/etc/web.env", true),
        ("/www/.env", false),
        ("/srv/web/current/.env", false),
    ] {
        assert_eq!(places.is_there(Path::new(path)), expected, "{path}");
    }
    assert!(Places::of(&plan, "OTHER").here(Path::new("/t")).is_empty());
}
