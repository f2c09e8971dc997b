//! Names in messages: "did you mean", the known word nearest to one that is unknown; and long ones cut short.

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

/// The most names that an unknown one is compared with. More have no pipeline; it keeps a generated one quick.
const MAX_CANDIDATES: usize = 2_000;

/// The help that names the most similar one, where there is one.
pub(crate) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    did_you_mean(name, known.take(MAX_CANDIDATES)).map(|known| format!("did you mean `{known}`?"))
}

/// The start of a text that may be long or have line ends, for a message.
pub(crate) fn shown(text: &str) -> String {
    /// Enough to know it again in a message of one line.
    const MAX_SHOWN: usize = 60;
    let mut short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace(|c: char| c.is_control(), " ")
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
