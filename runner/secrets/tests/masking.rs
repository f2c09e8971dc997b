//! What a masker recognises and what it leaves alone.

use std::borrow::Cow;

use capstep_secrets::{Masker, SecretValue};
use serde_json::json;

fn masker(values: &[(&str, &str)]) -> Masker {
    Masker::new(
        values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), SecretValue::new(*value))),
    )
}

#[test]
fn values_and_their_forms() {
    let masker = masker(&[
        ("PASSWORD", "p@ss w'rd\"1"),
        ("SHORT", "tok!"),
        ("LONG", "tok!-secret"),
        (
            "KEY",
            "-----BEGIN TEST KEY-----\nAAAAbbbbCCCC\nddddEEEEffff\n-----END TEST KEY-----\n",
        ),
    ]);
    let check = |text: &str, expected: &str| assert_eq!(masker.mask_str(text), expected, "{text}");
    check("nothing here", "nothing here");
    check("<p@ss w'rd\"1>", "<[MASKED:PASSWORD]>");
    check(
        "p%40ss%20w%27rd%221 p%40ss+w'rd%221",
        "[MASKED:PASSWORD] [MASKED:PASSWORD]",
    );
    check(r#"{"k":"p@ss w'rd\"1"}"#, r#"{"k":"[MASKED:PASSWORD]"}"#);
    check(r#"+ echo 'p@ss w'\''rd"1'"#, "+ echo '[MASKED:PASSWORD]'");
    check("cEBzcyB3J3JkIjE=", "[MASKED:PASSWORD]");
    // `user:` and the value, as in Basic authentication; two characters of the base64 belong to the colon as well.
    check(
        "Basic dXNlcjpwQHNzIHcncmQiMQ==",
        "Basic dXNlcjp[MASKED:PASSWORD]",
    );
    check("70407373207727726422 31", "70407373207727726422 31");
    check("7040737320772772642231", "[MASKED:PASSWORD]");
    check(
        "tok! tok!-secret tok!-secre",
        "[MASKED:SHORT] [MASKED:LONG] [MASKED:SHORT]-secre",
    );
    check("x\r\nddddEEEEffff\r\ny", "x\r\n[MASKED:KEY]\r\ny");
    check("-----BEGIN TEST KEY-----", "-----BEGIN TEST KEY-----");
}

#[test]
fn overlapping_matches_leave_nothing_of_either() {
    let masker = masker(&[("A", "abcdefgh"), ("B", "efghijkl"), ("C", "12341234")]);
    let check = |text: &str, expected: &str| assert_eq!(masker.mask_str(text), expected, "{text}");
    check("_abcdefghijkl_", "_[MASKED:A]_");
    check("_abcdefghefghijkl_", "_[MASKED:A][MASKED:B]_");
    check("_abcdefghabcdefgh_", "_[MASKED:A][MASKED:A]_");
    check("_123412341234_", "_[MASKED:C]_");
    check(
        "ghp_abcdefghijkl01234567 abcdefghp_0123456789012345",
        "[MASKED:token] [MASKED:A]",
    );
}

#[test]
fn well_known_tokens() {
    let masker = masker(&[("MINE", "ghp_000000000000000000"), ("PREFIX", "xoxb")]);
    let check = |text: &str, expected: &str| {
        assert_eq!(masker.mask_str(text), expected, "{text}");
        let undeclared = Masker::new([]).mask_str(text).into_owned();
        assert_eq!(
            undeclared,
            expected
                .replace("[MASKED:MINE]", "[MASKED:token]")
                .replace("[MASKED:PREFIX]", "[MASKED:token]"),
        );
    };
    check("ghp_0123456789abcdef", "[MASKED:token]");
    check("ghp_0123456789abcde", "ghp_0123456789abcde");
    check("(ghs_0123456789abcdefABCDEF_xyz)", "([MASKED:token])");
    check(
        "a=github_pat_11AAAAAAA0123456789_abc; b",
        "a=[MASKED:token]; b",
    );
    check("glpat-abcdefghijklmnopqrst.01.0a1b2c3d4", "[MASKED:token]");
    check(
        "glrt-abcdefghijklmnopqrst gldt-abcdefghijklmnopqrst",
        "[MASKED:token] [MASKED:token]",
    );
    check("xoxb-0123456789-abcdefghij", "[MASKED:PREFIX]");
    check("npm_0123456789abcdefghij", "[MASKED:token]");
    check(
        "npm_config_global_prefix_directory",
        "npm_config_global_prefix_directory",
    );
    check("pypi-AgEIcHlwaS5vcmcCJDAwMDAw", "[MASKED:token]");
    check(
        "pypi-mirror-with-a-long-name.example",
        "pypi-mirror-with-a-long-name.example",
    );
    check("AKIAIOSFODNN7EXAMPLE", "[MASKED:token]");
    check("AKIAiosfodnn7example", "AKIAiosfodnn7example");
    check("dop_v1_0123456789abcdef0123456789abcdef", "[MASKED:token]");
    check("ghp_000000000000000000", "[MASKED:MINE]");
}

#[test]
fn without_a_match_nothing_is_copied() {
    let masker = masker(&[("A", "abcdefgh")]);
    assert!(matches!(masker.mask_str("plain"), Cow::Borrowed("plain")));
    assert!(matches!(
        masker.mask_bytes(b"\xff\x00plain"),
        Cow::Borrowed(_)
    ));
    assert_eq!(
        *masker.mask_bytes(b"\xffabcdefgh\xff"),
        *b"\xff[MASKED:A]\xff"
    );
}

#[test]
fn json_values() {
    let masker = masker(&[("A", "12345678"), ("B", "quo\"te"), ("C", "abcdefgh")]);
    let check = |mut value: serde_json::Value, expected: serde_json::Value| {
        masker.mask_json(&mut value);
        assert_eq!(value, expected);
    };
    check(json!(null), json!(null));
    check(
        json!([1, true, 12345678, 123456789]),
        json!([1, true, "[MASKED:A]", "[MASKED:A]9"]),
    );
    check(
        json!({"a": {"b": ["x quo\"te"]}}),
        json!({"a": {"b": ["x [MASKED:B]"]}}),
    );
    check(
        json!({"abcdefgh": 1, "k": 2, "6162636465666768": 3}),
        json!({"[MASKED:C]": 1, "k": 2, "[MASKED:C]#2": 3}),
    );
}

#[test]
fn more_values_and_short_ones() {
    let base = masker(&[
        ("A", "abcdefgh"),
        ("TINY", "abc"),
        ("BLANK", "x\n\n\n\n"),
        ("EMPTY", ""),
    ]);
    assert_eq!(base.unmaskable(), ["TINY", "BLANK", "EMPTY"]);
    let more = base.with([("B".to_owned(), SecretValue::new("12345678"))]);
    assert_eq!(
        base.mask_str("abc abcdefgh 12345678"),
        "abc [MASKED:A] 12345678"
    );
    assert_eq!(
        more.mask_str("abc abcdefgh 12345678"),
        "abc [MASKED:A] [MASKED:B]"
    );
    assert_eq!(more.with([]).unmaskable().len(), 3);
    assert!(Masker::new([]).unmaskable().is_empty());
    assert!(!format!("{more:?}").contains("12345678"));
}
