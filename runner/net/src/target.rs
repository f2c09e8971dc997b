//! Host and port of a peer, in canonical form.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::NetError;
use crate::rule::Designation;

/// The longest name that the DNS can carry, in its text form (RFC 1035).
const MAX_NAME: usize = 253;

/// Where a connection is to go.
///
/// `host` is canonical: lower-case, IDNA-encoded, without a trailing dot; addresses in their usual notation without
/// brackets, whatever form they were written in (`0x7f.1` and `2130706433` are `127.0.0.1`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The canonical host.
    pub host: String,
    /// The port, not 0.
    pub port: u16,
    /// How the host came to be.
    pub designation: Designation,
}

impl Endpoint {
    pub(crate) const LOCALHOST: &str = "localhost";

    /// The endpoint of `host` and `port`.
    ///
    /// # Errors
    /// `Invalid` if `host` is no host name or address (zone identifiers are refused), or `port` is 0.
    pub fn new(host: &str, port: u16, designation: Designation) -> Result<Self, NetError> {
        if port == 0 {
            return Err(NetError::invalid(format!("`{host}`: port 0 is no port")));
        }
        Ok(Self {
            host: canonical_host(host)?,
            port,
            designation,
        })
    }

    /// The endpoint of a host in the pipeline's own text: a literal where it is one, else a name.
    ///
    /// # Errors
    /// As [`Endpoint::new`].
    pub fn written(host: &str, port: u16) -> Result<Self, NetError> {
        let mut endpoint = Self::new(host, port, Designation::Name)?;
        if endpoint.address().is_some() || endpoint.host == Self::LOCALHOST {
            endpoint.designation = Designation::Literal;
        }
        Ok(endpoint)
    }

    /// The endpoint of a granted host: what the pipeline wrote out may be a literal, and a value that was known only at
    /// run time is judged as a name.
    ///
    /// # Errors
    /// As [`Endpoint::new`].
    pub fn granted(host: &str, port: u16, written: bool) -> Result<Self, NetError> {
        if written {
            Self::written(host, port)
        } else {
            Self::new(host, port, Designation::RunTime)
        }
    }

    /// The host and port of `text`, `host:port` with IPv6 addresses in brackets.
    ///
    /// # Errors
    /// `Invalid` if the port is missing or no number, and as [`Endpoint::new`].
    pub fn split(text: &str) -> Result<(&str, u16), NetError> {
        let wrong = |why: &str| NetError::invalid(format!("`{text}` is not an address: {why}"));
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| wrong("write `host:port`"))?;
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return Err(wrong("write an IPv6 address in brackets, as in `[::1]:22`"));
        }
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong("the port is not a number"));
        }
        let port = port.parse().map_err(|_| wrong("the port is above 65535"))?;
        Ok((host, port))
    }

    /// The endpoint that an http or https URL leads to.
    ///
    /// # Errors
    /// `Invalid` if the URL has another scheme or no host, and as [`Endpoint::new`].
    pub fn of_url(url: &Url, designation: Designation) -> Result<Self, NetError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NetError::invalid(format!(
                "`{}` URLs are not supported: only http and https are",
                url.scheme()
            )));
        }
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => Self::new(host, port, designation),
            _ => Err(NetError::invalid("the URL has no host")),
        }
    }

    /// The address, where the host is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The canonical form of a host name or address; see [`Endpoint`].
pub(crate) fn canonical_host(host: &str) -> Result<String, NetError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let wrong = |why: &str| NetError::invalid(format!("`{host}` is not a host: {why}"));
    let name = match Host::parse(host) {
        Ok(Host::Ipv4(address)) => return Ok(address.to_string()),
        Ok(Host::Ipv6(address)) => return Ok(address.to_string()),
        Ok(Host::Domain(name)) => name,
        Err(error) => return Err(wrong(&error.to_string())),
    };
    let name = name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
    if name.len() > MAX_NAME {
        return Err(wrong("it is too long"));
    }
    if name.split('.').any(str::is_empty) {
        return Err(wrong("a part of it is empty"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_become_canonical() {
        for (host, expected) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("localhost.", "localhost"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("EXAMPLE。com", "example.com"),
            ("under_score.example", "under_score.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("127%2e0.0.1", "127.0.0.1"),
            ("0xa9fea9fe", "169.254.169.254"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("[0:0:0:0:0:0:0:1]", "::1"),
            ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
            ("FD00:EC2::254", "fd00:ec2::254"),
        ] {
            assert_eq!(canonical_host(host).as_deref(), Ok(expected), "{host}");
        }
    }

    #[test]
    fn what_is_no_host() {
        for host in [
            "",
            ".",
            "..",
            "a..b",
            "example.com..",
            "a b",
            "a/b",
            "a@b",
            "a:80",
            "[fe80::1%eth0]",
            "fe80::1%eth0",
            "256.0.0.1",
            "1.2.3.4.5",
            "0x1ffffffff",
            "a%00b",
            "a\nb",
            "a#b",
            "a?b",
            "[::1",
            &"a.".repeat(200),
        ] {
            assert!(canonical_host(host).is_err(), "{host}");
        }
    }

    #[test]
    fn written_hosts_are_literals_or_names() {
        for (host, expected) in [
            ("127.1", Designation::Literal),
            ("[::1]", Designation::Literal),
            ("LOCALHOST", Designation::Literal),
            ("localhost.", Designation::Literal),
            ("localhost.example", Designation::Name),
            ("example.com", Designation::Name),
        ] {
            assert_eq!(
                Endpoint::written(host, 1).unwrap().designation,
                expected,
                "{host}"
            );
        }
        assert!(Endpoint::written("localhost", 0).is_err());
    }

    #[test]
    fn host_and_port_are_split() {
        assert_eq!(
            Endpoint::split("db.example:5432").unwrap(),
            ("db.example", 5432)
        );
        assert_eq!(Endpoint::split("[::1]:22").unwrap(), ("[::1]", 22));
        for text in [
            "db.example",
            "::1",
            "::1:22",
            "a:",
            "a:-1",
            "a:+1",
            "a:65536",
            "a:b",
            "[::1]",
        ] {
            assert!(Endpoint::split(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls() {
        let endpoint = |url: &str| Endpoint::of_url(&Url::parse(url).unwrap(), Designation::Name);
        assert_eq!(
            endpoint("https://Example.com./x").unwrap().to_string(),
            "example.com:443"
        );
        assert_eq!(
            endpoint("http://2130706433:81/").unwrap().to_string(),
            "127.0.0.1:81"
        );
        assert_eq!(endpoint("http://[::1]/").unwrap().to_string(), "[::1]:80");
        assert!(endpoint("ftp://example.com/").is_err());
        assert!(endpoint("file:///etc/passwd").is_err());
        assert!(endpoint("http://example.com:0/").is_err());
    }

    proptest! {
        #[test]
        fn canonical_hosts_stay_as_they_are(host in "\\PC{0,20}") {
            if let Ok(canonical) = canonical_host(&host) {
                let again = canonical_host(&canonical);
                prop_assert_eq!(again.as_deref(), Ok(canonical.as_str()));
                prop_assert!(!canonical.contains(|c: char| c.is_whitespace() || "/@?#\\".contains(c)));
            }
        }
    }
}
