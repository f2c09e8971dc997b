//! Digests of remote files, by the server's own `sha256sum`.

use std::collections::HashMap;

use crate::error::{SshError, SshErrorKind};
use crate::quote::is_plain;
use crate::session::Session;

/// Reads names, separated by NUL, from standard input. Nothing of them is on a command line that we write.
pub const DIGEST_COMMAND: &str = "xargs -0 sha256sum";

/// Names that are asked about at once. One answer's line is a hash, two characters and the name, so this and
/// [`ANSWER_LIMIT`] bound what an answer takes.
const BATCH: usize = 10_000;

/// The most that one batch's answer may hold; names of 4 KiB each would just fit.
const ANSWER_LIMIT: usize = 48 * 1024 * 1024;

/// What xargs and shells exit with when there is no such command.
const COMMAND_NOT_FOUND: u32 = 127;

impl Session {
    /// The SHA-256 of each of the files `names` below `root` that is there and can be read; the others are left out.
    ///
    /// Links are followed by the server. Fails with `unsupported` where the server has no `xargs` or `sha256sum`.
    pub async fn digests(
        &self,
        root: &str,
        names: &[String],
    ) -> Result<HashMap<String, [u8; 32]>, SshError> {
        let root = root.trim_end_matches('/');
        let mut digests = HashMap::with_capacity(names.len());
        for batch in names.chunks(BATCH) {
            let mut input = Vec::new();
            for name in batch {
                if !is_plain(name) || !is_plain(root) {
                    return Err(SshError::channel(
                        SshErrorKind::Invalid,
                        "a remote path holds a NUL",
                    ));
                }
                // Absolute names also keep a name that begins with a dash from being an option.
                input.extend_from_slice(root.as_bytes());
                input.push(b'/');
                input.extend_from_slice(name.as_bytes());
                input.push(0);
            }
            let answer = self
                .exec_collect(DIGEST_COMMAND, &input, ANSWER_LIMIT)
                .await?;
            if answer.status.code == Some(COMMAND_NOT_FOUND) {
                return Err(SshError::channel(
                    SshErrorKind::Unsupported,
                    "the server has no xargs and sha256sum",
                ));
            }
            let prefix = format!("{root}/");
            for (path, digest) in parse(&answer.stdout) {
                if let Some(name) = path.strip_prefix(&prefix) {
                    digests.insert(name.to_owned(), digest);
                }
            }
        }
        Ok(digests)
    }
}

/// Reads the lines of `sha256sum`. A line whose name holds a backslash or a line end begins with a backslash and has
/// them escaped; lines of any other shape are skipped.
fn parse(answer: &[u8]) -> impl Iterator<Item = (String, [u8; 32])> + '_ {
    answer.split(|&byte| byte == b'\n').filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (escaped, line) = match line.strip_prefix('\\') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (hash, rest) = line.split_at_checked(64)?;
        let name = rest
            .strip_prefix("  ")
            .or_else(|| rest.strip_prefix(" *"))?;
        let name = if escaped {
            unescape(name)?
        } else {
            name.to_owned()
        };
        Some((name, hex(hash)?))
    })
}

fn unescape(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_sha256sum_are_read() {
        let hash = "ab".repeat(32);
        let check = |line: &str, expected: Option<&str>| {
            let got: Vec<_> = parse(line.as_bytes()).map(|(name, _)| name).collect();
            assert_eq!(got.first().map(String::as_str), expected, "{line}");
        };
        check(&format!("{hash}  /a b"), Some("/a b"));
        check(&format!("{hash} */a"), Some("/a"));
        check(&format!("\\{hash}  /a\\nb\\\\c"), Some("/a\nb\\c"));
        check(&format!("{hash}  /a\\nb"), Some("/a\\nb"));
        check(&format!("\\{hash}  /a\\x"), None);
        check("sha256sum: /x: No such file", None);
        check(&format!("{hash}/a"), None);
        check("", None);
    }

    proptest! {
        #[test]
        fn no_answer_panics(answer in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&answer).count();
        }
    }
}
