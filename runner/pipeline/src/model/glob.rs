//! Patterns of names and paths: `*` is anything but `/`, `**` anything, `**/` also nothing, `?` one character but `/`.

/// The longest pattern, in characters. Matching takes time by its length and that of the text.
const MAX_PATTERN: usize = 256;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Is(char),
    One,
    Some,
    Any,
    /// `**/`: nothing, or folders.
    Folders,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it is none, as the end of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("there is nothing in it".to_owned());
        }
        if text.chars().count() > MAX_PATTERN {
            return Err(format!("it has more than {MAX_PATTERN} characters"));
        }
        if let Some(found) = text.chars().find(|c| "[]{}\\".contains(*c)) {
            return Err(format!(
                "`{found}` has no meaning here; only `*`, `**` and `?` do"
            ));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let at_start = parts.is_empty() || parts.last() == Some(&Part::Is('/'));
            let (part, used) = if at_start && rest.starts_with("**/") {
                (Part::Folders, 3)
            } else if rest.starts_with("**") {
                (Part::Any, 2)
            } else {
                match next {
                    '*' => (Part::Some, 1),
                    '?' => (Part::One, 1),
                    other => (Part::Is(other), other.len_utf8()),
                }
            };
            parts.push(part);
            rest = rest.get(used..).unwrap_or("");
        }
        Ok(Self(parts))
    }

    /// Whether a whole text is as the pattern says. All ways through it are followed at once, so that no pattern takes
    /// long.
    pub(super) fn matches(&self, text: &str) -> bool {
        let (mut at, mut next) = (Places::new(self.0.len()), Places::new(self.0.len()));
        at.enter(&self.0, 0);
        for c in text.chars() {
            next.clear();
            for (place, part) in self.0.iter().enumerate() {
                if at.inside(place) {
                    next.set_inside(place);
                    if c == '/' {
                        next.enter(&self.0, place + 1);
                    }
                }
                if !at.has(place) {
                    continue;
                }
                match part {
                    Part::Is(is) if *is == c => next.enter(&self.0, place + 1),
                    Part::One if c != '/' => next.enter(&self.0, place + 1),
                    Part::Some if c != '/' => next.enter(&self.0, place),
                    Part::Any => next.enter(&self.0, place),
                    Part::Folders => {
                        next.set_inside(place);
                        if c == '/' {
                            next.enter(&self.0, place + 1);
                        }
                    }
                    Part::Is(_) | Part::One | Part::Some => {}
                }
            }
            std::mem::swap(&mut at, &mut next);
        }
        at.has(self.0.len())
    }
}

/// The places in the pattern that the text so far can have led to.
struct Places {
    at: Vec<bool>,
    /// Within the folders of a `**/`.
    inside: Vec<bool>,
}

impl Places {
    fn new(parts: usize) -> Self {
        Self {
            at: vec![false; parts + 1],
            inside: vec![false; parts + 1],
        }
    }

    fn clear(&mut self) {
        self.at.fill(false);
        self.inside.fill(false);
    }

    fn has(&self, place: usize) -> bool {
        self.at.get(place).copied().unwrap_or(false)
    }

    fn inside(&self, place: usize) -> bool {
        self.inside.get(place).copied().unwrap_or(false)
    }

    fn set_inside(&mut self, place: usize) {
        if let Some(inside) = self.inside.get_mut(place) {
            *inside = true;
        }
    }

    /// Comes to a place, and to those after it as long as parts may be nothing.
    fn enter(&mut self, parts: &[Part], place: usize) {
        let mut place = place;
        loop {
            match self.at.get_mut(place) {
                Some(at) if !*at => *at = true,
                _ => return,
            }
            match parts.get(place) {
                Some(Part::Some | Part::Any | Part::Folders) => place += 1,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_and_texts() {
        let check = |pattern: &str, text: &str, expected: bool| {
            let glob = Glob::parse(pattern).unwrap();
            assert_eq!(glob.matches(text), expected, "{pattern} {text}");
        };
        check("main", "main", true);
        check("main", "mai", false);
        check("main", "main2", false);
        check("m*n", "mn", true);
        check("m*n", "main", true);
        check("m*n", "m/n", false);
        check("release/*", "release/", true);
        check("*", "", true);
        check("**", "a/b/c", true);
        check("a/**", "a/b/c", true);
        check("a/**", "a", false);
        check("**/x", "x", true);
        check("**/x", "a/b/x", true);
        check("**/x", "ax", false);
        check("a/**/x", "a/x", true);
        check("a/**/x", "a/b/c/x", true);
        check("a/**/x", "ab/x", false);
        check("v?.?", "v1.2", true);
        check("v?.?", "v1./", false);
        check("é*", "éa", true);
        // Many stars take no longer.
        check(&"*a".repeat(100), &"a".repeat(500), true);
        check(&format!("{}b", "*a".repeat(100)), &"a".repeat(500), false);
        for pattern in ["", "[a]", "{a,b}", "a\\b"] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        /// A text without wildcards is a pattern for itself and nothing else, and `**` matches all.
        #[test]
        fn letters_are_letters(text in "[a-z/.é]{1,20}", other in "[a-z/.é]{1,20}") {
            prop_assert!(Glob::parse(&text).unwrap().matches(&text));
            prop_assert_eq!(Glob::parse(&text).unwrap().matches(&other), text == other);
            prop_assert!(Glob::parse("**").unwrap().matches(&other));
        }
    }
}
