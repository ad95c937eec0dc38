//! The policy that currently scales the service, in words and as far as it can be simulated.

use std::time::Duration;

use simulator::Policy;

use super::number::brief;
use super::present_steps::read_steps;
use super::present_tracking::{Tracked, read_tracking};
use super::readings::{PolicyKind, Readings};

/// What currently scales the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// Its description, for people.
    pub description: String,
    /// The policy for a simulation, or why it can't be simulated.
    pub policy: Result<Policy, String>,
    /// What was guessed or omitted, one sentence each.
    pub notes: Vec<String>,
}

/// Default cooldown of Application Auto Scaling for ECS services. Source: its API reference,
/// `TargetTrackingScalingPolicyConfiguration` and `StepScalingPolicyConfiguration`.
pub(super) const COOLDOWN: Duration = Duration::from_secs(300);

/// Finds the policy that scales the service.
#[must_use]
pub fn find_present(readings: &Readings) -> Present {
    if let Some(why) = &readings.scaling_unread {
        return Present {
            description: "unknown".to_owned(),
            policy: Err(why.clone()),
            notes: Vec::new(),
        };
    }
    let Some(target) = &readings.target else {
        return Present {
            description: format!("a fixed count of {}", readings.service.desired),
            policy: fix_count(readings),
            notes: Vec::new(),
        };
    };
    let mut notes = Vec::new();
    if target.scheduled > 0 {
        notes.push(format!(
            "{} scheduled actions change its bounds; they aren't simulated",
            target.scheduled
        ));
    }
    let named: Vec<String> = readings.policies.iter().map(describe_policy).collect();
    let description = match named.as_slice() {
        [] => "a scalable target without a policy".to_owned(),
        names => names.join("; "),
    };
    let description = match target.suspended {
        (false, false) => description,
        (true, true) => format!("a fixed count, because this is suspended: {description}"),
        (true, false) => format!("{description}, with scale-out suspended"),
        (false, true) => format!("{description}, with scale-in suspended"),
    };
    if target.suspended != (false, false) {
        let policy = match target.suspended {
            (true, true) => fix_count(readings),
            _ => Err("one side of its scaling is suspended".to_owned()),
        };
        return Present {
            description,
            policy,
            notes,
        };
    }
    Present {
        description,
        policy: read_policies(readings, &mut notes)
            .and_then(|policy| require_one_queue(readings, policy)),
        notes,
    }
}

/// Nothing changes the present count.
fn fix_count(readings: &Readings) -> Result<Policy, String> {
    match readings.service.desired {
        0 => Err("no task is desired".to_owned()),
        tasks => Ok(Policy::Fixed { tasks }),
    }
}

/// A simulation adds up the messages of several queues, but a policy that follows separate metrics of the queues
/// can weigh them in any way.
fn require_one_queue(readings: &Readings, policy: Policy) -> Result<Policy, String> {
    match policy {
        Policy::Fixed { .. } => Ok(policy),
        _ if readings.queues.len() <= 1 => Ok(policy),
        _ => Err(
            "it follows metrics of several queues, but the simulation adds up their messages"
                .to_owned(),
        ),
    }
}

fn describe_policy(policy: &super::readings::PolicyReading) -> String {
    let name = &policy.name;
    match &policy.kind {
        PolicyKind::Tracking { target, metric, .. } => format!(
            "target tracking of {} at {} (policy {name})",
            metric.describe(),
            brief(*target)
        ),
        PolicyKind::Steps { .. } => {
            let metrics = policy
                .alarms
                .iter()
                .filter_map(|alarm| alarm.metric.as_ref());
            match metrics.map(|metric| metric.name.as_str()).next() {
                Some(metric) => format!("steps by {metric} (policy {name})"),
                None => format!("steps (policy {name})"),
            }
        }
        PolicyKind::Other(kind) => format!("{kind} (policy {name})"),
    }
}

fn read_policies(readings: &Readings, notes: &mut Vec<String>) -> Result<Policy, String> {
    let (mut tracking, mut by_utilization) = (Vec::new(), Vec::new());
    for policy in &readings.policies {
        match read_tracking(policy, readings, notes) {
            Ok(Some(Tracked::Backlog(found))) => tracking.push(found),
            Ok(Some(Tracked::Utilization(what))) => by_utilization.push(what),
            Ok(None) => {}
            Err(why) => return Err(why),
        }
    }
    let steps = read_steps(readings)?;
    let policy = match (tracking.as_slice(), steps) {
        ([], None) if readings.policies.is_empty() => fix_count(readings)?,
        ([], None) => {
            return Err(format!(
                "it scales by {}, which can't be derived from a history of messages",
                by_utilization.join(" and ")
            ));
        }
        ([], Some(steps)) => Policy::Steps(steps),
        ([one], None) => Policy::BacklogPerTask(*one),
        ([one], Some(steps)) => Policy::BacklogPerTaskAndSteps(*one, steps),
        _ => {
            return Err(
                "several policies follow a backlog; the simulation supports only one".to_owned(),
            );
        }
    };
    for what in by_utilization {
        notes.push(format!(
            "its policy on {what} is omitted: it can't be derived from a history of messages"
        ));
    }
    Ok(policy)
}
