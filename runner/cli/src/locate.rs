//! Which pipeline file is meant.

use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The file's usual name.
pub(crate) const FILE_NAME: &str = "capstep.yml";
/// Names that people give it by mistake.
const MISTAKEN: [&str; 3] = ["capstep.yaml", ".capstep.yml", ".capstep.yaml"];

/// A pipeline's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PipelineFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its folder, which all paths in it are relative to.
    pub(crate) folder: PathBuf,
    /// Its name as shown: as it was written, or relative to the current folder.
    pub(crate) shown: String,
}

/// The file that was named, else the nearest one above `current`, up to the repository's root.
pub(crate) fn find(current: &Path, named: Option<&Path>) -> Result<PipelineFile, CliError> {
    match named {
        Some(named) => by_name(current, named),
        None => nearest(current),
    }
}

fn by_name(current: &Path, named: &Path) -> Result<PipelineFile, CliError> {
    let path = current.join(named);
    let shown = named.display().to_string();
    if path.is_dir() {
        let inside = named.join(FILE_NAME);
        return Err(CliError::usage(format!("`{shown}` is a folder"))
            .hint(format!("name the pipeline in it: `{}`", inside.display())));
    }
    let folder = path
        .parent()
        .map_or_else(|| current.to_owned(), Path::to_owned);
    Ok(PipelineFile {
        path,
        folder,
        shown,
    })
}

fn nearest(current: &Path) -> Result<PipelineFile, CliError> {
    let root = current
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    let mut shown = PathBuf::new();
    for folder in current.ancestors() {
        let path = folder.join(FILE_NAME);
        if path.is_file() {
            return Ok(PipelineFile {
                path,
                folder: folder.to_owned(),
                shown: shown.join(FILE_NAME).display().to_string(),
            });
        }
        // Without a repository, folders above are somebody else's.
        if root.is_none_or(|root| root == folder) {
            break;
        }
        shown.push("..");
    }
    let message = match root {
        Some(root) if root != current => format!(
            "there is no `{FILE_NAME}` in this folder or above it, up to the repository's root `{}`",
            root.display()
        ),
        _ => format!("there is no `{FILE_NAME}` in this folder"),
    };
    let mistaken = MISTAKEN.iter().find(|name| current.join(name).is_file());
    Err(CliError::usage(message).hint(match mistaken {
        Some(name) => format!("there is a `{name}`: rename it, or name it on the command line"),
        None => "name the pipeline on the command line, or change to its folder".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository at `repo` with a pipeline in `repo/app`, one above the repository, and folders without.
    fn tree() -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        for folder in ["repo/.git", "repo/app/deep/er", "repo/other", "plain/sub"] {
            std::fs::create_dir_all(top.path().join(folder)).unwrap();
        }
        for file in [
            "capstep.yml",
            "repo/app/capstep.yml",
            "plain/capstep.yml",
            "repo/other/capstep.yaml",
        ] {
            std::fs::write(top.path().join(file), "").unwrap();
        }
        top
    }

    #[test]
    fn the_nearest_file_is_taken() {
        let top = tree();
        let check = |current: &str, expected: Result<(&str, &str), &str>| {
            let found = find(&top.path().join(current), None);
            match expected {
                Ok((folder, shown)) => {
                    let found = found.unwrap();
                    assert_eq!(found.folder, top.path().join(folder), "{current}");
                    assert_eq!(found.path, found.folder.join(FILE_NAME));
                    assert_eq!(found.shown, shown);
                }
                Err(message) => {
                    let error = found.unwrap_err();
                    let text = format!("{}; {}", error.message, error.hints.join("; "));
                    assert!(text.contains(message), "{current}: {text}");
                }
            }
        };
        check("repo/app", Ok(("repo/app", "capstep.yml")));
        check("repo/app/deep/er", Ok(("repo/app", "../../capstep.yml")));
        check("plain", Ok(("plain", "capstep.yml")));
        check(
            "repo",
            Err("there is no `capstep.yml` in this folder; name the pipeline"),
        );
        check("repo/other", Err("up to the repository's root"));
        check("repo/other", Err("there is a `capstep.yaml`: rename it"));
        check(
            "plain/sub",
            Err("there is no `capstep.yml` in this folder;"),
        );
    }

    #[test]
    fn a_named_file_is_taken_as_written() {
        let top = tree();
        let found = find(&top.path().join("repo"), Some(Path::new("app/capstep.yml"))).unwrap();
        assert_eq!(
            (found.folder, found.shown.as_str()),
            (top.path().join("repo/app"), "app/capstep.yml")
        );
        let error = find(top.path(), Some(Path::new("repo/app"))).unwrap_err();
        assert_eq!(error.message, "`repo/app` is a folder");
        assert_eq!(
            error.hints,
            ["name the pipeline in it: `repo/app/capstep.yml`"]
        );
    }
}
