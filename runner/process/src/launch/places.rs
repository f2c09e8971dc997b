//! What is where in a step's file system: the one table that mounts and landlock rules are made from.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::wire::Order;

/// Names in the private folder: the script's home.
pub(crate) const SCRATCH_HOME: &str = "home";
/// Its temporary files.
pub(crate) const SCRATCH_TMP: &str = "tmp";
/// Its text.
pub(crate) const SCRATCH_SCRIPT: &str = "script";
/// Where the new root is mounted.
pub(crate) const ROOT: &str = "root";

/// The home folder in a step's own root.
pub(crate) const HOME: &str = "/home/step";
/// The folder for temporary files there.
pub(crate) const TMP: &str = "/tmp";
/// The script there: the name that a shell's messages begin with.
pub(crate) const SCRIPT: &str = "/run/step";

/// What belongs to the system: programs, libraries, configuration. (`/nix/store` where the system is made of it.)
const SYSTEM: [&str; 9] = [
    "bin",
    "etc",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "nix/store",
    "sbin",
    "usr",
];
/// The devices that every program expects and that hold nothing.
pub(crate) const DEVICES: [&str; 5] = ["full", "null", "random", "urandom", "zero"];
/// How deep configuration is looked through for files that are not for everybody.
const MAX_DEPTH: usize = 8;

/// How something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It can be read and executed.
    ReadOnly,
    /// It can be changed.
    Writable,
    /// It is there by name only.
    Hidden,
    /// A device.
    Device,
    /// Made by the kernel: `/proc` and `/dev/shm`.
    Kernel,
    /// An empty folder, which holds inner places.
    Empty,
}

/// One thing in a step's file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where the step sees it.
    pub(crate) at: PathBuf,
    /// Where it is on the machine.
    pub(crate) source: PathBuf,
    /// How it is there.
    pub(crate) kind: Kind,
}

impl Place {
    fn same(path: impl Into<PathBuf>, kind: Kind) -> Self {
        let path = path.into();
        Self {
            at: path.clone(),
            source: path,
            kind,
        }
    }
}

/// Everything, outer places before inner ones. Paths in the order are canonical.
pub(crate) fn all(order: &Order) -> Vec<Place> {
    let files = &order.spec.files;
    let scratch = |name: &str, at: &str, kind| Place {
        at: at.into(),
        source: order.scratch.join(name),
        kind,
    };
    let mut places: Vec<Place> = system_folders()
        .into_iter()
        .map(|folder| Place::same(folder, Kind::ReadOnly))
        .collect();
    places.extend(
        DEVICES
            .iter()
            .map(|device| Path::new("/dev").join(device))
            .filter(|device| device.exists())
            .map(|device| Place::same(device, Kind::Device)),
    );
    places.push(Place::same("/dev/shm", Kind::Kernel));
    places.push(Place::same("/proc", Kind::Kernel));
    places.push(scratch(SCRATCH_HOME, HOME, Kind::Writable));
    places.push(scratch(SCRATCH_TMP, TMP, Kind::Writable));
    places.push(scratch(SCRATCH_SCRIPT, SCRIPT, Kind::ReadOnly));
    places.extend(
        private_below(Path::new("/etc"))
            .into_iter()
            .map(|path| Place::same(path, Kind::Hidden)),
    );
    let granted = |path: &Path| {
        let mut grants = files.read.iter().chain(&files.write);
        grants.any(|grant| path.starts_with(grant))
    };
    // A workspace of which only parts are granted may lie where folders are made in a writable one (`/tmp`): what is
    // written beside those parts must fail, not vanish.
    if !granted(&files.workspace) {
        places.push(Place::same(&files.workspace, Kind::Empty));
    }
    let same = |paths: &[PathBuf], kind| -> Vec<Place> {
        paths.iter().map(|path| Place::same(path, kind)).collect()
    };
    places.extend(same(&files.read, Kind::ReadOnly));
    places.extend(same(&files.write, Kind::Writable));
    places.extend(holds(order));
    // A place that is not there cannot be mounted over; the runner looks whether it has appeared. And guarding a place
    // must not show it where nothing around it was granted.
    let guarded = |paths: &[PathBuf]| -> Vec<PathBuf> {
        paths
            .iter()
            .filter(|path| granted(path) && path.exists())
            .cloned()
            .collect()
    };
    places.extend(same(&guarded(&files.reserved), Kind::ReadOnly));
    places.extend(same(&guarded(&files.hidden), Kind::Hidden));
    places.sort_by_key(|place| place.at.components().count());
    places
}

/// The folders between a writable folder and a place in it that must stay: each becomes a mount of its own, since a
/// mount cannot be renamed. Else the folder around the place could be moved away and another put there.
fn holds(order: &Order) -> Vec<Place> {
    let files = &order.spec.files;
    let mut held = Vec::new();
    for kept in files
        .reserved
        .iter()
        .chain(&files.hidden)
        .chain(&files.read)
    {
        for folder in kept.ancestors().skip(1) {
            let inside = files
                .write
                .iter()
                .any(|write| folder != write && folder.starts_with(write));
            let known = files
                .read
                .iter()
                .chain(&files.write)
                .any(|path| path == folder);
            if inside
                && !known
                && folder.is_dir()
                && !held.iter().any(|place: &Place| place.at == folder)
            {
                held.push(Place::same(folder, Kind::Writable));
            }
        }
    }
    held
}

/// How the innermost place around `path` is there.
pub(crate) fn kind_at(places: &[Place], path: &Path) -> Option<Kind> {
    places
        .iter()
        .filter(|place| path.starts_with(&place.at))
        // The later of two at the same path is the one on top.
        .max_by_key(|place| place.at.components().count())
        .map(|place| place.kind)
}

/// The system's folders that are folders here.
pub(crate) fn system_folders() -> Vec<PathBuf> {
    SYSTEM
        .iter()
        .map(|name| Path::new("/").join(name))
        .filter(|path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()))
        .collect()
}

/// The system's folders that are links here (`/bin` to `usr/bin`), with where they lead.
pub(crate) fn system_links() -> Vec<(&'static str, PathBuf)> {
    SYSTEM
        .iter()
        .filter_map(|name| {
            let target = fs::read_link(Path::new("/").join(name)).ok()?;
            Some((*name, target))
        })
        .collect()
}

/// The files and folders below `folder` that not everybody may read: keys, tokens, password hashes. (A runner that is
/// root, or in a group, could read them.)
pub(crate) fn private_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    look(folder, 0, &mut found);
    found
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else {
            continue;
        };
        let mode = metadata.permissions().mode();
        if metadata.is_dir() {
            match mode & 0o005 == 0o005 && depth < MAX_DEPTH {
                true => look(&path, depth + 1, found),
                false => found.push(path),
            }
        } else if metadata.is_file() && mode & 0o004 == 0 {
            found.push(path);
        }
    }
}

/// `folder` without `private`: itself, or its parts. For landlock, which can only add.
pub(crate) fn without(folder: &Path, private: &[PathBuf]) -> Vec<PathBuf> {
    if !private.iter().any(|path| path.starts_with(folder)) {
        return vec![folder.to_owned()];
    }
    if private.iter().any(|path| path == folder) {
        return Vec::new();
    }
    let mut names: Vec<OsString> = match fs::read_dir(folder) {
        // A link is granted where it leads, if that is granted.
        Ok(entries) => entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
            .map(|entry| entry.file_name())
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    names
        .into_iter()
        .flat_map(|name| without(&folder.join(name), private))
        .collect()
}
