//! The texts in a Rust source.

/// A source whose comments are left out and whose texts are taken out.
pub(super) struct Scanned {
    /// The code, with the number of a text between [`OPEN`] and [`CLOSE`] where it stood.
    pub(super) code: String,
    /// The texts, as the program has them.
    pub(super) literals: Vec<String>,
}

pub(super) const OPEN: char = '\u{1}';
pub(super) const CLOSE: char = '\u{2}';

impl Scanned {
    /// Reads a source that compiles; what doesn't is read somehow.
    pub(super) fn of(source: &str) -> Self {
        let mut scanned = Self {
            code: String::new(),
            literals: Vec::new(),
        };
        let mut rest = source;
        while let Some(c) = rest.chars().next() {
            let taken = scanned.next(rest);
            rest = &rest[taken.max(c.len_utf8())..];
        }
        scanned
    }

    /// Takes what the rest begins with; gives how long it is.
    fn next(&mut self, rest: &str) -> usize {
        if rest.starts_with("//") {
            return rest.find('\n').unwrap_or(rest.len());
        }
        if rest.starts_with("/*") {
            return rest.find("*/").map_or(rest.len(), |at| at + 2);
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let within_a_word = self.code.chars().next_back().is_some_and(is_word);
        if !within_a_word && let Some(taken) = self.raw(rest) {
            return taken;
        }
        if rest.starts_with('"') {
            return self.plain(rest);
        }
        if let Some(taken) = character(rest) {
            self.code.push(' ');
            return taken;
        }
        let c = rest.chars().next().unwrap_or(' ');
        self.code.push(c);
        c.len_utf8()
    }

    fn keep(&mut self, literal: String) {
        let number = self.literals.len();
        self.code.push_str(&format!("{OPEN}{number}{CLOSE}"));
        self.literals.push(literal);
    }

    /// `r#"…"#`
    fn raw(&mut self, rest: &str) -> Option<usize> {
        let after = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
        let hashes = after.chars().take_while(|c| *c == '#').count();
        let text = after[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = text.find(&end)?;
        let begin = rest.len() - text.len();
        self.keep(text[..length].to_owned());
        Some(begin + length + end.len())
    }

    /// `"…"`, its escapes resolved.
    fn plain(&mut self, rest: &str) -> usize {
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.keep(text);
                    return at + 1;
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    // The text goes on at the next line's first word.
                    Some('\n') => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                    Some('u') => {
                        while chars.next_if(|(_, c)| *c != '}').is_some() {}
                        chars.next();
                    }
                    Some(c) => text.push(c),
                    None => {}
                },
                c => text.push(c),
            }
        }
        rest.len()
    }
}

/// The length of a character's literal, `'"'`; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let text = rest.strip_prefix('\'')?;
    let escaped = text.starts_with('\\');
    let within: usize = match escaped {
        true => 1 + text[1..].find('\'').filter(|at| *at > 0).unwrap_or(1),
        false => text.chars().next()?.len_utf8(),
    };
    text.get(within..)?.starts_with('\'').then_some(within + 2)
}

#[test]
fn texts_are_told_from_code() {
    let check = |source: &str, expected: &[&str]| {
        assert_eq!(Scanned::of(source).literals, expected, "{source}");
    };
    check(r#"f("a", 'b', "c\"d") // "e""#, &["a", "c\"d"]);
    check("f(r#\"a \"b\" c\"#)", &["a \"b\" c"]);
    check("f::<'a>('\"', \"x\")", &["x"]);
    check("f('\\'', '\\\\', \"x\")", &["x"]);
    check("f(\"a \\\n   b\")", &["a b"]);
    check("for r in x { \"a\" }", &["a"]);
}
