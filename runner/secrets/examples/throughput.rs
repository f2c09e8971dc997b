//! Prints how fast text without secrets goes through a masker, with and without values, and what making one costs.
//! Only a measurement: nothing is asserted.
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::time::{Duration, Instant};

use capstep_secrets::{Masker, SecretValue, StreamMasker};

/// Bytes of text that go through.
const TEXT: usize = 64 << 20;
/// Bytes pushed at a time.
const CHUNK: usize = 16 << 10;

/// A generator of numbers without a dependency (Knuth's MMIX constants); repeatable, and good enough for letters.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn text(&mut self, alphabet: &str, len: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .filter_map(|_| letters.get(self.next() % letters.len()))
            .collect()
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn key(numbers: &mut Numbers) -> String {
    let lines: Vec<String> = (0..48).map(|_| numbers.text(LETTERS, 70)).collect();
    format!(
        "-----BEGIN TEST KEY-----\n{}\n-----END TEST KEY-----\n",
        lines.join("\n")
    )
}

fn log(numbers: &mut Numbers) -> Vec<u8> {
    const WORDS: &str = "Step 12/34 : RUN apt-get install --no-install-recommends ---> Using cache \
        Compiling serde v1.0.229 (https://registry.example.com/crates/serde) [INFO] downloaded 3.4 MB in 0.8s \
        test result: ok. 27 passed; 0 failed; sha256:";
    let mut out = Vec::with_capacity(TEXT + 512);
    while out.len() < TEXT {
        out.extend_from_slice(WORDS.as_bytes());
        out.extend_from_slice(numbers.text("0123456789abcdef", 64).as_bytes());
        out.push(b'\n');
    }
    out
}

fn speed(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

/// The shape of the bench's row (`tests/bench`, `masking`): fifty values that begin alike, and a line that says their
/// beginning twice and none of them.
fn alike() {
    let line = b"   Compiling serde_json v1.0.140 (registry `crates-io`), 12 of 480 done, s3 s3cr s3cr3t\n";
    let text: Vec<u8> = line.iter().copied().cycle().take(TEXT).collect();
    let values = |count: usize| {
        (0..count).map(|number| {
            let value = format!("s3cr3t-{number:02}-{}", "x7Kq".repeat(6));
            (format!("SECRET_{number}"), SecretValue::new(value))
        })
    };
    let one = made(values(1));
    let fifty = made(values(50));
    let masker = Masker::new(values(50));
    let rates: Vec<String> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let mut stream = StreamMasker::new(&masker);
            for chunk in text.chunks(64 << 10) {
                std::hint::black_box(stream.push(chunk));
            }
            std::hint::black_box(stream.finish());
            format!("{:.0}", speed(text.len(), start.elapsed()))
        })
        .collect();
    println!(
        "50 values that begin alike: {} MB/s in chunks; made in {fifty:.1?}, of one value in {one:.1?}",
        rates.join(" ")
    );
}

/// The shortest of two hundred times that making a masker took.
fn made(values: impl Iterator<Item = (String, SecretValue)> + Clone) -> Duration {
    (0..200)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(Masker::new(values.clone()));
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    alike();
    let mut numbers = Numbers(1);
    let text = log(&mut numbers);
    let dense = numbers.text(LETTERS, TEXT).into_bytes();
    for (count, keys) in [(0, 0), (1, 0), (10, 1), (50, 0), (45, 5)] {
        let mut values = Vec::new();
        for index in 0..count {
            values.push((
                format!("V{index}"),
                SecretValue::new(numbers.text(LETTERS, 24)),
            ));
        }
        for index in 0..keys {
            values.push((format!("K{index}"), SecretValue::new(key(&mut numbers))));
        }
        let start = Instant::now();
        let masker = Masker::new(values);
        let made = start.elapsed();

        let start = Instant::now();
        let widened = masker.with([("MORE".to_owned(), SecretValue::new("one more value"))]);
        let more = start.elapsed();
        drop(widened);

        print!("{count:>2} values and {keys} keys: made in {made:.1?}, one more in {more:.1?};");
        for (name, bytes) in [("log", &text), ("random letters", &dense)] {
            let start = Instant::now();
            let whole = masker.mask_bytes(bytes).len();
            let at_once = start.elapsed();
            let start = Instant::now();
            let mut stream = StreamMasker::new(&masker);
            let mut out: usize = bytes
                .chunks(CHUNK)
                .map(|chunk| stream.push(chunk).len())
                .sum();
            out += stream.finish().len();
            let streamed = start.elapsed();
            print!(
                " {name} {:.0} MB/s whole, {:.0} MB/s in chunks ({})",
                speed(bytes.len(), at_once),
                speed(bytes.len(), streamed),
                if whole == out { "same" } else { "DIFFERENT" },
            );
        }
        println!();
    }
}
