//! A scheme, host and port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest host name of DNS.
const MAX_HOST: usize = 253;

/// The protocol that an origin is spoken to by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Requests in absolute form, and tunnels.
    Http,
    /// Tunnels alone.
    Https,
}

impl Scheme {
    /// The word before `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is written.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A scheme, host and port in canonical form: a name in lower case, or an address as `IpAddr` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not `http://` or `https://`.
    #[error("`{0}` does not begin with `http://` or `https://`")]
    Scheme(String),
    /// No host, or one with characters that no host has.
    #[error("`{0}` has no valid host")]
    Host(String),
    /// A port that is no number from 1 to 65535.
    #[error("`{0}` has no valid port")]
    Port(String),
    /// A path, query or user name: an origin has none.
    #[error("`{0}` is more than an origin: only scheme, host and port are matched")]
    More(String),
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            _ => return Err(OriginError::Scheme(text.to_owned())),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(OriginError::More(text.to_owned()));
        }
        let (host, port) = authority_of(authority)?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
        })
    }
}

/// Host (canonical) and port of `host[:port]`.
pub(super) fn authority_of(authority: &str) -> Result<(String, Option<u16>), OriginError> {
    let bad_host = || OriginError::Host(authority.to_owned());
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or_else(bad_host)?;
            let address: Ipv6Addr = address.parse().map_err(|_| bad_host())?;
            let port = match after {
                "" => None,
                _ => Some(after.strip_prefix(':').ok_or_else(bad_host)?),
            };
            (address.to_string(), port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (name_of(host).ok_or_else(bad_host)?, Some(port)),
            None => (name_of(authority).ok_or_else(bad_host)?, None),
        },
    };
    let port = match port {
        None => None,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            match digits.parse() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(OriginError::Port(authority.to_owned())),
            }
        }
        Some(_) => return Err(OriginError::Port(authority.to_owned())),
    };
    Ok((host, port))
}

/// A name in lower case, without the root's dot; or a v4 address in canonical form.
fn name_of(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let labels = host.split('.').all(|label| !label.is_empty());
    let valid = labels && host.len() <= MAX_HOST && host.bytes().all(known);
    valid.then(|| match host.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => host.to_ascii_lowercase(),
    })
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        let (open, close) = match host.contains(':') {
            true => ("[", "]"),
            false => ("", ""),
        };
        write!(f, "{}://{open}{host}{close}", scheme.as_str())?;
        match *port == scheme.default_port() {
            true => Ok(()),
            false => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, ()>) {
        let found = text.parse::<Origin>().map(|origin| origin.to_string());
        assert_eq!(
            found.as_deref().map_err(|_| ()),
            expected,
            "{text}: {found:?}"
        );
    }

    #[test]
    fn origins_are_canonical() {
        check("https://API.example.com/", Ok("https://api.example.com"));
        check("https://api.example.com:443", Ok("https://api.example.com"));
        check(
            "http://api.example.com:443",
            Ok("http://api.example.com:443"),
        );
        check("http://host.", Ok("http://host"));
        check("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080"));
        check("http://[0:0::1]:80", Ok("http://[::1]"));
    }

    #[test]
    fn other_texts_are_no_origins() {
        for text in [
            "",
            "ftp://host",
            "host:443",
            "https://",
            "https://:443",
            "https://host:0",
            "https://host:65536",
            "https://host:+1",
            "https://host/path",
            "https://user@host",
            "https://ho st",
            "https://[::1",
            "https://[::1]x",
            "https://::1",
            "https://host:",
            "https://h\u{f6}st",
            "https://host?x",
            "https://host#x",
            "http://..",
            "http://a..b",
            "http://.a",
        ] {
            check(text, Err(()));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "https?://[a-z0-9.:\\[\\]-]{1,20}") {
            if let Ok(origin) = text.parse::<Origin>() {
                proptest::prop_assert_eq!(origin.to_string().parse::<Origin>(), Ok(origin));
            }
        }
    }
}
