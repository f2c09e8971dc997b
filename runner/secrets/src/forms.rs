//! Every spelling in which a value is recognised.

use zeroize::Zeroizing;

use crate::inner_base64::{self, Spelling};
use crate::{escape, hex};

/// The shortest text that is masked: anything shorter turns up by accident all the time.
pub(crate) const MIN_PATTERN: usize = 4;

/// The spellings of `value` that are at least [`MIN_PATTERN`] bytes long, each once.
///
/// A value whose text without white space around it is shorter than that has its exact text alone, if even that.
pub(crate) fn spellings(value: &str) -> Vec<Spelling> {
    let mut out = vec![own(value)];
    if is_maskable(value) {
        for variant in variants(value) {
            encodings(&variant, &mut out);
        }
        base64_of_base64(value.as_bytes(), &mut out);
        if value.trim_end() != value {
            base64_of_base64(value.trim_end().as_bytes(), &mut out);
        }
        lines(value, &mut out);
    }
    out.retain(|spelling| spelling.len() >= MIN_PATTERN);
    out.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    out.dedup();
    out
}

/// Whether `value` is long enough to be recognised.
pub(crate) fn is_maskable(value: &str) -> bool {
    value.trim().len() >= MIN_PATTERN
}

fn own(text: &str) -> Spelling {
    Zeroizing::new(text.to_owned())
}

/// The texts that stand for `value` itself: as it is, without carriage returns, with a terminal's line ends, and
/// each without the white space around it, which a shell's `$(…)` takes off.
fn variants(value: &str) -> Vec<Spelling> {
    let unix = own(&value.replace('\r', ""));
    let dos = own(&unix.replace('\n', "\r\n"));
    let mut out = Vec::new();
    for text in [own(value), unix, dos] {
        for text in [own(text.trim()), own(text.trim_end()), text] {
            if !out.contains(&text) {
                out.push(text);
            }
        }
    }
    out
}

/// The encodings of one text.
fn encodings(text: &Spelling, out: &mut Vec<Spelling>) {
    out.push(text.clone());
    let bytes = text.as_bytes();
    out.extend(inner_base64::cores(bytes));
    out.extend(inner_base64::endings(bytes));
    out.extend(inner_base64::wrapped_lines(bytes));
    out.push(Zeroizing::new(hex::lower(bytes)));
    out.push(Zeroizing::new(hex::upper(bytes)));
    out.extend(escape::percent(text));
    out.extend(escape::json(text));
    out.extend(escape::shell(text));
}

/// The base64 of each base64 of a value, of which only padded endings are looked at: that is what programs write.
fn base64_of_base64(value: &[u8], out: &mut Vec<Spelling>) {
    let mut once = inner_base64::cores(value);
    once.extend(
        inner_base64::endings(value)
            .into_iter()
            .filter(|text| text.ends_with('=')),
    );
    for inner in once {
        out.extend(inner_base64::cores(inner.as_bytes()));
        out.extend(inner_base64::endings(inner.as_bytes()));
    }
}

/// The lines of a value that has several, each on its own and as JSON or a shell would escape it.
fn lines(value: &str, out: &mut Vec<Spelling>) {
    if !value.trim().contains(['\r', '\n']) {
        return;
    }
    for line in value
        .split(['\r', '\n'])
        .map(str::trim)
        .filter(|line| tells_something(line))
    {
        out.push(own(line));
        out.extend(escape::json(line));
        out.extend(escape::shell(line));
    }
}

/// Whether a line is worth masking on its own: punctuation and the armour of PEM files are in many texts.
fn tells_something(line: &str) -> bool {
    let armour = line.starts_with("-----BEGIN ") || line.starts_with("-----END ");
    line.len() >= MIN_PATTERN && !armour && line.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_forms() {
        let check = |value: &str, expected: &[&str], absent: &[&str]| {
            let all = spellings(value);
            for text in expected {
                assert!(
                    all.iter().any(|s| s.as_str() == *text),
                    "{value:?} lacks {text:?}"
                );
            }
            for text in absent {
                assert!(
                    all.iter().all(|s| s.as_str() != *text),
                    "{value:?} has {text:?}"
                );
            }
        };
        check(
            "hunter2!",
            &[
                "hunter2!",
                "aHVudGVyMi",
                "aHVudGVyMiE=",
                "68756e7465723221",
                "hunter2%21",
            ],
            &[],
        );
        check("hunter2!", &["YUhWdWRHVnlNa", "YUhWdWRHVnlNaUU9"], &[]);
        check(
            "line one\r\nline two\r\n",
            &["line one\nline two", "line one", "line two"],
            &["line"],
        );
        check(
            "-----BEGIN X-----\nabcd\n====\nab\n-----END X-----\n",
            &["abcd"],
            &["-----BEGIN X-----", "====", "ab", "-----END X-----"],
        );
        check("abc", &[], &["abc", "YWJj"]);
        check("abc\n", &["abc\n"], &["abc", "YWJj"]);
    }
}
