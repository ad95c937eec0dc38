//! Sentences about tasks that aren't running yet: no capacity, a quota, a deployment.

use super::Cause;
use super::facts::{Event, Facts, Want};
use super::sentences::{clock, lasting, tasks};

type Found = Option<(Cause, String)>;

/// Returns the reason why tasks aren't running, from one of ECS's events.
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

/// Returns the newest event, if it explains why tasks aren't running. A later steady state ends the problem. A later start
/// also does, except for tasks that fail: ECS starts them again and again.
fn newest_trouble(events: &[Event]) -> Option<(Cause, &Event)> {
    let open = events
        .iter()
        .take_while(|event| !event.text.contains("steady state"));
    let mut started = false;
    open.filter_map(|event| {
        started |= event.text.contains("has started");
        let cause = trouble(&event.text)?;
        (!started || cause == Cause::TasksFail).then_some((cause, event))
    })
    .next()
}

fn missing_tasks(facts: &Facts) -> u32 {
    let (desired, running) = (facts.service.desired, facts.service.running);
    desired.unwrap_or(0).saturating_sub(running.unwrap_or(0))
}

pub(super) fn pending(facts: &Facts) -> Found {
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

/// A deployment delays scale-in, because Application Auto Scaling and our functions wait for it. It also explains tasks
/// that aren't running yet. It doesn't delay scale-out.
pub(super) fn deployment(facts: &Facts) -> Found {
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

pub(super) fn starting(facts: &Facts) -> Found {
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
