//! Masking a stream gives the same whatever its chunks, and no value comes through.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use capstep_secrets::{Masker, SecretValue, StreamMasker};
use proptest::prelude::*;

fn stream(masker: &Masker, chunks: &[&[u8]]) -> Vec<u8> {
    let mut stream = StreamMasker::new(masker);
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend(stream.push(chunk));
    }
    out.extend(stream.finish());
    out
}

fn masker_of(values: &[String]) -> Masker {
    Masker::new(
        values
            .iter()
            .enumerate()
            .map(|(index, value)| (format!("N{index}"), SecretValue::new(value.as_str()))),
    )
}

/// `bytes` cut after each of the `sizes` in turn.
fn cut<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

fn percent(value: &str, lower: bool, plus: bool) -> String {
    value
        .bytes()
        .map(|b| match b {
            b' ' if plus => "+".to_owned(),
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b if lower => format!("%{b:02x}"),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn hex(value: &str) -> String {
    value.bytes().map(|b| format!("{b:02x}")).collect()
}

/// The listed forms, each with what must not be found in the output if the form was planted.
fn planted(value: &str, form: usize) -> (String, String) {
    let whole = |text: String| (text.clone(), text);
    // Of base64 next to other text, the inner characters: the outer ones depend on neighbours too.
    let inner = |text: String| {
        let core: String = text.trim_end_matches('=').chars().skip(4).collect();
        let core = core[..core.len().saturating_sub(1)].to_owned();
        (text, core)
    };
    let lead = &"xyz"[..form % 3];
    match form / 3 {
        0 => whole(value.to_owned()),
        1 => inner(STANDARD.encode(format!("{lead}{value}"))),
        2 => inner(URL_SAFE.encode(format!("{lead}{value}tail"))),
        3 => {
            let once = STANDARD.encode(format!("{lead}{value}"));
            let twice = STANDARD.encode(once);
            let core = twice
                .trim_end_matches('=')
                .chars()
                .skip(8)
                .collect::<String>();
            let core = core[..core.len().saturating_sub(7)].to_owned();
            (twice, core)
        }
        4 => whole(percent(
            value,
            form.is_multiple_of(2),
            form.is_multiple_of(3),
        )),
        5 => {
            let text = serde_json::Value::from(value).to_string();
            whole(text[1..text.len() - 1].to_owned())
        }
        6 => whole(value.replace('\'', "'\\''")),
        7 => whole(value.chars().fold(String::new(), |mut out, c| {
            if "\\\"$`".contains(c) {
                out.push('\\');
            }
            out.push(c);
            out
        })),
        8 => whole(hex(value)),
        9 => whole(hex(value).to_uppercase()),
        10 => whole(value.replace('\r', "")),
        _ => {
            let line = value
                .split(['\r', '\n'])
                .map(str::trim)
                .max_by_key(|line| line.len())
                .unwrap_or("");
            let telling = line.len() >= 4 && line.chars().any(char::is_alphanumeric);
            whole(if telling {
                line.to_owned()
            } else {
                value.to_owned()
            })
        }
    }
}

/// Values long enough that none turns up in a label or by accident.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9]{10,40}",
        "[ -~]{10,40}",
        "[a-z0-9 '\"$`\\\\é😀%+/&<>!]{12,24}",
        "[a-c]{10,14}",
        "[A-Za-z0-9+/]{12,20}(\r?\n[A-Za-z0-9+/]{12,20}){1,4}\n?",
    ]
    .prop_filter("maskable", |value| value.trim().len() >= 10)
}

fn noise() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n]{0,20}",
        "[a-c]{0,12}",
        Just("ghp_".to_owned()),
        "(ghp_|glpat-|AKIA)[A-Z0-9]{0,20}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn chunks_make_no_difference_and_nothing_planted_stays(
        values in proptest::collection::vec(value(), 1..5),
        parts in proptest::collection::vec((noise(), any::<prop::sample::Index>(), 0usize..36), 1..8),
        sizes in proptest::collection::vec(1usize..40, 1..6),
    ) {
        let masker = masker_of(&values);
        let mut text = String::new();
        let mut secret = Vec::new();
        for (noise, index, form) in &parts {
            let (plant, core) = planted(&values[index.index(values.len())], *form);
            // A separator keeps base64 from running into noise of the same alphabet.
            text.push_str(noise);
            text.push('\n');
            text.push_str(&plant);
            text.push('\n');
            secret.push(core);
        }
        let whole = masker.mask_bytes(text.as_bytes()).into_owned();
        let shown = masker.mask_str(&text).into_owned();
        prop_assert_eq!(shown.as_bytes(), whole.as_slice());
        for core in secret.iter().filter(|core| core.len() >= 8) {
            prop_assert!(!shown.contains(core.as_str()), "{core:?} in {shown:?}");
        }
        for value in &values {
            prop_assert!(!shown.contains(value.as_str()), "{value:?} in {shown:?}");
        }
        prop_assert_eq!(stream(&masker, &cut(text.as_bytes(), &sizes)), whole);
    }

    #[test]
    fn any_bytes_in_any_chunks(
        values in proptest::collection::vec("[ab]{4,9}", 0..5),
        bytes in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'g'), Just(b'h'), Just(b'p'), Just(b'_'), any::<u8>()], 0..200),
        sizes in proptest::collection::vec(1usize..9, 1..6),
    ) {
        let masker = masker_of(&values);
        let whole = masker.mask_bytes(&bytes).into_owned();
        prop_assert_eq!(stream(&masker, &cut(&bytes, &sizes)), whole);
    }

    #[test]
    fn tokens_in_any_chunks(
        parts in proptest::collection::vec("(ghp_|npm_|AKIA|glpat-|glp|[A-Z0-9]{1,18}|[a-z]{1,9}|[ .=]){1,8}", 1..6),
        sizes in proptest::collection::vec(1usize..30, 1..6),
    ) {
        let masker = Masker::new([]);
        let text = parts.concat();
        let whole = masker.mask_bytes(text.as_bytes()).into_owned();
        prop_assert_eq!(stream(&masker, &cut(text.as_bytes(), &sizes)), whole);
    }
}

#[test]
fn text_that_can_begin_nothing_comes_out_at_once() {
    let masker = masker_of(&["hunter2-and-more".to_owned()]);
    let mut stream = StreamMasker::new(&masker);
    let mut check = |chunk: &str, expected: &str| {
        assert_eq!(
            String::from_utf8(stream.push(chunk.as_bytes())).unwrap(),
            expected,
            "{chunk}"
        );
    };
    check("building\n", "building\n");
    check("prompt: ", "prompt: ");
    check("a hunter2", "a ");
    check("-an", "");
    check("other\n", "hunter2-another\n");
    check("hunter2-and-more", "[MASKED:N0]");
    check("ghp_0123456789", "");
    check("abcdef", "[MASKED:token]");
    check("ghijkl", "");
    check(" hu", " ");
    assert_eq!(stream.finish(), b"hu");
}

/// Masking by its definition: every byte of every occurrence of every value is covered, and what is covered shows as
/// the labels of the longest value where nothing before it covers the place.
fn by_definition(values: &[String], text: &str) -> String {
    let mut out = String::new();
    let mut covered = 0;
    for (at, byte) in text.bytes().enumerate() {
        let found = values
            .iter()
            .enumerate()
            .filter(|(_, value)| text[at..].starts_with(value.as_str()))
            .max_by_key(|(index, value)| (value.len(), std::cmp::Reverse(*index)));
        if let Some((index, value)) = found {
            if at >= covered {
                out.push_str(&format!("[MASKED:N{index}]"));
            }
            covered = covered.max(at + value.len());
        }
        if at >= covered {
            out.push(char::from(byte));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn masking_is_what_its_definition_says(
        values in proptest::collection::vec("[ab]{4,9}", 1..5),
        text in "[abx]{0,60}",
        sizes in proptest::collection::vec(1usize..9, 1..4),
    ) {
        let masker = masker_of(&values);
        let expected = by_definition(&values, &text);
        prop_assert_eq!(masker.mask_str(&text).into_owned(), expected.clone());
        prop_assert_eq!(stream(&masker, &cut(text.as_bytes(), &sizes)), expected.into_bytes());
    }
}

/// Fifty values that begin alike, and text that says their beginning: at each cut the same, and nothing of them.
#[test]
fn values_that_begin_alike_in_any_chunks() {
    let values: Vec<String> = (0..50)
        .map(|number| format!("s3cr3t-{number:02}-{}", "x7Kq".repeat(2)))
        .chain(["s3cr".to_owned(), "s3cr3t-07".to_owned()])
        .collect();
    let masker = masker_of(&values[..50]);
    let shorter = masker_of(&values);
    let mut text = String::from("s3 s3cr s3cr3t s3cr3t-0");
    for value in &values {
        text.push_str(value);
        text.push_str(&value[..value.len() - 1]);
        text.push_str("\ns3cr3t-5");
    }
    for masker in [&masker, &shorter] {
        let whole = masker.mask_bytes(text.as_bytes()).into_owned();
        let shown = String::from_utf8(whole.clone()).unwrap();
        assert!(values[..50].iter().all(|value| !shown.contains(value)));
        for size in 1..60 {
            assert_eq!(stream(masker, &cut(text.as_bytes(), &[size])), whole);
        }
    }
    let shown = shorter.mask_str("s3cr3t-07-x7Kqx7Kq s3cr3t-07- s3cr3t s3c");
    assert_eq!(shown, "[MASKED:N7] [MASKED:N51]- [MASKED:N50]3t s3c");
}

/// Texts made to be slow end: tokens within tokens, and a value that overlaps itself at every byte.
#[test]
fn repetitive_texts_take_no_quadratic_time() {
    let masker = masker_of(&["a".repeat(2000)]);
    let tokens = "ghp_".repeat(500_000);
    assert_eq!(masker.mask_str(&tokens), "[MASKED:token]");
    assert_eq!(
        stream(&masker, &cut(tokens.as_bytes(), &[4096])),
        b"[MASKED:token]"
    );
    let same = "a".repeat(500_000);
    assert_eq!(masker.mask_str(&same), "[MASKED:N0]");
    assert_eq!(
        stream(&masker, &cut(same.as_bytes(), &[4096])),
        b"[MASKED:N0]"
    );
}

#[test]
fn url_safe_base64_after_a_user_name() {
    let masker = masker_of(&["??>>~~secret~~<<??".to_owned()]);
    let text = URL_SAFE_NO_PAD.encode("user:??>>~~secret~~<<??");
    assert_eq!(
        masker.mask_str(&format!("t={text}&")),
        "t=dXNlcjo[MASKED:N0]&"
    );
}
