//! Keeps records small: a plugin chooses its names, and a step may cause a million records.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::journal::hex;

/// The longest text that is recorded whole: no path of the system's and hardly a URL is longer.
const TEXT_LIMIT: usize = 4096;

/// The longest list that is recorded whole.
const LIST_LIMIT: usize = 1000;

/// Cuts long texts and lists in it; what is cut is told by its size, of a text also by its digest.
pub(super) fn value(value: &mut Value) {
    match value {
        Value::String(long) if long.len() > TEXT_LIMIT => *long = text(long),
        Value::Array(items) => {
            if items.len() > LIST_LIMIT {
                let more = items.len() - LIST_LIMIT;
                items.truncate(LIST_LIMIT);
                items.push(Value::String(format!("… and {more} more")));
            }
            items.iter_mut().for_each(self::value);
        }
        Value::Object(fields) => fields.values_mut().for_each(self::value),
        _ => {}
    }
}

/// The text, or its beginning with its size and digest.
pub(super) fn text(text: &str) -> String {
    if text.len() <= TEXT_LIMIT {
        return text.to_owned();
    }
    let start = text
        .get(..text.floor_char_boundary(TEXT_LIMIT))
        .unwrap_or_default();
    let digest = hex(&Sha256::digest(text.as_bytes()));
    format!("{start}… ({} bytes, sha256 {digest})", text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_long_is_cut() {
        let short = json!({ "input": "/a", "list": [1, "b"], "none": null });
        let mut same = short.clone();
        value(&mut same);
        assert_eq!(same, short);

        let mut long =
            json!({ "entry": "ü".repeat(100_000), "list": vec!["x".repeat(5000); 2000] });
        value(&mut long);
        assert!(long["entry"].as_str().unwrap().len() < 4300);
        assert!(
            long["entry"]
                .as_str()
                .unwrap()
                .contains("(200000 bytes, sha256 ")
        );
        assert_eq!(long["list"].as_array().unwrap().len(), 1001);
        assert_eq!(long["list"][1000], "… and 1000 more");
        assert!(long["list"][0].as_str().unwrap().len() < 4300);
    }
}
