//! Sentences about the alarms of a service: their datapoints, their state, their cooldowns.

use scaling::{AlarmState, Side};

use super::Cause;
use super::choose::in_cooldown;
use super::facts::{Actor, AlarmFacts, Facts, Want};
use super::sentences::{beyond, clock, number, side_name};

type Found = Option<(Cause, String)>;

/// The last action of its policies or alarms. A scale-out delays both sides, a scale-in only the next scale-in. Source:
/// "Define cooldown periods" in the Application Auto Scaling User Guide.
pub(super) fn last_cooldown(facts: &Facts) -> Found {
    let blocking: &[Side] = match facts.want() {
        Want::Out => &[Side::Out],
        Want::In => &[Side::Out, Side::In],
        Want::Nothing => return None,
    };
    let cooling = facts
        .alarms
        .iter()
        .filter(|alarm| blocking.contains(&alarm.side));
    let (until, alarm) = cooling
        .filter_map(|alarm| Some((alarm.cooldown_end()?, alarm)))
        .filter(|(until, _)| *until > facts.now)
        .max_by_key(|(until, _)| *until)?;
    let text = in_cooldown(until, alarm.side, alarm.acted?, facts.now);
    Some((Cause::Cooldown, text))
}

/// An alarm is in ALARM, and its action is due.
pub(super) fn due(facts: &Facts) -> Found {
    let ringing = |side| facts.of_side(side).find(|alarm| alarm.rings());
    let alarm = ringing(Side::Out).or_else(|| match facts.want() {
        Want::In => ringing(Side::In),
        _ => None,
    })?;
    let since = alarm.since.map_or_else(String::new, |since| {
        format!(" since {}", clock(since, facts.now))
    });
    let check = facts.feed.as_ref().and_then(|feed| feed.check.as_ref());
    let text = match (alarm.actor, check) {
        (Actor::Policy, _) if alarm.muted => format!(
            "the {} alarm is in ALARM{since}, but someone has disabled its actions; to enable them: aws cloudwatch \
             enable-alarm-actions --alarm-names {}",
            side_name(alarm.side),
            alarm.name
        ),
        (Actor::Function, Some(check)) => check.reason.clone(),
        (Actor::Function, None) => format!(
            "the alarm {} is in ALARM{since}; the scaling function acts within a minute",
            alarm.name
        ),
        (Actor::Policy, _) => format!(
            "the {} alarm is in ALARM{since}; Application Auto Scaling acts within a minute",
            side_name(alarm.side)
        ),
    };
    Some((Cause::Due, text))
}

/// An alarm that might soon go into ALARM: the scale-out alarm, or otherwise the scale-in alarm.
pub(super) fn datapoints(facts: &Facts) -> Found {
    let breaching = |side| {
        let known = facts.of_side(side);
        let counted = known.filter_map(|alarm| Some((alarm.breaching()?, alarm)));
        counted
            .filter(|(count, _)| *count > 0)
            .max_by_key(|(count, _)| *count)
    };
    let can_remove = facts.service.task_bounds().map(|bounds| bounds.min()) < facts.service.desired;
    let (count, alarm) = breaching(Side::Out).or_else(|| match facts.want() {
        Want::In if can_remove => breaching(Side::In),
        _ => None,
    })?;
    let verb = if count == 1 { "is" } else { "are" };
    let needed = alarm.datapoints.max(1);
    let of = match needed == alarm.periods {
        true => format!("{count} of {needed} datapoints {verb} {}", beyond(alarm)),
        false => format!(
            "{count} of the last {} datapoints {verb} {}, and {needed} are needed",
            alarm.periods,
            beyond(alarm)
        ),
    };
    let next = alarm
        .next_evaluation(facts.now)
        .map_or_else(String::new, |next| {
            format!("; the next evaluation is in {next} s")
        });
    Some((Cause::Datapoints, format!("{of}{next}")))
}

/// The metric is within its target, or has no data.
pub(super) fn on_target(facts: &Facts) -> Found {
    let alarm = facts
        .of_side(Side::Out)
        .chain(facts.of_side(Side::In))
        .next()?;
    // A new alarm is in INSUFFICIENT_DATA until CloudWatch evaluates it, even if there is data.
    let silent = match &alarm.values {
        Some(values) => values.is_empty(),
        None => alarm.state.is(AlarmState::InsufficientData),
    };
    if silent {
        let text = format!(
            "no datapoint: the alarm {} has no data of {}",
            alarm.name,
            metric(alarm)
        );
        return Some((Cause::NoData, text));
    }
    let newest = alarm.values.as_ref()?.first()?;
    let place = match (alarm.tracks, alarm.side) {
        (true, Side::Out) => format!(
            "the target is {}",
            alarm.threshold.map(number).unwrap_or_default()
        ),
        _ => format!("{} starts {}", side_name(alarm.side), beyond(alarm)),
    };
    let text = format!("{} is {}, and {place}", metric(alarm), number(*newest));
    Some((Cause::OnTarget, text))
}

fn metric(alarm: &AlarmFacts) -> &str {
    alarm.metric.as_deref().unwrap_or("the metric")
}
