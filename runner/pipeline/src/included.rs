//! The files that a pipeline includes: found in its text, read by the caller, kept behind its own.

use std::collections::HashMap;

use crate::source::{File, Source, line_starts, text_of};
use crate::tree::{Node, parse_tree};

/// The key of a step that stands for the steps of a file.
pub(crate) const INCLUDE: &str = "include";

/// The most files that a pipeline includes, all together. A project has some; more are made by a program, which can as
/// well write the steps.
const MAX_FILES: usize = 64;

/// The most text that they have, all together, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What a caller reads files by. It is given a path relative to the pipeline's folder that leads nowhere outside of it by
/// its text; the error is a lower-case sentence.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<FoundFile, String> + 'a;

/// A file that was read.
#[derive(Debug)]
pub struct FoundFile {
    /// Its name as people see it.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The files, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Included {
    files: Vec<IncludedFile>,
    by_path: HashMap<String, Result<usize, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct IncludedFile {
    path: String,
    name: String,
    text: String,
    start: usize,
    line_starts: Vec<usize>,
}

impl IncludedFile {
    fn file(&self) -> File<'_> {
        File::new(&self.name, &self.text, self.start, &self.line_starts)
    }
}

impl Included {
    /// The paths of those that could be read, relative to the pipeline's folder.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    /// The files that could be read, with their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, File<'_>)> {
        self.files
            .iter()
            .map(|file| (file.path.as_str(), file.file()))
    }

    /// The file at a path; or why there is none.
    pub(crate) fn get(&self, path: &str) -> Result<File<'_>, &str> {
        match self.by_path.get(path) {
            Some(Ok(index)) => self
                .files
                .get(*index)
                .map(IncludedFile::file)
                .ok_or("it was not read"),
            Some(Err(why)) => Err(why),
            None => Err("it was not read"),
        }
    }

    pub(crate) fn file_at(&self, byte: usize) -> Option<File<'_>> {
        let after = self.files.partition_point(|file| file.start <= byte);
        let file = self.files.get(after.checked_sub(1)?)?;
        Some(file.file())
    }
}

/// A path as files are kept by: relative to the pipeline's folder, without `.` and empty parts.
///
/// # Errors
///
/// Why it can't be the path of such a file, as a lower-case sentence.
pub(crate) fn normalized(path: &str) -> Result<String, &'static str> {
    if path.starts_with('/') {
        return Err("a path is relative to the pipeline's folder");
    }
    if path.contains('\0') || path.contains('\\') {
        return Err("a path has neither backslashes nor NUL");
    }
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") {
        return Err("a path leads nowhere outside of the pipeline's folder");
    }
    if parts.is_empty() {
        return Err("a path names a file");
    }
    Ok(parts.join("/"))
}

impl Source {
    /// Reads the files that the text includes, and those that these include. What can't be read is told where the file
    /// is included, when the text is parsed.
    pub fn read_included(&mut self, read: &ReadFile<'_>) {
        let mut wanted = paths_in(self.file_at(0));
        let mut bytes = 0;
        while let Some(path) = wanted.pop() {
            if self.included().by_path.contains_key(&path) {
                continue;
            }
            let found = if self.included().files.len() >= MAX_FILES {
                Err(format!("a pipeline includes at most {MAX_FILES} files"))
            } else {
                read(&path).and_then(|FoundFile { name, bytes }| {
                    let text = text_of(&name, bytes).map_err(|error| error.to_string())?;
                    Ok((name, text))
                })
            };
            let found = found.and_then(|(name, text)| {
                bytes += text.len();
                if bytes > MAX_BYTES {
                    return Err(format!(
                        "the files that a pipeline includes have at most {MAX_BYTES} bytes (4 MiB) together"
                    ));
                }
                Ok(self.add(&path, name, text))
            });
            if let Ok(index) = found
                && let Some(file) = self.included().files.get(index)
            {
                wanted.extend(paths_in(file.file()));
            }
            self.included_mut().by_path.insert(path, found);
        }
    }

    fn add(&mut self, path: &str, name: String, text: String) -> usize {
        // One byte between two files, so that the end of one is not the beginning of the next.
        let start = match self.included().files.last() {
            Some(last) => last.start + last.text.len() + 1,
            None => self.text.len() + 1,
        };
        let file = IncludedFile {
            path: path.to_owned(),
            name,
            line_starts: line_starts(&text),
            text,
            start,
        };
        let files = &mut self.included_mut().files;
        files.push(file);
        files.len() - 1
    }
}

/// The paths that a file includes. Where the file can't be read there are none: that is told when it is parsed.
fn paths_in(file: File<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    if file.text.contains(INCLUDE)
        && let Ok(root) = parse_tree(file)
    {
        let jobs = root.get("jobs").and_then(Node::as_map).unwrap_or_default();
        for place in jobs.iter().map(|(_, job)| job).chain([&root]) {
            for key in ["steps", "finally"] {
                let steps = place.get(key).and_then(Node::as_list).unwrap_or_default();
                let found = steps.iter().filter_map(|step| step.get(INCLUDE)?.as_str());
                paths.extend(found.filter_map(|path| normalized(path).ok()));
            }
        }
    }
    paths.reverse();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn paths_are_those_of_files_in_the_folder() {
        let check = |path: &str, expected: Result<&str, &str>| {
            assert_eq!(
                normalized(path),
                expected.map(str::to_owned).map_err(|why| match why {
                    "relative" => "a path is relative to the pipeline's folder",
                    "characters" => "a path has neither backslashes nor NUL",
                    "outside" => "a path leads nowhere outside of the pipeline's folder",
                    _ => "a path names a file",
                }),
                "{path:?}"
            );
        };
        check("ci/deploy.yml", Ok("ci/deploy.yml"));
        check("./ci//deploy.yml", Ok("ci/deploy.yml"));
        check("..a/.b", Ok("..a/.b"));
        check("/etc/passwd", Err("relative"));
        check("ci/../../x", Err("outside"));
        check("..", Err("outside"));
        check("ci\\x", Err("characters"));
        check("a\0b", Err("characters"));
        check("./", Err("nothing"));
        check("", Err("nothing"));
    }

    fn found(name: &str, text: &str) -> FoundFile {
        FoundFile {
            name: name.to_owned(),
            bytes: text.into(),
        }
    }

    #[test]
    fn files_are_found_wherever_steps_are_and_read_once() {
        let text = "jobs: { a: { steps: [{ include: x.yml }, { include: ./x.yml }, { include: /no }], finally: [{ include: gone.yml }] } }";
        let mut source = Source::new("sub/capstep.yml", text);
        let read = std::cell::RefCell::new(Vec::new());
        source.read_included(&|path| {
            read.borrow_mut().push(path.to_owned());
            let text = match path {
                "x.yml" => "steps: [{ include: y/z.yml }]\n",
                "y/z.yml" => "steps: [{ include: x.yml }] # \u{e4}\nlast",
                _ => return Err("there is no such file".to_owned()),
            };
            Ok(found(&format!("sub/{path}"), text))
        });
        assert_eq!(read.into_inner(), ["x.yml", "y/z.yml", "gone.yml"]);
        assert_eq!(
            source.included().paths().collect::<Vec<_>>(),
            ["x.yml", "y/z.yml"]
        );
        assert_eq!(
            source.included().get("gone.yml").unwrap_err(),
            "there is no such file"
        );
        let z = source.included().get("y/z.yml").unwrap();
        let last = z.text.find("last").unwrap() + z.start;
        assert_eq!(source.place(Span::new(last, last + 4)), "sub/y/z.yml:2:1");
        assert_eq!(source.slice(Span::new(last, last + 4)), "last");
        assert_eq!(
            source.place(Span::new(text.len(), text.len())),
            format!("sub/capstep.yml:1:{}", text.len() + 1)
        );
        assert_eq!(
            source.place(Span::new(9_999_999, 9_999_999)),
            "sub/y/z.yml:2:5"
        );
    }

    #[test]
    fn there_is_a_limit() {
        let many: Vec<String> = (0..=MAX_FILES)
            .map(|n| format!("{{ include: f{n} }}"))
            .collect();
        let mut source = Source::new("c", format!("steps: [{}]", many.join(", ")));
        source.read_included(&|path| Ok(found(path, "")));
        assert_eq!(source.included().paths().count(), MAX_FILES);
        assert_eq!(
            source.included().get(&format!("f{MAX_FILES}")).unwrap_err(),
            "a pipeline includes at most 64 files"
        );
        let mut source = Source::new(
            "c",
            "steps: [{ include: a }, { include: b }, { include: c }, { include: d }, { include: e }]",
        );
        source.read_included(&|path| Ok(found(path, &" ".repeat(1024 * 1024))));
        assert_eq!(source.included().paths().count(), 4);
        assert!(source.included().get("e").unwrap_err().contains("4 MiB"));
    }
}
