//! Names of images, as engines and registries spell them.

use std::fmt;

use crate::error::{DockerError, Stage};

/// The registry that a name without one means.
pub const DOCKER_HUB: &str = "docker.io";

/// The key under which credentials for [`DOCKER_HUB`] have always been known.
pub(crate) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Engines refuse longer repository names.
const NAME_LIMIT: usize = 255;

/// Longer tags don't exist.
const TAG_LIMIT: usize = 128;

/// An image's name in its parts: `registry/repository:tag@digest`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host and port, [`DOCKER_HUB`] where the name has none.
    pub registry: String,
    /// The path below the registry; `library/` is added to single names of Docker Hub.
    pub repository: String,
    /// `latest` where the name has neither tag nor digest.
    pub tag: Option<String>,
    /// `sha256:...`.
    pub digest: Option<String>,
}

impl Reference {
    /// Reads a name.
    ///
    /// # Errors
    /// It is not one; the message says which part is wrong.
    pub fn parse(stage: Stage, text: &str) -> Result<Self, DockerError> {
        let wrong =
            |what: &str| DockerError::invalid(stage, format!("`{text}` is no image name: {what}"));
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        if text.contains("://") {
            return Err(wrong(
                "it begins with a scheme; write host/name:tag without one",
            ));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((host, rest))
                if host.contains(['.', ':'])
                    || host == "localhost"
                    || host.chars().any(|c| c.is_ascii_uppercase()) =>
            {
                (host, rest.to_owned())
            }
            Some(_) => (DOCKER_HUB, name.to_owned()),
            None => (DOCKER_HUB, format!("library/{name}")),
        };
        let registry = match registry {
            "index.docker.io" => DOCKER_HUB,
            other => other,
        };
        if !is_registry(registry) {
            return Err(wrong("the registry is no host with an optional port"));
        }
        if repository.len() > NAME_LIMIT {
            return Err(wrong("it is longer than 255 characters"));
        }
        if repository.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(wrong("the name must be in lower case"));
        }
        if !repository.split('/').all(is_component) {
            return Err(wrong(
                "parts of the name are lower-case letters and digits, separated by `.`, `_`, `__` or dashes",
            ));
        }
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return Err(wrong(
                "a tag is up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
            ));
        }
        if let Some(digest) = digest
            && !is_digest(digest)
        {
            return Err(wrong(
                "a digest is `sha256:` and 64 hexadecimal digits in lower case",
            ));
        }
        let tag = match (tag, digest) {
            (None, None) => Some("latest".to_owned()),
            (tag, _) => tag.map(str::to_owned),
        };
        Ok(Self {
            registry: registry.to_owned(),
            repository,
            tag,
            digest: digest.map(str::to_owned),
        })
    }

    /// The name without tag and digest, as the engine's interface takes it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The name without tag, the way people and `RepoDigests` write it: without `docker.io/library/`.
    pub fn familiar_name(&self) -> String {
        if self.registry == DOCKER_HUB {
            self.repository
                .strip_prefix("library/")
                .unwrap_or(&self.repository)
                .to_owned()
        } else {
            self.name()
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// A host with an optional port.
pub(crate) fn is_registry(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        match rest.split_once(']') {
            Some((host, port)) => (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("0")),
            ),
            None => return false,
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("0")),
        }
    };
    !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))
        && port.is_some_and(|port| port.parse::<u16>().is_ok())
}

fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = text;
    loop {
        let without = rest.trim_start_matches(alphanumeric);
        if without.len() == rest.len() {
            return false;
        }
        if without.is_empty() {
            return true;
        }
        let after = without.trim_start_matches(['.', '_', '-']);
        let separator = without.get(..without.len() - after.len()).unwrap_or("");
        if !(matches!(separator, "." | "_" | "__") || separator.chars().all(|c| c == '-')) {
            return false;
        }
        rest = after;
    }
}

fn is_tag(text: &str) -> bool {
    text.len() <= TAG_LIMIT
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match Reference::parse(Stage::Tag, text) {
            Ok(reference) => reference.to_string(),
            Err(error) => format!("{error}"),
        };
        assert!(
            found == expected || (expected.starts_with('~') && found.contains(&expected[1..])),
            "{text}: {found}"
        );
    }

    #[test]
    fn names_are_read_as_the_engine_reads_them() {
        let digest = format!("sha256:{}", "a".repeat(64));
        check("bb", "docker.io/library/bb:latest");
        check("bb:1", "docker.io/library/bb:1");
        check("me/bb", "docker.io/me/bb:latest");
        check("index.docker.io/me/bb", "docker.io/me/bb:latest");
        check("localhost/bb", "localhost/bb:latest");
        check("127.0.0.1:5000/a/b/c:x-1.y", "127.0.0.1:5000/a/b/c:x-1.y");
        check("[::1]:5000/a", "[::1]:5000/a:latest");
        check("Host/a", "Host/a:latest");
        check("r.example/a__b.c--d_e", "r.example/a__b.c--d_e:latest");
        check(
            &format!("r.example/a@{digest}"),
            &format!("r.example/a@{digest}"),
        );
        check(
            &format!("r.example/a:t@{digest}"),
            &format!("r.example/a:t@{digest}"),
        );
        check("", "~it is empty");
        check("https://r.example/a", "~scheme");
        check("r.example/A", "~lower case");
        check("r.example/a..b", "~parts of the name");
        check("r.example/a_-b", "~parts of the name");
        check("r.example//b", "~parts of the name");
        check("r.example/-b", "~parts of the name");
        check("r.example:99999/b", "~registry");
        check("a:", "~a tag is");
        check("a:-x", "~a tag is");
        check("a@sha256:abc", "~a digest is");
    }

    #[test]
    fn familiar_names_are_short() {
        for (text, expected) in [
            ("bb:1", "bb"),
            ("me/bb", "me/bb"),
            ("r.example/a:1", "r.example/a"),
        ] {
            let reference = Reference::parse(Stage::Tag, text).unwrap();
            assert_eq!(reference.familiar_name(), expected);
        }
    }
}
