use super::*;

fn entries<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<Entry<'a>> {
    pairs
        .iter()
        .map(|&(name, value)| Entry { name, value })
        .collect()
}

fn check(format: EnvFormat, pairs: &[(&str, &str)], expected: &str) {
    let text = encode(format, &entries(pairs), &EncodeOptions::default()).unwrap();
    assert_eq!(*text, expected, "{format}: {pairs:?}");
}

fn refused(format: EnvFormat, pairs: &[(&str, &str)]) -> EncodeError {
    encode(format, &entries(pairs), &EncodeOptions::default()).unwrap_err()
}

#[test]
fn order_is_kept() {
    let pairs = [("Z", "1"), ("A", "two words"), ("M", "")];
    check(EnvFormat::Compose, &pairs, "Z=1\nA='two words'\nM=\n");
    check(EnvFormat::Docker, &pairs, "Z=1\nA=two words\nM=\n");
    check(EnvFormat::Shell, &pairs, "Z='1'\nA='two words'\nM=''\n");
    check(
        EnvFormat::Json,
        &pairs,
        "{\n  \"Z\": \"1\",\n  \"A\": \"two words\",\n  \"M\": \"\"\n}\n",
    );
}

#[test]
fn nothing_is_written_for_no_entries() {
    for (format, expected) in [
        (EnvFormat::Compose, ""),
        (EnvFormat::Docker, ""),
        (EnvFormat::Shell, ""),
        (EnvFormat::Json, "{}\n"),
    ] {
        check(format, &[], expected);
    }
}

#[test]
fn shell_quotes_close_and_open_again() {
    check(EnvFormat::Shell, &[("A", "it's")], "A='it'\\''s'\n");
    check(EnvFormat::Shell, &[("A", "'")], "A=''\\'''\n");
}

#[test]
fn docker_values_are_raw() {
    check(EnvFormat::Docker, &[("A", "\" #$X' ")], "A=\" #$X' \n");
    check(EnvFormat::Docker, &[("A", "a\rb")], "A=a\rb\n");
    let longest = "x".repeat(64 * 1024 - 3);
    check(
        EnvFormat::Docker,
        &[("A", &longest)],
        &format!("A={longest}\n"),
    );
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let too_long = "x".repeat(64 * 1024 - 2);
    for (format, value, reason, hint) in [
        (EnvFormat::Docker, "two\nlines", "several lines", "compose"),
        (EnvFormat::Docker, "two\r", "carriage return", "strip"),
        (EnvFormat::Docker, too_long.as_str(), "64 KiB", "compose"),
        (EnvFormat::Docker, "a\0b", "NUL", "json"),
        (EnvFormat::Compose, "a\0b", "NUL", "json"),
        (EnvFormat::Shell, "a\0b", "NUL", "json"),
    ] {
        let error = refused(format, &[("OK", "1"), ("BAD", value)]);
        assert_eq!(error.name, "BAD");
        assert!(error.reason.contains(reason), "{error:?}");
        assert!(error.hint.contains(hint), "{error:?}");
    }
}

#[test]
fn duplicate_names_are_refused() {
    for format in EnvFormat::ALL {
        let error = refused(format, &[("A", "1"), ("B", "2"), ("A", "3")]);
        assert_eq!(
            (error.name.as_str(), error.reason.as_str()),
            ("A", "the name is given twice")
        );
    }
}

#[test]
fn errors_never_hold_the_value() {
    let secret = "s3cr3t\0\nvalue";
    for format in [EnvFormat::Compose, EnvFormat::Docker, EnvFormat::Shell] {
        let error = refused(format, &[("A", secret)]);
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("value\""),
            "{shown}"
        );
    }
}

#[test]
fn carriage_returns_are_stripped_on_request() {
    let options = EncodeOptions {
        comment: None,
        strip_cr: true,
    };
    let text = encode(
        EnvFormat::Shell,
        &entries(&[("A", "one\r\ntwo\rthree\r")]),
        &options,
    );
    assert_eq!(*text.unwrap(), "A='one\ntwothree'\n");
    let docker = encode(EnvFormat::Docker, &entries(&[("A", "key\r")]), &options);
    assert_eq!(*docker.unwrap(), "A=key\n");
}

#[test]
fn the_comment_stands_on_top_except_in_json() {
    let options = EncodeOptions {
        comment: Some("written by capstep\nA=evil".to_owned()),
        strip_cr: false,
    };
    for format in EnvFormat::ALL {
        let text = encode(format, &entries(&[("A", "1")]), &options).unwrap();
        let commented = text.starts_with("# written by capstep\n# A=evil\nA=");
        assert_eq!(commented, format != EnvFormat::Json, "{format}");
    }
}

#[test]
fn json_reads_back_with_every_character() {
    let value: String = (0..0x300).filter_map(char::from_u32).collect::<String>() + "\u{2028}💾";
    let text = encode(
        EnvFormat::Json,
        &entries(&[("a b\"", &value)]),
        &EncodeOptions::default(),
    );
    let read: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
    assert_eq!(read["a b\""], value);
}
