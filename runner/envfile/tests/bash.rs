//! Sources what we write in real shells and compares every variable byte for byte.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::Command;

use capstep_envfile::{EncodeOptions, Entry, EnvFormat, encode};

/// Every value that quoting is known to get wrong, and the pairs of them that meet in one value.
fn awful_values() -> Vec<String> {
    let pieces = [
        "plain",
        "'",
        "\"",
        "\\",
        "\\\\",
        "$HOME",
        "${HOME}",
        "$$",
        "$(echo ran)",
        "`echo ran`",
        "\n",
        "\t",
        " ",
        "#",
        " # ",
        "=",
        "!",
        "~",
        "*",
        ";",
        "&",
        "|",
        "(",
        "\r",
        "é",
        "💾",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\\n",
        "\\\n",
        "export A=1",
    ];
    let mut values = vec![String::new()];
    for left in pieces {
        values.push(left.to_owned());
        values.extend(pieces.iter().map(|right| format!("{left}{right}")));
        values.push(format!("{left} x {left}"));
    }
    values
}

/// What `shell` has in its environment after `set -a; . file`, by name, in bytes.
fn sourced(shell: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let output = Command::new(shell)
        .args(["-c", "set -a; . \"$0\"; exec env -0"])
        .arg(file.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/home/user")
        .output()
        .unwrap();
    assert!(output.status.success(), "{shell}: {output:?}");
    assert!(output.stderr.is_empty(), "{shell}: {output:?}");
    output
        .stdout
        .split(|&byte| byte == 0)
        .filter_map(|entry| {
            let equals = entry.iter().position(|&byte| byte == b'=')?;
            let (name, value) = entry.split_at(equals);
            Some((
                String::from_utf8(name.to_vec()).unwrap(),
                value[1..].to_vec(),
            ))
        })
        .filter(|(name, _)| name.starts_with("AWFUL_"))
        .collect()
}

fn check(shell: &str, format: EnvFormat, bash_reads: impl Fn(&str) -> String) {
    let named: Vec<(String, String)> = awful_values()
        .into_iter()
        .enumerate()
        .map(|(index, value)| (format!("AWFUL_{index:04}"), value))
        .collect();
    let entries: Vec<Entry<'_>> = named
        .iter()
        .map(|(name, value)| Entry { name, value })
        .collect();
    let options = EncodeOptions {
        comment: Some("for a test".to_owned()),
        strip_cr: false,
    };
    let text = encode(format, &entries, &options).unwrap();
    let mut read = sourced(shell, &text);
    read.sort();
    assert_eq!(read.len(), named.len(), "{shell}, {format}");
    for ((name, bytes), (expected_name, value)) in read.iter().zip(&named) {
        assert_eq!(name, expected_name);
        let expected = bash_reads(value);
        assert_eq!(bytes, expected.as_bytes(), "{shell}, {format}, {value:?}");
    }
}

#[test]
fn bash_reads_the_shell_format() {
    check("bash", EnvFormat::Shell, str::to_owned);
}

#[test]
fn sh_reads_the_shell_format() {
    check("sh", EnvFormat::Shell, str::to_owned);
}

#[test]
fn bash_reads_the_compose_format() {
    check("bash", EnvFormat::Compose, |value| {
        // The one difference that the crate's documentation states for bash.
        if value.contains('`') && (value.contains('\'') || value.ends_with('\\')) {
            value.replace('`', "\\0140")
        } else {
            value.to_owned()
        }
    });
}
