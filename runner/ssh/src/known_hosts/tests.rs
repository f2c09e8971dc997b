use proptest::prelude::*;
use proptest::sample::select;
use russh::keys::{Algorithm, PublicKey};

use super::*;

const CURRENT: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKe1Vt7a7OW4r6x1FhkjqHDEGRP9CeS0oQWrjaPJ+X0y";
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDFQT9mPCHxgeB2YnWhvgNYTyBkgdIoJJ0Pq6wIvMkQn";

/// A key whose bytes are `seed`; any 32 bytes are an encodable ed25519 key.
fn ed25519(seed: u8) -> PublicKey {
    let key = russh::keys::ssh_key::public::Ed25519PublicKey([seed; 32]);
    PublicKey::from(russh::keys::ssh_key::public::KeyData::Ed25519(key))
}

fn text(key: &PublicKey) -> String {
    key.to_openssh().unwrap().trim().to_owned()
}

fn p256() -> PublicKey {
    PublicKey::from_openssh(
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=",
    )
    .unwrap()
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Unknown,
    Mismatch,
    Revoked,
}

fn judge(known_hosts: &str, host: &str, port: u16, key: &PublicKey) -> Verdict {
    match check_host_key(&HostKeys::KnownHosts(known_hosts.into()), host, port, key) {
        Ok(()) => Verdict::Accepted,
        Err(HostKeyRefusal::Unknown { .. }) => Verdict::Unknown,
        Err(HostKeyRefusal::Mismatch { .. }) => Verdict::Mismatch,
        Err(HostKeyRefusal::Revoked { .. }) => Verdict::Revoked,
        Err(HostKeyRefusal::Certificate { .. }) => unreachable!("no certificate was shown"),
    }
}

#[test]
fn verdicts_are_those_of_openssh() {
    let key = ed25519(1);
    let (current, old) = (text(&key), text(&ed25519(2)));
    let ecdsa = text(&p256());
    let check = |known: &str, port: u16, expected: Verdict| {
        assert_eq!(judge(known, "127.0.0.1", port, &key), expected, "{known}");
    };
    use Verdict::*;
    check("", 22, Unknown);
    check(&format!("127.0.0.1 {current}"), 22, Accepted);
    check(&format!("127.0.0.1 {current} a comment\r\n"), 22, Accepted);
    check(
        &format!("# c\r\n\r\n127.0.0.1\t{current}\r\n"),
        22,
        Accepted,
    );
    check(
        &format!("127.0.0.1\t{}", current.replace(' ', "\t")),
        22,
        Accepted,
    );
    check(&format!("127.0.0.1 {old}"), 22, Mismatch);
    check(
        &format!("127.0.0.1 {old}\n127.0.0.1 {current}"),
        22,
        Accepted,
    );
    check(
        &format!("127.0.0.1 {current}\n@revoked 127.0.0.1 {current}"),
        22,
        Revoked,
    );
    check(
        &format!("@revoked * {current}\n127.0.0.1 {current}"),
        22,
        Revoked,
    );
    check(
        &format!("@revoked * {old}\n127.0.0.1 {current}"),
        22,
        Accepted,
    );
    check(&format!("@revoked 127.0.0.1 {current}"), 2222, Revoked);
    check(&format!("@cert-authority * {current}"), 22, Unknown);
    check(&format!("@strange * {current}"), 22, Unknown);
    check(&format!("127.0.0.1 {ecdsa}"), 22, Unknown);
    check(&format!("[127.0.0.*]:2222 {current}"), 2222, Accepted);
    check(&format!("[127.0.0.*]:2222 {current}"), 22, Unknown);
    check(&format!("127.0.0.1 {current}"), 2222, Accepted);
    check(
        &format!("[127.0.0.1]:2222 {old}\n127.0.0.1 {current}"),
        2222,
        Mismatch,
    );
    check(&format!("*,!127.0.0.1 {current}"), 22, Unknown);
    check(
        &format!("garbage\nmore garbage here\n127.0.0.1 {current}"),
        22,
        Accepted,
    );
    check(
        &format!("127.0.0.1 ssh-rsa {}", current.split(' ').nth(1).unwrap()),
        22,
        Unknown,
    );
}

#[test]
fn a_refusal_says_what_was_offered_and_what_was_expected() {
    let (key, old) = (ed25519(1), ed25519(2));
    let known = HostKeys::KnownHosts(format!("# first\nh {}", text(&old)));
    let refusal = check_host_key(&known, "h", 22, &key).unwrap_err();
    let offered = KeyFingerprint::of(&key);
    assert_eq!(
        refusal,
        HostKeyRefusal::Mismatch {
            offered: offered.clone(),
            expected: vec![ExpectedKey {
                key_type: Some("ssh-ed25519".into()),
                fingerprint: KeyFingerprint::of(&old).fingerprint,
                line: Some(2),
            }],
            line_to_add: format!("h {}", text(&key)),
        }
    );
    assert!(refusal.to_string().contains(&offered.fingerprint));
    assert!(refusal.to_string().contains("(line 2)"));

    let refusal = check_host_key(&HostKeys::None, "h", 2200, &key).unwrap_err();
    let HostKeyRefusal::Unknown { line_to_add, .. } = refusal else {
        panic!("expected an unknown key");
    };
    assert_eq!(line_to_add, format!("[h]:2200 {}", text(&key)));
    assert_eq!(judge(&line_to_add, "h", 2200, &key), Verdict::Accepted);
}

#[test]
fn comments_of_keys_do_not_count() {
    let mut key = ed25519(3);
    key.set_comment("somebody@somewhere");
    assert_eq!(
        judge(&format!("h {}", text(&ed25519(3))), "h", 22, &key),
        Verdict::Accepted
    );
}

#[test]
fn fingerprints_are_compared_without_padding() {
    let key = ed25519(4);
    let fingerprint = KeyFingerprint::of(&key).fingerprint;
    let check = |list: &[&str], expected: bool| {
        let known = HostKeys::Fingerprints(list.iter().map(|&text| text.to_owned()).collect());
        assert_eq!(
            check_host_key(&known, "h", 22, &key).is_ok(),
            expected,
            "{list:?}"
        );
    };
    check(&[&fingerprint], true);
    check(&[&format!(" {fingerprint}= ")], true);
    check(&["SHA256:other", &fingerprint], true);
    check(&["SHA256:other"], false);
    check(&[], false);
    check(&["MD5:00:11"], false);
    assert_eq!(
        warnings(&HostKeys::Fingerprints(vec!["MD5:00".into()])).len(),
        1
    );
}

#[test]
fn known_types_are_asked_for_first() {
    let ecdsa = HostKeys::KnownHosts(format!("h {}\nother {}", text(&p256()), text(&ed25519(1))));
    let first = |known: &HostKeys, port| preferred_algorithms(known, "h", port).into_iter().next();
    assert_eq!(first(&ecdsa, 22), Some(p256().algorithm()));
    assert_eq!(first(&ecdsa, 2222), Some(p256().algorithm()));
    assert_eq!(first(&HostKeys::None, 22), Some(Algorithm::Ed25519));
}

#[test]
fn lines_that_say_nothing_are_reported() {
    let known = HostKeys::KnownHosts(format!("garbage\n@cert-authority * {CURRENT}\nh {OTHER}\n"));
    let warnings = warnings(&known);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn certificates_are_asked_for_where_an_authority_is_named() {
    let check = |known: &str, expected: usize| {
        let known = HostKeys::KnownHosts(known.to_owned());
        assert_eq!(preferred_certificates(&known, "h", 2222).len(), expected);
    };
    check("", 0);
    check(&format!("h {CURRENT}"), 0);
    check(&format!("@cert-authority other {CURRENT}"), 0);
    check(&format!("@cert-authority *,!h {CURRENT}"), 4);
    check(&format!("@cert-authority *,!h,![h]:2222 {CURRENT}"), 0);
    check(&format!("@cert-authority h {CURRENT}"), 4);
    check(&format!("@cert-authority [h]:2222 {CURRENT}"), 4);
    check(&format!("@revoked h {CURRENT}"), 0);
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s).{0,200}", host in ".{0,20}", port in any::<u16>()) {
        let known = HostKeys::KnownHosts(text);
        let _ = check_host_key(&known, &host, port, &ed25519(1));
        let _ = warnings(&known);
    }

    #[test]
    fn lines_of_known_words_do_not_panic(
        words in proptest::collection::vec(
            prop_oneof![
                Just("@revoked".to_owned()), Just("|1|".to_owned()), Just("|1|AA==|AA==".to_owned()),
                Just("*".to_owned()), Just("!h".to_owned()), Just("[h]:22".to_owned()), Just("\t".to_owned()),
                Just("\r\n".to_owned()), Just("ssh-ed25519".to_owned()), Just(CURRENT.to_owned()), "[ -~]{0,8}",
            ], 0..12)
    ) {
        let known = HostKeys::KnownHosts(words.join(" "));
        let _ = check_host_key(&known, "h", 22, &ed25519(1));
    }

    /// Each line is blank, a comment, in use, or complained about: none is lost.
    #[test]
    fn no_line_is_lost(
        lines in proptest::collection::vec(
            prop_oneof![
                Just(String::new()), Just("  \t".to_owned()), Just("# a comment".to_owned()), Just(" \t#".to_owned()),
                Just(format!("h {CURRENT}")), Just(format!("  h\t{OTHER} and more")),
                Just(format!("@revoked * {CURRENT}")), Just(format!("@cert-authority *,!h {OTHER}")),
                Just(format!("@strange h {CURRENT}")), Just("@revoked".to_owned()),
                Just(format!("|1|AAAA|BBBB {CURRENT}")), Just(format!("|2|AAAA|BBBB {CURRENT}")),
                Just("h ssh-ed25519".to_owned()), Just("h ssh-mars AAAA".to_owned()), "[ -~]{0,30}", "\\PC{0,20}",
            ], 0..12),
        end in select(&["\n", "\r\n"][..]),
        last in any::<bool>(),
    ) {
        let mut text = lines.join(end);
        if last {
            text.push_str(end);
        }
        let known = KnownHosts::parse(&text);
        // As a person counts them: what is blank or begins with `#` says nothing.
        let says = |line: &&str| {
            let line = line.trim_matches([' ', '\t', '\r']);
            !line.is_empty() && !line.starts_with('#')
        };
        let said = text.split('\n').filter(says).count();
        prop_assert_eq!(known.lines.len() + known.warnings.len(), said, "{:?}", text);
    }

    #[test]
    fn a_revoked_key_is_never_accepted(before in "[ -~\n]{0,80}", after in "[ -~\n]{0,80}") {
        let key = ed25519(9);
        let known = format!("{before}\n@revoked * {}\nh {}\n{after}", text(&key), text(&key));
        prop_assert_eq!(judge(&known, "h", 22, &key), Verdict::Revoked);
    }
}
