//! From the text of a value to the authority it carries.

use url::Url;

use crate::authority::Authority;
use crate::image_reference::{self, ImageReference};
use crate::manifest::{Kind, Methods};
use crate::workspace_path::WorkspacePath;

/// The port of an `ssh-target` that names none.
const SSH_PORT: u16 = 22;

/// Reads the text of an authority-carrying value. Remote paths, scripts and the methods that a step chooses need their
/// siblings and are completed by the caller.
///
/// # Errors
/// What is wrong with the text, as a sentence without its end.
pub(crate) fn authority(kind: &Kind, text: &str) -> Result<Option<Authority>, String> {
    Ok(Some(match kind {
        Kind::Path => Authority::Path {
            path: WorkspacePath::written(text)
                .map_err(|why| format!("the path `{}` {why}", text.escape_debug()))?,
        },
        Kind::Url { url_match, methods } => Authority::Url {
            url: url(text)?.to_string(),
            url_match: *url_match,
            methods: match methods {
                Methods::Listed(methods) => methods.clone(),
                Methods::Chosen(_) => Vec::new(),
            },
        },
        Kind::TcpAddress => {
            let (host, port) = host_port(text)?;
            let port = port.ok_or_else(|| format!("`{text}` has no port: write `host:port`"))?;
            Authority::TcpAddress { host, port }
        }
        Kind::SshTarget => {
            let (user, rest) = text.rsplit_once('@').ok_or_else(|| {
                format!("`{text}` names no account: write `user@host` or `user@host:port`")
            })?;
            if user.is_empty()
                || user.starts_with('-')
                || user
                    .chars()
                    .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/' | ':'))
            {
                return Err(format!("`{user}` is no account name"));
            }
            let (host, port) = host_port(rest)?;
            Authority::SshTarget {
                user: user.to_owned(),
                host,
                port: port.unwrap_or(SSH_PORT),
            }
        }
        Kind::Image => Authority::Image {
            image: ImageReference::parse(text)?,
        },
        Kind::Registry => Authority::Registry {
            host: image_reference::registry(text)?,
        },
        Kind::State => Authority::State {
            name: state_name(text)?,
        },
        _ => return Ok(None),
    }))
}

/// How long the name of a state may be, in bytes: a line of a plan holds it.
const MAX_STATE_NAME: usize = 64;

/// The name of a state: it begins with a letter or a digit; `.`, `_` and `-` may follow.
pub(crate) fn state_name(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !begins || !text.chars().all(plain) || text.len() > MAX_STATE_NAME {
        return Err(format!(
            "`{text}` is no name of a state: it begins with a letter or a digit, then letters, digits, `.`, `_` and `-`, at most {MAX_STATE_NAME} in all"
        ));
    }
    Ok(text.to_owned())
}

/// An http(s) URL in canonical form, without credentials or a fragment.
pub(crate) fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "a URL holds no user or password: hand them over as inputs of their own".to_owned(),
        );
    }
    if url.fragment().is_some() {
        return Err(format!(
            "`{text}` has a fragment (`#…`), which no server sees: leave it out"
        ));
    }
    Ok(url)
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`; the host in canonical form.
pub(crate) fn host_port(text: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| format!("`{text}`: the bracket is not closed"))?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return Err(format!("`{text}`: after `]` stands `:port` or nothing")),
        }
    } else {
        match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => {
                return Err(format!(
                    "`{text}`: an IPv6 address stands in brackets, `[{text}]`"
                ));
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        None => None,
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Some(number),
            _ => return Err(format!("`{port}` is no port: 1 to 65535")),
        },
    };
    Ok((canonical_host(host)?, port))
}

/// A host as the `url` crate spells it for http: lower case, IDNA, addresses in one form, no trailing dot.
pub(crate) fn canonical_host(host: &str) -> Result<String, String> {
    let trimmed = host.strip_suffix('.').unwrap_or(host);
    let bad = || format!("`{host}` is no host name or address");
    if trimmed.is_empty() || trimmed.contains(['/', '@', '?', '#', '\\', ' ', '%']) {
        return Err(bad());
    }
    let bracketed = if trimmed.contains(':') {
        format!("[{trimmed}]")
    } else {
        trimmed.to_owned()
    };
    let parsed = Url::parse(&format!("http://{bracketed}/")).map_err(|_| bad())?;
    match parsed.host() {
        Some(url::Host::Domain(name)) => Ok(name.to_owned()),
        Some(url::Host::Ipv4(address)) => Ok(address.to_string()),
        Some(url::Host::Ipv6(address)) => Ok(address.to_string()),
        None => Err(bad()),
    }
}

/// Whether a host is a literal address or `localhost`, and so, in the pipeline's own text, granted as written.
pub fn is_literal_host(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &Kind, text: &str, expected: Result<&str, &str>) {
        let got = authority(kind, text).map(|authority| authority.unwrap().to_string());
        match expected {
            Ok(shown) => assert_eq!(got.as_deref(), Ok(shown), "{text}"),
            Err(part) => {
                let message = got.expect_err(text);
                assert!(message.contains(part), "{text}: {message}");
            }
        }
    }

    #[test]
    fn ssh_targets() {
        let kind = Kind::SshTarget;
        check(&kind, "root@203.0.113.7", Ok("root@203.0.113.7"));
        check(
            &kind,
            "deploy@Web.Example.COM.:2222",
            Ok("deploy@web.example.com:2222"),
        );
        check(&kind, "a@[2001:DB8::1]:22", Ok("a@[2001:db8::1]"));
        check(&kind, "root@0x7f.1", Ok("root@127.0.0.1"));
        check(&kind, "web.example.com", Err("names no account"));
        check(&kind, "-oProxyCommand=x@host", Err("no account name"));
        check(&kind, "a@h:0", Err("no port"));
        check(&kind, "a@h:+22", Err("no port"));
        check(&kind, "a@2001:db8::1", Err("brackets"));
        check(&kind, "a@h/x", Err("no host"));
        check(&kind, "a b@h", Err("no account name"));
        check(&kind, "root:password@h", Err("no account name"));
    }

    #[test]
    fn urls_and_addresses() {
        let kind = Kind::Url {
            url_match: UrlMatch::Exact,
            methods: Methods::Listed(vec![]),
        };
        check(
            &kind,
            "HTTP://Example.com:80/a/../b",
            Ok("http://example.com/b"),
        );
        check(&kind, "ftp://x", Err("neither http nor https"));
        check(&kind, "https://u:p@x/", Err("no user or password"));
        check(&kind, "https://x/#y", Err("fragment"));
        check(&kind, "x", Err("no URL"));
        check(&Kind::TcpAddress, "db:5432", Ok("db:5432"));
        check(&Kind::TcpAddress, "db", Err("no port"));
        check(&Kind::State, "last-good.web_1", Ok("last-good.web_1"));
        for wrong in ["", ".x", "a/b", "a b", "-a", "ä", &"a".repeat(65)] {
            check(&Kind::State, wrong, Err("no name of a state"));
        }
        check(&Kind::TcpAddress, "2130706433:80", Ok("127.0.0.1:80"));
        check(&Kind::Path, "../x", Err("leads out"));
    }

    use crate::manifest::UrlMatch;
}
