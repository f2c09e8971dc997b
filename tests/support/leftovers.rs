//! What a run leaves where it has no business to: in the engine, among the processes, in temporary folders, among its own
//! files. Looked at from outside, before and after.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use capstep_test_engine::Dockerd;
use serde_json::Value;

use crate::project::Project;

/// The container that the deployment's script makes: it is what the script is for.
const DEPLOYED: &str = "/webapp";

/// What a run writes into the project by the pipeline's own text.
const WRITTEN: &str = ".env";

/// An engine and a project before a run.
pub struct Before {
    networks: BTreeSet<String>,
    volumes: BTreeSet<String>,
    images: BTreeSet<String>,
    files: BTreeSet<PathBuf>,
}

impl Before {
    pub fn of(engine: &Dockerd, project: &Project) -> Self {
        Self {
            networks: networks(engine),
            volumes: volumes(engine),
            images: engine.images().into_iter().collect(),
            files: below(&project.folder()),
        }
    }

    /// What is there now and was not before, and is nothing that a run may leave.
    pub fn leftovers(&self, engine: &Dockerd, project: &Project, far: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut add = |what: &str, names: Vec<String>| {
            found.extend(names.into_iter().map(|name| format!("{what} {name}")));
        };
        add("container", containers(engine));
        let new = |now: BTreeSet<String>, before: &BTreeSet<String>| {
            now.difference(before).cloned().collect::<Vec<_>>()
        };
        add("network", new(networks(engine), &self.networks));
        add("volume", new(volumes(engine), &self.volumes));
        add("nameless image", new(nameless(engine), &self.images));
        add("process", processes(&[project.dir.path(), far]));
        let written = project.path(WRITTEN);
        let files = below(&project.folder());
        let files = files
            .difference(&self.files)
            .filter(|path| **path != written);
        add(
            "file",
            files.map(|path| path.display().to_string()).collect(),
        );
        let temporary = below(&project.temporary());
        add(
            "file",
            temporary
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        );
        add("state", unfinished(&project.state()));
        found
    }
}

fn names(list: &Value, key: &str) -> BTreeSet<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .map(|item| item[key].as_str().unwrap().to_owned())
        .collect()
}

fn networks(engine: &Dockerd) -> BTreeSet<String> {
    names(&engine.ask("GET", "/networks"), "Name")
}

fn volumes(engine: &Dockerd) -> BTreeSet<String> {
    names(&engine.ask("GET", "/volumes")["Volumes"], "Name")
}

fn containers(engine: &Dockerd) -> Vec<String> {
    let all = engine.ask("GET", "/containers/json?all=1");
    let names = all.as_array().unwrap().iter().map(|container| {
        let name = container["Names"][0].as_str();
        name.unwrap_or_default().to_owned()
    });
    names.filter(|name| name != DEPLOYED).collect()
}

/// Images without a name that no other is built on.
fn nameless(engine: &Dockerd) -> BTreeSet<String> {
    let all = engine.ask("GET", "/images/json");
    let images = all.as_array().unwrap().iter().filter(|image| {
        let tags = image["RepoTags"].as_array().map_or(&[][..], Vec::as_slice);
        tags.iter().all(|tag| tag == "<none>:<none>")
    });
    images
        .map(|image| image["Id"].as_str().unwrap().to_owned())
        .collect()
}

/// Processes that work in one of these folders, or name it on their command line or in their environment.
fn processes(folders: &[&Path]) -> Vec<String> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let path = entry.path();
        // A process may end while it is looked at.
        let folder = fs::read_link(path.join("cwd")).unwrap_or_default();
        let text = ["cmdline", "environ"]
            .map(|file| fs::read(path.join(file)).unwrap_or_default())
            .concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let names =
            |root: &&&Path| folder.starts_with(root) || text.contains(&*root.to_string_lossy());
        if folders.iter().any(|root| names(&root)) {
            let command = fs::read_to_string(path.join("comm")).unwrap_or_default();
            found.push(format!("{name} {}", command.trim()));
        }
    }
    found
}

/// All files and folders below a folder.
fn below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// Of the program's own files: those that were not put in their place, and locks that somebody still holds.
fn unfinished(state: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in below(state) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary =
            name.starts_with(".tmp") || name.ends_with(".new") || name.ends_with(".part");
        if temporary || name.contains("lock") && path.is_file() && is_held(&path) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn is_held(path: &Path) -> bool {
    fs::File::open(path).unwrap().try_lock().is_err()
}
