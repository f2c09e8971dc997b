//! The build context: which files of a folder an engine gets, and their bytes as a stream.
//!
//! - `ignore`: the ignore file, `.dockerignore`
//! - `source`: the folder, what of it is nobody's business, and who may refuse a file
//! - `entry`, `walk`: what lies below the folder; links stay links and are never followed
//! - `filter`: what of it goes to the classic builder, and what BuildKit asks for
//! - `follow`: where links inside the context lead, for BuildKit's requests
//! - `archive`: the tar stream of the classic builder
//! - `outcome`: what was sent, and what kept it from that

pub(crate) mod archive;
pub mod entry;
pub(crate) mod filter;
pub(crate) mod follow;
pub mod ignore;
pub(crate) mod outcome;
pub mod source;
pub(crate) mod walk;

pub use entry::{Entry, EntryKind};
pub use outcome::ContextSent;
pub use source::{ContextSource, Gate, Open};

use crate::context::filter::{Asked, Classic};
use crate::context::ignore::clean::clean;
use crate::context::ignore::matcher::Matcher;
use crate::error::{DockerError, DockerErrorKind, Stage};

/// The ignore file of a context.
pub const IGNORE_FILE: &str = ".dockerignore";

/// An ignore file is read in one piece; a larger one is none.
const IGNORE_FILE_LIMIT: u64 = 1024 * 1024;

/// The entries that the classic builder is sent, in the order of the stream; every one has passed the gate.
///
/// `ignore_text` is the ignore file's text. The Dockerfile and the ignore file are sent even if a pattern leaves them
/// out: the engine needs the first, and its own tools send the second.
///
/// # Errors
/// A pattern is broken, a folder cannot be read, or the gate refuses a file.
pub fn list(
    source: &ContextSource,
    ignore_text: &str,
    dockerfile: &str,
) -> Result<Vec<Entry>, DockerError> {
    let mut patterns = ignore::file::parse(ignore_text)?;
    let matcher = Matcher::new(patterns.iter().map(String::as_str))?;
    let dockerfile = clean(dockerfile);
    for name in [IGNORE_FILE, dockerfile.as_str()] {
        if matcher.matches_alone(name) {
            patterns.push(format!("!{name}"));
        }
    }
    let matcher = Matcher::new(patterns.iter().map(String::as_str))?;
    let entries = walk::walk(source, &Classic::new(&matcher))?;
    for entry in &entries {
        source.pass(entry)?;
    }
    Ok(entries)
}

/// The entries that BuildKit is sent when everything is copied, in the order of the list. (It asks for less where the
/// Dockerfile copies less.) Every one has passed the gate.
///
/// # Errors
/// As of [`list`].
pub fn list_for_buildkit(
    source: &ContextSource,
    ignore_text: &str,
) -> Result<Vec<Entry>, DockerError> {
    let patterns = ignore::file::parse(ignore_text)?;
    let excluded = Matcher::new(patterns.iter().map(String::as_str))?;
    let entries = walk::walk(source, &Asked::new(Matcher::default(), excluded))?;
    for entry in &entries {
        source.pass(entry)?;
    }
    Ok(entries)
}

/// The text of the ignore file that is meant by this Dockerfile: BuildKit looks for one beside the Dockerfile, under
/// its name, first; the classic builder knows the context's alone. Empty where there is none.
///
/// # Errors
/// The file is there and cannot be read, is no UTF-8, or is larger than 1 MiB.
pub fn ignore_text(
    source: &ContextSource,
    dockerfile: &str,
    buildkit: bool,
) -> Result<String, DockerError> {
    let own = format!("{}{IGNORE_FILE}", clean(dockerfile));
    let names = if buildkit {
        vec![own.as_str(), IGNORE_FILE]
    } else {
        vec![IGNORE_FILE]
    };
    for name in names {
        match source.read(name, IGNORE_FILE_LIMIT) {
            Ok(bytes) => {
                return String::from_utf8(bytes).map_err(|_| {
                    DockerError::invalid(Stage::Context, format!("{name} is no UTF-8 text"))
                });
            }
            Err(error) if error.kind == DockerErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(String::new())
}
