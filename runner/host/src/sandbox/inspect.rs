//! What can be said of a plugin's bytes without compiling them.

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Encoding, Parser, Payload, TypeBounds};

use super::error::LoadError;
use super::limits;

/// What the bytes are, and what they ask for and offer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inspection {
    /// A component; else a core module.
    pub(crate) component: bool,
    /// What it imports by name, in order; of a core module the module names, each once. Names that it gives to types of
    /// other imports are left out.
    pub(crate) imports: Vec<Import>,
    /// The names of what it exports.
    pub(crate) exports: Vec<Export>,
}

/// An import.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// `capstep:step/files@0.1.0`; of a core module `env`.
    pub(crate) name: String,
    /// Whether it is an instance, as an interface is.
    pub(crate) instance: bool,
}

/// An export.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) name: String,
    /// Whether it is a function.
    pub(crate) function: bool,
}

/// Looks at the bytes' first lines, size and sections.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    check_format(bytes)?;
    let mut inspection = Inspection::default();
    walk(bytes, |payload| {
        match payload {
            Payload::Version { encoding, .. } => {
                inspection.component = *encoding == Encoding::Component
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    if matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        continue;
                    }
                    inspection.imports.push(Import {
                        name: import.name.name.to_owned(),
                        instance: matches!(import.ty, ComponentTypeRef::Instance(_)),
                    });
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    inspection.exports.push(Export {
                        name: export.name.name.to_owned(),
                        function: export.kind == ComponentExternalKind::Func,
                    });
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    if !inspection
                        .imports
                        .iter()
                        .any(|known| known.name == import.module)
                    {
                        let name = import.module.to_owned();
                        inspection.imports.push(Import {
                            name,
                            instance: false,
                        });
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    let function = export.kind == wasmparser::ExternalKind::Func;
                    inspection.exports.push(Export {
                        name: export.name.to_owned(),
                        function,
                    });
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(inspection)
}

/// Calls back for each payload of the outermost module or component; what is nested in it belongs to somebody else.
fn walk(
    bytes: &[u8],
    mut visit: impl FnMut(&Payload<'_>) -> Result<(), wasmparser::BinaryReaderError>,
) -> Result<(), LoadError> {
    let malformed = |error: wasmparser::BinaryReaderError| LoadError::Malformed {
        message: error.to_string(),
    };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            payload if depth == 0 => visit(payload).map_err(malformed)?,
            _ => {}
        }
    }
    Ok(())
}

fn check_format(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.len() > limits::PLUGIN_SIZE {
        return Err(LoadError::TooLarge { size: bytes.len() });
    }
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(LoadError::Precompiled);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm {
            looks_like: looks_like(bytes),
        });
    }
    Ok(())
}

/// What a file that is no wasm seems to be.
fn looks_like(bytes: &[u8]) -> String {
    const TEXT_SHOWN: usize = 40;
    let known: [(&[u8], &str); 9] = [
        (b"\x7fELF", "an ELF program or library of this machine"),
        (b"MZ", "a Windows program"),
        (b"\xcf\xfa\xed\xfe", "a macOS program"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
        (b"#!", "a script"),
        (
            b"(component",
            "WebAssembly text; it must be in the binary format",
        ),
        (
            b"(module",
            "WebAssembly text; it must be in the binary format",
        ),
    ];
    if bytes.is_empty() {
        return "an empty file".to_owned();
    }
    if let Some((_, what)) = known.iter().find(|(start, _)| bytes.starts_with(start)) {
        return (*what).to_owned();
    }
    let start = bytes.get(..TEXT_SHOWN).unwrap_or(bytes);
    match std::str::from_utf8(start) {
        Ok(text) if !text.contains('\0') => {
            format!("a text that starts with `{}`", text.escape_debug())
        }
        _ => {
            let shown: Vec<String> = start
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("a file that starts with the bytes {}", shown.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wasm(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn files_that_are_no_wasm_are_named() {
        for (bytes, expected) in [
            (&b""[..], "an empty file"),
            (
                b"\x7fELF\x02\x01",
                "an ELF program or library of this machine",
            ),
            (b"#!/bin/sh\n", "a script"),
            (
                b"(module)",
                "WebAssembly text; it must be in the binary format",
            ),
            (b"hello\n", "a text that starts with `hello\\n`"),
            (b"\0\x01\x02", "a file that starts with the bytes 00 01 02"),
        ] {
            let Err(LoadError::NotWasm { looks_like }) = inspect(bytes) else {
                panic!("{expected}")
            };
            assert_eq!(looks_like, expected);
        }
    }

    #[test]
    fn imports_and_exports_are_those_of_the_outside() {
        let bytes = wasm(
            r#"(component
                (import "a:b/c@1.0.0" (instance))
                (component (import "inner:only/x" (instance)))
                (core module (import "env" "f" (func)))
            )"#,
        );
        let found = inspect(&bytes).unwrap();
        assert!(found.component);
        assert_eq!(
            found.imports,
            [Import {
                name: "a:b/c@1.0.0".into(),
                instance: true
            }]
        );

        let bytes = wasm(
            r#"(module (import "env" "f" (func)) (import "env" "g" (func)) (func (export "_start")))"#,
        );
        let found = inspect(&bytes).unwrap();
        assert!(!found.component);
        assert_eq!(found.imports.len(), 1);
        assert_eq!(
            found.exports,
            [Export {
                name: "_start".into(),
                function: true
            }]
        );
    }

    #[test]
    fn broken_and_cut_files_are_errors() {
        let bytes = wasm(r#"(component (core module (func)))"#);
        for length in 0..bytes.len() {
            // Some prefixes are whole by chance; none may panic.
            let _ = inspect(&bytes[..length]);
        }
    }
}
