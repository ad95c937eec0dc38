//! Compares measured with predicted results, number by number, as data.

use serde::Serialize;

use crate::load::Load;
use crate::number::{count, format_dollars, format_duration, format_number, format_share};
use crate::outcome::RunOutcome;
use crate::scenario::{Scenario, ScenarioError};
use crate::simulate::simulate;

/// The prediction for a load: several simulations that differ only in their seeds, and therefore in when the
/// rule fires within its minute and how long each task takes to start. These can't be known in advance, and
/// they matter for a sudden load.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Sorted by the share of messages within the objective, lowest first. Never empty.
    runs: Vec<RunOutcome>,
}

/// A measured outcome compared with the prediction for the same load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The compared numbers.
    pub figures: Vec<Difference>,
}

/// One number, measured and predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its name, for people.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// The measured value, if there is one.
    pub measured: Option<f64>,
    /// The predicted value, if there is one: the median.
    pub predicted: Option<f64>,
    /// The 90% interval of the predictions.
    pub range: Option<[f64; 2]>,
    /// How far the measured value is outside the range, relative to the nearest end of the range, or to `scale` if
    /// that is larger: 0.1 means 10% above it. `None` if only one of the two exists. The share within the objective
    /// is also compared in time, and the smaller difference counts: see [`Comparison::new`].
    pub difference: Option<f64>,
    /// Minimum divisor of a difference: the whole for a share, the objective for a wait, one for a count. If a
    /// wait of 1 ms was predicted and 2 ms measured, a difference of 100% would be meaningless.
    pub scale: f64,
}

/// Unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Share from 0 to 1.
    Share,
    /// Seconds.
    Seconds,
    /// Number of something.
    Count,
    /// Task-seconds.
    TaskSeconds,
    /// US dollars.
    Dollars,
}

/// Name of the share of messages within the objective.
const KEPT: &str = "within objective";
/// Name of the maximum number of tasks.
const MOST: &str = "peak tasks";
/// Name of the time of the first scale-out.
const FIRST: &str = "first scale-out";
/// Name of the median wait.
const MEDIAN_WAIT: &str = "p50 wait";
/// Name of the 99th percentile of the wait.
const LONG_WAIT: &str = "p99 wait";
/// The numbers on which a live loop and its simulation must agree. The others follow from these or depend on chance:
/// the longest wait is that of a single message.
const DECISIVE: [&str; 5] = [KEPT, MOST, FIRST, MEDIAN_WAIT, LONG_WAIT];

impl Comparison {
    /// Compares measured results with the prediction.
    ///
    /// Target tracking keeps the waiting times near the objective, so a difference of half a second decides whether
    /// most or few of the messages are within it. For that reason, the difference of the share within the objective
    /// is at most that of the waits: the smaller of the distance between the shares, and the distance between the
    /// objective and the time within which the predictions reach the measured share. This is the Lévy distance of
    /// two distributions at one point. The waits are also compared separately.
    #[must_use]
    pub fn new(measured: &RunOutcome, predicted: &Prediction) -> Self {
        let slo = measured.slo.max(1e-9);
        let both = |name, unit, scale, figure: &dyn Fn(&RunOutcome) -> Option<f64>| {
            let predicted = predicted.runs.iter().map(figure).collect();
            Difference::new(name, unit, scale, figure(measured), predicted)
        };
        let actions = |outcome: &RunOutcome| outcome.scaling.out + outcome.scaling.r#in;
        let wait = |name, figure: fn(&RunOutcome) -> f64| {
            both(name, Unit::Seconds, slo, &|outcome| Some(figure(outcome)))
        };
        let figures = vec![
            both(KEPT, Unit::Share, 1.0, &|outcome| {
                Some(outcome.within_objective)
            })
            .bounded_by(predicted.time_to_objective(measured)),
            both(MOST, Unit::Count, 1.0, &|outcome| {
                Some(f64::from(outcome.tasks.most))
            }),
            both(FIRST, Unit::Seconds, 1.0, &RunOutcome::first_scale_out),
            wait(MEDIAN_WAIT, |outcome| outcome.waiting.p50),
            wait(LONG_WAIT, |outcome| outcome.waiting.p99),
            wait("longest wait", |outcome| outcome.waiting.max),
            both("task-seconds", Unit::TaskSeconds, 1.0, &|outcome| {
                Some(outcome.tasks.seconds)
            }),
            both("cost", Unit::Dollars, 1e-6, &|outcome| {
                Some(outcome.cost.total)
            }),
            both("scaling actions", Unit::Count, 1.0, &|outcome| {
                Some(count(actions(outcome)))
            }),
        ];
        Self { figures }
    }

    /// Returns the decisive numbers that differ by more than this share: within the objective, peak tasks, first
    /// scale-out, p50 and p99 wait.
    pub fn differing_decisively(&self, share: f64) -> impl Iterator<Item = &Difference> {
        self.differing(share)
            .filter(|figure| DECISIVE.contains(&figure.name))
    }

    /// Returns the numbers that differ by more than this share: see [`Difference::differs_by_more_than`].
    pub fn differing(&self, share: f64) -> impl Iterator<Item = &Difference> {
        self.figures
            .iter()
            .filter(move |figure| figure.differs_by_more_than(share))
    }
}

impl Prediction {
    /// Simulates a load with this number of seeds (at least one).
    ///
    /// # Errors
    /// If a number of the scenario isn't valid.
    pub fn simulate(scenario: &Scenario, load: &Load, seeds: u64) -> Result<Self, ScenarioError> {
        let runs = (1..=seeds.max(1)).map(|seed| simulate(scenario, load, seed));
        let mut runs = runs.collect::<Result<Vec<_>, _>>()?;
        runs.sort_by(|one, other| one.within_objective.total_cmp(&other.within_objective));
        Ok(Self { runs })
    }

    /// Returns how far the objective is outside the times within which the runs reach the measured share of messages,
    /// as a [`Difference::difference`].
    fn time_to_objective(&self, measured: &RunOutcome) -> Option<f64> {
        let time = |run: &RunOutcome| run.wait_within(measured.within_objective);
        let times = self.runs.iter().map(time).collect();
        let objective = Some(measured.slo);
        Difference::new(
            KEPT,
            Unit::Seconds,
            measured.slo.max(1e-9),
            objective,
            times,
        )
        .difference
    }

    /// Returns the run with the median share of messages within the objective, to show its course.
    #[must_use]
    pub fn course(&self) -> Option<&RunOutcome> {
        self.runs.get(self.runs.len() / 2)
    }
}

impl From<RunOutcome> for Prediction {
    /// A single simulation.
    fn from(run: RunOutcome) -> Self {
        Self { runs: vec![run] }
    }
}

impl Difference {
    /// Compares a number. `predicted` has the value of each run. A number that most runs lack isn't predicted.
    fn new(
        name: &'static str,
        unit: Unit,
        scale: f64,
        measured: Option<f64>,
        predicted: Vec<Option<f64>>,
    ) -> Self {
        let runs = predicted.len();
        let mut values: Vec<f64> = predicted.into_iter().flatten().collect();
        values.sort_by(f64::total_cmp);
        if values.len() * 2 <= runs {
            values.clear();
        }
        let last = values.len().saturating_sub(1);
        let percentile = |percent: usize| values.get(last * percent / 100).copied();
        let range = percentile(5)
            .zip(percentile(95))
            .map(|(least, most)| [least, most]);
        let difference = measured.zip(range).map(|(measured, [least, most])| {
            let nearest = measured.clamp(least, most);
            (measured - nearest) / nearest.abs().max(scale)
        });
        Self {
            name,
            unit,
            measured,
            predicted: percentile(50),
            range,
            difference,
            scale,
        }
    }

    /// Returns the same with a difference of at most this size.
    fn bounded_by(mut self, other: Option<f64>) -> Self {
        let smaller = |(own, other): (f64, f64)| own.signum() * own.abs().min(other.abs());
        self.difference = self.difference.zip(other).map(smaller).or(self.difference);
        self
    }

    /// Formats the range for people: `12 to 20`, or a dash.
    #[must_use]
    pub fn shown_range(&self) -> String {
        match self.range.map(|range| range.map(|end| self.shown(end))) {
            Some([least, most]) if least == most => least,
            Some([least, most]) => format!("{least} to {most}"),
            None => "–".to_owned(),
        }
    }

    /// Formats a value of this number for people.
    #[must_use]
    pub fn shown(&self, value: f64) -> String {
        match self.unit {
            Unit::Share => format_share(value),
            Unit::Seconds => format_duration(value),
            Unit::Count => format_number(value, 0),
            Unit::TaskSeconds => format_number(value, 1),
            Unit::Dollars => format_dollars(value),
        }
    }

    /// Formats the difference for people: `+12%`, or a dash.
    #[must_use]
    pub fn shown_difference(&self) -> String {
        match self.difference.map(|difference| difference * 100.0) {
            // Not "-0%".
            Some(percent) if percent.abs() < 0.05 => "0%".to_owned(),
            Some(percent) => format!("{percent:+.1}%"),
            None => "–".to_owned(),
        }
    }

    /// Whether the two differ by more than this share, such as 0.15, or only one of them exists.
    #[must_use]
    pub fn differs_by_more_than(&self, share: f64) -> bool {
        match self.difference {
            Some(difference) => difference.abs() > share,
            None => self.measured.is_some() != self.predicted.is_some(),
        }
    }
}

impl RunOutcome {
    /// Returns the seconds within which this share of the messages started, with linear interpolation between
    /// the percentiles.
    fn wait_within(&self, share: f64) -> Option<f64> {
        let place = share.clamp(0.0, 1.0) * 100.0;
        let [below, above] = [place.floor(), place.ceil()].map(|percent| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number from 0 to 100"
            )]
            self.wait_percentiles.get(percent as usize).copied()
        });
        Some(below? + (above? - below?) * place.fract())
    }

    /// Returns the seconds from the start to the first increase of the desired count.
    #[must_use]
    pub fn first_scale_out(&self) -> Option<f64> {
        let first = self.actions.iter().find(|action| action.to > action.from);
        first.map(|action| action.at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::Policy;
    use crate::random::Distribution;

    #[test]
    fn differences_are_shares_of_what_was_predicted() {
        let difference = |unit, scale, measured, predicted| {
            Difference::new("figure", unit, scale, measured, vec![predicted])
        };
        let peak = difference(Unit::Count, 1.0, Some(12.0), Some(10.0));
        assert!((peak.difference.unwrap() - 0.2).abs() < 1e-9);
        assert!(peak.differs_by_more_than(0.15) && !peak.differs_by_more_than(0.25));
        // A share is relative to the whole, a wait at least to the objective.
        assert!(!difference(Unit::Share, 1.0, Some(0.80), Some(0.90)).differs_by_more_than(0.15));
        assert!(difference(Unit::Share, 1.0, Some(0.70), Some(0.90)).differs_by_more_than(0.15));
        assert!(!difference(Unit::Seconds, 10.0, Some(0.9), Some(0.1)).differs_by_more_than(0.15));
        assert!(difference(Unit::Seconds, 10.0, Some(30.0), Some(20.0)).differs_by_more_than(0.15));
        // An event that never happened differs from one that did.
        assert!(difference(Unit::Seconds, 1.0, None, Some(20.0)).differs_by_more_than(0.15));
        assert!(!difference(Unit::Seconds, 1.0, None, None).differs_by_more_than(0.0));
    }

    /// Waits that are evenly distributed over one second from `least`, with an objective of 10 s.
    fn outcome_with_waits(least: f64) -> RunOutcome {
        let work = Distribution::Fixed(Duration::from_millis(100));
        let policy = Policy::Fixed { tasks: 1 };
        let scenario = Scenario::new("test", Duration::from_secs(10), work, policy);
        let load = Load::generate("constant:rate=1/s,for=1m").unwrap();
        let mut outcome = simulate(&scenario, &load, 1).unwrap();
        let percent = |percent: u8| least + f64::from(percent) / 100.0;
        outcome.wait_percentiles = (0..=100).map(percent).collect();
        outcome.within_objective = (10.0 - least).clamp(0.0, 1.0);
        outcome.waiting.p50 = percent(50);
        outcome.waiting.p99 = percent(99);
        outcome
    }

    /// 80% of the measured messages waited less than 10 s. In the prediction, 80% waited less than 10.4 s and 40% less
    /// than 10 s. So the objective is 0.4 s ÷ 10.4 s = 3.8% below, although the shares differ by 40% of the messages.
    #[test]
    fn a_share_at_the_objective_differs_as_much_as_the_waits() {
        let predicted = outcome_with_waits(9.6).into();
        let comparison = Comparison::new(&outcome_with_waits(9.2), &predicted);
        let share = &comparison.figures[0];
        let shares = [share.measured, share.predicted].map(|share| format_share(share.unwrap()));
        assert_eq!(shares, ["80%", "40%"]);
        let difference = share.difference.unwrap();
        assert!((difference - 0.4 / 10.4).abs() < 1e-9, "{difference}");
        assert_eq!(comparison.differing_decisively(0.15).count(), 0);
        // With 20 s instead of 10 s the share might match 9.6 s, but the waits differ.
        let later = Comparison::new(&outcome_with_waits(19.6), &predicted);
        let differing = later.differing_decisively(0.15).map(|figure| figure.name);
        assert_eq!(differing.collect::<Vec<_>>(), [MEDIAN_WAIT, LONG_WAIT]);
        // If half of the messages wait for 30 s: the same median, but 50% instead of 100% within 10 s.
        let mut half = outcome_with_waits(0.0);
        half.wait_percentiles[51..].fill(30.0);
        half.within_objective = 0.5;
        let comparison = Comparison::new(&half, &outcome_with_waits(0.0).into());
        let differing = comparison
            .differing_decisively(0.15)
            .map(|figure| figure.name);
        assert_eq!(differing.collect::<Vec<_>>(), [KEPT]);
    }

    #[test]
    fn what_lies_within_the_predictions_is_no_difference() {
        let difference = |measured| {
            let runs = (0..=100).map(|run| Some(f64::from(run) + 100.0)).collect();
            Difference::new("figure", Unit::Count, 1.0, Some(measured), runs)
        };
        let figure = difference(150.0);
        assert_eq!(figure.predicted, Some(150.0));
        assert_eq!(figure.range, Some([105.0, 195.0]));
        assert_eq!(figure.shown_range(), "105 to 195");
        for inside in [105.0, 110.0, 195.0] {
            assert_eq!(difference(inside).difference, Some(0.0));
        }
        assert!((difference(214.5).difference.unwrap() - 0.1).abs() < 1e-9);
        assert!((difference(84.0).difference.unwrap() + 0.2).abs() < 1e-9);
        // A number that most runs lack isn't predicted.
        let rare = vec![Some(1.0), None, None];
        let rare = Difference::new("figure", Unit::Count, 1.0, None, rare);
        assert_eq!((rare.predicted, rare.difference), (None, None));
        assert!(!rare.differs_by_more_than(0.15));
    }
}
