//! A network in CIDR notation, as an operator's policy names one.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: `10.0.0.0/8`, `fd12::/16`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Neither `address` nor `address/prefix`.
    #[error(
        "`{0}` is not a network: write an address, or one with a prefix length as in `10.0.0.0/8`"
    )]
    Syntax(String),
    /// A prefix longer than the address.
    #[error("`{0}` has a prefix length above {1}")]
    Prefix(String, u8),
    /// Bits set behind the prefix, which is nearly always a slip of the pen.
    #[error("`{0}` has bits set behind its prefix length")]
    HostBits(String),
}

impl Network {
    /// The network of one address.
    pub fn host(address: IpAddr) -> Self {
        Self {
            address,
            prefix: width(address),
        }
    }

    /// Whether `ip` is in this network. Families never match each other: the caller unwraps first.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.prefix);
                net.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.prefix);
                net.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }

    /// Whether the network is a single address.
    pub fn is_host(&self) -> bool {
        self.prefix == width(self.address)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let syntax = || NetworkError::Syntax(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| syntax())?;
        let Some(prefix) = prefix else {
            return Ok(Self::host(address));
        };
        if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return Err(syntax());
        }
        let most = width(address);
        let prefix = prefix
            .parse::<u8>()
            .ok()
            .filter(|length| *length <= most)
            .ok_or_else(|| NetworkError::Prefix(text.to_owned(), most))?;
        let behind = match address {
            IpAddr::V4(v4) => v4.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
            IpAddr::V6(v6) => v6.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
        };
        if behind {
            return Err(NetworkError::HostBits(text.to_owned()));
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contains() {
        for (network, ip, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "::1", false),
            ("192.168.1.1", "192.168.1.1", true),
            ("192.168.1.1/32", "192.168.1.2", false),
            ("fd00::/8", "fdff::1", true),
            ("::/0", "fdff::1", true),
            ("::1", "::1", true),
            ("::1", "::2", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(ip.parse().unwrap()),
                expected,
                "{network} {ip}"
            );
        }
    }

    #[test]
    fn refused_texts() {
        for (text, expected) in [
            ("", "is not a network"),
            ("example.com", "is not a network"),
            ("10.0.0.0/", "is not a network"),
            ("10.0.0.0/+8", "is not a network"),
            ("10.0.0.0/33", "above 32"),
            ("10.0.0.0/999", "above 32"),
            ("fd00::/129", "above 128"),
            ("10.0.0.1/8", "bits set behind"),
            ("fd00::1/64", "bits set behind"),
        ] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_network_reads_back(bits: u32, prefix in 0u8..=32) {
            let masked = if prefix == 0 { 0 } else { bits & (u32::MAX << (32 - prefix)) };
            let network = Network { address: IpAddr::from(masked.to_be_bytes()), prefix };
            prop_assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
            prop_assert!(network.contains(IpAddr::from(bits.to_be_bytes())));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
            let _ = text.parse::<Network>();
        }
    }
}
