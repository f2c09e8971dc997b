//! What a module's or component's own sections say. What is nested in it belongs to others and is skipped unread, so
//! that a look at a large component is quick.

use capstep_grants::manifest::SECTION_NAME;
use wasmparser::{Chunk, ComponentTypeRef, Encoding, Parser, Payload};

/// What a plugin's bytes ask for and offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// A component; else a core module.
    pub component: bool,
    /// The embedded manifest's JSON.
    pub manifest: Option<Vec<u8>>,
    /// The names of what it imports, each once: `capstep:step/files@0.1.0`; of a core module the module names.
    pub imports: Vec<String>,
    /// The names of what it exports.
    pub exports: Vec<String>,
}

/// Why bytes are no plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapeError {
    /// They don't start like WebAssembly.
    NotWasm,
    /// A section is broken.
    Malformed(String),
    /// There are two manifests: nobody could say which one counts.
    TwoManifests,
}

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotWasm => f.write_str("it is not WebAssembly in the binary format"),
            Self::Malformed(message) => write!(f, "its WebAssembly is broken: {message}"),
            Self::TwoManifests => f.write_str("it has two manifests"),
        }
    }
}

impl std::error::Error for ShapeError {}

impl From<wasmparser::BinaryReaderError> for ShapeError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl Shape {
    /// Reads the outermost sections.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ShapeError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ShapeError::NotWasm);
        }
        let mut shape = Self::default();
        let mut parser = Parser::new(0);
        let mut rest = bytes;
        loop {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else {
                return Err(cut_off());
            };
            rest = rest.get(consumed..).ok_or_else(cut_off)?;
            let nested = match &payload {
                Payload::End(_) => return Ok(shape),
                Payload::CodeSectionStart { size, .. } => {
                    parser.skip_section();
                    usize::try_from(*size).unwrap_or(usize::MAX)
                }
                Payload::ModuleSection {
                    unchecked_range, ..
                }
                | Payload::ComponentSection {
                    unchecked_range, ..
                } => unchecked_range.len(),
                payload => {
                    shape.take(payload)?;
                    0
                }
            };
            rest = rest.get(nested..).ok_or_else(cut_off)?;
        }
    }

    fn take(&mut self, payload: &Payload<'_>) -> Result<(), ShapeError> {
        match payload {
            Payload::Version { encoding, .. } => self.component = *encoding == Encoding::Component,
            Payload::CustomSection(section) if section.name() == SECTION_NAME => {
                let earlier = self.manifest.replace(section.data().to_owned());
                if earlier.is_some() {
                    return Err(ShapeError::TwoManifests);
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    // A type says how values look; it gives nothing to call.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        self.import(import.name.name);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    self.import(import?.module);
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    self.exports.push(export?.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, name: &str) {
        if !self.imports.iter().any(|known| known == name) {
            self.imports.push(name.to_owned());
        }
    }
}

fn cut_off() -> ShapeError {
    ShapeError::Malformed("the file ends within a section".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Result<Shape, ShapeError> {
        Shape::read(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn manifests_are_those_of_the_outside() {
        let check = |text, expected: Result<Option<&str>, ShapeError>| {
            let found = shape(text).map(|shape| shape.manifest);
            let expected = expected.map(|manifest| manifest.map(|json| json.as_bytes().to_owned()));
            assert_eq!(found, expected, "{text}");
        };
        check("(module (func))", Ok(None));
        check(
            r#"(module (func) (@custom "capstep:manifest" "{}"))"#,
            Ok(Some("{}")),
        );
        check(
            r#"(component (@custom "capstep:manifest" "{}"))"#,
            Ok(Some("{}")),
        );
        check(
            r#"(component (core module (func) (@custom "capstep:manifest" "{}")) (component))"#,
            Ok(None),
        );
        check(
            r#"(module (@custom "capstep:manifest" "{}") (@custom "capstep:manifest" "{}"))"#,
            Err(ShapeError::TwoManifests),
        );
    }

    #[test]
    fn imports_and_exports_are_those_of_the_outside() {
        let found = shape(
            r#"(component
                (import "a:b/c@1.0.0" (instance))
                (component (import "inner:only/x" (instance)))
                (core module (import "env" "f" (func)) (func))
            )"#,
        );
        assert_eq!(found.unwrap().imports, ["a:b/c@1.0.0"]);
        let found = shape(
            r#"(module (import "e" "f" (func)) (import "e" "g" (func)) (func (export "_start")))"#,
        );
        let found = found.unwrap();
        assert_eq!(
            (found.component, found.imports, found.exports),
            (false, vec!["e".into()], vec!["_start".into()])
        );
    }

    #[test]
    fn cut_off_files_are_errors_and_never_panic() {
        let bytes = wat::parse_str("(component (core module (func)))").unwrap();
        for length in 0..bytes.len() {
            let _ = Shape::read(&bytes[..length]);
        }
        assert_eq!(Shape::read(b"#!/bin/sh"), Err(ShapeError::NotWasm));
        assert!(Shape::read(&bytes[..bytes.len() - 3]).is_err());
    }
}
