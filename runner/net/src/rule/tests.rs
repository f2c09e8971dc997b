//! The table, row by row.

use proptest::prelude::*;

use super::*;
use Designation::{Literal, Name, RunTime};

fn policy(allow: &[&str]) -> NetworkPolicy {
    NetworkPolicy {
        set: true,
        trusted_ref: true,
        allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn untrusted() -> NetworkPolicy {
    NetworkPolicy {
        trusted_ref: false,
        ..NetworkPolicy::default()
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Granted => "granted",
        Verdict::GrantedWithNote(_) => "note",
        Verdict::Refused(refusal) => refusal.rule,
    }
}

fn check(designation: Designation, host: &str, ip: &str, policy: &NetworkPolicy, want: &str) {
    let verdict = may_lead(designation, host, ip.parse().unwrap(), policy);
    assert_eq!(
        word(&verdict),
        want,
        "{designation:?} {host} {ip} {policy:?}"
    );
}

#[test]
fn row_1_a_literal_is_granted_as_written() {
    for policy in [NetworkPolicy::default(), policy(&[])] {
        for literal in [
            "203.0.113.7",
            "10.0.0.1",
            "127.0.0.1",
            "::1",
            "0.0.0.0",
            "169.254.1.1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "100.64.0.1",
            "224.0.0.1",
        ] {
            check(Literal, literal, literal, &policy, "granted");
        }
        check(Literal, "localhost", "127.0.0.1", &policy, "granted");
        check(Literal, "localhost", "::1", &policy, "granted");
    }
}

#[test]
fn row_1_is_not_for_untrusted_runs() {
    for (literal, ip, rule) in [
        ("10.0.0.1", "10.0.0.1", "address.private"),
        ("fd12::1", "fd12::1", "address.private"),
        ("127.0.0.1", "127.0.0.1", "address.loopback"),
        ("::1", "::1", "address.loopback"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", "address.loopback"),
        ("localhost", "127.0.0.1", "address.loopback"),
        ("localhost", "::1", "address.loopback"),
        ("0.0.0.0", "0.0.0.0", "address.special"),
        ("100.64.0.1", "100.64.0.1", "address.special"),
        ("169.254.1.1", "169.254.1.1", "address.link-local"),
        ("224.0.0.1", "224.0.0.1", "address.multicast"),
    ] {
        check(Literal, literal, ip, &untrusted(), rule);
    }
    for public in ["203.0.113.7", "2606:4700::1111"] {
        check(Literal, public, public, &untrusted(), "granted");
    }
    let named = NetworkPolicy {
        trusted_ref: false,
        ..policy(&["127.0.0.0/8"])
    };
    check(Literal, "localhost", "127.0.0.1", &named, "granted");
}

#[test]
fn row_1_covers_only_what_the_literal_says() {
    let none = NetworkPolicy::default();
    check(Literal, "127.0.0.1", "127.0.0.2", &none, "address.loopback");
    check(Literal, "localhost", "10.0.0.1", &none, "note");
    check(
        Literal,
        "localhost",
        "169.254.1.1",
        &none,
        "address.link-local",
    );
    check(
        Literal,
        "app.example",
        "127.0.0.1",
        &none,
        "address.loopback",
    );
    check(
        Literal,
        "localhost.example",
        "127.0.0.1",
        &none,
        "address.loopback",
    );
}

#[test]
fn row_2_a_name_to_a_public_address() {
    for policy in [NetworkPolicy::default(), untrusted(), policy(&[])] {
        check(Name, "app.example", "203.0.113.7", &policy, "granted");
        check(Name, "app.example", "2606:4700::1111", &policy, "granted");
    }
}

#[test]
fn row_3_a_name_to_a_private_address() {
    for ip in [
        "10.0.0.1",
        "192.168.1.1",
        "fd12::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
    ] {
        check(Name, "db.example", ip, &NetworkPolicy::default(), "note");
        check(Name, "db.example", ip, &untrusted(), "address.private");
        check(Name, "db.example", ip, &policy(&[]), "address.private");
        check(
            Name,
            "db.example",
            ip,
            &policy(&["172.16.0.0/12"]),
            "address.private",
        );
    }
    check(
        Name,
        "db.example",
        "10.0.0.1",
        &policy(&["10.0.0.0/8"]),
        "granted",
    );
    check(
        Name,
        "db.example",
        "::ffff:10.0.0.1",
        &policy(&["10.0.0.0/8"]),
        "granted",
    );
    check(
        Name,
        "db.example",
        "64:ff9b::10.0.0.1",
        &policy(&["10.0.0.0/8"]),
        "granted",
    );
    check(
        Name,
        "db.example",
        "2002:a00:1::",
        &policy(&["10.0.0.0/8"]),
        "address.private",
    );
    check(
        Name,
        "db.example",
        "fd12::1",
        &policy(&["fd12::/16"]),
        "granted",
    );
}

#[test]
fn row_4_a_name_to_loopback_and_other_special_addresses() {
    for (ip, rule) in [
        ("127.0.0.1", "address.loopback"),
        ("::1", "address.loopback"),
        ("::ffff:127.0.0.1", "address.loopback"),
        ("2002:7f00:1::", "address.loopback"),
        ("0.0.0.0", "address.special"),
        ("100.64.0.1", "address.special"),
        ("169.254.1.1", "address.link-local"),
        ("fe80::1", "address.link-local"),
        ("224.0.0.1", "address.multicast"),
    ] {
        for policy in [
            NetworkPolicy::default(),
            untrusted(),
            policy(&["10.0.0.0/8"]),
        ] {
            check(Name, "app.example", ip, &policy, rule);
            check(Name, "localhost", ip, &policy, rule);
        }
    }
    check(
        Name,
        "app.example",
        "127.0.0.1",
        &policy(&["127.0.0.0/8"]),
        "granted",
    );
    check(Name, "app.example", "::1", &policy(&["::1"]), "granted");
    check(
        Name,
        "app.example",
        "100.64.0.1",
        &policy(&["100.64.0.0/10"]),
        "granted",
    );
}

#[test]
fn row_5_a_run_time_value_is_a_name() {
    let none = NetworkPolicy::default();
    check(RunTime, "203.0.113.7", "203.0.113.7", &none, "granted");
    check(RunTime, "10.0.0.1", "10.0.0.1", &none, "note");
    check(
        RunTime,
        "10.0.0.1",
        "10.0.0.1",
        &untrusted(),
        "address.private",
    );
    check(RunTime, "127.0.0.1", "127.0.0.1", &none, "address.loopback");
    check(RunTime, "localhost", "127.0.0.1", &none, "address.loopback");
    check(
        RunTime,
        "localhost",
        "127.0.0.1",
        &policy(&["127.0.0.1"]),
        "granted",
    );
}

#[test]
fn row_6_metadata_wins_over_everything() {
    for ip in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
    ] {
        for designation in [Literal, Name, RunTime] {
            for policy in [
                NetworkPolicy::default(),
                untrusted(),
                policy(&["0.0.0.0/0", "::/0", "169.254.0.0/16", "64:ff9b::/96"]),
            ] {
                check(designation, ip, ip, &policy, "address.metadata");
                check(designation, "app.example", ip, &policy, "address.metadata");
            }
        }
    }
    check(
        Name,
        "metadata.google.internal",
        "203.0.113.7",
        &NetworkPolicy::default(),
        "address.metadata",
    );
    check(
        Name,
        "metadata",
        "10.0.0.1",
        &NetworkPolicy::default(),
        "address.metadata",
    );
    let named = policy(&["169.254.169.254"]);
    check(
        Literal,
        "169.254.169.254",
        "169.254.169.254",
        &named,
        "granted",
    );
    check(
        Name,
        "metadata.google.internal",
        "169.254.169.254",
        &named,
        "granted",
    );
    check(
        Name,
        "metadata.google.internal",
        "169.254.169.253",
        &named,
        "address.metadata",
    );
}

#[test]
fn messages_say_what_leads_where() {
    let message_of = |designation, host: &str, ip: &str, policy: &NetworkPolicy| match may_lead(
        designation,
        host,
        ip.parse().unwrap(),
        policy,
    ) {
        Verdict::Refused(refusal) => refusal.message,
        other => panic!("{other:?}"),
    };
    let message = |designation, host: &str, ip: &str| {
        message_of(designation, host, ip, &NetworkPolicy::default())
    };
    for designation in [Literal, Name, RunTime] {
        assert_eq!(
            message_of(designation, "localhost", "127.0.0.1", &untrusted()),
            "`localhost` leads to 127.0.0.1, a loopback address: an untrusted run reaches it only where the machine's \
             policy names its network"
        );
    }
    assert_eq!(
        message(Name, "app.example", "127.0.0.1"),
        "`app.example` leads to 127.0.0.1, a loopback address: write the address itself into the pipeline, or name \
         its network in the machine's policy"
    );
    assert_eq!(
        message(Literal, "169.254.169.254", "169.254.169.254"),
        "`169.254.169.254` is a cloud metadata address: only the machine's policy can allow it, by naming this very \
         address"
    );
}

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::from(bits.to_be_bytes())),
        any::<u128>().prop_map(|bits| IpAddr::from(bits.to_be_bytes())),
        any::<u32>()
            .prop_map(|bits| IpAddr::from(std::net::Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
    ]
}

proptest! {
    /// A run-time value is never granted more than a name, nor an untrusted ref more than a trusted one.
    #[test]
    fn less_trust_never_grants_more(ip in any_ip()) {
        let host = ip.to_string();
        let granted = |designation, policy: &NetworkPolicy| {
            !matches!(may_lead(designation, &host, ip, policy), Verdict::Refused(_))
        };
        let none = NetworkPolicy::default();
        prop_assert!(!granted(RunTime, &none) || granted(Name, &none));
        prop_assert!(!granted(Name, &none) || granted(Literal, &none));
        prop_assert!(!granted(Name, &untrusted()) || granted(Name, &none));
        prop_assert_eq!(granted(Literal, &untrusted()), granted(Name, &untrusted()));
        prop_assert!(!granted(Name, &policy(&[])) || granted(Name, &none));
    }
}
