//! The largest and the smallest value of the last seconds.

use std::collections::VecDeque;

/// The values that can still become the largest, in falling order.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentMaximum(VecDeque<(f64, f64)>);

impl RecentMaximum {
    /// Adds a value at `at`, and forgets those older than `kept` seconds.
    pub(super) fn add(&mut self, at: f64, value: f64, kept: f64) {
        while self.0.back().is_some_and(|(_, other)| *other <= value) {
            self.0.pop_back();
        }
        self.0.push_back((at, value));
        while self.0.front().is_some_and(|(since, _)| *since < at - kept) {
            self.0.pop_front();
        }
    }

    /// The largest value; 0 without one.
    pub(super) fn value(&self) -> f64 {
        self.0.front().map_or(0.0, |(_, value)| *value)
    }
}

/// The smallest value of the last seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentMinimum {
    negated: RecentMaximum,
}

impl RecentMinimum {
    /// Adds a value at `at`, and forgets those older than `kept` seconds.
    pub(super) fn add(&mut self, at: f64, value: f64, kept: f64) {
        self.negated.add(at, -value, kept);
    }

    /// The smallest value; 0 without one.
    pub(super) fn value(&self) -> f64 {
        0.0 - self.negated.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value that was wanted throughout 10 s: a rise counts 10 s later, a fall at once.
    #[test]
    fn the_minimum_delays_rises_only() {
        let mut recent = RecentMinimum::default();
        for (at, value, expected) in [
            (0.0, 1.0, 1.0),
            (5.0, 4.0, 1.0),
            (10.0, 4.0, 1.0),
            (15.0, 4.0, 4.0),
            (20.0, 2.0, 2.0),
        ] {
            recent.add(at, value, 10.0);
            assert_eq!(recent.value(), expected, "at {at}");
        }
    }

    #[test]
    fn forgets_what_is_old() {
        let mut recent = RecentMaximum::default();
        assert_eq!(recent.value(), 0.0);
        for (at, value, expected) in [
            (0.0, 5.0, 5.0),
            (5.0, 3.0, 5.0),
            (10.0, 4.0, 5.0),
            (15.0, 1.0, 4.0),
            (26.0, 0.5, 0.5),
        ] {
            recent.add(at, value, 10.0);
            assert_eq!(recent.value(), expected, "at {at}");
        }
    }
}
