//! Which entries of a store go.

use std::time::SystemTime;

use crate::store::Kept;

/// An entry, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Weighed {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) used: SystemTime,
}

/// The names of entries that go: those that nobody used for long, then those that were used longest ago until the others
/// are few and small enough. One whose use lies in the future was used now.
pub(crate) fn surplus(mut entries: Vec<Weighed>, kept: &Kept, now: SystemTime) -> Vec<String> {
    entries.sort_by(|left, right| (left.used, &left.name).cmp(&(right.used, &right.name)));
    let mut bytes = entries
        .iter()
        .fold(0_u64, |sum, entry| sum.saturating_add(entry.bytes));
    let mut count = entries.len();
    let mut gone = Vec::new();
    for entry in entries {
        let unused = now.duration_since(entry.used).unwrap_or_default();
        if unused <= kept.unused && bytes <= kept.bytes && count <= kept.entries {
            break;
        }
        bytes = bytes.saturating_sub(entry.bytes);
        count -= 1;
        gone.push(entry.name);
    }
    gone
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let now = SystemTime::now();
        let check = |bytes, entries, unused, expected: &[&str]| {
            let ages = [
                ("new", 10, 0),
                ("old", 300, 40),
                ("mid", 200, 30),
                ("sub", 10, 20),
            ];
            let all = ages.map(|(name, age, bytes)| Weighed {
                name: name.to_owned(),
                bytes,
                used: now - Duration::from_secs(age),
            });
            let kept = Kept {
                bytes,
                entries,
                unused: Duration::from_secs(unused),
            };
            assert_eq!(surplus(all.into(), &kept, now), expected);
        };
        check(90, 4, 300, &[]);
        check(89, 4, 300, &["old"]);
        check(50, 4, 300, &["old"]);
        check(49, 4, 300, &["old", "mid"]);
        check(90, 3, 300, &["old"]);
        check(90, 4, 250, &["old"]);
        check(90, 4, 5, &["old", "mid", "new", "sub"]);
        check(0, 4, 300, &["old", "mid", "new", "sub"]);
    }
}
