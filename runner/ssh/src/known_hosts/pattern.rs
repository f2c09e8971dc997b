//! Which hosts a line of `known_hosts` is about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The first field of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Comma-separated patterns with `*`, `?` and `!`.
    Patterns(Vec<String>),
    /// `|1|salt|hash`: HMAC-SHA1 of the name, keyed by the salt.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl Hosts {
    /// Reads the field; an error is the reason in words.
    pub(crate) fn parse(field: &str) -> Result<Self, &'static str> {
        let Some(hashed) = field.strip_prefix('|') else {
            return Ok(Self::Patterns(
                field.split(',').map(str::to_lowercase).collect(),
            ));
        };
        let Some(rest) = hashed.strip_prefix("1|") else {
            return Err("an unknown kind of hashed name");
        };
        let (salt, hash) = rest
            .split_once('|')
            .ok_or("a hashed name without its hash")?;
        let decode = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| "a hashed name that is not base64")
        };
        Ok(Self::Hashed {
            salt: decode(salt)?,
            hash: decode(hash)?,
        })
    }

    /// Whether the line is about this name. As in OpenSSH a negated pattern that matches excludes the whole line.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        match self {
            Self::Patterns(patterns) => {
                let mut found = false;
                for pattern in patterns {
                    match pattern.strip_prefix('!') {
                        Some(negated) if wildcard(negated, &name) => return false,
                        Some(_) => {}
                        None => found |= wildcard(pattern, &name),
                    }
                }
                found
            }
            Self::Hashed { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
                .map(|mac| mac.chain_update(name.as_bytes()).verify_slice(hash).is_ok())
                .unwrap_or(false),
        }
    }
}

/// Matches `*` and `?` in time proportional to pattern × name, however the pattern is built.
fn wildcard(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(&char) if char == '?' || Some(&char) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((after, taken)) => {
                    p = after;
                    n = taken + 1;
                    star = Some((after, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|&char| char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_openssh() {
        let check = |field: &str, name: &str, expected: bool| {
            assert_eq!(
                Hosts::parse(field).unwrap().matches(name),
                expected,
                "{field} {name}"
            );
        };
        check("example.com", "example.com", true);
        check("Example.COM", "example.com", true);
        check("example.com", "EXAMPLE.com", true);
        check("a,b,example.com", "example.com", true);
        check("*.example.com", "web.example.com", true);
        check("*.example.com", "example.com", false);
        check("web?.example.com", "web1.example.com", true);
        check("web?.example.com", "web.example.com", false);
        check("*,!bad.example.com", "bad.example.com", false);
        check("!bad.example.com,*", "good.example.com", true);
        check("!bad.example.com", "good.example.com", false);
        check("[127.0.0.*]:2222", "[127.0.0.1]:2222", true);
        check("[127.0.0.*]:2222", "[127.0.0.1]:2223", false);
        check("*", "", true);
        check("a*b*c", "aXbYbZc", true);
        check("a*b*c", "aXbYbZ", false);
    }

    #[test]
    fn a_hashed_name_matches_only_its_name() {
        // Made by `ssh-keygen -H` from `[127.0.0.1]:2222`'s pendant: HMAC-SHA1 computed here from the definition.
        let salt = [7_u8; 20];
        let hash = Hmac::<Sha1>::new_from_slice(&salt)
            .unwrap()
            .chain_update(b"example.com")
            .finalize()
            .into_bytes();
        let field = format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash));
        let hosts = Hosts::parse(&field).unwrap();
        assert!(hosts.matches("example.com"));
        assert!(hosts.matches("Example.com"));
        assert!(!hosts.matches("example.org"));
        assert!(Hosts::parse("|2|a|b").is_err());
        assert!(Hosts::parse("|1|a").is_err());
        assert!(Hosts::parse("|1|!!|b").is_err());
    }
}
