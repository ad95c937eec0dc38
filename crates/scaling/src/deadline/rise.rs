//! The part of the arrival rate that has lasted.

/// Follows a fall of the rate at once, and a rise gradually.
///
/// A rise isn't planned for as a whole at first, for two reasons. Bursts end: one of a minute is over when
/// the tasks that it needs have started, and their starts cost as much as its work. And a rate after a change
/// is the mean of few messages, found because it was large; the next ones are fewer on average (regression to
/// the mean). Each check plans for more of a rise that lasts, and messages that wait meanwhile are in the
/// backlog, whose deadlines are planned in full. If the rise is a burst, the tasks that weren't ordered are
/// saved.
#[derive(Clone, Debug, Default)]
pub(super) struct LastingRate(Option<f64>);

impl LastingRate {
    /// Follows the rate, `passed` seconds after the last check. What a rise has added decays to 1/e in `decay`
    /// seconds.
    pub(super) fn follow(&mut self, rate: Option<f64>, passed: f64, decay: f64) {
        let remains = libm::exp(-passed / decay.max(f64::MIN_POSITIVE));
        self.0 = rate.map(|rate| {
            let before = self.0.unwrap_or(rate).min(rate);
            rate - (rate - before) * remains
        });
    }

    /// The rate without this part of what a rise has added lately.
    pub(super) fn without(&self, doubt: f64, rate: f64) -> f64 {
        rate - doubt * (rate - self.0.unwrap_or(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    /// Checks each 80 s × ln 2, in which a rise decays to half. From 1/s to 21/s, 20/s are added: 10 remain
    /// at the check that sees it, 5 at the next. Without 40% of those, 21 − 4 and 21 − 2.
    #[test]
    fn a_rise_is_planned_for_gradually() {
        let mut lasting = LastingRate::default();
        let half = 80.0 * std::f64::consts::LN_2;
        lasting.follow(Some(1.0), half, 80.0);
        near(lasting.without(0.4, 1.0), 1.0);
        for planned in [17.0, 19.0] {
            lasting.follow(Some(21.0), half, 80.0);
            near(lasting.without(0.4, 21.0), planned);
        }
        // A fall counts at once. After it, the same rise is a new one: 21 − 0.4 × 16 ÷ 2.
        lasting.follow(Some(5.0), half, 80.0);
        near(lasting.without(0.4, 5.0), 5.0);
        lasting.follow(Some(21.0), half, 80.0);
        near(lasting.without(0.4, 21.0), 17.8);
    }

    /// Nothing is known of a first rate, nor of one after a gap, so nothing is left out.
    #[test]
    fn a_first_rate_is_no_rise() {
        let mut lasting = LastingRate::default();
        near(lasting.without(0.4, 20.0), 20.0);
        lasting.follow(Some(1.0), 5.0, 80.0);
        lasting.follow(None, 5.0, 80.0);
        lasting.follow(Some(20.0), 5.0, 80.0);
        near(lasting.without(0.4, 20.0), 20.0);
        // Without a decay, a rise lasts at once.
        lasting.follow(Some(30.0), 5.0, 0.0);
        near(lasting.without(0.4, 30.0), 30.0);
    }
}
