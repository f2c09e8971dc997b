//! The files that a pipeline includes, read from its folder.

use std::io::{self, ErrorKind};
use std::path::Path;

use capstep_pipeline::{FoundFile, MAX_SOURCE_BYTES};

use crate::bounded::{self, Bounded};
use crate::locate::PipelineFile;

/// Reads a file that a pipeline includes. The error says why it can't be, as a lower-case sentence.
///
/// A link is refused: what it leads to might lie outside of the folder, and what decides about grants is to stand where it
/// is named.
pub(crate) fn read(pipeline: &PipelineFile, path: &str) -> Result<FoundFile, String> {
    let bytes = in_folder(&pipeline.folder, path).map_err(|problem| match problem {
        Problem::Link => "it is a link, or reached by one; name the file itself".to_owned(),
        Problem::NoFile => "it is no file".to_owned(),
        Problem::TooLarge => {
            format!("it has more than {MAX_SOURCE_BYTES} bytes (1 MiB), the most that is read")
        }
        Problem::Io(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such file".to_owned(),
            _ => format!("it can't be read: {error}"),
        },
    })?;
    Ok(FoundFile {
        name: beside(&pipeline.shown, path),
        bytes,
    })
}

/// The name of a file as people see it: from where they are, as the pipeline's own is.
pub(crate) fn beside(pipeline: &str, path: &str) -> String {
    match pipeline.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

enum Problem {
    Link,
    NoFile,
    TooLarge,
    Io(io::Error),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn in_folder(folder: &Path, path: &str) -> Result<Vec<u8>, Problem> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new(".").canonicalize()?,
        false => folder.canonicalize()?,
    };
    let wanted = folder.join(path);
    let real = wanted.canonicalize()?;
    if real != wanted {
        return Err(Problem::Link);
    }
    if !real.metadata()?.is_file() {
        return Err(Problem::NoFile);
    }
    match bounded::read(&real, MAX_SOURCE_BYTES as u64)? {
        Bounded::Whole(mut bytes) => Ok(std::mem::take(&mut *bytes)),
        Bounded::TooLarge => Err(Problem::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_where_they_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir(at("ci")).unwrap();
        std::fs::write(at("ci/a.yml"), "steps").unwrap();
        std::fs::write(at("large"), vec![b' '; MAX_SOURCE_BYTES + 1]).unwrap();
        std::os::unix::fs::symlink("ci/a.yml", at("link.yml")).unwrap();
        std::os::unix::fs::symlink("ci", at("door")).unwrap();
        let pipeline = PipelineFile {
            path: at("capstep.yml"),
            folder: folder.path().to_owned(),
            shown: "../capstep.yml".to_owned(),
        };
        let check = |path: &str, expected: Result<&str, &str>| {
            let found = read(&pipeline, path).map(|found| found.name);
            let found = found.as_deref().map_err(String::as_str);
            assert_eq!(found, expected, "{path}");
        };
        check("ci/a.yml", Ok("../ci/a.yml"));
        check("ci/b.yml", Err("there is no such file"));
        check("ci/a.yml/b", Err("there is no such file"));
        check("ci", Err("it is no file"));
        let link = "it is a link, or reached by one; name the file itself";
        check("link.yml", Err(link));
        check("door/a.yml", Err(link));
        check(
            "large",
            Err("it has more than 1048576 bytes (1 MiB), the most that is read"),
        );
    }
}
