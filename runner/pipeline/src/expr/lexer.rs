//! Characters to tokens.

use super::place::Place;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Word(String),
    Number(serde_json::Number),
    Text(String),
    Dot,
    Comma,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    Equal,
    NotEqual,
    And,
    Or,
    Not,
    End,
}

impl TokenKind {
    /// The token in the words of messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Number(number) => format!("`{number}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Dot => "`.`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::OpenBracket => "`[`".to_owned(),
            Self::CloseBracket => "`]`".to_owned(),
            Self::OpenParen => "`(`".to_owned(),
            Self::CloseParen => "`)`".to_owned(),
            Self::Equal => "`==`".to_owned(),
            Self::NotEqual => "`!=`".to_owned(),
            Self::And => "`&&`".to_owned(),
            Self::Or => "`||`".to_owned(),
            Self::Not => "`!`".to_owned(),
            Self::End => "the end of the expression".to_owned(),
        }
    }
}

/// A token and its span in the file.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Tokens of two characters, then of one.
const SYMBOLS: &[(&str, TokenKind)] = &[
    ("==", TokenKind::Equal),
    ("!=", TokenKind::NotEqual),
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("!", TokenKind::Not),
    (".", TokenKind::Dot),
    (",", TokenKind::Comma),
    ("[", TokenKind::OpenBracket),
    ("]", TokenKind::CloseBracket),
    ("(", TokenKind::OpenParen),
    (")", TokenKind::CloseParen),
];

/// The tokens of an expression, with [`TokenKind::End`] as the last.
pub(super) fn tokens(text: &str, place: Place) -> Result<Vec<Token>, Diagnostic> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, len) = token(rest, first).map_err(|problem| {
            let span = place.span(at, at + problem.len);
            Diagnostic::error(codes::EXPRESSION_SYNTAX, span, problem.message)
                .maybe_help(problem.help.map(str::to_owned))
        })?;
        tokens.push(Token {
            kind,
            span: place.span(at, at + len),
        });
        at += len;
    }
    tokens.push(Token {
        kind: TokenKind::End,
        span: place.span(text.len(), text.len()),
    });
    Ok(tokens)
}

struct Problem {
    len: usize,
    message: String,
    help: Option<&'static str>,
}

fn token(rest: &str, first: char) -> Result<(TokenKind, usize), Problem> {
    if first.is_ascii_alphabetic() || first == '_' {
        let word = prefix(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        return Ok((TokenKind::Word(word.to_owned()), word.len()));
    }
    if first.is_ascii_digit() || first == '-' {
        return number(rest);
    }
    if first == '\'' {
        return quoted(rest);
    }
    for (symbol, kind) in SYMBOLS {
        if rest.starts_with(symbol) {
            return Ok((kind.clone(), symbol.len()));
        }
    }
    Err(Problem {
        len: first.len_utf8(),
        message: format!("`{}` means nothing in an expression", first.escape_debug()),
        help: match first {
            '"' => Some("text in an expression stands in single quotes: 'like this'"),
            '=' => Some("compare with `==`"),
            '&' => Some("`and` is `&&`"),
            '|' => Some("`or` is `||`"),
            '+' | '*' | '/' | '%' | '<' | '>' => {
                Some("expressions don't calculate; let a step do it and use its output")
            }
            '$' if rest.starts_with("${{") => {
                Some("a condition stands in one `${{ }}` as a whole, or in none")
            }
            '$' => Some("within `${{ }}` a name stands without `$`"),
            _ => None,
        },
    })
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn number(rest: &str) -> Result<(TokenKind, usize), Problem> {
    let written = prefix(rest, |c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    match serde_json::from_str(written) {
        Ok(number) => Ok((TokenKind::Number(number), written.len())),
        Err(_) => Err(Problem {
            len: written.len(),
            message: format!("`{written}` is not a number"),
            help: Some("put it in single quotes if it is text; expressions don't calculate"),
        }),
    }
}

fn quoted(rest: &str) -> Result<(TokenKind, usize), Problem> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != '\'' {
            text.push(c);
            continue;
        }
        match characters.peek() {
            // A doubled quote is one.
            Some((_, '\'')) => {
                text.push('\'');
                characters.next();
            }
            _ => return Ok((TokenKind::Text(text), at + 1)),
        }
    }
    Err(Problem {
        len: rest.len(),
        message: "this text is not closed".to_owned(),
        help: Some("close it with `'`; a quote within it is doubled: 'it''s'"),
    })
}
