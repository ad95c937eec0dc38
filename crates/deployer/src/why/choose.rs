//! Which sentence explains a service's count: the first cause, by priority, that the facts show.

use scaling::Side;

use super::facts::{AlarmFacts, Event, Facts, Feed, Task, Want};
use super::measured;
use super::sentences::{clock, lasting, number, side_name, tasks};
use super::{Cause, Why};

type Found = Option<(Cause, String)>;

/// Causes in the order of their priority. A cause that hides all others comes first: a suspended policy doesn't care about
/// datapoints, and tasks that can't start aren't helped by a larger count.
const CAUSES: [fn(&Facts) -> Found; 19] = [
    gone,
    paused,
    pending,
    no_data,
    function_fails,
    at_max,
    paused_scale_in,
    deployment,
    fixed,
    cooldown,
    measured::last_cooldown,
    starting,
    flapping,
    at_min,
    empty_queue,
    measured::due,
    measured::datapoints,
    checked,
    measured::on_target,
];

/// Chooses the sentence.
pub(crate) fn choose(facts: &Facts) -> Why {
    let found = CAUSES.iter().find_map(|cause| cause(facts));
    let (cause, sentence) = found.unwrap_or_else(|| {
        let text = "nothing that was read explains it";
        (Cause::Unknown, text.to_owned())
    });
    Why {
        cause,
        sentence,
        name: None,
    }
}

fn gone(facts: &Facts) -> Found {
    let service = &facts.service;
    let name = format!("{} in cluster {}", service.service, service.cluster);
    match service.status.as_str() {
        "MISSING" | "INACTIVE" => Some((Cause::Gone, format!("ECS has no service {name}"))),
        "DRAINING" => Some((Cause::Gone, "the service is being deleted".to_owned())),
        "UNKNOWN" => Some((
            Cause::Unreadable,
            "these credentials may not read the service".to_owned(),
        )),
        _ => None,
    }
}

fn paused(facts: &Facts) -> Found {
    let suspended = facts.suspended;
    let what = match (suspended.scale_out, suspended.scale_in) {
        (true, true) => "scale-out and scale-in are suspended",
        (true, false) => "scale-out is suspended",
        _ => return None,
    };
    let text = format!("paused: Application Auto Scaling's {what}");
    Some((Cause::Paused, text))
}

/// Scale-in alone matters once there is nothing to scale out for.
fn paused_scale_in(facts: &Facts) -> Found {
    (facts.suspended.scale_in && facts.want() != Want::Out).then(|| {
        let text = "paused: Application Auto Scaling's scale-in is suspended";
        (Cause::Paused, text.to_owned())
    })
}

/// What ECS's events mean for tasks that don't run.
fn trouble(text: &str) -> Option<Cause> {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // Source: "Amazon ECS service event messages" and "Amazon ECS service quotas".
    if has(&[
        "reached the limit",
        "quota",
        "limit exceeded",
        "concurrently",
    ]) {
        return Some(Cause::Quota);
    }
    if has(&[
        "unable to place",
        "capacity is unavailable",
        "was unable to launch",
    ]) {
        return Some(Cause::Capacity);
    }
    has(&["unable to consistently start", "failed to launch", "failed"]).then_some(Cause::TasksFail)
}

/// The newest event, if it says why tasks don't run: a later start or steady state ends the trouble.
fn newest_trouble(events: &[Event]) -> Option<(Cause, &Event)> {
    let ends = |text: &str| text.contains("has started") || text.contains("steady state");
    let open = events.iter().take_while(|event| !ends(&event.text));
    open.filter_map(|event| Some((trouble(&event.text)?, event)))
        .next()
}

fn missing_tasks(facts: &Facts) -> u32 {
    let (desired, running) = (facts.service.desired, facts.service.running);
    desired.unwrap_or(0).saturating_sub(running.unwrap_or(0))
}

fn pending(facts: &Facts) -> Found {
    let missing = missing_tasks(facts);
    let (cause, event) = newest_trouble(&facts.events).filter(|_| missing > 0)?;
    let ago = lasting(facts.now.saturating_sub(event.at));
    let said = event.text.trim_end_matches('.');
    let (count, verb) = (tasks(missing), if missing == 1 { "is" } else { "are" });
    let text = match cause {
        Cause::Quota => format!("quota: {count} {verb} pending; ECS reports ({ago} ago): {said}"),
        Cause::Capacity => {
            format!("{count} {verb} pending for lack of capacity; ECS reports ({ago} ago): {said}")
        }
        _ => format!("{count} can't start; ECS reports ({ago} ago): {said}"),
    };
    Some((cause, text))
}

/// A minute's datapoint is published in the minute after, and CloudWatch returns it a minute later. A function can be late
/// once.
const LATE: u64 = 240;

fn no_data(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    if feed.does == Task::ReEvaluates {
        return (feed.enabled == Some(false)).then(|| {
            let text = format!(
                "the rule {} is disabled, so the function {} checks no alarm that stays in ALARM",
                feed.rule, feed.function
            );
            (Cause::NoData, text)
        });
    }
    // A function that checks is at work, even where it doesn't know enough to publish a number.
    let checked = feed.check.as_ref().map(|check| check.at);
    let newest = feed.newest.max(checked);
    let age = newest.map(|at| facts.now.saturating_sub(at));
    let late = age.is_none_or(|age| age > LATE);
    let since = match age {
        Some(age) => format!("no datapoint for {}", lasting(age)),
        None => "no datapoint in the last 15 minutes".to_owned(),
    };
    if feed.enabled == Some(false) {
        let rule = format!("the rule {} is disabled", feed.rule);
        let text = match late {
            true => format!("{since}: {rule}"),
            false => format!("{rule}, so the function {} doesn't run", feed.function),
        };
        return Some((Cause::NoData, text));
    }
    if !late {
        return None;
    }
    let why = match &feed.error {
        Some(error) => failure(feed, error, facts.now),
        None => format!(
            "the function {} published none, and its log has no error",
            feed.function
        ),
    };
    Some((Cause::NoData, format!("{since}: {why}")))
}

fn failure(feed: &Feed, error: &Event, now: u64) -> String {
    let ago = lasting(now.saturating_sub(error.at));
    format!(
        "the function {} fails ({ago} ago): {}",
        feed.function,
        error.text.trim_end_matches('.')
    )
}

fn function_fails(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    let error = feed.error.as_ref()?;
    Some((Cause::FunctionFails, failure(feed, error, facts.now)))
}

/// The bound that a schedule holds now, if it isn't the definition's own, and until when.
fn scheduled(facts: &Facts, side: Side) -> Option<String> {
    let schedule = facts.schedule.as_ref()?;
    let now = std::time::Duration::from_secs(facts.now);
    let held = schedule.bounds_at(now);
    let (name, bound, plain) = match side {
        Side::Out => ("max", held.max(), schedule.base.max()),
        Side::In => ("min", held.min(), schedule.base.min()),
    };
    if bound == plain {
        return None;
    }
    let until = schedule.schedule.next_change(schedule.base, now);
    let until = until.map_or_else(String::new, |until| {
        format!(" until {}", clock(until.as_secs(), facts.now))
    });
    Some(format!("a schedule holds {name} at {bound}{until}"))
}

fn at_max(facts: &Facts) -> Found {
    let max = facts.service.task_bounds()?.max();
    let desired = facts.service.desired?;
    let refused = facts.refused("AlreadyAtMaxCapacity");
    if desired < max || (facts.want() != Want::Out && !refused) {
        return None;
    }
    if let Some(held) = scheduled(facts, Side::Out) {
        return Some((Cause::Schedule, held));
    }
    let need = facts.need().filter(|need| *need > f64::from(max));
    let need = need.map_or_else(String::new, |need| {
        format!(", and the work needs {} tasks", number(need))
    });
    Some((Cause::AtMax, format!("it is at tasks.max ({max}){need}")))
}

fn at_min(facts: &Facts) -> Found {
    let min = facts.service.task_bounds()?.min();
    let desired = facts.service.desired?;
    let less = facts
        .need()
        .is_some_and(|need| need.ceil() < f64::from(desired));
    let rings = facts.of_side(Side::In).any(AlarmFacts::rings);
    let refused = facts.refused("AlreadyAtMinCapacity");
    if desired > min || facts.want() == Want::Out || !(less || rings || refused) {
        return None;
    }
    match scheduled(facts, Side::In) {
        Some(held) => Some((Cause::Schedule, held)),
        None if is_idle(facts) => None,
        None => Some((Cause::AtMin, format!("it is at tasks.min ({min})"))),
    }
}

/// A deployment delays scale-in: Application Auto Scaling and our functions wait for it. It also explains tasks that don't
/// run yet. Scale-out doesn't wait.
fn deployment(facts: &Facts) -> Found {
    let since = clock(facts.deployment?, facts.now);
    let text = format!("a deployment is in progress since {since}");
    if facts.want() == Want::In {
        return Some((
            Cause::Deployment,
            format!("{text}, and scale-in waits for it"),
        ));
    }
    let explains = missing_tasks(facts) > 0 || facts.want() == Want::Nothing;
    explains.then_some((Cause::Deployment, text))
}

fn fixed(facts: &Facts) -> Found {
    let service = &facts.service;
    let scaled =
        !service.policies.is_empty() || service.alarm_steps.is_some() || service.demand.is_some();
    if scaled {
        return None;
    }
    let count = tasks(service.desired?);
    let text = format!("nothing scales it: its count stays at {count} until someone changes it");
    Some((Cause::Fixed, text))
}

/// The function's own cooldown: its reason has the time at which it ends.
fn cooldown(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    let check = feed.check.as_ref()?;
    let waits = check.outcome == "cooldown" || check.reason.contains("the count waits until");
    waits.then(|| (Cause::Cooldown, format!("in cooldown: {}", check.reason)))
}

fn starting(facts: &Facts) -> Found {
    let missing = missing_tasks(facts);
    let (desired, running) = (facts.service.desired?, facts.service.running?);
    (missing > 0).then(|| {
        let text = format!(
            "{running} of {} run; the others are starting, and ECS has reported no problem",
            tasks(desired)
        );
        (Cause::Starting, text)
    })
}

fn flapping(facts: &Facts) -> Found {
    facts.refused("AutoScalingAnticipatedFlapping").then(|| {
        let text = "Application Auto Scaling removes no task, because it would have to add it again at once \
                    (AutoScalingAnticipatedFlapping)";
        (Cause::Flapping, text.to_owned())
    })
}

/// Whether its queues are known to have no messages at all.
fn is_idle(facts: &Facts) -> bool {
    let queues = &facts.service.queues;
    let empty = |count: Option<u64>| count == Some(0);
    !queues.is_empty()
        && queues
            .iter()
            .all(|queue| empty(queue.visible) && empty(queue.in_flight))
}

fn empty_queue(facts: &Facts) -> Found {
    let min = facts.service.task_bounds()?.min();
    if !is_idle(facts) || facts.service.desired? > min {
        return None;
    }
    let queues = match facts.service.queues.len() {
        1 => "the queue is empty",
        _ => "its queues are empty",
    };
    let text = match scheduled(facts, Side::In) {
        Some(held) => format!("{queues}, and {held}"),
        None => format!("{queues}, and it is at tasks.min ({min})"),
    };
    Some((Cause::EmptyQueue, text))
}

fn checked(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    let check = feed.check.as_ref()?;
    let ago = lasting(facts.now.saturating_sub(check.at));
    let count = tasks(facts.service.desired?);
    let text = format!("the last check ({ago} ago) left {count}: {}", check.reason);
    Some((Cause::Checked, text))
}

/// How long a refusal of Application Auto Scaling explains a count.
const RECENT: u64 = 300;

impl Facts {
    /// Whether Application Auto Scaling's newest refusal is recent and has this code.
    fn refused(&self, code: &str) -> bool {
        let newest = self.not_scaled.first();
        newest.is_some_and(|one| one.code == code && self.now.saturating_sub(one.at) < RECENT)
    }
}

/// `scale-out`, in a sentence on a cooldown.
pub(super) fn in_cooldown(until: u64, side: Side, acted: u64, now: u64) -> String {
    format!(
        "in cooldown until {}, after the {} at {}",
        clock(until, now),
        side_name(side),
        clock(acted, now)
    )
}
