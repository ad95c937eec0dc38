//! Finds the variants that reproduce an observation.

use scaling::TrackingBehavior;
use serde::Serialize;

use super::delays::FittedDelay;
use super::observation::{Experiment, Observation};
use super::replay::{Mismatch, actions, replay};

/// Number of datapoints that can be missing at an action, because CloudWatch might not have the last period
/// yet.
const LATE: [usize; 2] = [0, 1];

/// Result of a calibration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Date of the measurement.
    pub measured: String,
    /// The place of the measurement.
    pub place: String,
    /// The parts of target tracking, by their keys of `--assume`.
    pub parts: Vec<FittedPart>,
    /// Constants that were measured.
    pub delays: Vec<FittedDelay>,
    /// Combinations of variants that reproduce every action.
    pub consistent: usize,
    /// Combinations that were tried.
    pub tried: usize,
    /// Actions that were compared.
    pub actions: usize,
    /// The reason if no combination is consistent: the first action that the best one doesn't
    /// reproduce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexplained: Option<String>,
}

/// A part of target tracking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FittedPart {
    /// Key of `--assume`.
    pub key: &'static str,
    /// The values that reproduce every action. One value if it is settled.
    pub values: Vec<String>,
    /// The observation that decides, or why there is none.
    pub evidence: String,
}

impl FittedPart {
    /// Returns the value, if only one reproduces every action.
    #[must_use]
    pub fn settled(&self) -> Option<&str> {
        match self.values.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Compares an observation with every combination of variants.
#[must_use]
pub fn fit(observation: &Observation) -> Fit {
    let outcomes: Vec<(TrackingBehavior, Result<usize, Miss<'_>>)> = behaviors()
        .into_iter()
        .map(|behavior| (behavior, replay_all(observation, behavior)))
        .collect();
    let consistent = outcomes.iter().filter(|(_, outcome)| outcome.is_ok());
    let consistent: Vec<TrackingBehavior> = consistent.map(|(behavior, _)| *behavior).collect();
    let missed = outcomes.iter().filter_map(|(behavior, outcome)| {
        let miss = outcome.as_ref().err()?;
        Some((behavior, miss))
    });
    let best = missed.max_by_key(|(_, miss)| miss.explained);
    let unexplained = best
        .filter(|_| consistent.is_empty())
        .map(|(_, miss)| miss.describe("the best combination"));
    Fit {
        measured: observation.measured.clone(),
        place: observation.place.clone(),
        parts: PARTS
            .iter()
            .map(|part| part.fit(observation, &consistent))
            .collect(),
        delays: super::delays::delays(observation),
        consistent: consistent.len(),
        tried: outcomes.len(),
        actions: count_actions(observation),
        unexplained,
    }
}

fn count_actions(observation: &Observation) -> usize {
    let experiments = observation.experiments.iter();
    let counts = experiments.map(|one| actions(one, observation.minute).len());
    counts.sum()
}

/// An action of an experiment that isn't reproduced.
struct Miss<'o> {
    experiment: &'o Experiment,
    mismatch: Mismatch,
    /// Number of reproduced actions in all experiments.
    explained: usize,
}

impl Miss<'_> {
    /// The observed action.
    fn observed(&self) -> String {
        let Mismatch {
            at,
            before,
            observed,
            ..
        } = self.mismatch;
        let name = &self.experiment.name;
        format!("in experiment {name}, at {at:.0} s, {observed} tasks followed {before}")
    }

    /// Describes the result of other variants at the same action.
    fn describe(&self, variant: &str) -> String {
        format!(
            "{}; {variant} sets {}",
            self.observed(),
            self.mismatch.computed
        )
    }
}

/// Replays every experiment. The number of datapoints that haven't arrived yet is the same in all of them.
fn replay_all(observation: &Observation, behavior: TrackingBehavior) -> Result<usize, Miss<'_>> {
    let mut best: Option<Miss<'_>> = None;
    for late in LATE {
        match replay_with(observation, behavior, late) {
            Ok(explained) => return Ok(explained),
            Err(miss) => {
                if best
                    .as_ref()
                    .is_none_or(|best| miss.explained > best.explained)
                {
                    best = Some(miss);
                }
            }
        }
    }
    best.map_or(Ok(0), Err)
}

fn replay_with(
    observation: &Observation,
    behavior: TrackingBehavior,
    late: usize,
) -> Result<usize, Miss<'_>> {
    let mut explained = 0;
    let mut first: Option<(&Experiment, Mismatch)> = None;
    for experiment in &observation.experiments {
        match replay(experiment, observation.minute, behavior, late) {
            Ok(actions) => explained += actions,
            Err(mismatch) => {
                explained += mismatch.explained;
                first.get_or_insert((experiment, mismatch));
            }
        }
    }
    match first {
        None => Ok(explained),
        Some((experiment, mismatch)) => Err(Miss {
            experiment,
            mismatch,
            explained,
        }),
    }
}

/// A part of [`TrackingBehavior`], with its variants as for `--assume`.
struct Part {
    /// Key of `--assume`.
    key: &'static str,
    variants: &'static [&'static str],
}

const PARTS: [Part; 5] = [
    Part {
        key: "tracking_base",
        variants: &["desired", "running_then", "running"],
    },
    Part {
        key: "tracking_cooldown",
        variants: &["larger_passes", "blocks", "repeats"],
    },
    Part {
        key: "tracking_datapoint",
        variants: &["latest", "average", "minimum"],
    },
    Part {
        key: "tracking_scale_in",
        variants: &["one_task", "5%", "10%", "20%", "25%", "50%", "to_target"],
    },
    Part {
        key: "tracking_flapping_guard",
        variants: &["on", "off"],
    },
];

/// Every combination of variants.
pub(super) fn behaviors() -> Vec<TrackingBehavior> {
    let mut all = vec![TrackingBehavior::default()];
    for part in &PARTS {
        all = all
            .iter()
            .flat_map(|behavior| part.variants.iter().map(|text| part.with(*behavior, text)))
            .collect();
    }
    all
}

impl Part {
    /// Returns the part's name in [`TrackingBehavior`].
    fn name(&self) -> &'static str {
        self.key.strip_prefix("tracking_").unwrap_or(self.key)
    }

    fn with(&self, mut behavior: TrackingBehavior, text: &str) -> TrackingBehavior {
        // A variant that can't be parsed changes nothing. A test parses each of them.
        let _ = behavior.set(self.name(), text);
        behavior
    }

    fn fit(&self, observation: &Observation, consistent: &[TrackingBehavior]) -> FittedPart {
        let holds = |text: &&&str| {
            let mut found = consistent.iter().map(|behavior| behavior.get(self.name()));
            found.any(|value| value.as_deref() == Some(**text))
        };
        let values: Vec<String> = self
            .variants
            .iter()
            .filter(holds)
            .map(|text| (*text).to_owned())
            .collect();
        let evidence = match (consistent.first(), values.len()) {
            (None, _) => "no combination reproduces every action".to_owned(),
            (Some(_), number) if number == self.variants.len() => {
                "every variant reproduces every action".to_owned()
            }
            (Some(behavior), _) => self.evidence(observation, *behavior, &values),
        };
        FittedPart {
            key: self.key,
            values,
            evidence,
        }
    }

    /// The evidence against each of the other variants.
    fn evidence(
        &self,
        observation: &Observation,
        behavior: TrackingBehavior,
        values: &[String],
    ) -> String {
        let refuted = self
            .variants
            .iter()
            .filter(|text| !values.iter().any(|value| value == *text));
        let mut reasons: Vec<(String, String)> = Vec::new();
        for text in refuted {
            let Err(miss) = replay_all(observation, self.with(behavior, text)) else {
                continue;
            };
            let (observed, computed) = (miss.observed(), miss.mismatch.computed);
            match reasons.iter_mut().find(|(known, _)| *known == observed) {
                Some((_, variants)) => variants.push_str(&format!(", {text} {computed}")),
                None => reasons.push((observed, format!("{text} sets {computed}"))),
            }
        }
        let reasons: Vec<String> = reasons
            .into_iter()
            .map(|(observed, variants)| format!("{observed}; {variants}"))
            .collect();
        reasons.join("; ")
    }
}
