//! Durations (`1h30m`) and sizes (`64MiB`) as they are written.

use std::time::Duration;

use thiserror::Error;

/// Units of durations in milliseconds, largest first: in this order they must stand.
const DURATION_UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Units of sizes in bytes.
const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Why a text is not a duration or a size.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    /// There is no text.
    #[error("there is nothing here")]
    Empty,
    /// A number is expected where something else stands.
    #[error("a whole number is expected before `{0}`")]
    NoNumber(String),
    /// A number has no unit.
    #[error("`{0}` has no unit")]
    NoUnit(String),
    /// The unit is not known.
    #[error("`{0}` is not a unit")]
    UnknownUnit(String),
    /// A unit stands twice, or a larger one after a smaller.
    #[error("`{0}` stands twice or after a smaller unit")]
    Order(String),
    /// The value is too large to count.
    #[error("the value is too large")]
    TooLarge,
}

/// Reads a duration: whole numbers with the units `d`, `h`, `m`, `s`, `ms`, the largest first, e.g. `10s`, `5m`,
/// `1h30m`, `250ms`.
///
/// # Errors
///
/// If it is written otherwise, or beyond 2^64 milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(UnitError::Empty);
    }
    let mut units = DURATION_UNITS;
    let mut milliseconds: u64 = 0;
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest)?;
        let Some(index) = units.iter().position(|(name, _)| *name == unit) else {
            let known = DURATION_UNITS.iter().any(|(name, _)| *name == unit);
            return Err(if known {
                UnitError::Order(unit.to_owned())
            } else {
                UnitError::UnknownUnit(unit.to_owned())
            });
        };
        let factor = units.get(index).map_or(1, |(_, factor)| *factor);
        milliseconds = number
            .checked_mul(factor)
            .and_then(|part| milliseconds.checked_add(part))
            .ok_or(UnitError::TooLarge)?;
        units = units.get(index + 1..).unwrap_or(&[]);
        rest = after;
    }
    Ok(Duration::from_millis(milliseconds))
}

/// Reads a size in bytes: a whole number and a unit, `B`, `kB`, `MB`, `GB`, `TB` (powers of 1,000) or `KiB`, `MiB`,
/// `GiB`, `TiB` (of 1,024), e.g. `64MiB`.
///
/// # Errors
///
/// If it is written otherwise, or beyond 2^64 bytes.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UnitError::Empty);
    }
    let (number, unit, after) = number_and_unit(text)?;
    let factor = SIZE_UNITS
        .iter()
        .find(|(name, _)| *name == unit && after.is_empty())
        .map(|(_, factor)| *factor)
        .ok_or_else(|| UnitError::UnknownUnit(format!("{unit}{after}")))?;
    number.checked_mul(factor).ok_or(UnitError::TooLarge)
}

/// Splits `1h30m` into 1, `h` and `30m`.
fn number_and_unit(text: &str) -> Result<(u64, &str, &str), UnitError> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return Err(UnitError::NoNumber(text.to_owned()));
    }
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at(end);
    if unit.is_empty() {
        return Err(if rest.is_empty() {
            UnitError::NoUnit(text.to_owned())
        } else {
            UnitError::UnknownUnit(rest.to_owned())
        });
    }
    let number = number.parse().map_err(|_| UnitError::TooLarge)?;
    Ok((number, unit, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, expected: Result<u64, &str>| {
            let found = parse_duration(text).map_err(|error| error.to_string());
            let expected = expected.map(Duration::from_millis).map_err(str::to_owned);
            assert_eq!(found, expected, "{text:?}");
        };
        check("10s", Ok(10_000));
        check("5m", Ok(300_000));
        check("1h30m", Ok(5_400_000));
        check("250ms", Ok(250));
        check("1d2h3m4s5ms", Ok(93_784_005));
        check("0s", Ok(0));
        check("", Err("there is nothing here"));
        check("10", Err("`10` has no unit"));
        check("s", Err("a whole number is expected before `s`"));
        check("-1s", Err("a whole number is expected before `-1s`"));
        check("1.5h", Err("`.5h` is not a unit"));
        check("10 s", Err("` s` is not a unit"));
        check("10sec", Err("`sec` is not a unit"));
        check("30m1h", Err("`h` stands twice or after a smaller unit"));
        check("1s1s", Err("`s` stands twice or after a smaller unit"));
        check("99999999999999999999s", Err("the value is too large"));
        check("18446744073709551615h", Err("the value is too large"));
    }

    #[test]
    fn sizes() {
        let check = |text: &str, expected: Result<u64, &str>| {
            let found = parse_size(text).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{text:?}");
        };
        check("64MiB", Ok(67_108_864));
        check("10kB", Ok(10_000));
        check("512B", Ok(512));
        check("2TiB", Ok(2_199_023_255_552));
        check("10KB", Err("`KB` is not a unit"));
        check("10", Err("`10` has no unit"));
        check("1GB1MB", Err("`GB1MB` is not a unit"));
        check("99999999TiB", Err("the value is too large"));
        check("", Err("there is nothing here"));
    }
}
