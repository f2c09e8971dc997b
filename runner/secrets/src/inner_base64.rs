//! The characters of a base64 text that depend on one part of what was encoded and on nothing around it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Line lengths at which the usual programs wrap base64: `base64` at 76, PEM at 64.
const WRAPPED_AT: [usize; 2] = [76, 64];

/// The shortest line of wrapped base64 that is worth masking on its own: a last line can be as common as `LS0K`.
const MIN_WRAPPED_LINE: usize = 16;

/// A spelling of a secret, overwritten when dropped.
pub(crate) type Spelling = Zeroizing<String>;

/// `value` as it shows inside the base64 of any text that contains it: standard and URL-safe, at each of the three
/// positions it can have within a group of three bytes.
///
/// A character that also carries bits of a neighbour is left out, so up to four bits at each end can remain.
pub(crate) fn cores(value: &[u8]) -> Vec<Spelling> {
    let mut out = Vec::new();
    for lead in 0..3 {
        for text in encodings(lead, value) {
            out.push(core(&text, lead, value.len()));
        }
    }
    out
}

/// The same with the characters that end the base64 when nothing follows `value`, without and with padding.
pub(crate) fn endings(value: &[u8]) -> Vec<Spelling> {
    let mut out = Vec::new();
    for lead in 0..3 {
        let remainder = (lead + value.len()) % 3;
        if remainder == 0 {
            continue;
        }
        for text in encodings(lead, value) {
            let mut ending = from(&text, first_own_character(lead));
            out.push(ending.clone());
            ending.push_str(if remainder == 1 { "==" } else { "=" });
            out.push(ending);
        }
    }
    out
}

/// The lines of the wrapped base64 of `value` alone, where it is long enough to be wrapped.
pub(crate) fn wrapped_lines(value: &[u8]) -> Vec<Spelling> {
    let mut out = Vec::new();
    for text in encodings(0, value) {
        for width in WRAPPED_AT {
            if text.len() > width {
                out.extend(
                    text.as_bytes()
                        .chunks(width)
                        .filter(|line| line.len() >= MIN_WRAPPED_LINE)
                        .map(|line| Zeroizing::new(String::from_utf8_lossy(line).into_owned())),
                );
            }
        }
    }
    out
}

/// The standard and the URL-safe base64 of `lead` zero bytes and `value`, once if they are the same.
fn encodings(lead: usize, value: &[u8]) -> Vec<Spelling> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(lead + value.len()));
    bytes.resize(lead, 0);
    bytes.extend_from_slice(value);
    let mut out = vec![Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes))];
    let url_safe = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes));
    if !out.contains(&url_safe) {
        out.push(url_safe);
    }
    out
}

/// Index of the first character none of whose six bits come from the `lead` bytes.
fn first_own_character(lead: usize) -> usize {
    (lead * 8).div_ceil(6)
}

/// The characters of `text` whose six bits all come from the `len` bytes after `lead`.
fn core(text: &str, lead: usize, len: usize) -> Spelling {
    let first = first_own_character(lead);
    let end = ((lead + len) * 8) / 6;
    Zeroizing::new(text.get(first..end).unwrap_or_default().to_owned())
}

fn from(text: &str, first: usize) -> Spelling {
    Zeroizing::new(text.get(first..).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn some_core_is_in_every_encoding(
            before in proptest::collection::vec(any::<u8>(), 0..7),
            value in proptest::collection::vec(any::<u8>(), 4..40),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let whole = [before.as_slice(), &value, &after].concat();
            let cores = cores(&value);
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let text = engine.encode(&whole);
                prop_assert!(cores.iter().any(|core| text.contains(core.as_str())));
            }
        }

        #[test]
        fn no_core_is_shorter_than_the_bits_allow(value in proptest::collection::vec(any::<u8>(), 4..40)) {
            for core in cores(&value) {
                prop_assert!(core.len() * 6 + 10 >= value.len() * 8, "{}", core.as_str());
            }
        }
    }

    #[test]
    fn wrapping() {
        assert!(wrapped_lines(&[7; 30]).is_empty());
        let lines = wrapped_lines(&[7; 60]);
        assert!(lines.iter().any(|line| line.len() == 76));
        assert!(lines.iter().any(|line| line.len() == 64));
    }
}
