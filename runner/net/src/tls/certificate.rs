//! The validity of a certificate, read from its DER.
//!
//! rustls checks the dates but does not show them for a good certificate, and how long one still has is what a health
//! check wants to know. Only the path to that field is read (RFC 5280, section 4.1).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`, the version.
const VERSION: u8 = 0xa0;

/// From when to when a certificate (DER) is valid; nothing if it can't be read.
pub(super) fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut fields, _) = expect(certificate, SEQUENCE)?;
    if let Some((_, rest)) = expect(fields, VERSION) {
        fields = rest;
    }
    let (_serial, rest) = expect(fields, INTEGER)?;
    let (_algorithm, rest) = expect(rest, SEQUENCE)?;
    let (_issuer, rest) = expect(rest, SEQUENCE)?;
    let (validity, _) = expect(rest, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    let (until, _) = time(rest)?;
    Some((from, until))
}

fn expect(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(input)?;
    (found == tag).then_some((content, rest))
}

/// Tag, content and what follows of the first element.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Long form: a certificate is far below 16 MiB, so three bytes of length are plenty.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn time(input: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, content, rest) = element(input)?;
    let digits = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, digits) = match tag {
        UTC_TIME => {
            let (year, digits) = digits.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, digits)
        }
        GENERALIZED_TIME => {
            let (year, digits) = digits.split_at_checked(4)?;
            (year.parse().ok()?, digits)
        }
        _ => return None,
    };
    if digits.len() != 10 {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2)?.parse::<i8>().ok();
    let civil = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    // "No well-defined expiration" (99991231235959Z) lies just behind jiff's last timestamp.
    let at = civil
        .to_zoned(TimeZone::UTC)
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    Some((at, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn certificate(from: i32, until: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 2, 3);
        params.not_after = rcgen::date_time_ymd(until, 11, 30);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn dates_are_read() {
        for (from, until) in [(1999, 2049), (2026, 2050), (1950, 9998)] {
            let (start, end) = validity(&certificate(from, until)).unwrap();
            assert_eq!(start.to_string(), format!("{from}-02-03T00:00:00Z"));
            assert_eq!(end.to_string(), format!("{until}-11-30T00:00:00Z"));
        }
    }

    #[test]
    fn times() {
        let read = |tag: u8, text: &str| {
            let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
            der.extend(text.as_bytes());
            time(&der).map(|(at, _)| at.to_string())
        };
        assert_eq!(
            read(UTC_TIME, "491231235959Z").as_deref(),
            Some("2049-12-31T23:59:59Z")
        );
        assert_eq!(
            read(UTC_TIME, "500101000000Z").as_deref(),
            Some("1950-01-01T00:00:00Z")
        );
        assert_eq!(
            read(GENERALIZED_TIME, "99991231235959Z"),
            Some(Timestamp::MAX.to_string())
        );
        for text in [
            "",
            "Z",
            "4912312359Z",
            "491331235959Z",
            "49123123595+Z",
            "491231235959",
            "4912312359599Z",
        ] {
            assert_eq!(read(UTC_TIME, text), None, "{text}");
        }
        assert_eq!(read(INTEGER, "491231235959Z"), None);
    }

    proptest! {
        #[test]
        fn garbage_is_no_certificate(der: Vec<u8>) {
            let _ = validity(&der);
        }

        #[test]
        fn damage_does_no_harm(at in 0_usize..300, byte: u8, cut in 0_usize..400) {
            let mut der = certificate(2020, 2030);
            if let Some(place) = der.get_mut(at) {
                *place = byte;
            }
            der.truncate(cut);
            let _ = validity(&der);
        }
    }
}
