//! Rates that change over time.

use std::f64::consts::PI;

use crate::time::{MINUTE, Nanos, SECOND, seconds};

const DAY: Nanos = 24 * 60 * MINUTE;

/// Messages per second over time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Curve {
    /// A constant rate.
    Flat { rate: f64 },
    /// One rate, then another.
    Step { from: f64, to: f64, at: Nanos },
    /// A linear change between two times.
    Ramp {
        from: f64,
        to: f64,
        start: Nanos,
        over: Nanos,
    },
    /// A sine wave with a period of a day.
    Daily { low: f64, high: f64, peak_at: Nanos },
    /// A steep rise, then an exponential decay with this half-life.
    FlashCrowd {
        base: f64,
        peak: f64,
        at: Nanos,
        rise: Nanos,
        fall: Nanos,
    },
    /// Two alternating rates.
    OnOff {
        on: f64,
        off: f64,
        on_for: Nanos,
        off_for: Nanos,
    },
}

/// A segment of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stretch {
    /// Its end.
    pub(super) until: Nanos,
    /// A lower bound of the rate.
    pub(super) least: f64,
    /// An upper bound of the rate.
    pub(super) most: f64,
}

impl Curve {
    /// Returns the messages per second at a time.
    pub(super) fn rate(&self, at: Nanos) -> f64 {
        match *self {
            Self::Flat { rate } => rate,
            Self::Step {
                from,
                to,
                at: change,
            } => {
                if at < change {
                    from
                } else {
                    to
                }
            }
            Self::Ramp {
                from,
                to,
                start,
                over,
            } => {
                let share = seconds(at.saturating_sub(start)) / seconds(over.max(1));
                from + (to - from) * share.min(1.0)
            }
            Self::Daily { low, high, peak_at } => {
                let turn = (seconds(at) - seconds(peak_at)) / seconds(DAY) * 2.0 * PI;
                low + (high - low) * (1.0 + libm::cos(turn)) / 2.0
            }
            Self::FlashCrowd {
                base,
                peak,
                at: begin,
                rise,
                fall,
            } => {
                let Some(since) = at.checked_sub(begin) else {
                    return base;
                };
                if since < rise {
                    return base + (peak - base) * seconds(since) / seconds(rise);
                }
                let half_lives = seconds(since - rise) / seconds(fall.max(1));
                base + (peak - base) * libm::exp(-half_lives * std::f64::consts::LN_2)
            }
            Self::OnOff {
                on,
                off,
                on_for,
                off_for,
            } => {
                let within = at % (on_for + off_for).max(1);
                if within < on_for { on } else { off }
            }
        }
    }

    /// Returns the same curve with every rate multiplied by a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        match &mut scaled {
            Self::Flat { rate } => *rate *= factor,
            Self::Step {
                from: first,
                to: second,
                ..
            }
            | Self::Ramp {
                from: first,
                to: second,
                ..
            }
            | Self::Daily {
                low: first,
                high: second,
                ..
            }
            | Self::FlashCrowd {
                base: first,
                peak: second,
                ..
            }
            | Self::OnOff {
                on: first,
                off: second,
                ..
            } => {
                *first *= factor;
                *second *= factor;
            }
        }
        scaled
    }

    /// Returns a segment that starts at a time, with bounds of the curve in it.
    pub(super) fn stretch(&self, at: Nanos) -> Stretch {
        let flat = |until, rate| Stretch {
            until,
            least: rate,
            most: rate,
        };
        match *self {
            Self::Flat { rate } => flat(Nanos::MAX, rate),
            Self::Step {
                from, at: change, ..
            } if at < change => flat(change, from),
            Self::Step { to, .. } => flat(Nanos::MAX, to),
            Self::Ramp { from, start, .. } if at < start => flat(start, from),
            Self::Ramp {
                to, start, over, ..
            } if at >= start + over => flat(Nanos::MAX, to),
            Self::Ramp { start, over, .. } => {
                self.slope(at, (at + (over / 64).max(SECOND)).min(start + over))
            }
            Self::Daily { low, high, peak_at } => {
                let until = at + 20 * MINUTE;
                let passes = |turn: Nanos| (turn % DAY + DAY - at % DAY) % DAY <= 20 * MINUTE;
                let slope = self.slope(at, until);
                Stretch {
                    until,
                    least: if passes(peak_at + DAY / 2) {
                        low.min(high)
                    } else {
                        slope.least
                    },
                    most: if passes(peak_at) || low > high {
                        high.max(low)
                    } else {
                        slope.most
                    },
                }
            }
            Self::FlashCrowd {
                base, at: begin, ..
            } if at < begin => flat(begin, base),
            Self::FlashCrowd {
                at: begin, rise, ..
            } if at < begin + rise => {
                self.slope(at, (at + (rise / 16).max(SECOND)).min(begin + rise))
            }
            Self::FlashCrowd { fall, .. } => self.slope(at, at + (fall / 16).max(SECOND)),
            Self::OnOff {
                on_for, off_for, ..
            } => {
                let cycle = (on_for + off_for).max(1);
                let begin = at - at % cycle;
                let until = if at % cycle < on_for {
                    begin + on_for
                } else {
                    begin + cycle
                };
                flat(until, self.rate(at))
            }
        }
    }

    /// Returns a segment in which the curve only increases or only decreases.
    fn slope(&self, at: Nanos, until: Nanos) -> Stretch {
        let (begin, end) = (self.rate(at), self.rate(until));
        Stretch {
            until,
            least: begin.min(end),
            most: begin.max(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Nanos = 60 * MINUTE;

    fn curves() -> Vec<Curve> {
        vec![
            Curve::Flat { rate: 3.0 },
            Curve::Step {
                from: 1.0,
                to: 9.0,
                at: HOUR,
            },
            Curve::Ramp {
                from: 9.0,
                to: 1.0,
                start: HOUR,
                over: 5 * HOUR,
            },
            Curve::Daily {
                low: 1.0,
                high: 20.0,
                peak_at: 14 * HOUR,
            },
            Curve::FlashCrowd {
                base: 1.0,
                peak: 50.0,
                at: HOUR,
                rise: MINUTE,
                fall: 10 * MINUTE,
            },
            Curve::OnOff {
                on: 30.0,
                off: 0.0,
                on_for: MINUTE,
                off_for: HOUR,
            },
        ]
    }

    proptest! {
        /// Thinning is correct only if the rate stays within its bounds.
        #[test]
        fn the_bounds_hold(curve in 0usize..6, at in 0..48 * HOUR, within in 0.0f64..1.0) {
            let curve = &curves()[curve];
            let stretch = curve.stretch(at);
            prop_assert!(stretch.until > at);
            let end = stretch.until.min(72 * HOUR);
            let moment = at + crate::time::from_seconds(seconds(end - at) * within);
            let rate = curve.rate(moment.min(end - 1));
            prop_assert!(rate <= stretch.most * (1.0 + 1e-9));
            prop_assert!(rate >= stretch.least * (1.0 - 1e-9));
        }
    }

    #[test]
    fn a_day_peaks_where_it_should() {
        let daily = &curves()[3];
        assert!((daily.rate(14 * HOUR) - 20.0).abs() < 1e-9);
        assert!((daily.rate(38 * HOUR) - 20.0).abs() < 1e-9);
        assert!((daily.rate(2 * HOUR) - 1.0).abs() < 1e-9);
    }
}
