//! Paths of URLs: whether one lies below another, whatever a server makes of its encodings.
//!
//! The `url` crate resolves plain dot segments (`..`, `%2e%2e`) and takes a backslash for a slash. What survives that
//! and could still be read as a separator or a dot segment by a server (`%2f`, `%5c`, `..;x`, several layers of
//! encoding) is refused here, since servers read it in different ways.

/// How many rounds of percent-decoding a path segment must be harmless under. Servers behind proxies decode twice; a
/// segment that still changes after this many is refused.
const DECODING_ROUNDS: usize = 4;

/// Whether `path` is `folder` or lies below it, by whole segments, and every server reads it so: `/v2` holds `/v2`,
/// `/v2/` and `/v2/x` but not `/v2x`; `/v2/` holds `/v2/` and `/v2/x`.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    is_plain(path)
        && path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

/// Whether no segment of `path` has an encoded separator or is a dot segment in disguise.
pub(crate) fn is_plain(path: &str) -> bool {
    path.split('/').all(is_plain_segment)
}

/// Whether no decoding of `segment` holds a separator or is a dot segment, also one with parameters (`..;x`).
fn is_plain_segment(segment: &str) -> bool {
    let mut bytes = segment.as_bytes().to_vec();
    for _ in 0..DECODING_ROUNDS {
        if bytes.iter().any(|b| matches!(b, b'/' | b'\\' | 0)) {
            return false;
        }
        let name = bytes.split(|b| *b == b';').next().unwrap_or_default();
        if matches!(name, b"." | b"..") {
            return false;
        }
        let decoded = percent_decode(&bytes);
        if decoded == bytes {
            return true;
        }
        bytes = decoded;
    }
    false
}

/// One round of percent-decoding; what is no escape stays as it is.
pub(crate) fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let pair = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match pair {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_that_servers_read_alike() {
        for path in [
            "/", "/v2/x/y", "/100%25", "/a%20b", "/...", "/a;b=..", "/%zz", "/%",
        ] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "/..%2fadmin",
            "/%2e%2e%2Fadmin",
            "/..%5cadmin",
            "/%252e%252e/admin",
            "/%25252e%25252e/admin",
            "/%2525252525252e/",
            "/..;/admin",
            "/..;a=b/admin",
            "/..%3b/admin",
            "/.;x/admin",
            "/%00",
            "/%2500",
            "/a\\b",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn whole_segments() {
        let check = |folder: &str, path: &str, expected: bool| {
            assert_eq!(is_within(path, folder), expected, "{path} below {folder}");
        };
        check("/v2", "/v2", true);
        check("/v2", "/v2/", true);
        check("/v2", "/v2/x", true);
        check("/v2", "/v2x", false);
        check("/v2", "/v2%2fx", false);
        check("/v2/", "/v2/x", true);
        check("/v2/", "/v2", false);
        check("/v2/", "/V2/", false);
        check("/", "/x", true);
    }
}
