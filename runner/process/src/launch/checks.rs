//! Paths and names of a spec, before anything is started.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::error::ProcessError;
use crate::spec::{Files, StepSpec};

/// How long a script may be: what the pipeline's own file may be.
const MAX_SCRIPT: usize = 1 << 20;
/// How much room the variables may take: with the arguments the kernel passes on 2 MiB.
const MAX_ENVIRONMENT: usize = 1 << 20;
/// How long one variable may be, with its name: the kernel's `MAX_ARG_STRLEN` less its end.
const MAX_VARIABLE: usize = 128 * 1024 - 2;
/// Places that are the kernel's or the new root's own.
const NOT_FILES: [&str; 3] = ["/proc", "/sys", "/dev"];

/// A spec whose paths are absolute and canonical.
#[derive(Debug)]
pub(super) struct Checked {
    /// The spec.
    pub(super) spec: StepSpec,
    /// Reserved places that do not exist, and must not afterwards.
    pub(super) absent: Vec<PathBuf>,
}

/// Checks a spec.
pub(super) fn check(mut spec: StepSpec) -> Result<Checked, ProcessError> {
    text(&spec)?;
    let workspace = &spec.files.workspace;
    let root = folder(workspace)?;
    if root.parent().is_none() {
        return Err(ProcessError::invalid(
            "the root folder cannot be a workspace",
        ));
    }
    let mut files = Files {
        workspace: root.clone(),
        read: all(&root, &spec.files.read)?,
        write: all(&root, &spec.files.write)?,
        reserved: Vec::new(),
        hidden: Vec::new(),
    };
    let mut absent = Vec::new();
    for path in &spec.files.reserved {
        let path = by_name(&root, path)?;
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(ProcessError::invalid(format!(
                    "`{}` is a reserved place, and a link: what it leads to could be guarded, the link could not",
                    path.display()
                )));
            }
            Ok(_) => files.reserved.push(path),
            Err(_) => absent.push(path),
        }
    }
    for path in &spec.files.hidden {
        files.hidden.extend(hidden(&root.join(path))?);
    }
    contradictions(&files)?;
    let working_directory = one(&root, &spec.working_directory)?;
    if !working_directory.is_dir() || !working_directory.starts_with(&root) {
        return Err(ProcessError::invalid(format!(
            "the working directory `{}` is no folder in the workspace",
            spec.working_directory.display()
        )));
    }
    // The workspace itself is there whatever was handed over of it, be it nothing.
    if working_directory != root
        && !files
            .read
            .iter()
            .chain(&files.write)
            .any(|path| working_directory.starts_with(path) || path.starts_with(&working_directory))
    {
        return Err(ProcessError::invalid(format!(
            "the working directory `{}` is not among what the step may read",
            spec.working_directory.display()
        )));
    }
    spec.working_directory = working_directory;
    spec.files = files;
    Ok(Checked { spec, absent })
}

/// What is granted inside a place that is guarded. The innermost place counts, so this would open it.
fn contradictions(files: &Files) -> Result<(), ProcessError> {
    let inside = |paths: &[PathBuf], guarded: &[PathBuf]| -> Option<PathBuf> {
        paths
            .iter()
            .find(|path| guarded.iter().any(|place| path.starts_with(place)))
            .cloned()
    };
    let message = if let Some(path) = inside(&files.write, &files.reserved) {
        format!(
            "`{}` is in a reserved place and cannot be written",
            path.display()
        )
    } else if let Some(path) =
        inside(&files.write, &files.hidden).or_else(|| inside(&files.read, &files.hidden))
    {
        format!(
            "`{}` is sealed and cannot be handed to a step",
            path.display()
        )
    } else {
        return Ok(());
    };
    Err(ProcessError::invalid(message))
}

/// Private folders of other steps must not be in what a step sees.
pub(super) fn scratch_is_apart(files: &Files, scratch: &Path) -> Result<(), ProcessError> {
    match files
        .read
        .iter()
        .chain(&files.write)
        .any(|path| scratch.starts_with(path))
    {
        true => Err(ProcessError::invalid(format!(
            "the folder for private folders, `{}`, is inside what the step may see",
            scratch.display()
        ))),
        false => Ok(()),
    }
}

fn text(spec: &StepSpec) -> Result<(), ProcessError> {
    if spec.script.len() > MAX_SCRIPT {
        return Err(ProcessError::invalid(format!(
            "the script is longer than {MAX_SCRIPT} bytes"
        )));
    }
    if spec.script.contains('\0') {
        return Err(ProcessError::invalid("the script contains a zero byte"));
    }
    let mut total = 0;
    for (name, value) in spec.environment.iter() {
        let message = if name.is_empty() {
            "a variable has no name".to_owned()
        } else if name.contains(['=', '\0']) {
            format!("`{name}` cannot be the name of a variable")
        } else if value.contains('\0') {
            format!("the value of `{name}` contains a zero byte")
        } else if name.len() + 1 + value.len() > MAX_VARIABLE {
            format!("the variable `{name}` is longer than {MAX_VARIABLE} bytes")
        } else {
            total += name.len() + value.len();
            continue;
        };
        return Err(ProcessError::invalid(message));
    }
    match total > MAX_ENVIRONMENT {
        true => Err(ProcessError::invalid(format!(
            "the variables are longer than {MAX_ENVIRONMENT} bytes together"
        ))),
        false => Ok(()),
    }
}

fn folder(path: &Path) -> Result<PathBuf, ProcessError> {
    let canonical = path
        .is_absolute()
        .then(|| fs::canonicalize(path).ok())
        .flatten()
        .filter(|path| path.is_dir());
    canonical.ok_or_else(|| {
        ProcessError::invalid(format!("the workspace `{}` is no folder", path.display()))
    })
}

fn all(root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, ProcessError> {
    let mut found = Vec::new();
    for path in paths {
        let path = one(root, path)?;
        if !found.contains(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The canonical form of a path that exists. A relative one stays in the workspace, wherever links lead.
fn one(root: &Path, path: &Path) -> Result<PathBuf, ProcessError> {
    let shown = path.display();
    let canonical = fs::canonicalize(root.join(path))
        .map_err(|error| ProcessError::invalid(format!("`{shown}`: {error}")))?;
    if path.is_relative() && !canonical.starts_with(root) {
        return Err(ProcessError::invalid(format!(
            "`{shown}` leads out of the workspace"
        )));
    }
    if canonical.parent().is_none()
        || NOT_FILES.iter().any(|place| canonical.starts_with(place))
            && !canonical.starts_with("/dev/shm")
    {
        return Err(ProcessError::invalid(format!(
            "`{shown}` cannot be handed to a step"
        )));
    }
    Ok(canonical)
}

/// A place in the workspace that need not exist, by its name in a folder that is followed.
fn by_name(root: &Path, path: &Path) -> Result<PathBuf, ProcessError> {
    let bad =
        || ProcessError::invalid(format!("`{}` is no place in the workspace", path.display()));
    let full = root.join(path);
    let name = full.file_name().ok_or_else(bad)?;
    let mut folder = full.parent().ok_or_else(bad)?.to_owned();
    let mut missing = PathBuf::from(name);
    // Folders that do not exist yet have no links in them.
    while fs::symlink_metadata(&folder).is_err() {
        missing = Path::new(folder.file_name().ok_or_else(bad)?).join(missing);
        folder = folder.parent().ok_or_else(bad)?.to_owned();
    }
    let found = fs::canonicalize(&folder).map_err(|_| bad())?.join(missing);
    let plain = found
        .components()
        .all(|part| !matches!(part, Component::ParentDir | Component::CurDir));
    match plain && found.starts_with(root) && found != root {
        true => Ok(found),
        false => Err(bad()),
    }
}

/// A sealed file (or folder), if it is there.
fn hidden(path: &Path) -> Result<Option<PathBuf>, ProcessError> {
    let shown = path.display();
    let canonical = match fs::canonicalize(path) {
        Ok(canonical) => canonical,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ProcessError::invalid(format!("`{shown}`: {error}"))),
    };
    let metadata = fs::metadata(&canonical)
        .map_err(|error| ProcessError::invalid(format!("`{shown}`: {error}")))?;
    if metadata.is_file() && metadata.nlink() > 1 {
        return Err(ProcessError::Refused {
            message: format!(
                "the sealed file `{shown}` has more than one name, and hiding one would not hide it"
            ),
            accept: "remove its hard links".to_owned(),
        });
    }
    Ok(Some(canonical))
}

/// Removes those of `absent` that a step has made. Nothing of the step lives any more.
pub(super) fn remove_created(absent: &[PathBuf]) -> Result<Vec<PathBuf>, ProcessError> {
    let mut created = Vec::new();
    for path in absent {
        let removed = match fs::symlink_metadata(path) {
            Err(_) => continue,
            Ok(metadata) if metadata.is_dir() => super::scratch::remove_all(path),
            Ok(_) => fs::remove_file(path),
        };
        removed.map_err(|source| ProcessError::Folder {
            path: path.clone(),
            source,
        })?;
        created.push(path.clone());
    }
    Ok(created)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::spec::Environment;

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("src/deep")).unwrap();
        fs::write(at("file"), "x").unwrap();
        symlink("/etc", at("out")).unwrap();
        symlink("src", at("in")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        fs::write(at("twice"), "x").unwrap();
        fs::hard_link(at("twice"), at("again")).unwrap();
        folder
    }

    #[track_caller]
    fn check_spec(change: impl FnOnce(&mut StepSpec), expected: Result<(), &str>) {
        let folder = workspace();
        let mut spec = StepSpec::new("true", folder.path());
        change(&mut spec);
        match (check(spec), expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn paths() {
        check_spec(|_| {}, Ok(()));
        check_spec(|spec| spec.files.workspace = "/".into(), Err("root folder"));
        check_spec(
            |spec| spec.files.workspace = "relative".into(),
            Err("is no folder"),
        );
        check_spec(|spec| spec.files.write = vec!["../x".into()], Err("`../x`"));
        check_spec(
            |spec| spec.files.write = vec!["..".into()],
            Err("leads out"),
        );
        check_spec(
            |spec| spec.files.read = vec!["out".into()],
            Err("leads out"),
        );
        check_spec(|spec| spec.files.read = vec!["in".into()], Ok(()));
        check_spec(
            |spec| spec.files.read = vec!["/proc".into()],
            Err("cannot be handed"),
        );
        check_spec(
            |spec| spec.files.read = vec!["/".into()],
            Err("cannot be handed"),
        );
        check_spec(
            |spec| spec.files.read = vec!["missing".into()],
            Err("`missing`"),
        );
        check_spec(|spec| spec.working_directory = "src/deep".into(), Ok(()));
        check_spec(
            |spec| spec.working_directory = "file".into(),
            Err("no folder"),
        );
        check_spec(
            |spec| spec.working_directory = "/etc".into(),
            Err("no folder"),
        );
        check_spec(
            |spec| spec.working_directory = "out".into(),
            Err("leads out"),
        );
        let narrow = |spec: &mut StepSpec| {
            spec.files.write = vec!["src/deep".into()];
            spec.working_directory = "in".into();
        };
        check_spec(narrow, Ok(()));
        // The workspace itself is there when nothing of it was handed over, a folder in it is not.
        check_spec(|spec| spec.files.write.clear(), Ok(()));
        let apart = |spec: &mut StepSpec| {
            spec.files.write.clear();
            spec.working_directory = "src".into();
        };
        check_spec(apart, Err("not among"));
        check_spec(
            |spec| spec.files.hidden = vec!["missing".into(), "dangling".into(), "file".into()],
            Ok(()),
        );
        check_spec(
            |spec| spec.files.hidden = vec!["twice".into()],
            Err("more than one name"),
        );
        check_spec(
            |spec| spec.files.reserved = vec!["in".into()],
            Err("a link"),
        );
        check_spec(
            |spec| spec.files.reserved = vec!["../x".into()],
            Err("no place"),
        );
        check_spec(
            |spec| spec.files.reserved = vec!["a/../../x".into()],
            Err("no place"),
        );
        check_spec(
            |spec| spec.files.reserved = vec!["a/b/c".into(), "file".into()],
            Ok(()),
        );
    }

    #[test]
    fn texts() {
        let set = |name: &'static str, value: String| {
            move |spec: &mut StepSpec| spec.environment = Environment::from_iter([(name, value)])
        };
        check_spec(set("A", "b=c\n".into()), Ok(()));
        check_spec(set("", "x".into()), Err("no name"));
        check_spec(set("A=B", "x".into()), Err("cannot be the name"));
        check_spec(set("A", "\0".into()), Err("zero byte"));
        check_spec(set("A", "x".repeat(MAX_VARIABLE)), Err("longer than"));
        check_spec(|spec| spec.script = "\0".into(), Err("zero byte"));
        check_spec(
            |spec| spec.script = "#".repeat(MAX_SCRIPT + 1),
            Err("longer than"),
        );
    }
}
