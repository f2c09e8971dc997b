//! JSON Pointers (RFC 6901): the names by which a plugin asks for what it was handed.

/// Appends a reference token to a pointer.
pub fn join(pointer: &str, token: &str) -> String {
    let mut joined = String::with_capacity(pointer.len() + token.len() + 1);
    joined.push_str(pointer);
    joined.push('/');
    for c in token.chars() {
        match c {
            '~' => joined.push_str("~0"),
            '/' => joined.push_str("~1"),
            other => joined.push(other),
        }
    }
    joined
}

/// The tokens of a pointer; none where the text is no pointer.
pub fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(
        rest.split('/')
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect(),
    )
}

/// The last token of a pointer: a map's key, a field's name.
pub fn last(pointer: &str) -> String {
    tokens(pointer)
        .and_then(|mut tokens| tokens.pop())
        .unwrap_or_default()
}

/// Whether `pointer` is `prefix` or lies below it.
pub fn is_within(pointer: &str, prefix: &str) -> bool {
    pointer
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_way_there_and_back() {
        for parts in [
            vec!["a"],
            vec!["upload", "0", "from"],
            vec!["a/b", "~", "~1"],
            vec![""],
        ] {
            let pointer = parts
                .iter()
                .fold(String::new(), |pointer, part| join(&pointer, part));
            assert_eq!(tokens(&pointer).unwrap(), parts, "{pointer}");
        }
        assert_eq!(tokens("a"), None);
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && !is_within("/ab", "/a"));
    }
}
