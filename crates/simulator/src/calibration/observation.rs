//! The measurements of a calibration, as data.

use serde::{Deserialize, Serialize};

use super::design::Design;

/// Everything that one run measured. Times are seconds since its start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Date of the run, such as 2026-11-29.
    pub measured: String,
    /// The place: a region of AWS, or the sandbox.
    pub place: String,
    /// Seconds in a minute of the loop: 60, or fewer in a sandbox that is sped up.
    pub minute: f64,
    /// Image of the tasks.
    #[serde(default)]
    pub image: Option<String>,
    /// The experiments.
    pub experiments: Vec<Experiment>,
    /// Times from the creation of each task until it was running.
    #[serde(default)]
    pub task_starts: Vec<f64>,
}

/// The measurements of one experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name.
    pub name: String,
    /// Target of the policy.
    pub target: f64,
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks.
    pub max: u32,
    /// Desired count at the start.
    pub initial: u32,
    /// Scale-out cooldown, in seconds of the loop.
    pub cooldown_out: f64,
    /// Scale-in cooldown, in seconds of the loop.
    pub cooldown_in: f64,
    /// Datapoints of the high alarm that must be over the target, according to the alarm's definition.
    pub high_datapoints: u32,
    /// Datapoints of the low alarm.
    pub low_datapoints: u32,
    /// Threshold of the low alarm.
    pub low_threshold: f64,
    /// Published datapoints, oldest first.
    pub published: Vec<PublishedValue>,
    /// Changes of the alarms' states, oldest first.
    pub alarms: Vec<AlarmChange>,
    /// Scaling activities, oldest first.
    pub activities: Vec<ObservedActivity>,
    /// Running tasks, for each change of the number.
    pub running: Vec<CountSample>,
    /// Start of the metric under test. Earlier actions of the high alarm are ignored.
    #[serde(default)]
    pub start: f64,
    /// End of the measurement.
    pub end: f64,
}

/// A published datapoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedValue {
    /// Its timestamp.
    pub at: f64,
    /// Value.
    pub value: f64,
    /// When CloudWatch first returned it, if it was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible: Option<f64>,
}

/// An alarm of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmSide {
    /// The alarm above the target.
    High,
    /// The alarm below the target.
    Low,
}

/// A change of an alarm's state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmChange {
    /// Time of the change.
    pub at: f64,
    /// The alarm.
    pub alarm: AlarmSide,
    /// Whether it went into ALARM. Otherwise, it left ALARM.
    pub is_alarm: bool,
}

/// A scaling activity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservedActivity {
    /// Start of the activity.
    pub at: f64,
    /// The desired count that it set.
    pub to: u32,
}

/// The number of running tasks from a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountSample {
    /// Time of the sample.
    pub at: f64,
    /// Running tasks.
    pub running: u32,
}

impl Experiment {
    /// Creates an experiment from a design with this target, without measurements.
    #[must_use]
    pub fn from_design(design: &Design, target: f64) -> Self {
        Self {
            name: design.name.into(),
            target,
            min: 1,
            max: design.max,
            initial: design.initial,
            cooldown_out: design.cooldown.as_secs_f64(),
            cooldown_in: design.cooldown.as_secs_f64(),
            ..Self::default()
        }
    }

    /// Returns the desired count after all activities that started before a time.
    pub(super) fn desired_before(&self, time: f64) -> u32 {
        let before = self.activities.iter().take_while(|one| one.at < time);
        before.last().map_or(self.initial, |one| one.to)
    }

    /// Returns the running tasks at a time. Before the first sample, the desired count.
    pub(super) fn running_at(&self, time: f64) -> u32 {
        let before = self.running.iter().take_while(|one| one.at <= time);
        before.last().map_or(self.initial, |one| one.running)
    }
}
