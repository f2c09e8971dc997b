//! Measured numbers and their spread.

use std::time::Duration;

/// Numbers of one kind, sorted.
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Takes numbers; there must be some.
    pub(crate) fn new(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        assert!(!numbers.is_empty(), "nothing was measured");
        numbers.sort_by(f64::total_cmp);
        Self(numbers)
    }

    /// Times, in milliseconds.
    pub(crate) fn milliseconds(times: &[Duration]) -> Self {
        Self::new(times.iter().map(|time| time.as_secs_f64() * 1000.0))
    }

    /// The number that this share of all is not above: 0.5 is the median.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len() - 1;
        self.0[(share * last as f64).round() as usize]
    }

    /// Median, tenth and ninetieth percentile.
    pub(crate) fn spread(&self) -> String {
        let [median, low, high] = [0.5, 0.1, 0.9].map(|share| number(self.quantile(share)));
        format!("{median} ({low} to {high})")
    }
}

/// Pairs of measurements that were made one right after the other.
pub(crate) fn ratios(ours: &[Duration], theirs: &[Duration]) -> Samples {
    let pairs = ours.iter().zip(theirs);
    Samples::new(pairs.map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()))
}

/// The same, as differences in milliseconds.
pub(crate) fn differences(ours: &[Duration], theirs: &[Duration]) -> Samples {
    let pairs = ours.iter().zip(theirs);
    Samples::new(pairs.map(|(ours, theirs)| (ours.as_secs_f64() - theirs.as_secs_f64()) * 1000.0))
}

/// Three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_numbers() {
        let samples = Samples::new([5.0, 1.0, 4.0, 2.0, 3.0]);
        for (share, expected) in [(0.0, 1.0), (0.5, 3.0), (0.9, 5.0), (1.0, 5.0)] {
            assert_eq!(samples.quantile(share), expected);
        }
        assert_eq!(samples.spread(), "3.00 (1.00 to 5.00)");
        assert_eq!(Samples::new([7.0]).spread(), "7.00 (7.00 to 7.00)");
    }
}
