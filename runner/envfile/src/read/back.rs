//! Reading back what [`encode`](crate::encode) wrote, as the format's own reader would. Nothing else is understood: a file that
//! somebody changed may be none of ours any more.

use zeroize::Zeroizing;

use super::parse_dotenv;
use crate::EnvFormat;

/// A name with its value, which may be a secret.
pub type ReadBack = Vec<(String, Zeroizing<String>)>;

/// The entries of a file that was written in `format`; none where it can't have been.
#[must_use]
pub fn read_back(format: EnvFormat, text: &str) -> Option<ReadBack> {
    match format {
        EnvFormat::Compose => Some(wiped(parse_dotenv(text).ok()?)),
        EnvFormat::Docker => text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let (name, value) = line.split_once('=')?;
                Some((name.to_owned(), Zeroizing::new(value.to_owned())))
            })
            .collect(),
        EnvFormat::Shell => shell(text),
        EnvFormat::Json => {
            let read: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).ok()?;
            read.into_iter()
                .map(|(name, value)| match value {
                    serde_json::Value::String(value) => Some((name, Zeroizing::new(value))),
                    _ => None,
                })
                .collect()
        }
    }
}

fn wiped(read: Vec<(String, String)>) -> ReadBack {
    read.into_iter()
        .map(|(name, value)| (name, Zeroizing::new(value)))
        .collect()
}

/// Lines `NAME='…'`, in which `'\''` is a quote.
fn shell(mut text: &str) -> Option<ReadBack> {
    let mut read = Vec::new();
    while !text.is_empty() {
        if text.starts_with('#') {
            text = text.split_once('\n')?.1;
            continue;
        }
        let (name, mut rest) = text.split_once("='")?;
        let mut value = Zeroizing::new(String::new());
        loop {
            let (part, after) = rest.split_once('\'')?;
            value.push_str(part);
            rest = after;
            match rest.strip_prefix("\\''") {
                Some(after) => {
                    value.push('\'');
                    rest = after;
                }
                None => break,
            }
        }
        text = rest.strip_prefix('\n')?;
        read.push((name.to_owned(), value));
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{EncodeOptions, Entry, encode};

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            values in proptest::collection::vec("[ -~\\n\\t'\"$\\\\ä€]{0,24}", 0..5),
            comment in proptest::option::of("[ -~\\n]{0,20}"),
        ) {
            let names: Vec<String> = (0..values.len()).map(|number| format!("N_{number}")).collect();
            let entries: Vec<Entry<'_>> = names
                .iter()
                .zip(&values)
                .map(|(name, value)| Entry { name, value })
                .collect();
            for format in EnvFormat::ALL {
                let options = EncodeOptions { comment: comment.clone(), strip_cr: false };
                // Some formats can't hold some values.
                let Ok(text) = encode(format, &entries, &options) else { continue };
                let read = read_back(format, &text).unwrap();
                let read: Vec<(&str, &str)> = read
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                let expected: Vec<(&str, &str)> = entries
                    .iter()
                    .map(|entry| (entry.name, entry.value))
                    .collect();
                prop_assert_eq!(read, expected, "{}: {}", format, &*text);
            }
        }

        #[test]
        fn no_text_is_too_much_for_it(text in "\\PC*") {
            for format in EnvFormat::ALL {
                let _ = read_back(format, &text);
            }
        }
    }

    #[test]
    fn what_was_not_written_by_us_is_nothing() {
        for (format, text) in [
            (EnvFormat::Shell, "A=plain\n"),
            (EnvFormat::Shell, "A='open\n"),
            (EnvFormat::Shell, "A='one' \n"),
            (EnvFormat::Docker, "no sign\n"),
            (EnvFormat::Json, "{ \"A\": 1 }"),
            (EnvFormat::Json, "["),
        ] {
            assert!(read_back(format, text).is_none(), "{format}: {text}");
        }
    }
}
