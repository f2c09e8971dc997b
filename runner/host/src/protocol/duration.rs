//! Spans of time: nanoseconds in WIT, text in JSON.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A span of time; in JSON `"250ms"`, `"10s"`, `"1m30s"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct Nanoseconds(pub u64);

impl Nanoseconds {
    /// As the standard library's type.
    pub fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl From<Duration> for Nanoseconds {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Serialize for Nanoseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match self.0 {
            0 => "0s".to_owned(),
            whole if whole % 1_000_000_000 == 0 => format!("{}s", whole / 1_000_000_000),
            whole if whole % 1_000_000 == 0 => format!("{}ms", whole / 1_000_000),
            whole if whole % 1_000 == 0 => format!("{}us", whole / 1_000),
            whole => format!("{whole}ns"),
        };
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Nanoseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse(&text).map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no span of time; write `10s`, `250ms` or `1m30s`"
            ))
        })
    }
}

fn parse(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit_length = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let factor = match rest.get(..unit_length)? {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = rest.get(unit_length..)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_nanoseconds() {
        for (text, expected) in [
            ("10s", Some(10_000_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("250ms", Some(250_000_000)),
            ("7ns", Some(7)),
            ("", None),
            ("s", None),
            ("10", None),
            ("-1s", None),
            ("99999999999h", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        let back = serde_json::to_string(&Nanoseconds(90_000_000_000)).unwrap();
        assert_eq!(back, "\"90s\"");
    }
}
