//! Streams of any length, cut anywhere: what is planted is found, and nothing of it comes through.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstep_secrets::{Masker, SecretValue, StreamMasker};
use capstep_tests::scale::{Random, long, size};

/// What every planted value is made of, besides digits of its own.
const CORE: &str = "cnry";

/// How a value is planted, and what of it may not come through.
fn forms(value: &str) -> Vec<(String, String)> {
    let whole = |text: String| (text.clone(), text);
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![whole(value.to_owned()), whole(hex.clone())];
    forms.push(whole(hex.to_uppercase()));
    for lead in ["", "x", "yz"] {
        let text = STANDARD.encode(format!("{lead}{value}"));
        // The first and last groups depend on what stands beside the value.
        let inner = text[4..text.len() - 5].to_owned();
        forms.push((text, inner));
    }
    forms
}

/// Text that no value can be part of.
fn filler(random: &mut Random, length: usize, into: &mut String) {
    for _ in 0..length.div_ceil(8) {
        into.push_str(random.pick(&[
            "deploying ",
            "12:30:01 ",
            "\u{1b}[32mok\u{1b}[0m ",
            "caf\u{e9} ",
            "\r\n",
            "========",
            "{\"a\": 1}",
            "\t\t",
        ]));
    }
}

#[test]
fn canaries_in_a_stream_without_end() {
    let total: usize = size(4 << 20, 4 << 30);
    long(
        "masking",
        &format!("{} MiB of stream", total >> 20),
        |random| {
            let values: Vec<String> = (0..4)
                .map(|_| {
                    format!(
                        "{CORE}-{:016x}!{:08x}",
                        random.number(),
                        random.below(1 << 32)
                    )
                })
                .collect();
            let masker = Masker::new(values.iter().enumerate().map(|(index, value)| {
                (format!("SECRET{index}"), SecretValue::new(value.as_str()))
            }));
            let forms: Vec<(String, String)> =
                values.iter().flat_map(|value| forms(value)).collect();
            let longest = forms.iter().map(|(text, _)| text.len()).max().unwrap();
            let mut stream = StreamMasker::new(&masker);
            let (mut sent, mut planted, mut found) = (0, 0_u64, 0_u64);
            // The end of what has come out, in case a value stands across two pieces.
            let mut seen = String::new();
            let look = |out: Vec<u8>, seen: &mut String| {
                // Pieces end anywhere, in the middle of a character too: what is searched for is plain text.
                let out: String = out
                    .iter()
                    .map(|byte| {
                        if byte.is_ascii() {
                            char::from(*byte)
                        } else {
                            '?'
                        }
                    })
                    .collect();
                let new = out.matches("[MASKED:").count() as u64;
                seen.push_str(&out);
                for (text, inner) in &forms {
                    assert!(!seen.contains(inner.as_str()), "`{text}` came through");
                }
                let keep = seen.len().saturating_sub(longest);
                // A label across two pieces is counted where its end comes.
                seen.drain(..keep);
                new
            };
            let mut out = Vec::new();
            while sent < total {
                let mut block = String::new();
                while block.len() < 1 << 20 {
                    let length = random.index(8_000);
                    filler(random, length, &mut block);
                    block.push(' ');
                    block.push_str(&forms[random.index(forms.len())].0);
                    block.push(' ');
                    planted += 1;
                }
                sent += block.len();
                let mut rest = block.as_bytes();
                while !rest.is_empty() {
                    let longest = random.pick(&[3, 40, 5_000, 70_000]);
                    let (chunk, more) = rest.split_at((1 + random.index(longest)).min(rest.len()));
                    out.extend(stream.push(chunk));
                    rest = more;
                }
                // Looked at in whole labels: the rest stays for the next time.
                let end = out.iter().rposition(|byte| *byte == b' ').unwrap_or(0);
                let piece: Vec<u8> = out.drain(..end).collect();
                found += look(piece, &mut seen);
            }
            out.extend(stream.finish());
            found += look(out, &mut seen);
            assert_eq!(found, planted, "masked and planted");
        },
    );
}
