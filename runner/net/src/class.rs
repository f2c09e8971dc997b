//! What kind of place an IP address is.
//!
//! Decisions that the registries leave open:
//! - Shared address space 100.64.0.0/10 (carrier NAT, also used by overlay networks) is [`AddressClass::Special`]: it
//!   is not RFC 1918, and a name that leads there is refused unless a policy names the network.
//! - Documentation ranges (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20) are
//!   [`AddressClass::Public`]: they lead nowhere, and examples and tests use them as the public addresses they stand for.
//! - 0.0.0.0/8 is [`AddressClass::Special`]: Linux takes 0.0.0.0 for the machine itself.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::embedded::embedded_v4;

/// What kind of place an address is. The order is by how much speaks against going there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressClass {
    /// A global address, or one of the documentation ranges.
    Public,
    /// RFC 1918 and unique local (fc00::/7) addresses.
    Private,
    /// The machine itself: 127.0.0.0/8, `::1`.
    Loopback,
    /// 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// 224.0.0.0/4, ff00::/8.
    Multicast,
    /// Reserved, shared, benchmarking, unspecified and other addresses that no ordinary service has.
    Special,
    /// A cloud's metadata or credential service.
    Metadata,
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Special => "special",
            Self::Metadata => "cloud metadata",
        })
    }
}

/// The class of `ip`: the worst of the address as it is and of every IPv4 address inside it.
pub fn classify(ip: IpAddr) -> AddressClass {
    match ip {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6)
            .into_iter()
            .map(classify_v4)
            .fold(classify_v6(v6), AddressClass::max),
    }
}

/// Whether `host` (canonical, see [`crate::Endpoint`]) is a name by which clouds publish their metadata service.
pub fn is_metadata_name(host: &str) -> bool {
    METADATA_NAMES.contains(&host)
}

const METADATA_NAMES: [&str; 7] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "instance-data",
    "instance-data.ec2.internal",
];

const METADATA_V4: [Ipv4Addr; 10] = [
    Ipv4Addr::new(169, 254, 169, 254), // AWS, Azure, Google, Oracle, DigitalOcean, OpenStack, ...
    Ipv4Addr::new(169, 254, 169, 253), // AWS's resolver
    Ipv4Addr::new(169, 254, 170, 2),   // AWS ECS task credentials
    Ipv4Addr::new(169, 254, 170, 23),  // AWS EKS pod identity
    Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
    Ipv4Addr::new(169, 254, 0, 23),    // Tencent
    Ipv4Addr::new(169, 254, 10, 10),   // Tencent, older
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
    Ipv4Addr::new(168, 63, 129, 16),   // Azure's wire server
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle
];

const METADATA_V6: [Ipv6Addr; 7] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253), // AWS's resolver
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS EKS pod identity
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // Oracle
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),   // Scaleway
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // OpenStack
];

fn classify_v4(ip: Ipv4Addr) -> AddressClass {
    if METADATA_V4.contains(&ip) {
        return AddressClass::Metadata;
    }
    match ip.octets() {
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [127, ..] => AddressClass::Loopback,
        [169, 254, ..] => AddressClass::LinkLocal,
        [224..=239, ..] => AddressClass::Multicast,
        [0, ..]
        | [100, 64..=127, ..]
        | [192, 0, 0, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [240..=255, ..] => AddressClass::Special,
        _ => AddressClass::Public,
    }
}

/// The class of the outer form alone. Forms that carry an IPv4 address count as public here: what is inside decides.
fn classify_v6(ip: Ipv6Addr) -> AddressClass {
    if METADATA_V6.contains(&ip) {
        return AddressClass::Metadata;
    }
    if ip == Ipv6Addr::LOCALHOST {
        return AddressClass::Loopback;
    }
    if ip == Ipv6Addr::UNSPECIFIED {
        return AddressClass::Special;
    }
    let segments = ip.segments();
    match segments {
        [0xfc00..=0xfdff, ..] => AddressClass::Private,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        // IETF protocol assignments (2001::/23) but for Teredo, whose inner addresses decide.
        [0x2001, 1..=0x1ff, ..] => AddressClass::Special,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ if !embedded_v4(ip).is_empty() => AddressClass::Public,
        _ => AddressClass::Special,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(expected: AddressClass, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(classify(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn public() {
        check(
            AddressClass::Public,
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "192.169.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "223.255.255.255",
                "192.0.2.1",
                "198.51.100.9",
                "203.0.113.7",
                "2001:db8::1",
                "3fff::1",
                "2606:4700::1111",
                "2001:4860:4860::8888",
                "::ffff:1.1.1.1",
                "64:ff9b::1.1.1.1",
                "64:ff9b:1::1.1.1.1",
                "2002:101:101::",
                "2001:0:101:101::fefe:fefe",
                "168.63.129.15",
            ],
        );
    }

    #[test]
    fn private() {
        check(
            AddressClass::Private,
            &[
                "10.0.0.0",
                "10.255.255.255",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.0.1",
                "fc00::1",
                "fdff::1",
                "::ffff:10.0.0.1",
                "::10.0.0.1",
                "64:ff9b::192.168.1.1",
                "2002:ac10:1::",
                "64:ff9b:1::10.0.0.1",
                "2001:0:a00:1::fefe:fefe",
                "2001:0:101:101::f5ff:fffe",
                "::ffff:0:10.0.0.1",
                "2606:4700::5efe:10.0.0.1",
            ],
        );
    }

    #[test]
    fn loopback_in_every_spelling() {
        check(
            AddressClass::Loopback,
            &[
                "127.0.0.1",
                "127.255.255.255",
                "::1",
                "::ffff:127.0.0.1",
                "::ffff:7f00:1",
                "::127.0.0.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b::127.0.0.1",
                "64:ff9b:1::127.0.0.1",
                "2002:7f00:1::",
                "2002:7f00:1:abcd::1",
                "2001:0:7f00:1::fefe:fefe",
                "2001:0:101:101::80ff:fffe",
                "64:ff9b:1:7f00:0:100::",
            ],
        );
    }

    #[test]
    fn link_local_multicast_special() {
        check(
            AddressClass::LinkLocal,
            &[
                "169.254.0.1",
                "169.254.169.252",
                "fe80::1",
                "febf::1",
                "::ffff:169.254.1.1",
                "2002:a9fe:101::",
            ],
        );
        check(
            AddressClass::Multicast,
            &[
                "224.0.0.1",
                "239.255.255.255",
                "ff02::1",
                "::ffff:224.0.0.1",
                "64:ff9b::e000:1",
            ],
        );
        check(
            AddressClass::Special,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "100.64.0.1",
                "100.127.255.255",
                "192.0.0.1",
                "192.88.99.1",
                "198.18.0.1",
                "198.19.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "fec0::1",
                "100::1",
                "5f00::1",
                "2001:2::1",
                "2001:20::1",
                "4000::1",
                "::ffff:0.0.0.0",
                "2002::",
                "64:ff9b::0.0.0.0",
            ],
        );
    }

    #[test]
    fn metadata_in_every_spelling() {
        check(
            AddressClass::Metadata,
            &[
                "169.254.169.254",
                "169.254.169.253",
                "169.254.170.2",
                "169.254.170.23",
                "169.254.42.42",
                "100.100.100.200",
                "168.63.129.16",
                "192.0.0.192",
                "fd00:ec2::254",
                "fd00:ec2::253",
                "fd00:ec2::23",
                "fd20:ce::254",
                "fe80::a9fe:a9fe",
                "::ffff:169.254.169.254",
                "::169.254.169.254",
                "::ffff:a9fe:a9fe",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b:1::a9fe:a9fe",
                "64:ff9b:1:a9fe:a9:fe00::",
                "2002:a9fe:a9fe::",
                "2001:0:a9fe:a9fe::fefe:fefe",
                "2001:0:101:101::5601:5601",
                "::ffff:0:169.254.169.254",
                "::ffff:100.100.100.200",
                "::ffff:168.63.129.16",
                "64:ff9b::192.0.0.192",
            ],
        );
        assert!(is_metadata_name("metadata.google.internal"));
        assert!(is_metadata_name("instance-data"));
        assert!(!is_metadata_name("metadata.example.com"));
    }

    proptest! {
        /// No IPv6 spelling of an IPv4 address is judged more kindly than the address itself.
        #[test]
        fn wrapping_never_softens(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let plain = classify_v4(v4);
            let [high, low] = [(bits >> 16) as u16, bits as u16];
            for outer in [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, high, low, 0, 0, 0xfefe, 0xfefe),
                Ipv6Addr::new(0x2001, 0, 0x101, 0x101, 0, 0, !high, !low),
            ] {
                prop_assert!(classify(outer.into()) >= plain, "{outer} {v4}");
            }
        }

        /// A public verdict agrees with the standard library on what is certainly not public.
        #[test]
        fn public_is_none_of_the_known_kinds(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            if classify_v4(v4) == AddressClass::Public {
                prop_assert!(!(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                    || v4.is_broadcast() || v4.is_unspecified()));
            }
        }
    }
}
