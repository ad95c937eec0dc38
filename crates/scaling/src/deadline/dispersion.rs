//! The dispersion of the arrivals: how much noisier they are than messages sent at random.

/// Variance ÷ mean of the counted arrivals in blocks of a few checks; 1 for Poisson arrivals.
///
/// For two neighboring blocks with `a` and `b` messages at the same rate, (a − b)² ÷ (a + b) is the
/// dispersion times a chi-squared variable with one degree of freedom, whose median is 0.455. The observed
/// median is tracked by steps of 2%, so a change of the rate, which makes single pairs huge, hardly moves
/// it. Arrivals that are inferred from messages in flight have 1 + cv² of the service time times the
/// variance of the arrivals.
#[derive(Clone, Debug)]
pub(super) struct Dispersion {
    /// Length of a block in seconds.
    block: f64,
    filling: (f64, f64),
    before: Option<f64>,
    median: f64,
}

/// Median of a chi-squared variable with one degree of freedom.
const CHI_SQUARED_MEDIAN: f64 = 0.455;

/// Factor of a step of the tracked median.
const STEP: f64 = 1.02;

/// Maximum of the dispersion; the minimum is 1.
const MOST: f64 = 12.0;

impl Dispersion {
    /// Assumes dispersion 1 until other values are observed, in blocks of this many seconds.
    pub(super) fn new(block: f64) -> Self {
        Self {
            block,
            filling: (0.0, 0.0),
            before: None,
            median: CHI_SQUARED_MEDIAN,
        }
    }

    /// Adds the messages counted during this many seconds.
    pub(super) fn add(&mut self, messages: f64, during: f64) {
        self.filling.0 += messages;
        self.filling.1 += during;
        if self.filling.1 < self.block * 0.999 {
            return;
        }
        let (block, _) = std::mem::take(&mut self.filling);
        if let Some(before) = self.before.replace(block)
            && block + before > 0.0
        {
            let seen = (block - before).powi(2) / (block + before);
            let factor = if seen > self.median { STEP } else { 1.0 / STEP };
            let (least, most) = (CHI_SQUARED_MEDIAN / 2.0, CHI_SQUARED_MEDIAN * MOST * 2.0);
            self.median = (self.median * factor).clamp(least, most);
        }
    }

    /// The dispersion, at least 1 and at most 12.
    pub(super) fn value(&self) -> f64 {
        (self.median / CHI_SQUARED_MEDIAN).clamp(1.0, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 100 and 140 in turn: (40)² ÷ 240 = 6.67 at every pair, ÷ 0.455 = 14.65, which is cut to 12.
    #[test]
    fn finds_noise_and_has_a_limit() {
        let mut dispersion = Dispersion::new(20.0);
        assert_eq!(dispersion.value(), 1.0);
        for block in 0..2_000 {
            dispersion.add(if block % 2 == 0 { 100.0 } else { 140.0 }, 20.0);
        }
        assert_eq!(dispersion.value(), 12.0);
        for _ in 0..2_000 {
            dispersion.add(100.0, 20.0);
        }
        assert_eq!(dispersion.value(), 1.0);
    }

    /// Blocks of 100 and 116 in turn: 16² ÷ 216 = 1.185, ÷ 0.455 = 2.60, reached within a step of 2%.
    #[test]
    fn tracks_a_median() {
        let mut dispersion = Dispersion::new(20.0);
        for block in 0..2_000 {
            for _ in 0..4 {
                dispersion.add(if block % 2 == 0 { 25.0 } else { 29.0 }, 5.0);
            }
        }
        assert!(
            (dispersion.value() / 2.60 - 1.0).abs() < 0.03,
            "{}",
            dispersion.value()
        );
    }
}
