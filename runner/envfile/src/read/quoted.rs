//! What quotes, backslashes and dollars mean in a value, as compose-go has them.

/// The length in bytes of a quoted value up to its closing `quote`, if it is closed. In both kinds
/// of quotes a backslash keeps the next character from closing it.
pub(super) fn length(inside: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if escaped {
            escaped = false;
        } else if c == quote {
            return Some(at);
        } else {
            escaped = c == '\\';
        }
    }
    None
}

/// Single quotes: `\'` is a quote, and every other backslash is text (so `\\` stays two).
pub(super) fn unescape_single(inside: &str) -> String {
    let mut value = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('\'') => value.push('\''),
            other => {
                value.push('\\');
                value.extend(other);
            }
        }
    }
    value
}

/// Double quotes: resolves the escapes. Each character comes with the byte offset of its source
/// (`start` being that of the first), so that a refused `$` can be located; `\$` becomes `$$`.
pub(super) fn unescape_double(inside: &str, start: usize) -> Vec<(usize, char)> {
    let mut value = Vec::with_capacity(inside.len());
    let mut chars = inside.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let at = start + at;
        let mut push = |c| value.push((at, c));
        if c != '\\' {
            push(c);
            continue;
        }
        match chars.next().map(|(_, escape)| escape) {
            None => push('\\'),
            Some('a') => push('\u{7}'),
            Some('b') => push('\u{8}'),
            Some('f') => push('\u{c}'),
            Some('n') => push('\n'),
            Some('r') => push('\r'),
            Some('t') => push('\t'),
            Some('v') => push('\u{b}'),
            Some(same @ ('"' | '\\')) => push(same),
            Some('$') => {
                push('$');
                push('$');
            }
            Some('0') => {
                let mut digits = String::new();
                while digits.len() < OCTAL_DIGITS
                    && let Some((_, digit)) = chars.next_if(|(_, next)| next.is_ascii_digit())
                {
                    digits.push(digit);
                }
                if let Some(c) = octal(&digits) {
                    push(c);
                } else {
                    // compose-go gives back what it can't read, less the zero.
                    push('\\');
                    digits.chars().for_each(push);
                }
            }
            Some(other) => {
                push('\\');
                push(other);
            }
        }
    }
    value
}

/// How many digits follow the zero of an octal escape, at most and for it to mean anything.
const OCTAL_DIGITS: usize = 3;

fn octal(digits: &str) -> Option<char> {
    if digits.len() != OCTAL_DIGITS {
        return None;
    }
    u8::from_str_radix(digits, 8).ok().map(char::from)
}

/// Turns each `$$` into `$`, and refuses a `$` that begins a variable or a command by its offset and
/// a message. A `$` before anything else is text.
pub(super) fn undouble_dollars(
    chars: impl Iterator<Item = (usize, char)>,
) -> Result<String, (usize, &'static str)> {
    let mut chars = chars.peekable();
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        if c == '$' {
            match chars.peek() {
                Some((_, '$')) => {
                    chars.next();
                }
                Some((_, '(')) => {
                    return Err((
                        at,
                        "`$(…)` would run a command, which is never done here: \
                         use single quotes for the text, or set the value in the pipeline",
                    ));
                }
                Some(&(_, next)) if begins_variable(next) => {
                    return Err((
                        at,
                        "variables are not interpolated here: \
                         use single quotes for a literal `$`, or write the value out",
                    ));
                }
                _ => {}
            }
        }
        value.push(c);
    }
    Ok(value)
}

/// Whether compose takes a `$` before `c` for a variable. It matches letters regardless of case by
/// Unicode's rules, by which the long s and the Kelvin sign are letters of ASCII too.
const fn begins_variable(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '{' | '_' | '\u{17f}' | '\u{212a}')
}
