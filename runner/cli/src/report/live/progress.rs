//! How far a step has come: what it said of everything that is under way in it.

use std::collections::BTreeMap;

/// How many things are remembered of a step at most: an image has dozens of layers, a deploy dozens of servers.
const MOST: usize = 256;

/// What a step said of its progress.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// By what is counted: how much is done, and how much there is.
    parts: BTreeMap<String, (u64, Option<u64>)>,
    /// What was told of last.
    latest: Option<String>,
}

/// What is shown of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) what: String,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
}

impl Progress {
    /// Takes what a step says.
    pub(super) fn note(&mut self, what: &str, done: u64, total: Option<u64>) {
        let total = total.filter(|total| *total > 0);
        let has_room = self.parts.len() < MOST;
        if let Some(part) = self.parts.get_mut(what) {
            *part = (done, total);
        } else if has_room {
            self.parts.insert(what.to_owned(), (done, total));
        } else {
            return;
        }
        if self.latest.as_deref() != Some(what) {
            self.latest = Some(what.to_owned());
        }
    }

    /// Takes that the step has said something else: what has no known end may have ended with it.
    pub(super) fn line(&mut self) {
        let is_open =
            |latest: &String| self.parts.get(latest).is_some_and(|(_, all)| all.is_none());
        if self.latest.as_ref().is_some_and(is_open) {
            self.latest = None;
        }
    }

    /// What was told of last, together with what is of its kind: of layers and servers that take turns, each by itself
    /// would flicker. None where all of it is done: what follows has not been told of yet.
    pub(super) fn shown(&self) -> Option<Shown> {
        let latest = self.latest.as_deref()?;
        let (done, total) = *self.parts.get(latest)?;
        if total.is_none() {
            return Some(shown(latest, done, None));
        }
        let kind = kind(latest);
        let parts = self.parts.iter();
        let alike = parts.filter(|(what, _)| self::kind(what) == kind);
        let (mut many, mut done, mut total) = (0_usize, 0_u64, 0_u64);
        for (_, (of_part, all)) in alike {
            let Some(all) = all else { continue };
            many += 1;
            done = done.saturating_add((*of_part).min(*all));
            total = total.saturating_add(*all);
        }
        let what = match many {
            1 => latest.to_owned(),
            _ => format!("{kind}, {many} at once"),
        };
        (done < total).then(|| shown(&what, done, Some(total)))
    }
}

fn shown(what: &str, done: u64, total: Option<u64>) -> Shown {
    Shown {
        what: what.to_owned(),
        done,
        total,
    }
}

/// What is done, without what it is done to: `Pushing 1f3e5a`, `uploading to web1`.
fn kind(what: &str) -> &str {
    what.split(' ').next().unwrap_or(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_shown_with_what_is_alike() {
        let mut progress = Progress::default();
        assert_eq!(progress.shown(), None);
        let mut check = |what: &str, done, total, expected: Option<(&str, u64, Option<u64>)>| {
            progress.note(what, done, total);
            let expected = expected.map(|(what, done, total)| shown(what, done, total));
            assert_eq!(progress.shown(), expected, "{what} {done}");
        };
        check("sending", 7, None, Some(("sending", 7, None)));
        check("sending", 9, Some(0), Some(("sending", 9, None)));
        check("Pushing a1", 2, Some(10), Some(("Pushing a1", 2, Some(10))));
        check(
            "Pushing b2",
            1,
            Some(30),
            Some(("Pushing, 2 at once", 3, Some(40))),
        );
        // Some are larger than was said: that must not hide the others.
        check(
            "Pushing a1",
            12,
            Some(10),
            Some(("Pushing, 2 at once", 11, Some(40))),
        );
        check("Pushing b2", 30, Some(30), None);
        check("attempt", 1, Some(3), Some(("attempt", 1, Some(3))));
        check("attempt", 3, Some(3), None);
    }

    #[test]
    fn what_has_no_known_end_is_over_with_the_next_line() {
        let mut progress = Progress::default();
        progress.note("transferring", 7, None);
        progress.line();
        assert_eq!(progress.shown(), None);
        progress.note("transferring", 9, None);
        assert_eq!(progress.shown(), Some(shown("transferring", 9, None)));
        progress.note("uploading", 1, Some(3));
        progress.line();
        assert_eq!(progress.shown(), Some(shown("uploading", 1, Some(3))));
    }

    #[test]
    fn a_step_is_remembered_with_limits() {
        let mut progress = Progress::default();
        for number in 0..2 * MOST {
            progress.note(&format!("{number}"), 1, Some(2));
        }
        assert_eq!(progress.parts.len(), MOST);
    }
}
