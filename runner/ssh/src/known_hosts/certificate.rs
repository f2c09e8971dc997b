//! Host certificates: a key, signed by an authority that the known hosts name.
//!
//! As in OpenSSH a revoked key refuses, the host's or the authority's; a certificate that isn't valid counts as the key
//! in it; one without any names is for every host that its authority is trusted for; names have no wildcards.

use russh::keys::{Certificate, HashAlg, PublicKey};

use super::line::{KnownHosts, Line, Marker};
use super::{HostKeyRefusal, HostKeys, KeyFingerprint, check_host_key, names};

/// Decides whether a host's certificate is accepted at a time, in seconds since 1970.
pub(crate) fn check_certificate(
    known: &HostKeys,
    host: &str,
    port: u16,
    certificate: &Certificate,
    now: u64,
) -> Result<(), HostKeyRefusal> {
    let key = PublicKey::from(certificate.public_key().clone());
    let authority = PublicKey::from(certificate.signature_key().clone());
    let mut reason = format!(
        "is signed by {} {}, which no @cert-authority line for this host names",
        KeyFingerprint::of(&authority).key_type,
        KeyFingerprint::of(&authority).fingerprint,
    );
    if let HostKeys::KnownHosts(text) = known {
        let known = KnownHosts::parse(text);
        let signed_by = |line: &&Line| line.key.key_data() == authority.key_data();
        let lines = |marker| {
            names(host, port)
                .into_iter()
                .flat_map(|name| {
                    known
                        .about(&name, Some(marker))
                        .filter(signed_by)
                        .map(|line| line.number)
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        if let Some(&line) = lines(Marker::Revoked).first() {
            return Err(HostKeyRefusal::Revoked {
                offered: KeyFingerprint::of(&authority),
                line,
            });
        }
        if !lines(Marker::CertAuthority).is_empty() {
            match judge(certificate, &authority, host, now) {
                // A revoked key stays refused, whoever vouches for it.
                Ok(()) => {
                    return match check_host_key(
                        &HostKeys::KnownHosts(text.clone()),
                        host,
                        port,
                        &key,
                    ) {
                        Err(refusal @ HostKeyRefusal::Revoked { .. }) => Err(refusal),
                        _ => Ok(()),
                    };
                }
                Err(why) => reason = why,
            }
        }
    }
    match check_host_key(known, host, port, &key) {
        Ok(()) => Ok(()),
        Err(refusal @ HostKeyRefusal::Revoked { .. }) => Err(refusal),
        Err(_) => Err(HostKeyRefusal::Certificate {
            offered: KeyFingerprint::of(&key),
            key_id: crate::connect::printable(certificate.key_id()),
            authority: KeyFingerprint::of(&authority),
            reason,
        }),
    }
}

/// Whether a certificate of a trusted authority speaks for this host now; an error is the reason, as the end of a sentence.
fn judge(
    certificate: &Certificate,
    authority: &PublicKey,
    host: &str,
    now: u64,
) -> Result<(), String> {
    if !certificate.cert_type().is_host() {
        return Err("is a user's, not a host's".to_owned());
    }
    in_time(certificate, now)?;
    let host = host.to_lowercase();
    let names = certificate.valid_principals();
    if !names.is_empty() && !names.contains(&host) {
        return Err(format!(
            "is for {}, not for {host}",
            crate::connect::printable(&names.join(", "))
        ));
    }
    if let Some(option) = certificate.critical_options().keys().next() {
        return Err(format!(
            "has a critical option that is not known: {:?}",
            crate::connect::printable(option)
        ));
    }
    if authority.algorithm().is_rsa() {
        return Err(
            "is signed with an RSA key, which is not supported: sign it with an ed25519 one"
                .to_owned(),
        );
    }
    certificate
        .validate_at(now, [&authority.fingerprint(HashAlg::Sha256)])
        .map_err(|_| "has a signature that is not its authority's".to_owned())
}

/// Whether a certificate is valid at a time; an error is the reason, as the end of a sentence.
pub(crate) fn in_time(certificate: &Certificate, now: u64) -> Result<(), String> {
    let (after, before) = (certificate.valid_after(), certificate.valid_before());
    if now < after {
        Err(format!("is valid only in {}", how_long(after - now)))
    } else if now >= before {
        Err(format!("expired {} ago", how_long(now - before)))
    } else {
        Ok(())
    }
}

/// Seconds for people: the largest unit that fits.
pub(crate) fn how_long(seconds: u64) -> String {
    let (unit, size) = [("day", 86_400), ("hour", 3600), ("minute", 60)]
        .into_iter()
        .find(|(_, size)| seconds >= *size)
        .unwrap_or(("second", 1));
    let count = seconds / size;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_one_unit() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (7200, "2 hours"),
            (86_400 * 30, "30 days"),
        ] {
            assert_eq!(how_long(seconds), expected);
        }
    }
}
