//! What a text can mean.

use url::Url;

use crate::image_reference::ImageReference;
use crate::remote_path;
use crate::text;
use crate::workspace_path::WorkspacePath;

/// Everything that a text can mean; `web` is a host as well as a path.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The text without what surrounds it.
    pub(super) text: String,
    /// A secret's name.
    pub(super) secret: Option<String>,
    /// A whole URL.
    pub(super) url: Option<Url>,
    /// A host, with what was said beside it.
    pub(super) host: Option<AskedHost>,
    /// A path of the workspace.
    pub(super) path: Option<WorkspacePath>,
    /// An absolute path, of a server.
    pub(super) remote: Option<String>,
    /// An image.
    pub(super) image: Option<AskedImage>,
}

/// An image, in the spelling that a plan has.
#[derive(Debug)]
pub(super) struct AskedImage {
    reference: ImageReference,
    /// Whether a tag or a digest was named; without, all of the repository's are meant.
    exact: bool,
}

impl AskedImage {
    fn parse(text: &str) -> Option<Self> {
        let reference = ImageReference::parse(text).ok()?;
        let last = text.rsplit('/').next().unwrap_or_default();
        Some(Self {
            reference,
            exact: last.contains([':', '@']),
        })
    }

    /// Whether an image is the one that was asked for.
    pub(super) fn is(&self, image: &ImageReference) -> bool {
        if self.exact {
            self.reference == *image
        } else {
            self.reference.name() == image.name()
        }
    }
}

/// A host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AskedHost {
    /// The account, where one was named.
    pub(super) user: Option<String>,
    /// The name or address, in canonical form.
    pub(super) host: String,
    /// The port, where one was named.
    pub(super) port: Option<u16>,
}

impl Asked {
    /// Reads a text. `local`: the path of the workspace that it is, where it was written as an absolute one.
    pub(super) fn parse(written: &str, local: Option<&WorkspacePath>) -> Self {
        let text = written.trim().to_owned();
        if text.contains("://") {
            return Self {
                url: text::url(&text).ok(),
                text,
                ..Self::default()
            };
        }
        let name = text.strip_prefix("secrets.").unwrap_or(&text);
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let remote = text
            .starts_with('/')
            .then(|| remote_path::parse(&text).ok())
            .flatten();
        Self {
            secret: is_name.then(|| name.to_owned()),
            url: None,
            host: host(&text),
            path: local.cloned().or_else(|| WorkspacePath::parse(&text).ok()),
            remote,
            image: AskedImage::parse(&text),
            text,
        }
    }
}

/// `host`, `host:port`, `user@host`, `user@host:port`; an IPv6 address also without brackets.
fn host(text: &str) -> Option<AskedHost> {
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    if rest.contains('/') {
        return None;
    }
    let (host, port) = match rest.parse::<std::net::Ipv6Addr>() {
        Ok(address) => (address.to_string(), None),
        Err(_) => text::host_port(rest).ok()?,
    };
    Some(AskedHost { user, host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_meanings() {
        let check = |text: &str, expected: &str| {
            let asked = Asked::parse(text, None);
            let mut found = Vec::new();
            found.extend(asked.secret.map(|name| format!("secret {name}")));
            found.extend(asked.url.map(|url| format!("url {url}")));
            found.extend(asked.host.map(|asked| {
                format!(
                    "host {} {} {}",
                    asked.user.unwrap_or_default(),
                    asked.host,
                    asked.port.unwrap_or(0)
                )
            }));
            found.extend(asked.path.map(|path| format!("path {path}")));
            found.extend(asked.remote.map(|path| format!("remote {path}")));
            assert_eq!(found.join("; "), expected, "{text}");
        };
        check("KEY", "secret KEY; host  key 0; path KEY");
        check(
            "secrets.KEY",
            "secret KEY; host  secrets.key 0; path secrets.KEY",
        );
        check(
            "Web.Example.com:22",
            "host  web.example.com 22; path Web.Example.com:22",
        );
        check("root@10.0.0.1", "host root 10.0.0.1 0; path root@10.0.0.1");
        check("2001:DB8::1", "host  2001:db8::1 0; path 2001:DB8::1");
        check("https://a.example/x", "url https://a.example/x");
        check("./web/a.txt", "path web/a.txt");
        check("/srv//app/", "remote /srv/app");
        check("", "");
    }

    #[test]
    fn images_have_short_names() {
        let image = |text: &str| ImageReference::parse(text).unwrap();
        for (asked, of, expected) in [
            ("app:1", "docker.io/library/app:1", true),
            ("docker.io/library/app:1", "app:1", true),
            ("app", "app:1", true),
            ("app:2", "app:1", false),
            ("team/app", "docker.io/team/app", true),
            ("app:1", "registry.example.com/app:1", false),
            (
                "registry.example.com/app",
                "registry.example.com/app:1",
                true,
            ),
            ("App", "app:1", false),
        ] {
            let asked_image = Asked::parse(asked, None).image;
            let found = asked_image.is_some_and(|asked| asked.is(&image(of)));
            assert_eq!(found, expected, "{asked} {of}");
        }
    }

    #[test]
    fn absolute_paths_may_lie_in_the_workspace() {
        let local = WorkspacePath::parse("web/a.txt").unwrap();
        let asked = Asked::parse("/home/me/app/web/a.txt", Some(&local));
        assert_eq!(asked.path, Some(local));
        assert_eq!(asked.remote.as_deref(), Some("/home/me/app/web/a.txt"));
    }
}
