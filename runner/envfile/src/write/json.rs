//! The JSON format: one object, a member a line, in order. It holds every value and every name.

use crate::Entry;
use crate::secret_text::SecretText;

pub(super) fn write(entries: &[Entry<'_>], out: &mut SecretText) {
    out.push('{');
    for (index, entry) in entries.iter().enumerate() {
        out.push_str(if index == 0 { "\n  " } else { ",\n  " });
        string(entry.name, out);
        out.push_str(": ");
        string(entry.value, out);
    }
    out.push_str(if entries.is_empty() { "}\n" } else { "\n}\n" });
}

/// Written here and not with a JSON library, whose buffers would keep copies of the values.
fn string(text: &str, out: &mut SecretText) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    let digit = (u32::from(c) >> shift) & 0xf;
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
