//! When something was changed, to the nanosecond; also before 1970.

use cap_std::fs::{Metadata, MetadataExt as _};
use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// A time: seconds since 1970, and nanoseconds after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mtime {
    pub(super) seconds: i64,
    pub(super) nanoseconds: i64,
}

impl Mtime {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        }
    }

    /// The time in a header, where there is room for it: whole seconds from 1970 on.
    pub(super) fn plain(self) -> Option<u64> {
        (self.nanoseconds == 0)
            .then(|| u64::try_from(self.seconds).ok())
            .flatten()
    }

    /// The time as extended headers write it: `-1.5` is a second and a half before 1970.
    pub(super) fn text(self) -> String {
        let whole = i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanoseconds);
        let sign = if whole < 0 { "-" } else { "" };
        let (second, whole) = (u128::from(SECOND.unsigned_abs()), whole.unsigned_abs());
        let text = format!("{sign}{}.{:09}", whole / second, whole % second);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The time that a text means.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(seconds) || !is_number(fraction) || fraction.len() > 9 {
            return None;
        }
        let seconds: i64 = seconds.parse().ok()?;
        let nanoseconds: i64 = format!("{fraction:0<9}").parse().ok()?;
        Some(match (negative, nanoseconds) {
            (false, _) => Self {
                seconds,
                nanoseconds,
            },
            (true, 0) => Self {
                seconds: -seconds,
                nanoseconds,
            },
            (true, _) => Self {
                seconds: -seconds - 1,
                nanoseconds: SECOND - nanoseconds,
            },
        })
    }

    /// For the system: when something was read last is not ours to say.
    pub(super) fn times(self) -> Timestamps {
        Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: self.seconds,
                tv_nsec: self.nanoseconds,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "0"),
            (1, 0, "1"),
            (10, 0, "10"),
            (1, 500_000_000, "1.5"),
            (1_700_000_000, 1, "1700000000.000000001"),
            (-1, 0, "-1"),
            (-2, 500_000_000, "-1.5"),
            (-1, 999_999_999, "-0.000000001"),
        ] {
            let time = Mtime {
                seconds,
                nanoseconds,
            };
            assert_eq!(time.text(), text);
            assert_eq!(Mtime::parse(text), Some(time), "{text}");
        }
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "1.0000000001",
            "1e9",
            "+1",
            "1,5",
            "9223372036854775808",
        ] {
            assert_eq!(Mtime::parse(text), None, "{text}");
        }
    }
}
