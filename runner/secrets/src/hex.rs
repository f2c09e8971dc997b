//! Hexadecimal digits.

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// Two lower-case digits a byte.
pub(crate) fn lower(bytes: &[u8]) -> String {
    digits(bytes, LOWER)
}

/// Two upper-case digits a byte.
pub(crate) fn upper(bytes: &[u8]) -> String {
    digits(bytes, UPPER)
}

fn digits(bytes: &[u8], alphabet: &[u8; 16]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| alphabet.get(usize::from(nibble)))
        .map(|digit| char::from(*digit))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_cases() {
        assert_eq!(super::lower(&[0x00, 0x0f, 0xab]), "000fab");
        assert_eq!(super::upper(&[0x00, 0x0f, 0xab]), "000FAB");
    }
}
