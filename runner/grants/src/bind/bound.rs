//! Bounds: what limits a value that is known only at run time.

use std::net::IpAddr;

use crate::authority::Authority;
use crate::image_reference::ImageReference;
use crate::manifest::{Kind, Methods, UrlMatch};
use crate::workspace_path::WorkspacePath;
use crate::{remote_path, text, url_path};

/// What a run-time value must lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// An account on a host of a pattern.
    SshTarget {
        user: String,
        host: HostPattern,
        port: u16,
    },
    /// A host of a pattern and a port.
    TcpAddress { host: HostPattern, port: u16 },
    /// A scheme, a host of a pattern, a port, and a path to lie below.
    Url {
        scheme: String,
        host: HostPattern,
        port: u16,
        path: String,
    },
    /// A folder in the workspace.
    Path(WorkspacePath),
    /// A folder on the target.
    RemotePath(String),
    /// A repository, or, with a `/` at its end, all below it; any tag or digest.
    Image(String),
    /// A registry of a pattern, and a port where one is written.
    Registry {
        host: HostPattern,
        port: Option<u16>,
    },
    /// A name, or, with a `*` at its end, all that begin with it.
    State(String),
}

/// Which hosts are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// This one.
    Exact(String),
    /// Names one label below this one: `*.example.com`.
    OneBelow(String),
    /// Addresses of a network.
    Network(IpAddr, u8),
}

impl Bound {
    /// Reads a bound for a type.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(kind: &Kind, written: &str) -> Result<Self, String> {
        match kind {
            Kind::SshTarget => {
                let (user, rest) =
                    written.rsplit_once('@').ok_or("a bound of an ssh-target is `user@host`, `user@*.example.com` or `user@network/bits`")?;
                let (host, port) = host_and_port(rest)?;
                Ok(Self::SshTarget {
                    user: user.to_owned(),
                    host: HostPattern::parse(host)?,
                    port: port.unwrap_or(22),
                })
            }
            Kind::TcpAddress => {
                let (host, port) = host_and_port(written)?;
                let port =
                    port.ok_or("a bound of a tcp-address ends in its port: `10.0.0.0/8:5432`")?;
                Ok(Self::TcpAddress {
                    host: HostPattern::parse(host)?,
                    port,
                })
            }
            Kind::Url { .. } => {
                let shape = "a bound of a url is `https://host/path/`; a host may be `*.example.com` or `[network/bits]`";
                let (scheme, rest) = written.split_once("://").ok_or(shape)?;
                let default_port = match scheme {
                    "http" => 80,
                    "https" => 443,
                    _ => return Err(shape.to_owned()),
                };
                let network_end = if rest.starts_with('[') {
                    rest.find(']').map_or(0, |end| end + 1)
                } else {
                    0
                };
                let slash = rest
                    .get(network_end..)
                    .and_then(|tail| tail.find('/'))
                    .map(|at| at + network_end);
                let (authority, path) = match slash {
                    Some(at) => (
                        rest.get(..at).unwrap_or_default(),
                        rest.get(at..).unwrap_or_default(),
                    ),
                    None => (rest, "/"),
                };
                let (host, port) = host_and_port(authority)?;
                if path.contains("..") || path.contains(['?', '#', '%', '\\']) {
                    return Err("a bound's path is plain: no `..`, `%`, `?` or `#`".to_owned());
                }
                Ok(Self::Url {
                    scheme: scheme.to_owned(),
                    host: HostPattern::parse(host)?,
                    port: port.unwrap_or(default_port),
                    path: path.to_owned(),
                })
            }
            Kind::Path => {
                let folder = WorkspacePath::parse(written)
                    .map_err(|why| format!("the bound `{written}` {why}"))?;
                if folder.is_glob() {
                    return Err(format!(
                        "`{written}`: a bound of a path is a folder or a file, without wildcards"
                    ));
                }
                Ok(Self::Path(folder))
            }
            Kind::RemotePath { .. } => remote_path::parse(written).map(Self::RemotePath),
            Kind::Image => Self::image(written),
            Kind::Registry => {
                let (host, port) = host_and_port(written)?;
                Ok(Self::Registry {
                    host: HostPattern::parse(host)?,
                    port,
                })
            }
            Kind::State => {
                text::state_name(written.strip_suffix('*').unwrap_or(written))?;
                Ok(Self::State(written.to_owned()))
            }
            other => Err(format!("a {} has no bound", other.word())),
        }
    }

    /// `registry.example.com/webapp`, or `registry.example.com/team/` for all below it.
    fn image(written: &str) -> Result<Self, String> {
        let (name, slash) = match written.strip_suffix('/') {
            Some(name) => (name, "/"),
            None => (written, ""),
        };
        // A registry of its own has no repository's name yet: one stands in for what is below.
        let probe = if slash.is_empty() {
            name.to_owned()
        } else {
            format!("{name}/x")
        };
        let image = ImageReference::parse(&probe)?;
        if probe != image.name() {
            return Err(format!(
                "`{written}`: a bound of an image is a whole name without tag, `docker.io/library/ruby` or `registry.example.com/team/`"
            ));
        }
        Ok(Self::Image(written.to_owned()))
    }

    /// Reads a bound by its type's word. None for a type that has no bounds, or a bound that says nothing.
    pub(crate) fn of_word(word: &str, written: &str) -> Option<Self> {
        let kind = match word {
            "ssh-target" => Kind::SshTarget,
            "tcp-address" => Kind::TcpAddress,
            "path" => Kind::Path,
            "url" => Kind::Url {
                url_match: UrlMatch::Exact,
                methods: Methods::Listed(Vec::new()),
            },
            "image" => Kind::Image,
            "registry" => Kind::Registry,
            "state" => Kind::State,
            "remote-path" => return remote_path::parse(written).ok().map(Self::RemotePath),
            _ => return None,
        };
        Self::parse(&kind, written).ok()
    }

    /// Whether some value within it leads to this host, with what else is known of it.
    pub(crate) fn allows_host(&self, user: Option<&str>, host: &str, port: Option<u16>) -> bool {
        let (bound_user, pattern, bound_port) = match self {
            Self::SshTarget { user, host, port } => (Some(user.as_str()), host, *port),
            Self::TcpAddress { host, port } | Self::Url { host, port, .. } => (None, host, *port),
            Self::Registry { host, port } => (None, host, port.unwrap_or(443)),
            Self::Path(_) | Self::RemotePath(_) | Self::Image(_) | Self::State(_) => return false,
        };
        user.is_none_or(|user| bound_user == Some(user))
            && port.is_none_or(|port| port == bound_port)
            && pattern.matches(host)
    }

    /// Whether a value lies within.
    pub fn permits(&self, authority: &Authority) -> bool {
        match (self, authority) {
            (
                Self::SshTarget { user, host, port },
                Authority::SshTarget {
                    user: actual_user,
                    host: actual_host,
                    port: actual_port,
                },
            ) => user == actual_user && port == actual_port && host.matches(actual_host),
            (
                Self::TcpAddress { host, port },
                Authority::TcpAddress {
                    host: actual_host,
                    port: actual_port,
                },
            ) => port == actual_port && host.matches(actual_host),
            (
                Self::Url {
                    scheme,
                    host,
                    port,
                    path,
                },
                Authority::Url { url, url_match, .. },
            ) => {
                // Such a grant is for the whole site, whatever path it was written with.
                if *url_match == UrlMatch::Origin && path != "/" {
                    return false;
                }
                let Ok(url) = url::Url::parse(url) else {
                    return false;
                };
                let Some(actual_host) = url.host_str() else {
                    return false;
                };
                let actual_host = actual_host.trim_start_matches('[').trim_end_matches(']');
                url.scheme() == scheme
                    && url.port_or_known_default() == Some(*port)
                    && host.matches(actual_host)
                    && url_path::is_plain(url.path())
                    && is_below(url.path(), path)
            }
            (Self::Path(folder), Authority::Path { path }) => {
                folder.as_str() == "." || is_below(path.as_str(), folder.as_str())
            }
            (Self::RemotePath(folder), Authority::RemotePath { path, .. }) => {
                // `.` is the new release: all that is relative.
                (folder == "." && !path.starts_with('/')) || is_below(path, folder)
            }
            (Self::Image(name), Authority::Image { image }) => {
                if name.ends_with('/') {
                    image.name().starts_with(name.as_str())
                } else {
                    image.name() == *name
                }
            }
            (Self::Registry { host, port }, Authority::Registry { host: actual }) => {
                host_and_port(actual).is_ok_and(|(actual_host, actual_port)| {
                    *port == actual_port && host.matches(actual_host)
                })
            }
            (Self::State(written), Authority::State { name }) => match written.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => name == written,
            },
            _ => false,
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    if folder.ends_with('/') {
        return path.starts_with(folder) || path == folder.trim_end_matches('/');
    }
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl HostPattern {
    fn parse(written: &str) -> Result<Self, String> {
        if let Some((network, bits)) = written.split_once('/') {
            let address: IpAddr = network
                .parse()
                .map_err(|_| format!("`{network}` is no address"))?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits: u8 = bits
                .parse()
                .map_err(|_| format!("`{bits}` is no number of bits"))?;
            if bits > most {
                return Err(format!("a network of that kind has at most {most} bits"));
            }
            return Ok(Self::Network(address, bits));
        }
        if let Some(parent) = written.strip_prefix("*.") {
            if parent.contains('*') || !parent.contains('.') {
                return Err(format!(
                    "`{written}` is too wide: one `*`, above a name of at least two labels"
                ));
            }
            return Ok(Self::OneBelow(text::canonical_host(parent)?));
        }
        if written.contains('*') {
            return Err(format!(
                "`{written}`: a `*` stands for the whole first label, `*.example.com`"
            ));
        }
        Ok(Self::Exact(text::canonical_host(written)?))
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::OneBelow(parent) => host
                .strip_suffix(parent.as_str())
                .and_then(|label| label.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
            Self::Network(network, bits) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| in_network(address, *network, *bits)),
        }
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let shared = |left: u128, right: u128, width: u8| {
        let shift = u32::from(width.saturating_sub(bits));
        bits == 0 || left.checked_shr(shift) == right.checked_shr(shift)
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            shared(u128::from(u32::from(a)), u128::from(u32::from(n)), 32)
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => shared(u128::from(a), u128::from(n), 128),
        _ => false,
    }
}

/// Splits a host pattern from its port; a network may hold `/`, and brackets hold what has colons or a slash.
fn host_and_port(written: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = if let Some(rest) = written.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| format!("`{written}`: the bracket is not closed"))?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return Err(format!("`{written}`: after `]` stands `:port` or nothing")),
        }
    } else {
        match written.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => (written, None),
            Some((host, port)) => (host, Some(port)),
            None => (written, None),
        }
    };
    match port {
        None => Ok((host, None)),
        Some(port) => port
            .parse()
            .map(|port| (host, Some(port)))
            .map_err(|_| format!("`{port}` is no port")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SiblingRef;

    fn check(kind: &Kind, bound: &str, value: &str, expected: bool) {
        let parsed = Bound::parse(kind, bound).unwrap();
        let authority = match kind {
            Kind::RemotePath { .. } => Authority::RemotePath {
                path: remote_path::parse(value).unwrap(),
                targets: vec![],
                release: None,
            },
            kind => text::authority(kind, value).unwrap().unwrap(),
        };
        assert_eq!(parsed.permits(&authority), expected, "{value} in {bound}");
    }

    #[test]
    fn values_and_their_bounds() {
        let ssh = Kind::SshTarget;
        check(&ssh, "root@203.0.113.0/24", "root@203.0.113.7", true);
        check(&ssh, "root@203.0.113.0/24", "root@203.0.114.7", false);
        check(&ssh, "root@203.0.113.0/24", "admin@203.0.113.7", false);
        check(&ssh, "root@203.0.113.0/24", "root@203.0.113.7:2222", false);
        check(&ssh, "root@[2001:db8::/32]:22", "root@[2001:db8::5]", true);
        check(&ssh, "d@*.example.com", "d@web.example.com", true);
        check(&ssh, "d@*.example.com", "d@a.web.example.com", false);
        check(&ssh, "d@*.example.com", "d@example.com", false);
        check(&ssh, "d@*.example.com", "d@webexample.com", false);
        check(&ssh, "d@0.0.0.0/0", "d@[::1]", false);
        let url = Kind::Url {
            url_match: UrlMatch::Exact,
            methods: crate::manifest::Methods::Listed(vec![]),
        };
        check(
            &url,
            "https://api.example.com/v2/",
            "https://api.example.com/v2/x",
            true,
        );
        check(
            &url,
            "https://api.example.com/v2/",
            "https://api.example.com/v2x",
            false,
        );
        check(
            &url,
            "https://api.example.com/v2/",
            "https://api.example.com/v2/%2e%2e/x",
            false,
        );
        check(
            &url,
            "https://api.example.com/",
            "http://api.example.com/",
            false,
        );
        check(
            &url,
            "http://[10.0.0.0/8]:8080/",
            "http://10.1.2.3:8080/health",
            true,
        );
        let site = Kind::Url {
            url_match: UrlMatch::Origin,
            methods: crate::manifest::Methods::Listed(vec![]),
        };
        check(
            &site,
            "https://a.example/v2/",
            "https://a.example/v2/",
            false,
        );
        check(&site, "https://a.example/", "https://a.example/v2/", true);
        check(&Kind::TcpAddress, "10.0.0.0/8:5432", "10.2.3.4:5432", true);
        check(&Kind::TcpAddress, "10.0.0.0/8:5432", "10.2.3.4:22", false);
        check(&Kind::Path, "dist", "dist/a", true);
        check(&Kind::Path, "dist", "distribution", false);
        let remote = Kind::RemotePath {
            target: SiblingRef::Requirement(String::new()),
        };
        check(&remote, "/srv/app", "/srv/app/x", true);
        check(&remote, "/srv/app", "/srv/apple", false);
        check(&remote, ".", "app/x", true);
        check(&remote, ".", "/etc", false);
    }

    #[test]
    fn bounds_that_say_nothing_are_refused() {
        for (kind, bound) in [
            (Kind::SshTarget, "root"),
            (Kind::SshTarget, "root@*"),
            (Kind::SshTarget, "root@*.com"),
            (Kind::SshTarget, "root@1.2.3.4/33"),
            (Kind::TcpAddress, "10.0.0.0/8"),
            (Kind::TcpAddress, "[::/0]x:1"),
            (Kind::Path, "../x"),
            (Kind::Path, "dist/*"),
            (Kind::Boolean, "true"),
        ] {
            assert!(Bound::parse(&kind, bound).is_err(), "{bound}");
        }
    }
}
