//! Which status codes are fine.

use serde_json::Value;

/// One range of codes, both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusRange {
    first: u16,
    last: u16,
}

impl StatusRange {
    /// `2xx`: what is fine where nothing is said.
    pub(crate) const SUCCESS: Self = Self {
        first: 200,
        last: 299,
    };

    /// Reads `200`, `200-299` or `2xx`; a number too, since that is how people write one.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return None,
        };
        let text = text.trim();
        if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
            return Some(Self {
                first: class * 100,
                last: class * 100 + 99,
            });
        }
        let code = |text: &str| {
            text.trim()
                .parse::<u16>()
                .ok()
                .filter(|code| (100..=599).contains(code))
        };
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (code(first)?, code(last)?),
            None => (code(text)?, code(text)?),
        };
        (first <= last).then_some(Self { first, last })
    }

    pub(crate) fn contains(self, code: u16) -> bool {
        (self.first..=self.last).contains(&code)
    }
}

impl std::fmt::Display for StatusRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self { first, last } if first == last => write!(f, "{first}"),
            Self { first, last } if first % 100 == 0 && last == first + 99 => {
                write!(f, "{}xx", first / 100)
            }
            Self { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_ranges_and_classes() {
        let check = |value: Value, expected: Option<&str>| {
            let range = StatusRange::parse(&value);
            assert_eq!(
                range.map(|range| range.to_string()).as_deref(),
                expected,
                "{value}"
            );
        };
        check(json!("200"), Some("200"));
        check(json!(204), Some("204"));
        check(json!("200-204"), Some("200-204"));
        check(json!(" 200 - 299 "), Some("2xx"));
        check(json!("3XX"), Some("3xx"));
        check(json!("299-200"), None);
        check(json!("6xx"), None);
        check(json!("99"), None);
        check(json!("600"), None);
        check(json!("xx"), None);
        check(json!("ok"), None);
        check(json!(""), None);
        check(json!(true), None);
        assert!(StatusRange::SUCCESS.contains(200) && StatusRange::SUCCESS.contains(299));
        assert!(!StatusRange::SUCCESS.contains(199) && !StatusRange::SUCCESS.contains(300));
    }
}
