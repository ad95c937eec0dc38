//! What Application Auto Scaling reads: scalable targets, policies, alarms in ALARM, and services.

use std::time::Duration;

use scaling::{
    AdjustmentType, Bounds, Comparison, PerSide, ServiceCounts, Step, Steps, StepsError,
    TrackingPolicy,
};

/// A scalable target of an ECS service with its policies.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    /// Minimum and maximum number of tasks.
    pub bounds: Bounds,
    /// The suspended parts of dynamic scaling (`SuspendedState`).
    pub suspended: PerSide<bool>,
    /// Its policies, in the order in which Application Auto Scaling lists them.
    pub policies: Vec<Policy>,
    /// The alarms in ALARM whose actions include one of the policies.
    pub alarms: Vec<Alarm>,
    /// Its service.
    pub service: ServiceCounts,
}

/// A scaling policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy {
    /// The ARN in alarms' actions.
    pub arn: String,
    /// The name for people.
    pub name: String,
    /// Its algorithm.
    pub law: Law,
}

/// The algorithm of a scaling policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Law {
    /// Target tracking.
    Tracking(TrackingPolicy),
    /// Step scaling.
    Steps(StepPolicy),
}

/// A step scaling policy. It can have steps on both sides of an alarm's threshold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StepPolicy {
    /// The meaning of the adjustments.
    pub adjustment_type: AdjustmentType,
    /// `MinAdjustmentMagnitude`.
    pub at_least: Option<u32>,
    /// The steps, in any order.
    pub adjustments: Vec<Adjustment>,
    /// Time for a step to take effect.
    pub cooldown: Duration,
}

/// One step. Its bounds are a metric's value minus the alarm's threshold. `None` is infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Adjustment {
    /// `MetricIntervalLowerBound`.
    pub lower: Option<f64>,
    /// `MetricIntervalUpperBound`.
    pub upper: Option<f64>,
    /// Tasks, percent, or count.
    pub adjustment: i32,
}

/// An alarm in ALARM whose actions include scaling policies.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alarm {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The comparison that puts it into ALARM.
    pub comparison: Comparison,
    /// Its threshold.
    pub threshold: f64,
    /// When it went into ALARM, since 1970.
    pub since: Duration,
    /// ARNs of the policies in its actions.
    pub policies: Vec<String>,
    /// The latest datapoint in its evaluation.
    pub value: Option<f64>,
}

impl Target {
    /// Whether any of the alarms could change the count. A service at its minimum with only low alarms needs no
    /// further check.
    pub(super) fn may_change(&self) -> bool {
        self.policies.iter().any(|policy| {
            self.alarms_of(policy).any(|alarm| match &policy.law {
                Law::Steps(_) => true,
                Law::Tracking(_) if alarm.is_high() => self.service.desired < self.bounds.max(),
                Law::Tracking(_) => self.service.desired > self.bounds.min(),
            })
        })
    }

    /// Returns the alarms in ALARM whose actions include a policy.
    pub(super) fn alarms_of(&self, policy: &Policy) -> impl Iterator<Item = &Alarm> {
        let names = |alarm: &&Alarm| alarm.policies.contains(&policy.arn);
        self.alarms.iter().filter(names)
    }
}

impl Alarm {
    /// Whether a value above its threshold puts it into ALARM.
    pub(super) fn is_high(&self) -> bool {
        matches!(self.comparison, Comparison::Above | Comparison::AtOrAbove)
    }

    /// Returns the distance of its latest datapoint from the threshold.
    pub(super) fn distance(&self) -> Option<f64> {
        let value = self.value?;
        Some(self.comparison.distance(value, self.threshold))
    }
}

impl StepPolicy {
    /// Returns the steps on the side of the threshold where an alarm with this comparison is in ALARM. If they
    /// start beyond the threshold, values in between change nothing.
    ///
    /// # Errors
    /// If this side has no steps, or if they aren't a valid list of steps.
    pub(super) fn towards(&self, comparison: Comparison) -> Result<Steps, StepsError> {
        let from = |step: &Adjustment| match comparison {
            Comparison::Above | Comparison::AtOrAbove => begin(step.lower, step.upper),
            Comparison::Below | Comparison::AtOrBelow => begin(
                step.upper.map(|upper| -upper),
                step.lower.map(|lower| -lower),
            ),
        };
        let mut steps: Vec<Step> = self
            .adjustments
            .iter()
            .filter_map(|step| {
                Some(Step {
                    from: from(step)?,
                    adjustment: step.adjustment,
                })
            })
            .collect();
        steps.sort_by(|one, other| one.from.total_cmp(&other.from));
        let begins_late = steps.first().is_some_and(|first| first.from > 0.0);
        if begins_late && self.adjustment_type != AdjustmentType::ExactCapacity {
            let nothing = Step {
                from: 0.0,
                adjustment: 0,
            };
            steps.insert(0, nothing);
        }
        Steps::new(self.adjustment_type, self.at_least, steps)
    }
}

/// Returns the distance from the threshold at which a step starts. `None` if it is on the other side. A step
/// that spans the threshold starts there.
fn begin(near: Option<f64>, far: Option<f64>) -> Option<f64> {
    if far.is_some_and(|far| far <= 0.0) {
        return None;
    }
    // Adding zero makes a negative zero positive.
    Some(near.map_or(0.0, |near| near.max(0.0) + 0.0))
}
