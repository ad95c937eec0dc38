//! How CloudWatch evaluates an alarm: M of N datapoints, and the treatment of missing ones.
//!
//! Source of everything here: "Configuring how CloudWatch alarms treat missing data", Amazon CloudWatch
//! User Guide. The tests contain its tables.

use std::num::NonZeroU32;

use crate::alarm::{Comparison, MissingData};

/// State of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Beyond the threshold.
    Alarm,
    /// Not enough data to decide. A new alarm starts in this state.
    #[default]
    InsufficientData,
}

/// Datapoints that CloudWatch reads beyond the evaluation periods if some are missing. AWS documents that
/// it reads more, and that the number depends on the period and the metric; its examples have 5 for 3.
pub const EXTRA_DATAPOINTS: u32 = 2;

/// The evaluation settings of an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The side of the threshold on which a datapoint is breaching.
    pub comparison: Comparison,
    /// Threshold, in the metric's unit.
    pub threshold: f64,
    /// Datapoints to alarm (M).
    pub datapoints: NonZeroU32,
    /// Evaluation periods (N); below `datapoints` it counts as `datapoints`.
    pub periods: NonZeroU32,
    /// How missing datapoints are treated.
    pub missing: MissingData,
    /// Datapoints beyond the evaluation periods that are evaluated if some are missing, usually
    /// [`EXTRA_DATAPOINTS`].
    pub extra: u32,
}

/// The datapoints found in an evaluation range.
struct Found {
    real: usize,
    breaching: usize,
    /// Periods since the oldest real datapoint, including its own.
    oldest: usize,
}

impl Evaluation {
    /// Number of the most recent periods that are evaluated: the evaluation range.
    #[must_use]
    pub fn range(&self) -> usize {
        self.periods().saturating_add(self.extra as usize)
    }

    /// The alarm's state. `recent` has a datapoint or none for each period, oldest first, and `current` is
    /// the alarm's current state. Datapoints before the evaluation range don't matter, and periods before
    /// the start of the list are missing. NaN counts as missing.
    ///
    /// With at least N datapoints in the range, the latest N decide. With fewer, each missing one counts as
    /// `missing` specifies. Under [`MissingData::Missing`], the alarm also goes into ALARM if all existing
    /// datapoints are breaching and the oldest is at least M periods old. If it is newer, the alarm waits,
    /// so that one late datapoint causes no false alarm.
    #[must_use]
    pub fn state(&self, recent: &[Option<f64>], current: AlarmState) -> AlarmState {
        let found = self.find(recent);
        let lacking = self.periods().saturating_sub(found.real);
        let datapoints = self.datapoints.get() as usize;
        let assumed = if self.missing == MissingData::Breaching {
            lacking
        } else {
            0
        };
        if found.breaching + assumed >= datapoints {
            return AlarmState::Alarm;
        }
        let only_breaching = found.breaching == found.real;
        if lacking == 0 || !only_breaching {
            return AlarmState::Ok;
        }
        match self.missing {
            MissingData::Breaching | MissingData::NotBreaching => AlarmState::Ok,
            MissingData::Ignore => current,
            // Without any datapoint, there is no oldest one.
            MissingData::Missing if found.oldest >= datapoints => AlarmState::Alarm,
            MissingData::Missing => AlarmState::InsufficientData,
        }
    }

    fn periods(&self) -> usize {
        self.periods.max(self.datapoints).get() as usize
    }

    /// The latest real datapoints within the range, at most N.
    fn find(&self, recent: &[Option<f64>]) -> Found {
        let mut found = Found {
            real: 0,
            breaching: 0,
            oldest: 0,
        };
        for (age, datapoint) in recent.iter().rev().take(self.range()).enumerate() {
            let Some(value) = datapoint.filter(|value| value.is_finite()) else {
                continue;
            };
            found.real += 1;
            found.oldest = age + 1;
            if self.comparison.breaches(value, self.threshold) {
                found.breaching += 1;
            }
            if found.real == self.periods() {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlarmState::{Alarm, InsufficientData, Ok};
    use proptest::prelude::*;

    fn evaluation(datapoints: u32, periods: u32, missing: MissingData) -> Evaluation {
        Evaluation {
            comparison: Comparison::Above,
            threshold: 0.5,
            datapoints: NonZeroU32::new(datapoints).unwrap(),
            periods: NonZeroU32::new(periods).unwrap(),
            missing,
            extra: EXTRA_DATAPOINTS,
        }
    }

    fn datapoints(row: &str) -> Vec<Option<f64>> {
        row.split_whitespace()
            .map(|mark| match mark {
                "0" => Some(0.0),
                "X" => Some(1.0),
                _ => None,
            })
            .collect()
    }

    /// The states for missing, ignore, breaching, and not breaching; `None` keeps the state.
    fn check(of: (u32, u32), row: &str, expected: [Option<AlarmState>; 4]) {
        for (missing, expected) in MissingData::ALL.into_iter().zip(expected) {
            for current in [Ok, Alarm, InsufficientData] {
                let state = evaluation(of.0, of.1, missing).state(&datapoints(row), current);
                assert_eq!(
                    state,
                    expected.unwrap_or(current),
                    "{row}, {missing}, {current:?}"
                );
            }
        }
    }

    fn all(state: AlarmState) -> [Option<AlarmState>; 4] {
        [Some(state); 4]
    }

    /// First table of the guide: 3 of 3.
    #[test]
    fn three_of_three() {
        let fill = |missing| [missing, None, Some(Alarm), Some(Ok)];
        check((3, 3), "0 - X - X", all(Ok));
        check((3, 3), "0 - - - -", all(Ok));
        check((3, 3), "- - - - -", fill(Some(InsufficientData)));
        check((3, 3), "0 X X - X", all(Alarm));
        check((3, 3), "- - X - -", fill(Some(Alarm)));
    }

    /// Second table of the guide: 2 of 3.
    #[test]
    fn two_of_three() {
        check((2, 3), "0 - X - X", all(Alarm));
        check((2, 3), "0 0 X 0 X", all(Alarm));
        let breaching_only = [Some(Ok), Some(Ok), Some(Alarm), Some(Ok)];
        check((2, 3), "0 - X - -", breaching_only);
        check((2, 3), "- - - - 0", breaching_only);
        check(
            (2, 3),
            "- - - X -",
            [Some(Alarm), None, Some(Alarm), Some(Ok)],
        );
    }

    /// "Avoiding premature transitions to alarm state". An older version of the table has INSUFFICIENT_DATA
    /// as the state; the current text only documents that it is not ALARM.
    #[test]
    fn one_young_datapoint_rings_no_false_alarm() {
        let fill = [Some(InsufficientData), None, Some(Alarm), Some(Ok)];
        check((3, 3), "- - - - X", fill);
        check((3, 3), "- - - X -", fill);
        check((3, 3), "- - - X 0", [Some(Ok); 4]);
        check((2, 3), "- - - - X", fill);
    }

    #[test]
    fn without_gaps_the_latest_periods_decide() {
        check((3, 3), "X X 0 0 0", all(Ok));
        check((3, 3), "0 0 X X X", all(Alarm));
        check((1, 1), "X X 0", all(Ok));
        check((1, 1), "0 X", all(Alarm));
        check((2, 4), "X X 0 0 X X 0 0", all(Alarm));
    }

    /// CloudWatch "might repeatedly re-evaluate the last set of data points for a period of time after
    /// the metric has stopped flowing".
    #[test]
    fn the_last_datapoints_linger_within_the_range() {
        check((3, 3), "X X X - -", all(Alarm));
        check((3, 3), "0 0 0 - - -", all(Ok));
        check((1, 1), "X - -", all(Alarm));
        check(
            (1, 1),
            "X - - -",
            [Some(InsufficientData), None, Some(Alarm), Some(Ok)],
        );
    }

    #[test]
    fn no_number_is_missing() {
        let evaluation = evaluation(1, 1, MissingData::Missing);
        assert_eq!(evaluation.state(&[Some(f64::NAN)], Ok), InsufficientData);
        assert_eq!(
            evaluation.state(&[Some(f64::INFINITY)], Ok),
            InsufficientData
        );
        assert_eq!(evaluation.state(&[], Ok), InsufficientData);
    }

    proptest! {
        /// A worse datapoint never takes an alarm out of ALARM, whatever the other datapoints are.
        #[test]
        fn grows_with_each_datapoint(
            mut row in proptest::collection::vec(proptest::option::of(0.0f64..1.0), 1..12),
            at in 0usize..12, of in 1u32..6, more in 0u32..4, missing in 0usize..4,
        ) {
            let evaluation = evaluation(of, of + more, MissingData::ALL[missing]);
            let before = evaluation.state(&row, Ok);
            let at = at % row.len();
            row[at] = row[at].map(|_| 1.0);
            prop_assert!(before != Alarm || evaluation.state(&row, Ok) == Alarm);
        }

        /// With every datapoint present, the state is the plain count of breaches.
        #[test]
        fn without_gaps_it_counts(
            row in proptest::collection::vec(0.0f64..1.0, 10..20), of in 1u32..6, more in 0u32..4,
            missing in 0usize..4,
        ) {
            let evaluation = evaluation(of, of + more, MissingData::ALL[missing]);
            let breaching = row.iter().rev().take((of + more) as usize).filter(|value| **value > 0.5);
            let expected = if breaching.count() >= of as usize { Alarm } else { Ok };
            let row: Vec<_> = row.iter().copied().map(Some).collect();
            prop_assert_eq!(evaluation.state(&row, InsufficientData), expected);
        }
    }
}
