//! Decides on scaling actions as a pure function: the time is an argument, and the state that AWS would keep is
//! a value.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scaling::{
    AlarmState, PerSide, PolicyPosition, ScalableTarget, StepRequest, TrackingBehavior,
    TrackingPolicy, TrackingReading,
};

use super::model::{Alarm, Law, Policy, StepPolicy, Target};

/// How often an alarm's action is repeated while the alarm stays in ALARM.
pub(super) const REPEAT: Duration = Duration::from_secs(60);

/// State between two checks: cooldowns, and when each alarm's action fired. It is lost with the process. A
/// restarted process treats every target as one that has never scaled.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    behavior: TrackingBehavior,
    targets: BTreeMap<String, ScalableTarget>,
    fired: BTreeMap<String, Fired>,
}

/// An action of an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fired {
    /// The state change that it belongs to.
    since: Duration,
    at: Duration,
}

/// A decision about a scalable target.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ScalingDecision {
    /// Set a service's desired count.
    SetDesiredCount {
        /// `service/CLUSTER/SERVICE`.
        resource_id: String,
        /// The current count.
        from: u32,
        /// The count to set.
        to: u32,
        /// The reason, in Application Auto Scaling's words.
        cause: String,
    },
    /// Report why a policy is skipped.
    ReportProblem {
        /// The policy.
        policy: String,
        /// The reason.
        why: String,
    },
}

impl Memory {
    /// Creates an empty state with this behavior of target tracking.
    pub(super) fn new(behavior: TrackingBehavior) -> Self {
        Self {
            behavior,
            ..Self::default()
        }
    }

    /// Returns the alarms whose action fires at `now`: they went into ALARM since the last check, or have been
    /// in ALARM for another minute.
    pub(super) fn due<'a>(&self, now: Duration, alarms: &'a [Alarm]) -> Vec<&'a Alarm> {
        let fires = |alarm: &&Alarm| {
            self.fired
                .get(&alarm.arn)
                .is_none_or(|fired| fired.since != alarm.since || now >= fired.at + REPEAT)
        };
        alarms.iter().filter(fires).collect()
    }

    /// Records that the actions of the due alarms fired, together with the other alarms in the same check, and
    /// deletes the records of alarms that left ALARM.
    pub(super) fn fire(&mut self, now: Duration, ringing: &[Alarm], checked: &[Target]) {
        let fired: BTreeSet<String> = self
            .due(now, ringing)
            .into_iter()
            .chain(checked.iter().flat_map(|target| &target.alarms))
            .map(|alarm| alarm.arn.clone())
            .collect();
        let rings: BTreeSet<&str> = ringing.iter().map(|alarm| alarm.arn.as_str()).collect();
        self.fired.retain(|arn, _| rings.contains(arn.as_str()));
        for alarm in ringing.iter().filter(|alarm| fired.contains(&alarm.arn)) {
            let since = alarm.since;
            self.fired
                .insert(alarm.arn.clone(), Fired { since, at: now });
        }
    }

    /// Deletes the records of targets that are no longer registered.
    pub(super) fn keep(&mut self, registered: &BTreeSet<String>) {
        self.targets.retain(|id, _| registered.contains(id));
    }

    /// Restores the previous state of a target, because the decision made since then wasn't applied.
    pub(super) fn undo(&mut self, before: &Self, resource_id: &str) {
        match before.targets.get(resource_id) {
            Some(target) => self.targets.insert(resource_id.to_owned(), target.clone()),
            None => self.targets.remove(resource_id),
        };
    }
}

/// Returns the actions at `now` for targets whose alarms' actions fire, and the new state.
pub(super) fn decide(
    now: Duration,
    targets: &[Target],
    memory: &mut Memory,
) -> Vec<ScalingDecision> {
    let mut decisions = Vec::new();
    for target in targets {
        decide_target(now, target, memory, &mut decisions);
    }
    decisions
}

/// The policies of one kind, with the states of their alarms.
struct PoliciesByKind<'a> {
    tracking: Vec<(&'a Policy, TrackingPolicy, TrackingReading)>,
    steps: Vec<(&'a Policy, &'a Alarm, StepRequest)>,
}

fn decide_target(
    now: Duration,
    target: &Target,
    memory: &mut Memory,
    decisions: &mut Vec<ScalingDecision>,
) {
    let kinds = group_by_kind(target, decisions);
    let policies: Vec<_> = kinds
        .tracking
        .iter()
        .map(|(_, policy, _)| *policy)
        .collect();
    let readings: Vec<_> = kinds.tracking.iter().map(|(_, _, said)| *said).collect();
    let requests: Vec<_> = kinds
        .steps
        .iter()
        .map(|(_, _, asked)| asked.clone())
        .collect();
    let scaled = memory
        .targets
        .entry(target.resource_id.clone())
        .or_insert_with(|| {
            ScalableTarget::new(Vec::new(), target.bounds).with_behavior(memory.behavior)
        });
    scaled.update(policies, target.bounds, target.suspended);
    let Some(change) = scaled.decide(now, target.service, &readings, &requests) else {
        return;
    };
    let by = match change.by {
        PolicyPosition::Tracking(index) => kinds.tracking.get(index).and_then(|(policy, _, _)| {
            let high = change.to > target.service.desired;
            let mut alarms = target.alarms_of(policy);
            Some((*policy, alarms.find(|alarm| alarm.is_high() == high)?))
        }),
        PolicyPosition::Steps(index) => kinds
            .steps
            .get(index)
            .map(|(policy, alarm, _)| (*policy, *alarm)),
    };
    let cause = by.map(|(policy, alarm)| describe_cause(policy, alarm));
    decisions.push(ScalingDecision::SetDesiredCount {
        resource_id: target.resource_id.clone(),
        from: target.service.desired,
        to: change.to,
        cause: cause.unwrap_or_default(),
    });
}

/// Returns the cause in Application Auto Scaling's words.
fn describe_cause(policy: &Policy, alarm: &Alarm) -> String {
    let (alarm, policy) = (&alarm.name, &policy.name);
    format!("monitor alarm {alarm} in state ALARM triggered policy {policy}")
}

fn group_by_kind<'a>(
    target: &'a Target,
    decisions: &mut Vec<ScalingDecision>,
) -> PoliciesByKind<'a> {
    let mut kinds = PoliciesByKind {
        tracking: Vec::new(),
        steps: Vec::new(),
    };
    for policy in &target.policies {
        match &policy.law {
            Law::Tracking(law) => {
                let said = read_alarm_states(target.alarms_of(policy));
                kinds.tracking.push((policy, *law, said));
            }
            Law::Steps(law) => {
                for alarm in target.alarms_of(policy) {
                    match build_step_request(law, alarm) {
                        Ok(request) => kinds.steps.push((policy, alarm, request)),
                        Err(why) => decisions.push(ScalingDecision::ReportProblem {
                            policy: policy.name.clone(),
                            why: format!("its steps can't be followed for {}: {why}", alarm.name),
                        }),
                    }
                }
            }
        }
    }
    kinds
}

/// Returns the states of a target tracking policy's alarms. An alarm that isn't in ALARM isn't distinguished
/// from one with missing data, because neither scales. Without a value, there is nothing to compute with, so
/// nothing changes.
fn read_alarm_states<'a>(alarms: impl Iterator<Item = &'a Alarm>) -> TrackingReading {
    let mut reading = TrackingReading {
        high: AlarmState::Ok,
        low: AlarmState::Ok,
        metric: f64::NAN,
        running: None,
    };
    for alarm in alarms {
        if alarm.is_high() {
            reading.high = AlarmState::Alarm;
        } else {
            reading.low = AlarmState::Alarm;
        }
        reading.metric = alarm.value.unwrap_or(reading.metric);
    }
    reading
}

fn build_step_request(law: &StepPolicy, alarm: &Alarm) -> Result<StepRequest, scaling::StepsError> {
    Ok(StepRequest {
        steps: law.towards(alarm.comparison)?,
        cooldown: law.cooldown,
        distance: alarm.distance(),
    })
}

/// Returns which sides are suspended.
pub(super) fn convert_suspension(scale_out: Option<bool>, scale_in: Option<bool>) -> PerSide<bool> {
    PerSide {
        scale_out: scale_out.unwrap_or_default(),
        scale_in: scale_in.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
