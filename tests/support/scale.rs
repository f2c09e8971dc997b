//! Tests that can be small or large: small in the gate, large with `tests/run --all`. What they throw and when is drawn
//! from a seed, which a failure prints.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Whether the large forms are asked for (`CAPSTEP_TESTS_ALL=1`).
pub fn all() -> bool {
    std::env::var_os("CAPSTEP_TESTS_ALL").is_some_and(|value| value == "1")
}

/// The one or the other.
pub fn size<T>(small: T, large: T) -> T {
    if all() { large } else { small }
}

/// Numbers that follow from a seed (SplitMix64): the same seed gives the same test.
pub struct Random {
    state: u64,
}

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    /// The same, for sizes and indexes.
    pub fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// So many bytes that don't compress.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8))
            .flat_map(|_| self.number().to_le_bytes())
            .collect();
        bytes.truncate(length);
        bytes
    }
}

/// Says the seed of a test that goes down.
struct Seed<'a> {
    name: &'a str,
    seed: u64,
}

impl Drop for Seed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let all = if all() { "CAPSTEP_TESTS_ALL=1 " } else { "" };
            eprintln!(
                "{}: the same again with {all}CAPSTEP_TESTS_SEED={}",
                self.name, self.seed
            );
        }
    }
}

/// Runs a test whose size is what `size` says in words. Its seed is `CAPSTEP_TESTS_SEED`, or a new one each time. How
/// long it took is appended to the file that `CAPSTEP_TESTS_TIMES` names, for the summary of `tests/run --all`.
pub fn long(name: &str, size: &str, test: impl FnOnce(&mut Random)) {
    let given = std::env::var("CAPSTEP_TESTS_SEED").ok();
    let seed = match given {
        Some(seed) => seed.parse().expect("CAPSTEP_TESTS_SEED is a number"),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) ^ now.as_secs() << 20 ^ u64::from(std::process::id())
        }
    };
    let guard = Seed { name, seed };
    let started = Instant::now();
    test(&mut Random::new(seed));
    drop(guard);
    if let Some(path) = std::env::var_os("CAPSTEP_TESTS_TIMES") {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        let line = format!("{name}\t{size}\t{:.1} s\n", started.elapsed().as_secs_f64());
        // In one write: tests run side by side.
        file.write_all(line.as_bytes()).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (random.number(), random.below(10), random.bytes(11))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(draw(7).2.len(), 11);
        assert!(draw(7).1 < 10);
    }
}
