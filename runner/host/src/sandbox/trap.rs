//! What a trap says to people.

use wasmtime::{Trap, WasmBacktrace};

use super::limits;

/// A readable message, with the guest's own functions where it names them. Never the host's.
pub(crate) fn message(error: &wasmtime::Error) -> String {
    let what = match error.downcast_ref::<Trap>() {
        Some(trap) => describe(*trap),
        // `{:#}` is the chain of reasons; `{:?}` would add this program's own stack. The guest's is taken out, since
        // it is given below in fewer words.
        None => error
            .chain()
            .map(ToString::to_string)
            .filter(|text| !text.starts_with("error while executing at wasm backtrace"))
            .collect::<Vec<_>>()
            .join(": "),
    };
    match functions(error) {
        names if names.is_empty() => what,
        names => format!("{what} (in {})", names.join(" ← ")),
    }
}

fn describe(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => {
            "it stopped itself (`unreachable`): an abort or a panic".to_owned()
        }
        Trap::MemoryOutOfBounds => "it read or wrote out of bounds of its memory".to_owned(),
        Trap::StackOverflow => "stack overflow: its calls nest too deeply".to_owned(),
        other => other.to_string(),
    }
}

fn functions(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    for frame in backtrace.frames() {
        let Some(name) = frame.func_name() else {
            continue;
        };
        let name = format!("`{}`", shorten(name));
        if names.last() != Some(&name) {
            names.push(name);
        }
        if names.len() == limits::TRAP_FRAMES {
            break;
        }
    }
    names
}

/// A name is the guest's own text: it is cut, and control characters are shown.
fn shorten(name: &str) -> String {
    super::outputs::cut(name.escape_debug().to_string(), 120)
}
