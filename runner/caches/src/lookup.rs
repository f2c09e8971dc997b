//! Which entry a key and its fallbacks mean.

use jiff::Timestamp;

/// An entry, as far as it matters here.
pub(crate) trait Dated {
    /// What it was kept under.
    fn key(&self) -> &str;

    /// When it was made.
    fn created(&self) -> Timestamp;
}

/// How an entry was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is kept under the key itself.
    Exact,
    /// A fallback key led to it.
    Fallback,
}

/// The place of the entry that is meant.
///
/// First the one under the key itself, letter by letter. Then, for each fallback key in their order: the one under just that
/// key, else of those whose keys begin with it the newest; of two that were made at once, the one whose key is the greater.
pub(crate) fn lookup<E: Dated>(
    entries: &[E],
    key: &str,
    fallback_keys: &[String],
) -> Option<(usize, Match)> {
    let exact = |key: &str| entries.iter().position(|entry| entry.key() == key);
    if let Some(place) = exact(key) {
        return Some((place, Match::Exact));
    }
    let newest = |start: &str| {
        let begin_so = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.key().starts_with(start));
        let newest = begin_so.max_by_key(|(_, entry)| (entry.created(), entry.key()));
        newest.map(|(place, _)| place)
    };
    fallback_keys
        .iter()
        .find_map(|start| exact(start).or_else(|| newest(start)))
        .map(|place| (place, Match::Fallback))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    struct Known {
        key: String,
        created: i64,
    }

    impl Dated for Known {
        fn key(&self) -> &str {
            &self.key
        }

        fn created(&self) -> Timestamp {
            Timestamp::from_second(self.created).unwrap()
        }
    }

    #[test]
    fn the_key_then_each_fallback_then_the_newest() {
        let check =
            |kept: &[&str], key: &str, fallback: &[&str], expected: Option<(&str, Match)>| {
                // In the order in which they were made.
                let kept = (0..).zip(kept).map(|(created, key)| Known {
                    key: (*key).to_owned(),
                    created,
                });
                let kept: Vec<Known> = kept.collect();
                let fallback: Vec<String> = fallback.iter().map(|key| (*key).to_owned()).collect();
                let found = lookup(&kept, key, &fallback);
                let found = found.map(|(place, matched)| (kept[place].key.as_str(), matched));
                assert_eq!(found, expected, "{kept:?} {key} {fallback:?}");
            };
        let exact = |key| Some((key, Match::Exact));
        let fallback = |key| Some((key, Match::Fallback));
        check(&[], "a", &["a", ""], None);
        check(&["a-1", "a-2"], "a-1", &["a-"], exact("a-1"));
        check(&["a-1", "a-2"], "a-3", &[], None);
        check(&["a-1", "a-2"], "a-3", &["a-"], fallback("a-2"));
        check(&["a-2", "a-1"], "a-3", &["a-"], fallback("a-1"));
        // The key itself is no beginning of another one.
        check(&["a-1"], "a", &[], None);
        // The first fallback that finds something, although a later one would find what is newer.
        check(&["a-1", "b-1"], "c", &["x-", "a-", "b-"], fallback("a-1"));
        // One that is a whole key is meant before what is newer and begins with it.
        check(&["a-", "a-1"], "c", &["a-"], fallback("a-"));
        check(&["A-1"], "a-1", &["a-"], None);
        check(&["a.b"], "c", &["a.*"], None);
    }

    proptest! {
        /// What is found is what the rule says, looked for in the plainest way.
        #[test]
        fn as_the_rule_says(
            kept in prop::collection::vec(("[ab]{1,3}", 0_i64..4), 0..8),
            key in "[ab]{1,3}",
            fallback in prop::collection::vec("[ab]{1,2}", 0..3),
        ) {
            let mut kept: Vec<Known> = kept
                .into_iter()
                .map(|(key, created)| Known { key, created })
                .collect();
            // A key is kept once.
            kept.sort_by(|left, right| left.key.cmp(&right.key));
            kept.dedup_by(|left, right| left.key == right.key);
            let found = lookup(&kept, &key, &fallback);
            let keys = |place: usize| kept[place].key.clone();
            if let Some(one) = kept.iter().find(|one| one.key == key) {
                prop_assert_eq!(found.map(|(place, how)| (keys(place), how)), Some((one.key.clone(), Match::Exact)));
                return Ok(());
            }
            for start in &fallback {
                let mut begin: Vec<&Known> = kept.iter().filter(|one| one.key.starts_with(start)).collect();
                begin.sort_by_key(|one| (one.key != *start, -one.created, std::cmp::Reverse(one.key.clone())));
                if let Some(first) = begin.first() {
                    prop_assert_eq!(found.map(|(place, how)| (keys(place), how)), Some((first.key.clone(), Match::Fallback)));
                    return Ok(());
                }
            }
            prop_assert_eq!(found, None);
        }
    }
}
