//! Durations and times of day.

/// How long something took, as people say it: `340 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        // Tenths are cut, not rounded: 59.96 s is not yet 60.0 s.
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        60_000..3_600_000 => {
            let seconds = milliseconds / 1_000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
        _ => {
            let minutes = milliseconds / 60_000;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// The time of day of an RFC 3339 time: `12:03:44`.
pub(super) fn of_day(time: &str) -> &str {
    let day = time.split_once('T').map_or(time, |(_, rest)| rest);
    day.get(..8).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let check = |milliseconds, expected| assert_eq!(duration(milliseconds), expected);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_000, "1.0 s");
        check(1_290, "1.2 s");
        check(59_999, "59.9 s");
        check(185_000, "3 min 5 s");
        check(7_800_000, "2 h 10 min");
    }

    #[test]
    fn times_of_day() {
        assert_eq!(of_day("2026-11-21T10:29:09.123Z"), "10:29:09");
        assert_eq!(of_day("now"), "now");
    }
}
