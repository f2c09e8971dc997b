//! Columns.

/// The text with spaces up to `width` characters.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(width_of(text));
    format!("{text}{}", " ".repeat(missing))
}

/// How many columns the text takes, near enough: a character each.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().count()
}

/// The text in lines of at most `width` characters, broken at spaces; a longer word stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(line) + 1 + width_of(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_padded_and_wrapped() {
        assert_eq!(pad("ä", 3), "ä  ");
        assert_eq!(pad("long", 2), "long");
        assert_eq!(wrap("a bb  ccc dddd", 4), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("longest a", 4), ["longest", "a"]);
        assert!(wrap(" ", 4).is_empty());
    }
}
