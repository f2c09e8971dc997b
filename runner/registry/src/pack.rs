//! Puts a manifest into a plugin.

use capstep_grants::manifest::{ManifestDeclaration, SECTION_NAME};

use crate::shape::{Shape, ShapeError};

/// The magic number and the version, before the first section.
const HEADER: usize = 8;

/// The kind of a custom section, in modules and in components.
const CUSTOM: u8 = 0;

/// The module or component with this manifest as its section `capstep:manifest`, in the place of what manifest it had.
/// Nothing else is changed.
///
/// # Errors
/// It is no WebAssembly, or a section of it is broken.
pub fn pack(bytes: &[u8], manifest: &ManifestDeclaration) -> Result<Vec<u8>, ShapeError> {
    match Shape::read(bytes) {
        Ok(_) | Err(ShapeError::TwoManifests) => {}
        Err(error) => return Err(error),
    }
    let mut packed = without_manifests(bytes).ok_or_else(cut_off)?;
    packed.extend(manifest.to_custom_section());
    Ok(packed)
}

/// All but the manifests.
fn without_manifests(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes.get(..HEADER)?.to_vec();
    let mut rest = bytes.get(HEADER..)?;
    while let Some((kind, after)) = rest.split_first() {
        let (length, content) = leb128(after)?;
        let head = rest.len().checked_sub(content.len())?;
        let (section, next) = rest.split_at_checked(head.checked_add(length)?)?;
        let is_manifest = *kind == CUSTOM
            && leb128(content.get(..length)?)
                .and_then(|(length, text)| text.get(..length))
                .is_some_and(|name| name == SECTION_NAME.as_bytes());
        if !is_manifest {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

/// An unsigned LEB128 number of at most 32 bits, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(place + 1..)?));
        }
    }
    None
}

fn cut_off() -> ShapeError {
    ShapeError::Malformed("the file ends within a section".to_owned())
}

#[cfg(test)]
mod tests {
    use capstep_grants::manifest::Manifest;

    use super::*;

    fn manifest(name: &str) -> ManifestDeclaration {
        let text = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"d\"\nworld = \"capstep:step@0.1.0\"\n"
        );
        Manifest::from_toml(&text).unwrap().0
    }

    #[test]
    fn the_last_manifest_counts_and_all_else_stays() {
        for text in [
            "(component (core module (func) (@custom \"capstep:manifest\" \"{}\")) (import \"a:b/c@1.0.0\" (instance)))",
            "(module (import \"e\" \"f\" (func)) (func) (@custom \"other\" \"text\") (@custom \"capstep:manifest\" \"{}\"))",
            "(module (@custom \"capstep:manifest\" \"{}\") (@custom \"capstep:manifest\" \"{}\"))",
            "(component)",
        ] {
            let bytes = wat::parse_str(text).unwrap();
            let once = pack(&bytes, &manifest("one")).unwrap();
            let shape = Shape::read(&once).unwrap();
            assert_eq!(shape.manifest, Some(manifest("one").to_section()), "{text}");
            let twice = pack(&once, &manifest("two")).unwrap();
            assert_eq!(
                Shape::read(&twice).unwrap().manifest,
                Some(manifest("two").to_section())
            );
            assert_eq!(pack(&twice, &manifest("one")).unwrap(), once, "{text}");
            if !text.contains("\"{}\"") {
                assert!(once.starts_with(&bytes));
            }
        }
    }

    #[test]
    fn broken_files_are_refused_and_never_panic() {
        let bytes =
            wat::parse_str("(component (core module (func)) (@custom \"x\" \"y\"))").unwrap();
        for length in 0..bytes.len() {
            let _ = pack(&bytes[..length], &manifest("one"));
        }
        assert_eq!(
            pack(b"#!/bin/sh", &manifest("one")),
            Err(ShapeError::NotWasm)
        );
        let huge = [
            b"\0asm\x0d\0\x01\0".as_slice(),
            &[0, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ]
        .concat();
        assert!(pack(&huge, &manifest("one")).is_err());
    }
}
