//! Tokens to what they say. The grammar, loosest first:
//!
//! ```text
//! any     = all { "||" all }
//! all     = compare { "&&" compare }
//! compare = unary [ ( "==" | "!=" ) unary ]
//! unary   = "!" unary | primary
//! primary = ( "(" any ")" | call ) { member } | literal | path
//! call    = word "(" [ any { "," any } ] ")"
//! path    = word { member }
//! member  = "." word | "[" ( text | number ) "]"
//! ```

use super::ast::{Ast, Kind};
use super::function::{self, FUNCTIONS};
use super::lexer::{self, Token, TokenKind};
use super::limits::{MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH};
use super::place::Place;
use super::reference;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::suggest::did_you_mean;

/// Parses the text between `${{` and `}}`.
pub(super) fn parse(text: &str, place: Place) -> Result<Ast, Diagnostic> {
    let whole = place.span(0, text.len());
    if text.len() > MAX_EXPRESSION_BYTES {
        let message = format!(
            "this expression has {} bytes; at most {MAX_EXPRESSION_BYTES} are read",
            text.len()
        );
        return Err(Diagnostic::error(codes::LIMIT_EXCEEDED, whole, message)
            .help("let a step work it out and use its output"));
    }
    if text.trim().is_empty() {
        return Err(Diagnostic::error(
            codes::EXPRESSION_SYNTAX,
            whole,
            "there is nothing in this expression",
        )
        .help("name a value, such as `vars.NAME`; a literal `${{` is written ${{ '${{' }}"));
    }
    let tokens = lexer::tokens(text, place)?;
    let end = Token {
        kind: TokenKind::End,
        span: place.span(text.len(), text.len()),
    };
    let mut parser = Parser {
        tokens: tokens.into_iter().peekable(),
        end,
        depth: 0,
    };
    let ast = parser.any()?;
    let rest = parser.next();
    match rest.kind {
        TokenKind::End => Ok(ast),
        TokenKind::Equal | TokenKind::NotEqual => {
            Err(syntax(rest.span, "comparisons don't chain").help("join them: `a == b && b == c`"))
        }
        kind => Err(syntax(
            rest.span,
            format!("{} is not expected here", kind.describe()),
        )
        .help("values are joined by `==`, `!=`, `&&` or `||`; text stands in single quotes")),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    end: Token,
    depth: usize,
}

impl Parser {
    fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or_else(|| self.end.clone())
    }

    fn eat(&mut self, kind: &TokenKind) -> Option<Token> {
        self.tokens.next_if(|token| token.kind == *kind)
    }

    fn any(&mut self) -> Result<Ast, Diagnostic> {
        self.chain(&TokenKind::Or, Self::all, Kind::Any)
    }

    fn all(&mut self) -> Result<Ast, Diagnostic> {
        self.chain(&TokenKind::And, Self::compare, Kind::All)
    }

    fn chain(
        &mut self,
        joint: &TokenKind,
        part: impl Fn(&mut Self) -> Result<Ast, Diagnostic>,
        kind: impl Fn(Vec<Ast>) -> Kind,
    ) -> Result<Ast, Diagnostic> {
        let first = part(self)?;
        let mut span = first.span;
        let mut parts = Vec::new();
        while self.eat(joint).is_some() {
            let next = part(self)?;
            span = span.to(next.span);
            parts.push(next);
        }
        if parts.is_empty() {
            return Ok(first);
        }
        parts.insert(0, first);
        Ok(Ast {
            kind: kind(parts),
            span,
        })
    }

    fn compare(&mut self) -> Result<Ast, Diagnostic> {
        let left = self.unary()?;
        let equal = self.eat(&TokenKind::Equal).is_some();
        if !equal && self.eat(&TokenKind::NotEqual).is_none() {
            return Ok(left);
        }
        let right = self.unary()?;
        let span = left.span.to(right.span);
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = if equal {
            Kind::Equal(left, right)
        } else {
            Kind::NotEqual(left, right)
        };
        Ok(Ast { kind, span })
    }

    fn unary(&mut self) -> Result<Ast, Diagnostic> {
        match self.eat(&TokenKind::Not) {
            Some(not) => self.nested(not.span, |parser| {
                let part = parser.unary()?;
                let span = not.span.to(part.span);
                Ok(Ast {
                    kind: Kind::Not(Box::new(part)),
                    span,
                })
            }),
            None => self.primary(),
        }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(
        &mut self,
        span: Span,
        parse: impl FnOnce(&mut Self) -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        if self.depth == MAX_EXPRESSION_DEPTH {
            let message = format!("this expression nests more than {MAX_EXPRESSION_DEPTH} deep");
            return Err(Diagnostic::error(codes::LIMIT_EXCEEDED, span, message)
                .help("let a step work it out and use its output"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn primary(&mut self) -> Result<Ast, Diagnostic> {
        let token = self.next();
        let literal = |value| {
            Ok(Ast {
                kind: Kind::Literal(value),
                span: token.span,
            })
        };
        match token.kind {
            TokenKind::Number(number) => literal(number.into()),
            TokenKind::Text(text) => literal(text.into()),
            TokenKind::Word(word) => match word.as_str() {
                "null" => literal(serde_json::Value::Null),
                "true" => literal(true.into()),
                "false" => literal(false.into()),
                _ if self.eat(&TokenKind::OpenParen).is_some() => {
                    let call = self.call(&word, token.span)?;
                    self.member(call)
                }
                _ => self.path(word, token.span),
            },
            TokenKind::OpenParen => {
                let inner = self.nested(token.span, |parser| {
                    let inner = parser.any()?;
                    let close = parser.close(&TokenKind::CloseParen, token.span)?;
                    Ok(Ast {
                        kind: inner.kind,
                        span: token.span.to(close),
                    })
                })?;
                self.member(inner)
            }
            kind => Err(syntax(
                token.span,
                format!("a value is expected here, not {}", kind.describe()),
            )),
        }
    }

    /// The closing bracket for the one at `open`.
    fn close(&mut self, kind: &TokenKind, open: Span) -> Result<Span, Diagnostic> {
        let token = self.next();
        if token.kind == *kind {
            return Ok(token.span);
        }
        let message = format!(
            "{} is expected here, not {}",
            kind.describe(),
            token.kind.describe()
        );
        Err(syntax(token.span, message).related(open, "opened here"))
    }

    fn call(&mut self, name: &str, name_span: Span) -> Result<Ast, Diagnostic> {
        let Some(function) = function::find(name) else {
            let names = FUNCTIONS.iter().map(|function| function.name);
            let help = match did_you_mean(name, names.clone()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("functions are {}", quoted_list(names)),
            };
            let message = format!("there is no function `{name}`");
            return Err(Diagnostic::error(codes::UNKNOWN_FUNCTION, name_span, message).help(help));
        };
        let mut arguments = Vec::new();
        let close = match self.eat(&TokenKind::CloseParen) {
            Some(close) => close.span,
            None => self.nested(name_span, |parser| {
                arguments.push(parser.any()?);
                while parser.eat(&TokenKind::Comma).is_some() {
                    arguments.push(parser.any()?);
                }
                parser.close(&TokenKind::CloseParen, name_span)
            })?,
        };
        let span = name_span.to(close);
        let (least, most) = function.arity;
        if !(least..=most).contains(&arguments.len()) {
            let values = |count| match count {
                0 => "no values".to_owned(),
                1 => "1 value".to_owned(),
                count => format!("{count} values"),
            };
            let message = format!(
                "`{name}` takes {}, here it has {}",
                if least == most {
                    values(least)
                } else {
                    format!("{} to {}", values(least), values(most))
                },
                values(arguments.len())
            );
            return Err(Diagnostic::error(codes::WRONG_ARGUMENTS, span, message)
                .help(format!("call it as `{}`", function.usage)));
        }
        Ok(Ast {
            kind: Kind::Call(function, arguments),
            span,
        })
    }

    fn path(&mut self, first: String, span: Span) -> Result<Ast, Diagnostic> {
        let mut path = vec![first];
        let span = self.members(&mut path, span)?;
        let reference = reference::resolve(path, span)?;
        Ok(Ast {
            kind: Kind::Reference(reference),
            span,
        })
    }

    /// What stands before, or a part of its value where members follow.
    fn member(&mut self, of: Ast) -> Result<Ast, Diagnostic> {
        let mut path = Vec::new();
        let span = self.members(&mut path, of.span)?;
        if path.is_empty() {
            return Ok(of);
        }
        Ok(Ast {
            kind: Kind::Member(Box::new(of), path),
            span,
        })
    }

    /// Reads `.name` and `[…]` as long as there are any; gives the span with them.
    fn members(&mut self, path: &mut Vec<String>, mut span: Span) -> Result<Span, Diagnostic> {
        loop {
            if self.eat(&TokenKind::Dot).is_some() {
                let token = self.next();
                let TokenKind::Word(word) = token.kind else {
                    let message = format!(
                        "a name is expected after `.`, not {}",
                        token.kind.describe()
                    );
                    return Err(syntax(token.span, message)
                        .help("a name with other characters is written in brackets: ['a name']"));
                };
                span = span.to(token.span);
                path.push(word);
            } else if let Some(open) = self.eat(&TokenKind::OpenBracket) {
                let token = self.next();
                path.push(match token.kind {
                    TokenKind::Text(text) => text,
                    TokenKind::Number(number) if number.is_u64() => number.to_string(),
                    kind => {
                        let message = format!(
                            "a name in single quotes or a place in a list is expected here, not {}",
                            kind.describe()
                        );
                        return Err(syntax(token.span, message));
                    }
                });
                span = span.to(self.close(&TokenKind::CloseBracket, open.span)?);
            } else {
                return Ok(span);
            }
        }
    }
}

fn syntax(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::EXPRESSION_SYNTAX, span, message)
}

fn quoted_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
