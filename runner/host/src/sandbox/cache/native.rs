//! The only place where bytes from disk become code of this program.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::directory::OwnedFile;

/// Loads a compiled file.
///
/// # Errors
///
/// Where the file is broken in a way that wasmtime sees, or is another version's or another configuration's.
pub(super) fn load(engine: &Engine, file: &OwnedFile) -> wasmtime::Result<Component> {
    // SAFETY: the file must be what `Engine::precompile_component` gave and unchanged since. An `OwnedFile` is a regular
    // file, no link, in a directory that belongs to this user with the mode 0700 (or to root, writable by nobody else),
    // and it belongs to the same user and is writable by nobody else. Such files are written by `Cache::store` alone,
    // whole, by rename, with the bytes of `Engine::precompile_component`, under a name that is a digest of source,
    // wasmtime version and settings; wasmtime checks version and settings again. No grant of a step reaches the
    // directory. So whoever could put something else there can already act as this user (or as root), and gains
    // nothing. A file that a crashed disk has damaged is seen by wasmtime where it matters to its structure; beyond
    // that it is trusted like the program's own file.
    #[expect(
        unsafe_code,
        reason = "loading compiled code is unsafe by nature; the argument stands above"
    )]
    unsafe {
        Component::deserialize_file(engine, file.path())
    }
}
