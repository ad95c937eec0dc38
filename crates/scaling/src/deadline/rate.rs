//! The arrival rate now, by change-point detection.

use std::collections::VecDeque;

/// The arrivals since the last change of the rate.
///
/// A rate is the mean since it last changed: longer means are less noisy, and a mean across a change is
/// wrong. After each check, every split of the segment is tested with the generalized likelihood ratio of
/// two Poisson rates against one, ÷ the dispersion of the arrivals (variance ÷ mean). If the largest ratio
/// exceeds the threshold, the segment starts at that split. Rises and falls are found alike: a tenfold rise
/// is detected within one check, a rise by a tenth takes minutes.
///
/// Sources: Page, "Continuous Inspection Schemes", Biometrika 41 (1954); Siegmund and Venkatraman, "Using
/// the Generalized Likelihood Ratio Statistic for Sequential Detection of a Change-Point", Annals of
/// Statistics 23 (1995).
#[derive(Clone, Debug)]
pub(super) struct RateSegment {
    threshold: f64,
    longest: f64,
    checks: VecDeque<Arrivals>,
    sum: Arrivals,
}

/// Messages sent during a time in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Arrivals {
    messages: f64,
    during: f64,
}

impl Arrivals {
    fn rate(self) -> f64 {
        self.messages / self.during
    }

    fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            during: self.during + other.during,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            messages: (self.messages - other.messages).max(0.0),
            during: self.during - other.during,
        }
    }

    /// Logarithm of the likelihood of these messages at their own rate ÷ that at `rate`, without the terms that
    /// cancel out over two parts of a segment.
    fn gain(self, rate: f64) -> f64 {
        if self.messages > 0.0 {
            self.messages * libm::log(self.rate() / rate)
        } else {
            0.0
        }
    }
}

impl RateSegment {
    /// A segment without observations. It lasts at most `longest` seconds, and ends at a likelihood ratio
    /// of e^`threshold`.
    pub(super) fn new(threshold: f64, longest: f64) -> Self {
        Self {
            threshold,
            longest,
            checks: VecDeque::new(),
            sum: Arrivals::default(),
        }
    }

    /// Adds the messages of a check, sent during this many seconds. Returns true if the rate has changed.
    pub(super) fn add(&mut self, messages: f64, during: f64, dispersion: f64) -> bool {
        if during <= 0.0 {
            return false;
        }
        let check = Arrivals { messages, during };
        self.checks.push_back(check);
        self.sum = self.sum.plus(check);
        while self.checks.len() > 1 && self.sum.during > self.longest {
            self.forget_first();
        }
        match self.find_change(dispersion) {
            Some(latest) => {
                while self.checks.len() > latest {
                    self.forget_first();
                }
                true
            }
            None => false,
        }
    }

    /// Messages per second; `None` before the first check.
    pub(super) fn rate(&self) -> Option<f64> {
        (!self.checks.is_empty()).then(|| self.sum.rate())
    }

    #[cfg(test)]
    /// Seconds since the last known change.
    pub(super) fn lasts(&self) -> f64 {
        self.sum.during
    }

    /// The number of checks since the change, if there is one.
    fn find_change(&self, dispersion: f64) -> Option<usize> {
        let pooled = self.sum.rate();
        let mut after = Arrivals::default();
        let mut best = (self.threshold * dispersion, None);
        for (checks, check) in self.checks.iter().skip(1).rev().enumerate() {
            after = after.plus(*check);
            let before = self.sum.minus(after);
            let ratio = before.gain(pooled) + after.gain(pooled);
            if ratio > best.0 {
                best = (ratio, Some(checks + 1));
            }
        }
        best.1
    }

    fn forget_first(&mut self) {
        self.checks.pop_front();
        // Summed again from scratch, so that no rounding error remains.
        let all = self.checks.iter().copied();
        self.sum = all.fold(Arrivals::default(), Arrivals::plus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment() -> RateSegment {
        RateSegment::new(9.0, 480.0)
    }

    /// A minute of 2 per second, then 5 s of 20 per second: 120 and 100 messages in 60 and 5 s, pooled 220 ÷ 65 = 3.385
    /// per second. 120 ln(2 ÷ 3.385) + 100 ln(20 ÷ 3.385) = −63.1 + 177.6 = 114 > 9, so the rate is 20.
    #[test]
    fn a_jump_shows_within_one_check() {
        let mut segment = segment();
        for _ in 0..12 {
            assert!(!segment.add(10.0, 5.0, 1.0));
        }
        assert_eq!(segment.rate(), Some(2.0));
        assert!(segment.add(100.0, 5.0, 1.0));
        assert_eq!(segment.rate(), Some(20.0));
        assert_eq!(segment.lasts(), 5.0);
    }

    /// 120 and 15 messages in 60 and 5 s, pooled 2.077: 120 ln(2 ÷ 2.077) + 15 ln(3 ÷ 2.077) = −4.53 + 5.52
    /// = 0.99 < 9: chance. With a dispersion of 12, not even a jump to 4.6 times the rate is significant at
    /// once: 46 in 5 s give 120 ln(2 ÷ 2.554) + 46 ln(9.2 ÷ 2.554) = −29.3 + 58.9 = 29.6 < 108.
    #[test]
    fn chance_changes_nothing() {
        let mut segment = segment();
        for _ in 0..12 {
            segment.add(10.0, 5.0, 1.0);
        }
        let mut noisy = segment.clone();
        assert!(!segment.add(15.0, 5.0, 1.0));
        assert!(!noisy.add(46.0, 5.0, 12.0));
        assert_eq!(noisy.rate(), Some(166.0 / 65.0));
    }

    #[test]
    fn silence_is_a_change_too() {
        let mut segment = segment();
        for _ in 0..12 {
            segment.add(10.0, 5.0, 1.0);
        }
        // 120 ln(2 ÷ (120 ÷ 65)) = 9.6 after one check without a message.
        assert!(segment.add(0.0, 5.0, 1.0));
        assert_eq!(segment.rate(), Some(0.0));
    }

    #[test]
    fn a_segment_has_a_longest_length() {
        let mut segment = segment();
        for _ in 0..1_000 {
            segment.add(10.0, 5.0, 1.0);
        }
        assert_eq!(segment.lasts(), 480.0);
    }

    proptest! {
        /// The rate lies between the smallest and the largest rate of the checks.
        #[test]
        fn is_within_what_was_seen(counts in proptest::collection::vec(0.0f64..500.0, 1..200), dispersion in 1.0f64..12.0) {
            let mut segment = segment();
            for count in &counts {
                segment.add(*count, 5.0, dispersion);
                prop_assert!(segment.lasts() > 0.0 && segment.lasts() <= 480.0);
            }
            let rate = segment.rate().unwrap() * 5.0;
            let least = counts.iter().copied().fold(f64::INFINITY, f64::min);
            let most = counts.iter().copied().fold(0.0, f64::max);
            prop_assert!(least - 1e-6 <= rate && rate <= most + 1e-6);
        }
    }
}
