//! One digest of many files, for expressions: `hashFiles('**/Cargo.lock')`.

use std::collections::BTreeMap;
use std::io::Read as _;

use capstep_grants::WorkspacePath;
use sha2::{Digest as _, Sha256};

use super::place::FileError;
use super::sealed::{COMPARE_LIMIT, SealedFiles};
use super::walk::{Found, walk};
use super::workspace::Workspace;

/// The most bytes that are read for one digest: lock files and sources, not data. Nothing else of the job goes on
/// meanwhile.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// SHA-256, in hexadecimal, of the paths and contents of all files that match a pattern, in the order of their paths.
/// Empty where none does. A pattern is a path or a glob in the workspace, a folder means all that lies below it, and one
/// that begins with `!` takes away what it matches.
///
/// Reserved places, links and files that hold secrets are left out: a digest of a weak secret would tell it.
///
/// # Errors
/// A pattern that is no path in the workspace, a file that can't be read, or too much to read.
pub fn hash_files(
    workspace: &Workspace,
    sealed: &SealedFiles,
    patterns: &[String],
) -> Result<String, String> {
    let mut files: BTreeMap<String, Found> = BTreeMap::new();
    for written in patterns {
        let (taken_away, pattern) = match written.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, written.as_str()),
        };
        let path = WorkspacePath::parse(pattern).map_err(|why| format!("`{pattern}` {why}"))?;
        let found = match walk(workspace, &path, &path, true) {
            Ok(found) => found,
            Err(FileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("`{pattern}` {}", why(&error))),
        };
        for entry in found.into_iter().filter(|entry| entry.metadata.is_file()) {
            let name = entry.place.name();
            if taken_away {
                files.remove(&name);
            } else {
                files.insert(name, entry);
            }
        }
    }
    let mut whole = Sha256::new();
    let (mut any, mut left) = (false, MAX_BYTES);
    for (name, entry) in &files {
        if sealed.template(name).is_some() {
            continue;
        }
        let size = entry.metadata.len();
        left = left
            .checked_sub(size)
            .ok_or("the files that match have more than 512 MiB")?;
        let Some(digest) =
            digest(entry, sealed, size).map_err(|error| format!("`{name}` {}", why(&error)))?
        else {
            continue;
        };
        any = true;
        whole.update((name.len() as u64).to_le_bytes());
        whole.update(name.as_bytes());
        whole.update(digest);
    }
    if !any {
        return Ok(String::new());
    }
    Ok(hex(&whole.finalize()))
}

/// The digest of one file; none where it is a copy of a sealed one.
fn digest(entry: &Found, sealed: &SealedFiles, size: u64) -> Result<Option<[u8; 32]>, FileError> {
    if !sealed.is_empty() && size <= COMPARE_LIMIT as u64 {
        let bytes = entry.place.read(0, size)?;
        return Ok(match sealed.template_of_copy(&bytes) {
            Some(_) => None,
            None => Some(Sha256::digest(&bytes).into()),
        });
    }
    let mut file = entry.place.file()?.take(size);
    let mut digest = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut chunk)?;
        match chunk.get(..count) {
            Some(bytes) if count > 0 => digest.update(bytes),
            _ => return Ok(Some(digest.finalize().into())),
        }
    }
}

fn why(error: &FileError) -> String {
    match error {
        FileError::LinkLeaves => "leads out of its folder by a link".to_owned(),
        FileError::Reserved => {
            "is reserved: no step reads it, and neither does an expression".to_owned()
        }
        FileError::Io(error) => format!("can't be read: {error}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_counts_is_what_matches() {
        let folder = tempfile::tempdir().unwrap();
        let state = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("capstep.yml", "version: 1");
        write(".git/HEAD", "ref");
        write("a/one.lock", "1");
        write("a/b/two.lock", "2");
        write("a/note.txt", "n");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a/out.lock")).unwrap();
        let workspace = Workspace::open(folder.path())
            .unwrap()
            .reserving("capstep.yml");
        let sealed = SealedFiles::open(state.path(), folder.path()).unwrap();
        let hash = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
            hash_files(&workspace, &sealed, &patterns)
        };
        let both = hash(&["**/*.lock"]).unwrap();
        assert_eq!(both.len(), 64);
        // The same files, however they are named; a link is none of them.
        assert_eq!(hash(&["a/b/two.lock", "a/one.lock"]).unwrap(), both);
        assert_eq!(hash(&["a", "!a/note.txt"]).unwrap(), both);
        assert_ne!(hash(&["a"]).unwrap(), both);
        assert_eq!(hash(&["nothing/*.lock"]).unwrap(), "");
        assert_eq!(hash(&["not-there"]).unwrap(), "");
        // Names count, and what the files hold.
        write("a/one.lock", "1!");
        assert_ne!(hash(&["**/*.lock"]).unwrap(), both);
        // The pipeline's own file and the repository's data are left out, and can't be asked for.
        let all = hash(&["**"]).unwrap();
        write("capstep.yml", "version: 2");
        write(".git/HEAD", "other");
        assert_eq!(hash(&["**"]).unwrap(), all);
        assert!(hash(&[".git/HEAD"]).is_err());
        assert!(hash(&["../x"]).is_err());
        // What is too large isn't begun.
        let large = fs::File::create(folder.path().join("large.bin")).unwrap();
        large.set_len(MAX_BYTES + 1).unwrap();
        let why = hash(&["*.bin"]).unwrap_err();
        assert_eq!(why, "the files that match have more than 512 MiB");
        fs::remove_file(folder.path().join("large.bin")).unwrap();
        // A file that holds a secret never counts, nor does a copy of it.
        write("secret.env", "TOKEN=1234");
        assert_ne!(hash(&["**"]).unwrap(), all);
        sealed
            .remember(
                "secret.env",
                b"TOKEN=1234",
                "TOKEN=[secret TOKEN]".to_owned(),
                vec!["TOKEN".to_owned()],
                None,
            )
            .unwrap();
        write("copy.env", "TOKEN=1234");
        assert_eq!(hash(&["**"]).unwrap(), all);
        assert_eq!(hash(&["secret.env"]).unwrap(), "");
    }
}
