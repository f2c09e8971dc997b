//! "Did you mean": the known word nearest to one that is unknown.

/// How like two words must be (Jaro-Winkler, 0 to 1) to be suggested. Lower, and unrelated short words come up.
const MIN_LIKENESS: f64 = 0.82;

/// The word of `known` that is most like `word`, if one is like enough. Case is not looked at, so that `Needs` finds
/// `needs`.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            let folded = candidate.to_lowercase();
            (strsim::jaro_winkler(&lower, &folded), candidate)
        })
        .filter(|(likeness, _)| *likeness >= MIN_LIKENESS)
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn nearest_word() {
        let check = |word, expected| {
            let known = ["needs", "name", "steps", "timeout", "outputs", "if"];
            assert_eq!(did_you_mean(word, known), expected, "{word}");
        };
        check("need", Some("needs"));
        check("Needs", Some("needs"));
        check("step", Some("steps"));
        check("time-out", Some("timeout"));
        check("ouputs", Some("outputs"));
        check("environment", None);
        check("x", None);
        check("", None);
    }
}
