//! The manifest inside the `.wasm`.

use super::declaration::ManifestDeclaration;

/// The custom section that holds the manifest's canonical JSON.
pub const SECTION_NAME: &str = "capstep:manifest";

impl ManifestDeclaration {
    /// The bytes of the custom section: JSON without white space, keys in the order declared.
    pub fn to_section(&self) -> Vec<u8> {
        // These types hold only strings, numbers and maps keyed by strings: nothing that JSON can't write.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The whole custom section, ready to be appended to a module or component.
    pub fn to_custom_section(&self) -> Vec<u8> {
        let name = SECTION_NAME.as_bytes();
        let mut content = leb128(name.len());
        content.extend_from_slice(name);
        content.extend_from_slice(&self.to_section());
        let mut section = vec![0];
        section.extend(leb128(content.len()));
        section.extend(content);
        section
    }
}

/// An unsigned LEB128 number, as the binary format writes lengths.
fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}
