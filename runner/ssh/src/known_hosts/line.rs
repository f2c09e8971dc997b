//! The lines of a `known_hosts` text.

use russh::keys::PublicKey;

use super::pattern::Hosts;

/// A key with the hosts it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) marker: Option<Marker>,
    pub(crate) hosts: Hosts,
    pub(crate) key: PublicKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Revoked,
    CertAuthority,
}

/// What a text holds: its usable lines, and a sentence for each line that is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownHosts {
    pub(crate) lines: Vec<Line>,
    pub(crate) warnings: Vec<String>,
}

impl KnownHosts {
    /// Reads a text; never fails, since OpenSSH too skips what it can't read.
    pub(crate) fn parse(text: &str) -> Self {
        let mut known = Self::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line = line.trim_matches([' ', '\t', '\r']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match parse_line(line, number) {
                Ok(line) => known.lines.push(line),
                Err(reason) => known.warnings.push(format!("line {number} has {reason}")),
            }
        }
        known
    }

    /// The lines with this marker that are about this name.
    pub(crate) fn about(&self, name: &str, marker: Option<Marker>) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .filter(move |line| line.marker == marker && line.hosts.matches(name))
    }
}

fn parse_line(line: &str, number: usize) -> Result<Line, &'static str> {
    let mut fields = line.split([' ', '\t']).filter(|field| !field.is_empty());
    let mut first = fields.next().unwrap_or_default();
    let mut marker = None;
    if first.starts_with('@') {
        marker = Some(match first {
            "@revoked" => Marker::Revoked,
            "@cert-authority" => Marker::CertAuthority,
            _ => return Err("an unknown marker"),
        });
        first = fields.next().ok_or("a marker and nothing else")?;
    }
    let hosts = Hosts::parse(first)?;
    let (Some(kind), Some(base64)) = (fields.next(), fields.next()) else {
        return Err("too few fields (expected: hosts, key type, key)");
    };
    let key = PublicKey::from_openssh(&format!("{kind} {base64}"))
        .map_err(|_| "a key that cannot be read")?;
    Ok(Line {
        number,
        marker,
        hosts,
        key,
    })
}
