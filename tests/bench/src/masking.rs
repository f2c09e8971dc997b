//! How fast what steps say is masked.

use std::time::{Duration, Instant};

use capstep_secrets::{Masker, SecretValue, StreamMasker};

use crate::report;
use crate::samples::Samples;

/// Turns.
const ROUNDS: usize = 5;

/// How much is masked in a turn.
const BYTES: usize = 256 << 20;

/// A piece, as a pipe gives it.
const PIECE: usize = 64 << 10;

/// How many secrets are looked for; each has several spellings.
const PATTERNS: usize = 50;

/// Measures text in which none is, and text in which one is in every thousand bytes.
pub(crate) fn measure() {
    let masker = Masker::new((0..PATTERNS).map(secret));
    let clean = text(None);
    let dense = text(Some(&value(7)));
    for (what, piece, target) in [
        ("none of them in the text", &clean, Some(200.0)),
        ("one of them in every 1,000 bytes", &dense, None),
    ] {
        let rates: Vec<f64> = (0..ROUNDS).map(|_| rate(mask(&masker, piece))).collect();
        let rates = Samples::new(rates);
        report::row(
            &format!("masking a stream, {PATTERNS} secrets, {what}"),
            &format!("{} MB/s", rates.spread()),
            "–",
            "–",
            target.map(|target| ("≥ 200 MB/s", rates.quantile(0.5) >= target)),
        );
    }
}

fn value(number: usize) -> String {
    format!("s3cr3t-{number:02}-{}", "x7Kq".repeat(6))
}

fn secret(number: usize) -> (String, SecretValue) {
    (format!("SECRET_{number}"), SecretValue::new(value(number)))
}

/// A piece of what a build says, with a secret at the start of every thousandth byte.
fn text(secret: Option<&str>) -> Vec<u8> {
    let line = b"   Compiling serde_json v1.0.140 (registry `crates-io`), 12 of 480 done, s3 s3cr s3cr3t\n";
    let mut text: Vec<u8> = line.iter().copied().cycle().take(PIECE).collect();
    if let Some(secret) = secret {
        for start in (0..PIECE - secret.len()).step_by(1_000) {
            text[start..start + secret.len()].copy_from_slice(secret.as_bytes());
        }
    }
    text
}

fn mask(masker: &Masker, piece: &[u8]) -> Duration {
    let started = Instant::now();
    let mut stream = StreamMasker::new(masker);
    let mut out = 0_usize;
    for _ in 0..BYTES / PIECE {
        out += stream.push(piece).len();
    }
    out += stream.finish().len();
    assert!(out > BYTES / 2);
    started.elapsed()
}

fn rate(took: Duration) -> f64 {
    BYTES as f64 / 1e6 / took.as_secs_f64()
}
