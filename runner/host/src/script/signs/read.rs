//! What a line of a program's output complains about.

/// Something that a program could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// It was not allowed to; with the path, where the line says one.
    Refused(Option<String>),
    /// It did not find this path.
    Absent(String),
    /// It did not reach the network; with the host, where the line says one.
    Unreached(Option<String>),
    /// It did not reach a container engine.
    Engine,
}

/// What lines of the C library, and of the runtimes that have their own words, say.
const REFUSED: [&str; 5] = [
    "permission denied",
    "read-only file system",
    "eacces",
    "erofs",
    "operation not permitted",
];
const ABSENT: [&str; 2] = ["no such file or directory", "enoent"];
const UNREACHED: [&str; 11] = [
    "could not resolve host",
    "couldn't resolve host",
    "unable to resolve host",
    "temporary failure in name resolution",
    "temporary failure resolving",
    "name or service not known",
    "eai_again",
    "enotfound",
    "network is unreachable",
    "failed to lookup address",
    "socket: operation not permitted",
];
const ENGINE: [&str; 2] = ["docker daemon", "docker.sock"];
/// Longer lines are data, not messages.
const LONGEST: usize = 2048;

/// What the line complains about, if it does.
pub(super) fn sign(line: &str) -> Option<Sign> {
    if line.len() > LONGEST {
        return None;
    }
    // ASCII alone changes, so places in the one are places in the other.
    let lower = line.to_ascii_lowercase();
    let found = |phrases: &[&str]| {
        let mut phrases = phrases.iter();
        phrases.find_map(|phrase| Some((lower.find(phrase)?, phrase.len())))
    };
    if found(&ENGINE).is_some() {
        return Some(Sign::Engine);
    }
    if let Some((at, length)) = found(&UNREACHED) {
        return Some(Sign::Unreached(host(line, at, length)));
    }
    if lower.contains("/dev/tcp/") && found(&REFUSED).is_some() {
        return Some(Sign::Unreached(None));
    }
    if let Some((at, length)) = found(&REFUSED) {
        return Some(Sign::Refused(path(line, at, length)));
    }
    let (at, length) = found(&ABSENT)?;
    path(line, at, length).map(Sign::Absent)
}

/// The path of a message: in quotes behind what went wrong (Python, Node), else the last thing before it (the C
/// library's `cat: a: …`, `cannot touch 'a': …`).
fn path(line: &str, at: usize, length: usize) -> Option<String> {
    let (before, after) = (line.get(..at)?, line.get(at + length..)?);
    if let Some(path) = quoted(after) {
        return Some(path.to_owned());
    }
    let before = before.trim_end().strip_suffix(':')?;
    let last = before.rsplit(": ").next()?.trim();
    let path = quoted(last).unwrap_or(last);
    (!path.is_empty()).then(|| path.to_owned())
}

/// What stands between the first two quotes.
fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['\'', '"', '`', '‘'])?;
    let mut chars = text.get(start..)?.chars();
    let end = match chars.next()? {
        // GNU's programs write `‘a’`, older ones `` `a' ``.
        '‘' => '’',
        '`' => '\'',
        quote => quote,
    };
    let rest = chars.as_str();
    let found = rest.find(end).or_else(|| rest.find('`'))?;
    rest.get(..found).filter(|found| !found.is_empty())
}

/// The host of a message: that of a URL, else the first name behind what went wrong (curl, Node), else the last thing
/// before it (the C library's `ping: a.example: …`).
fn host(line: &str, at: usize, length: usize) -> Option<String> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let names = |text: &'_ str| -> Option<String> {
        let mut words = text.split(|c: char| !of_name(c));
        words.find(|word| is_name(word)).map(str::to_owned)
    };
    let url = line.find("://").and_then(|at| line.get(at + 3..));
    let of_url = url.and_then(|rest| rest.split(|c: char| !of_name(c)).next());
    let of_url = of_url.filter(|name| is_name(name)).map(str::to_owned);
    let behind = || names(line.get(at + length..)?);
    let before = || {
        let last = line.get(..at)?.trim_end().strip_suffix(':')?;
        let last = last.rsplit(": ").next()?.trim();
        is_name(last).then(|| last.to_owned())
    };
    of_url.or_else(behind).or_else(before)
}

/// Whether it could be the name of a host on the internet: `registry.npmjs.org`.
fn is_name(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(name, end)| {
        let letters = |byte: u8| byte.is_ascii_lowercase();
        !name.is_empty() && end.len() > 1 && end.bytes().all(letters)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_complain() {
        let check = |line: &str, expected: Option<Sign>| assert_eq!(sign(line), expected, "{line}");
        let refused = |path: &str| Some(Sign::Refused(Some(path.to_owned())));
        let absent = |path: &str| Some(Sign::Absent(path.to_owned()));
        let unreached = |host: &str| Some(Sign::Unreached(Some(host.to_owned())));
        check("all is well", None);
        check(
            "/run/step: line 3: src/a: Permission denied",
            refused("src/a"),
        );
        check(
            "/run/step: line 3: src/a: Read-only file system",
            refused("src/a"),
        );
        check(
            "touch: cannot touch 'src/a b': Permission denied",
            refused("src/a b"),
        );
        check(
            "mkdir: cannot create directory ‘out’: Read-only file system",
            refused("out"),
        );
        check(
            "PermissionError: [Errno 13] Permission denied: 'src/a'",
            refused("src/a"),
        );
        check(
            "Error: EACCES: permission denied, open '/w/src/a'",
            refused("/w/src/a"),
        );
        check(
            "  Permission denied (os error 13)",
            Some(Sign::Refused(None)),
        );
        check(
            "cat: other/a.txt: No such file or directory",
            absent("other/a.txt"),
        );
        check(
            "Error: ENOENT: no such file or directory, open 'b.json'",
            absent("b.json"),
        );
        check("No such file or directory", None);
        check(
            "curl: (6) Could not resolve host: example.com",
            unreached("example.com"),
        );
        check(
            "npm error request to https://registry.npmjs.org/left-pad failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org",
            unreached("registry.npmjs.org"),
        );
        check(
            "nc: socket: Operation not permitted",
            Some(Sign::Unreached(None)),
        );
        check(
            "/run/step: line 1: /dev/tcp/127.0.0.1/80: Operation not permitted",
            Some(Sign::Unreached(None)),
        );
        check(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?",
            Some(Sign::Engine),
        );
        check(&format!("{}: Permission denied", "x".repeat(LONGEST)), None);
    }
}
