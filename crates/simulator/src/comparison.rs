//! What was measured beside what was predicted: figure by figure, as data.

use serde::Serialize;

use crate::load::Load;
use crate::number::{count, format_dollars, format_duration, format_number, format_share};
use crate::outcome::RunOutcome;
use crate::scenario::{Scenario, ScenarioError};
use crate::simulate::simulate;

/// What was predicted for a load: several simulations that differ in nothing but their seeds, so in the moment
/// of the rule within its minute and in how long each task takes to start. Nobody knows those beforehand, and
/// on a sudden load they matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// By the share of messages within the objective, the least first; never empty.
    runs: Vec<RunOutcome>,
}

/// A measured outcome beside what was predicted for the same load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The figures.
    pub figures: Vec<Difference>,
}

/// One figure of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its name, for people.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// What was measured, if there is something.
    pub measured: Option<f64>,
    /// What was predicted, if there is something: the median.
    pub predicted: Option<f64>,
    /// Between which values nine in ten predictions lie.
    pub range: Option<[f64; 2]>,
    /// How far what was measured lies outside of the range, in shares of the range's nearest end, or of `scale`
    /// where that is more: 0.1 is 10% above it. Nothing where only one of the two is. The share within the objective
    /// is compared in time, too, and the smaller difference counts: see [`Comparison::new`].
    pub difference: Option<f64>,
    /// What a difference is at least measured by: the whole for a share, the objective for a wait, one for a
    /// count. A wait of 2 ms that was predicted as 1 ms is no difference of 100% that says something.
    pub scale: f64,
}

/// Unit of a figure.
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
/// Name of the most tasks.
const MOST: &str = "peak tasks";
/// Name of the moment of the first change upwards.
const FIRST: &str = "first scale-out";
/// Name of the median wait.
const MEDIAN_WAIT: &str = "p50 wait";
/// Name of the wait that one in a hundred exceeds.
const LONG_WAIT: &str = "p99 wait";
/// The figures that a loop and its simulation must agree on. The others follow from them, or are a matter of chance:
/// the longest wait is that of one message.
const DECISIVE: [&str; 5] = [KEPT, MOST, FIRST, MEDIAN_WAIT, LONG_WAIT];

impl Comparison {
    /// Compares what was measured with what was predicted.
    ///
    /// Target tracking holds the waiting times at the objective, so half a second more or less there decides whether
    /// most messages are within it or few. The share within the objective therefore differs only as much as the
    /// waits: by the smaller of the distance between the shares and of that between the objective and the time
    /// within which the predictions have the measured share. That is the Lévy distance of two distributions, at one
    /// place. The waits are compared by themselves as well.
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

    /// The decisive figures that differ by more than this share: within the objective, peak tasks, first scale-out, p50
    /// and p99 wait.
    pub fn differing_decisively(&self, share: f64) -> impl Iterator<Item = &Difference> {
        self.differing(share)
            .filter(|figure| DECISIVE.contains(&figure.name))
    }

    /// The figures that differ by more than this share: see [`Difference::differs_by_more_than`].
    pub fn differing(&self, share: f64) -> impl Iterator<Item = &Difference> {
        self.figures
            .iter()
            .filter(move |figure| figure.differs_by_more_than(share))
    }
}

impl Prediction {
    /// Simulates a load with so many seeds, at least one.
    ///
    /// # Errors
    /// When a number of the scenario makes no sense.
    pub fn simulate(scenario: &Scenario, load: &Load, seeds: u64) -> Result<Self, ScenarioError> {
        let runs = (1..=seeds.max(1)).map(|seed| simulate(scenario, load, seed));
        let mut runs = runs.collect::<Result<Vec<_>, _>>()?;
        runs.sort_by(|one, other| one.within_objective.total_cmp(&other.within_objective));
        Ok(Self { runs })
    }

    /// How far the objective lies outside of the times within which the runs have the measured share of messages, as a
    /// [`Difference::difference`].
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

    /// The run whose share of messages within the objective is the median: the course to show.
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
    /// `predicted` of each run; a figure that most runs don't have is not predicted.
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

    /// The same with a difference of at most this size.
    fn bounded_by(mut self, other: Option<f64>) -> Self {
        let smaller = |(own, other): (f64, f64)| own.signum() * own.abs().min(other.abs());
        self.difference = self.difference.zip(other).map(smaller).or(self.difference);
        self
    }

    /// The range, for people: `12 to 20`, or a dash.
    #[must_use]
    pub fn shown_range(&self) -> String {
        match self.range.map(|range| range.map(|end| self.shown(end))) {
            Some([least, most]) if least == most => least,
            Some([least, most]) => format!("{least} to {most}"),
            None => "–".to_owned(),
        }
    }

    /// A value of this figure, for people.
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

    /// The difference, for people: `+12%`, or a dash.
    #[must_use]
    pub fn shown_difference(&self) -> String {
        match self.difference.map(|difference| difference * 100.0) {
            // Not "-0%".
            Some(percent) if percent.abs() < 0.05 => "0%".to_owned(),
            Some(percent) => format!("{percent:+.1}%"),
            None => "–".to_owned(),
        }
    }

    /// Whether the two are further apart than this share, such as 0.15; also when only one of them is.
    #[must_use]
    pub fn differs_by_more_than(&self, share: f64) -> bool {
        match self.difference {
            Some(difference) => difference.abs() > share,
            None => self.measured.is_some() != self.predicted.is_some(),
        }
    }
}

impl RunOutcome {
    /// Seconds within which this share of the messages began, between the percentiles in a straight line.
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

    /// Seconds from the beginning to the first change of the desired count upwards.
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
        // A share is measured by the whole, a wait by at least the objective.
        assert!(!difference(Unit::Share, 1.0, Some(0.80), Some(0.90)).differs_by_more_than(0.15));
        assert!(difference(Unit::Share, 1.0, Some(0.70), Some(0.90)).differs_by_more_than(0.15));
        assert!(!difference(Unit::Seconds, 10.0, Some(0.9), Some(0.1)).differs_by_more_than(0.15));
        assert!(difference(Unit::Seconds, 10.0, Some(30.0), Some(20.0)).differs_by_more_than(0.15));
        // One that never happened differs from one that did.
        assert!(difference(Unit::Seconds, 1.0, None, Some(20.0)).differs_by_more_than(0.15));
        assert!(!difference(Unit::Seconds, 1.0, None, None).differs_by_more_than(0.0));
    }

    /// Waits spread evenly from `least` for a second, of an objective of 10 s.
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

    /// 80% of what was measured waited less than 10 s; in the prediction, 80% waited less than 10.4 s and 40% less than
    /// 10 s. So the objective lies 0.4 s ÷ 10.4 s = 3.8% below, though the shares differ by 40% of the messages.
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
        // With 20 s instead of 10 s the share could be that of 9.6 s, but the waits are others.
        let later = Comparison::new(&outcome_with_waits(19.6), &predicted);
        let differing = later.differing_decisively(0.15).map(|figure| figure.name);
        assert_eq!(differing.collect::<Vec<_>>(), [MEDIAN_WAIT, LONG_WAIT]);
        // Of one in which half of the messages wait for 30 s, the same median and 50% instead of 100% within 10 s.
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
        // A figure that most runs lack is not predicted.
        let rare = vec![Some(1.0), None, None];
        let rare = Difference::new("figure", Unit::Count, 1.0, None, rare);
        assert_eq!((rare.predicted, rare.difference), (None, None));
        assert!(!rare.differs_by_more_than(0.15));
    }
}
