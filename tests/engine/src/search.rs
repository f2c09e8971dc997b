//! Looking for a planted value in files, in whatever form it is there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a compressed file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The forms in which a value could show: as it is, in base64 at each of the three alignments, in hex, and as a URL and
/// JSON have it.
pub fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.as_bytes().to_vec()];
    for shift in 0..3 {
        let mut padded = vec![b' '; shift];
        padded.extend(value.as_bytes());
        let text = STANDARD.encode(&padded);
        // The first and the last group depend on what stands beside the value.
        let inner = &text[4.min(text.len())..text.len().saturating_sub(4)];
        forms.push(inner.as_bytes().to_vec());
    }
    let hex = |upper: bool| -> Vec<u8> {
        let digits = value.bytes().map(|byte| match upper {
            true => format!("{byte:02X}"),
            false => format!("{byte:02x}"),
        });
        digits.collect::<String>().into_bytes()
    };
    forms.extend([hex(false), hex(true)]);
    let escaped = |keep: &dyn Fn(u8) -> bool, blank: &str| -> Vec<u8> {
        let parts = value.bytes().map(|byte| match byte {
            b' ' => blank.to_owned(),
            byte if keep(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        });
        parts.collect::<String>().into_bytes()
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    forms.extend([escaped(&plain, "%20"), escaped(&plain, "+")]);
    forms.push(
        serde_json::to_string(value)
            .unwrap()
            .trim_matches('"')
            .into(),
    );
    forms.sort();
    forms.dedup();
    forms
}

/// Whether any of the forms is there.
pub fn contains(bytes: &[u8], forms: &[Vec<u8>]) -> bool {
    // The first byte decides nearly always, and searching for it is fast.
    forms.iter().any(|form| {
        let (Some(first), length) = (form.first(), form.len()) else {
            return false;
        };
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| byte == first) {
            if rest[at..].starts_with(form) {
                return true;
            }
            rest = &rest[at + 1..];
            if rest.len() < length {
                return false;
            }
        }
        false
    })
}

/// The files below a folder that hold a value in any form, sorted; compressed ones are looked into as well. A file that
/// can't be read is no file without the value: it ends the test, unless it has gone meanwhile.
pub fn files(folder: &Path, value: &str) -> Vec<PathBuf> {
    let forms = forms(value);
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Some(entries) = there(fs::read_dir(&folder), &folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let Some(metadata) = there(fs::symlink_metadata(&path), &path) else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() && holds(&path, &forms) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn holds(path: &Path, forms: &[Vec<u8>]) -> bool {
    let Some(bytes) = there(fs::read(path), path) else {
        return false;
    };
    contains(&bytes, forms) || bytes.starts_with(&GZIP) && contains(&decompressed(path), forms)
}

/// What is in a compressed file; of one that is cut off, what is there.
fn decompressed(path: &Path) -> Vec<u8> {
    let output = Command::new("gzip")
        .arg("-dc")
        .stdin(fs::File::open(path).unwrap())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    output.stdout
}

/// None for what has gone.
#[track_caller]
fn there<T>(result: std::io::Result<T>, path: &Path) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{} can't be searched: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_every_form() {
        let canary = "canary 0123456789/abcdef\"";
        for text in [
            format!("x{canary}y"),
            STANDARD.encode(format!("ab{canary}cd")),
            STANDARD.encode(format!("a{canary}")),
            "63616e61727920303132333435363738392f61626364656622".to_owned(),
            "a=canary%200123456789%2Fabcdef%22&b".to_owned(),
            "a=canary+0123456789%2Fabcdef%22&b".to_owned(),
            "{\"a\":\"canary 0123456789/abcdef\\\"\"}".to_owned(),
        ] {
            assert!(contains(text.as_bytes(), &forms(canary)), "{text}");
        }
        assert!(!contains(b"canary 0123456789", &forms(canary)));
        assert!(!contains(b"", &forms(canary)));
    }

    #[test]
    fn files_are_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("below")).unwrap();
        fs::write(dir.path().join("none"), "nothing").unwrap();
        fs::write(dir.path().join("below/plain"), "a secret-value b").unwrap();
        let packed = dir.path().join("packed");
        fs::write(&packed, "a secret-value b").unwrap();
        assert!(
            Command::new("gzip")
                .arg(&packed)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(
            files(dir.path(), "secret-value"),
            [dir.path().join("below/plain"), dir.path().join("packed.gz")]
        );
    }
}
