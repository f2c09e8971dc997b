//! Turns a core module of WASI 0.1 into a component.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::error::LoadError;

/// The component that does what the command does.
pub(crate) fn component(module: &[u8]) -> Result<Vec<u8>, LoadError> {
    let malformed = |message: String| LoadError::Malformed { message };
    let module = with_exit_codes(module).map_err(malformed)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| {
            encoder.adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| malformed(format!("{error:#}")))
}

/// The import of `proc_exit` as it stands in a module: two names, each after its length, and the kind `function`.
const PROC_EXIT: &[u8] = b"\x16wasi_snapshot_preview1\x09proc_exit\x00";

/// What it is replaced by.
const EXIT_WITH_CODE: &[u8] = b"\x14wasi:cli/exit@0.2.12\x0eexit-with-code\x00";

/// The types of what it is replaced by.
const EXIT_WIT: &str = "package wasi:cli@0.2.12;
    interface exit { exit: func(status: result); exit-with-code: func(status-code: u8); }
    world program { import exit; }";

/// The module with its exit code kept: the adapter's `proc_exit` knows success and failure only, while WASI 0.2.12 has
/// a function for the code, with the same parameter.
fn with_exit_codes(module: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(section) = payload.map_err(|error| error.to_string())? else {
            continue;
        };
        let range = section.range();
        let Some(imports) = module.get(range.clone()) else {
            break;
        };
        let Some(at) = imports
            .windows(PROC_EXIT.len())
            .position(|window| window == PROC_EXIT)
        else {
            break;
        };
        let (before, after) = (imports.get(..at), imports.get(at + PROC_EXIT.len()..));
        let replaced = [
            before.unwrap_or_default(),
            EXIT_WITH_CODE,
            after.unwrap_or_default(),
        ]
        .concat();
        // In front of the section's content stands its length, in as many bytes as its writer liked, and its kind, 2.
        let Some(start) = section_start(module, range.start) else {
            break;
        };
        let mut changed = module.get(..start).unwrap_or_default().to_vec();
        changed.push(IMPORT_SECTION);
        write_length(&mut changed, replaced.len());
        changed.extend(replaced);
        changed.extend(module.get(range.end..).unwrap_or_default());
        let mut resolve = Resolve::default();
        let world = resolve
            .push_str("exit.wit", EXIT_WIT)
            .and_then(|package| resolve.select_world(&[package], Some("program")))
            .map_err(|error| format!("{error:#}"))?;
        embed_component_metadata(&mut changed, &resolve, world, StringEncoding::UTF8)
            .map_err(|error| format!("{error:#}"))?;
        return Ok(changed.into());
    }
    Ok(module.into())
}

/// The kind of the section of imports.
const IMPORT_SECTION: u8 = 2;

/// Where the section begins whose content begins at `content`. A length's bytes but the last have their high bit set.
fn section_start(module: &[u8], content: usize) -> Option<usize> {
    let mut at = content.checked_sub(1)?;
    loop {
        at = at.checked_sub(1)?;
        let byte = *module.get(at)?;
        if byte & 0x80 == 0 {
            return (byte == IMPORT_SECTION).then_some(at);
        }
    }
}

/// A number as LEB128.
fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_leb128() {
        for (length, expected) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (300, &[0xac, 2]),
        ] {
            let mut bytes = Vec::new();
            write_length(&mut bytes, length);
            assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn modules_become_components_with_and_without_an_exit_code() {
        for imports in [
            "",
            r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#,
            r#"(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
               (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
               (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))"#,
        ] {
            let text = format!(
                r#"(module {imports} (memory (export "memory") 1) (func (export "_start")))"#
            );
            let module = wat::parse_str(&text).unwrap();
            let component = component(&module).unwrap();
            wasmparser::Validator::new()
                .validate_all(&component)
                .unwrap();
            let exits = component
                .windows(14)
                .any(|window| window == b"exit-with-code");
            assert_eq!(exits, imports.contains("proc_exit"), "{imports}");
        }
    }
}
