//! References to images, and the registries they are in, as docker reads them, in one spelling.

use schemars::JsonSchema;
use serde::Serialize;

use crate::text;

/// The registry of a reference that names none.
const DEFAULT_REGISTRY: &str = "docker.io";

/// Another name of that registry, which docker takes for the same.
const OLD_DEFAULT_REGISTRY: &str = "index.docker.io";

/// Where the default registry keeps images whose name is one word.
const OFFICIAL: &str = "library";

/// The tag of a reference that names neither tag nor digest.
const DEFAULT_TAG: &str = "latest";

/// The longest name, registry and repository together: docker's own limit.
const MAX_NAME: usize = 255;

/// The longest tag: docker's own limit.
const MAX_TAG: usize = 128;

/// An image: `registry.example.com/webapp:web`. Two references are equal where they mean the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ImageReference {
    /// The registry's host, with a port where it has one of its own.
    pub registry: String,
    /// The repository: `library/ruby`.
    pub repository: String,
    /// The tag; `latest` where there is no digest either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The digest: `sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl ImageReference {
    /// Reads a reference as the pipeline writes it.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without its end.
    pub fn parse(written: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("the image `{}` {why}", written.escape_debug());
        let (rest, digest) = match written.split_once('@') {
            None => (written, None),
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => {
                return Err(wrong(
                    "ends in no digest: `@sha256:` and 64 hexadecimal digits",
                ));
            }
        };
        let last_part = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest.get(last_part..).and_then(|part| part.find(':')) {
            None => (rest, None),
            Some(colon) => (
                rest.get(..last_part + colon).unwrap_or_default(),
                rest.get(last_part + colon + 1..),
            ),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong(
                "has no tag after its `:`: letters, digits, `_`, `.` and `-`, at most 128",
            ));
        }
        if is_hex(name, 64) {
            return Err(wrong("is an image's id: name the image"));
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if is_registry_part(first) => (registry(first)?, rest.to_owned()),
            _ => (DEFAULT_REGISTRY.to_owned(), name.to_owned()),
        };
        let repository = if registry == DEFAULT_REGISTRY && !repository.contains('/') {
            format!("{OFFICIAL}/{repository}")
        } else {
            repository
        };
        if !repository.split('/').all(is_component) {
            return Err(wrong(
                "has no repository's name: lower-case letters and digits, single `.`, `_`, `__` or `-` between them, `/` between parts",
            ));
        }
        if registry.len() + 1 + repository.len() > MAX_NAME {
            return Err(wrong("has a name of more than 255 characters"));
        }
        let tag = match (tag, &digest) {
            (None, None) => Some(DEFAULT_TAG.to_owned()),
            (tag, _) => tag.map(str::to_owned),
        };
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }

    /// Registry and repository, without tag and digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// Whether writing the one changes what the other means: the same tag of the same repository. A digest alone means
    /// the same bytes whatever is written.
    pub(crate) fn is_same_tag(&self, other: &Self) -> bool {
        self.registry == other.registry
            && self.repository == other.repository
            && self.tag.is_some()
            && self.tag == other.tag
    }
}

impl std::fmt::Display for ImageReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// A registry's host in one spelling: lower case, a port where it is written.
///
/// # Errors
/// What is wrong with it, as a sentence without its end.
pub(crate) fn registry(written: &str) -> Result<String, String> {
    let bad = |why: &str| {
        format!(
            "the registry `{}` {why}: write `host` or `host:port`",
            written.escape_debug()
        )
    };
    if written.contains("://") {
        return Err(bad("is a URL"));
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let name = written.split(':').next().unwrap_or_default();
    if !written.starts_with('[') && !name.split('.').all(is_label) {
        return Err(bad("is no host"));
    }
    let lower = written.to_ascii_lowercase();
    let (host, port) = text::host_port(&lower).map_err(|why| bad(&format!("is no host: {why}")))?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let canonical = match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    // `0x7f.1` is a name to docker and an address to others: one spelling, which everybody reads alike.
    if canonical != lower {
        return Err(format!(
            "the registry `{}` has another spelling: write `{canonical}`",
            written.escape_debug()
        ));
    }
    Ok(if canonical == OLD_DEFAULT_REGISTRY {
        DEFAULT_REGISTRY.to_owned()
    } else {
        canonical
    })
}

/// Whether a name's first part is its registry, as docker tells: it has a dot, a port or capitals, or is `localhost`.
fn is_registry_part(part: &str) -> bool {
    part == "localhost"
        || part.contains(['.', ':'])
        || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// `[a-z0-9]+`, with `.`, `_`, `__` or any number of `-` between.
fn is_component(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    if !bytes.first().copied().is_some_and(is_word) || !bytes.last().copied().is_some_and(is_word) {
        return false;
    }
    part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag
            .bytes()
            .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    match digest.split_once(':') {
        Some(("sha256", hex)) => is_hex(hex, 64),
        Some(("sha512", hex)) => is_hex(hex, 128),
        _ => false,
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Result<&str, &str>) {
        match (ImageReference::parse(written), expected) {
            (Ok(image), Ok(shown)) => {
                assert_eq!(image.to_string(), shown, "{written}");
                assert_eq!(ImageReference::parse(shown), Ok(image), "{written}, again");
            }
            (Err(message), Err(part)) => assert!(message.contains(part), "{written}: {message}"),
            (found, expected) => panic!("{written}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn references() {
        let sha256 = format!("sha256:{}", "0f".repeat(32));
        let at = |name: &str| format!("{name}@{sha256}");
        check("ruby", Ok("docker.io/library/ruby:latest"));
        check("ruby:3.3-slim", Ok("docker.io/library/ruby:3.3-slim"));
        check("library/ruby", Ok("docker.io/library/ruby:latest"));
        check("docker.io/ruby", Ok("docker.io/library/ruby:latest"));
        check("index.docker.io/ruby", Ok("docker.io/library/ruby:latest"));
        check("Docker.IO/team/app", Ok("docker.io/team/app:latest"));
        check("team/app:1", Ok("docker.io/team/app:1"));
        check(
            "registry.example.com/webapp:web",
            Ok("registry.example.com/webapp:web"),
        );
        check(
            "Registry.Example.com:5000/a/b/c",
            Ok("registry.example.com:5000/a/b/c:latest"),
        );
        check("localhost/app", Ok("localhost/app:latest"));
        check(
            "localhost:5000/app:V_1.0-x",
            Ok("localhost:5000/app:V_1.0-x"),
        );
        check("127.0.0.1:5000/app", Ok("127.0.0.1:5000/app:latest"));
        check("[::1]:5000/app", Ok("[::1]:5000/app:latest"));
        check("a.b/c", Ok("a.b/c:latest"));
        check("a__b/c--d.e_f", Ok("docker.io/a__b/c--d.e_f:latest"));
        check(&at("ruby"), Ok(&at("docker.io/library/ruby")));
        check(&at("r.example/a:1"), Ok(&at("r.example/a:1")));
        // A port is no tag where a path follows, and a tag where none does.
        check("app:5000", Ok("docker.io/library/app:5000"));

        let name = "has no repository's name";
        check("", Err(name));
        check("Ruby", Err(name));
        check("r.example/Ruby", Err(name));
        check("a..b/c", Err("is no host"));
        check("a___b/c", Err(name));
        check("-a/b", Err(name));
        check("a-/b", Err(name));
        check("r.example/", Err(name));
        check("r.example//a", Err(name));
        check("r.example/../a", Err(name));
        check("r.example/a b", Err(name));
        check("r.example/a\nb", Err(name));
        check("https://r.example/a", Err("is no host"));
        check("u@r.example/a", Err("no digest"));
        check("ruby:", Err("no tag"));
        check("ruby:-x", Err("no tag"));
        check("ruby:a b", Err("no tag"));
        check(&format!("ruby:{}", "a".repeat(129)), Err("no tag"));
        check("ruby@sha256:abc", Err("no digest"));
        check("ruby@md5:abc", Err("no digest"));
        check(
            &format!("ruby@sha256:{}", "0F".repeat(32)),
            Err("no digest"),
        );
        check(&"0f".repeat(32), Err("an image's id"));
        check("0x7f.1:5000/a", Err("write `127.0.0.1:5000`"));
        check("r.example:0/a", Err("no port"));
        check("r.example:05000/a", Err("write `r.example:5000`"));
        check("r.example./a", Err("is no host"));
        check(&format!("r.example/{}", "a".repeat(256)), Err("255"));
    }

    #[test]
    fn registries() {
        let check =
            |written: &str, expected: Result<&str, &str>| match (registry(written), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(message), Err(part)) => {
                    assert!(message.contains(part), "{written}: {message}")
                }
                (found, expected) => panic!("{written}: {found:?}, not {expected:?}"),
            };
        check("Registry.Example.com", Ok("registry.example.com"));
        check("registry.example.com:5000", Ok("registry.example.com:5000"));
        check("docker.io", Ok("docker.io"));
        check("index.docker.io", Ok("docker.io"));
        check("localhost:5000", Ok("localhost:5000"));
        check("https://index.docker.io/v1/", Err("is a URL"));
        check("registry.example.com/team", Err("is no host"));
        check("user@registry.example.com", Err("is no host"));
        check("", Err("is no host"));
        check("2130706433", Err("write `127.0.0.1`"));
    }

    #[test]
    fn what_writing_a_tag_changes() {
        let same = |left: &str, right: &str| {
            let read = |text| ImageReference::parse(text).unwrap();
            read(left).is_same_tag(&read(right))
        };
        assert!(same("ruby", "docker.io/library/ruby:latest"));
        assert!(!same("ruby", "ruby:3"));
        assert!(!same("r.example/a", "s.example/a"));
        let digest = format!("r.example/a@sha256:{}", "0".repeat(64));
        assert!(!same(&digest, &digest));
    }
}
