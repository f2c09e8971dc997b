//! IPv4 addresses that stand inside IPv6 addresses.
//!
//! A packet to such an address may end at the IPv4 host it names (by the kernel, a NAT64 gateway, a 6to4 or Teredo
//! relay), so a check that sees only the outer form can be walked around.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Every IPv4 address that a packet to `address` could end at. Empty for ordinary IPv6 addresses.
///
/// Forms: v4-mapped `::ffff:0:0/96`, v4-translated `::ffff:0:0:0/96`, v4-compatible `::/96`, NAT64 `64:ff9b::/96` and
/// `64:ff9b:1::/48`, 6to4 `2002::/16`, Teredo `2001::/32` (server and client) and ISATAP interface identifiers.
pub(crate) fn embedded_v4(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let last = join(g, h);
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0, 0, 0, 0, 0xffff, 0) => vec![last],
        // `::` and `::1` are addresses of their own and not 0.0.0.0 and 0.0.0.1.
        (0, 0, 0, 0, 0, 0) if g != 0 || h > 1 => vec![last],
        (0x64, 0xff9b, 0, 0, 0, 0) => vec![last],
        (0x64, 0xff9b, 1, ..) => local_nat64(address, last),
        (0x2002, ..) => vec![join(b, c)],
        (0x2001, 0, ..) => vec![join(c, d), join(!g, !h)],
        (_, _, _, _, 0 | 0x0200, 0x5efe) => vec![last],
        _ => Vec::new(),
    }
}

/// The IPv4 address that is meant where the outer form is only another spelling of it: v4-mapped and the well-known
/// NAT64 prefix. Nothing where the form is a tunnel, or ambiguous.
pub(crate) fn canonical_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    matches!(
        (a, b, c, d, e, f),
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0)
    )
    .then(|| join(g, h))
}

/// A gateway may use any prefix length below `64:ff9b:1::/48` (RFC 8215), and RFC 6052 places the IPv4 address
/// differently for each, so all placements count. One that reads as 0.0.0.0/8 is only the padding of another.
fn local_nat64(address: Ipv6Addr, last: Ipv4Addr) -> Vec<Ipv4Addr> {
    let o = address.octets();
    let mut found = vec![
        Ipv4Addr::new(o[6], o[7], o[9], o[10]),
        Ipv4Addr::new(o[7], o[9], o[10], o[11]),
        Ipv4Addr::new(o[9], o[10], o[11], o[12]),
        last,
    ];
    found.retain(|inner| inner.octets()[0] != 0);
    if found.is_empty() {
        found.push(last);
    }
    found
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &[&str]) {
        let found: Vec<String> = embedded_v4(address.parse().unwrap())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected, "{address}");
    }

    #[test]
    fn every_form_is_unwrapped() {
        check("::ffff:10.1.2.3", &["10.1.2.3"]);
        check("::ffff:0:10.1.2.3", &["10.1.2.3"]);
        check("::10.1.2.3", &["10.1.2.3"]);
        check("::", &[]);
        check("::1", &[]);
        check("::2", &["0.0.0.2"]);
        check("64:ff9b::10.1.2.3", &["10.1.2.3"]);
        check("64:ff9b:1::10.1.2.3", &["10.1.2.3"]);
        // RFC 6052 placement for a /48 prefix: 10.1 | u octet | 2.3.
        check(
            "64:ff9b:1:0a01:0002:0300::",
            &["10.1.2.3", "1.2.3.0", "2.3.0.0"],
        );
        check("2002:0a01:0203::1", &["10.1.2.3"]);
        // Teredo: the server 8.8.8.8, the client 10.1.2.3 with its bits inverted.
        check("2001:0:808:808:0:0:f5fe:fdfc", &["8.8.8.8", "10.1.2.3"]);
        check("2001:4860::5efe:10.1.2.3", &["10.1.2.3"]);
        check("2001:4860:4860::8888", &[]);
        check("fd00::1", &[]);
    }

    #[test]
    fn only_spellings_have_a_canonical_form() {
        let canonical = |text: &str| canonical_v4(text.parse().unwrap()).map(|v4| v4.to_string());
        assert_eq!(canonical("::ffff:10.1.2.3").as_deref(), Some("10.1.2.3"));
        assert_eq!(canonical("64:ff9b::10.1.2.3").as_deref(), Some("10.1.2.3"));
        assert_eq!(canonical("2002:0a01:0203::1"), None);
        assert_eq!(canonical("fd00::1"), None);
    }
}
