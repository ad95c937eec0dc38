//! Sentences about the functions that measure a service or set its count.

use super::Cause;
use super::facts::{Event, Facts, Feed, Task};
use super::sentences::{lasting, tasks};

type Found = Option<(Cause, String)>;

/// A minute's datapoint is published in the next minute, and CloudWatch returns it a minute later. A function can be
/// late once.
const LATE: u64 = 240;

pub(super) fn no_data(facts: &Facts) -> Found {
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
    // A function that checks is running, even if it doesn't have enough data to publish a number.
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
    if !late || (age.is_none() && facts.hidden.metrics) {
        return None;
    }
    let why = match &feed.error {
        Some(error) => failure(feed, error, facts.now),
        None if facts.hidden.logs => format!("the function {} published none", feed.function),
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

pub(super) fn function_fails(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    let error = feed.error.as_ref()?;
    Some((Cause::FunctionFails, failure(feed, error, facts.now)))
}

/// The function's own cooldown. The reason in its log contains its end.
pub(super) fn cooldown(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    let check = feed.check.as_ref()?;
    let waits = check.outcome == "cooldown" || check.reason.contains("the count waits until");
    waits.then(|| (Cause::Cooldown, format!("in cooldown: {}", check.reason)))
}

pub(super) fn checked(facts: &Facts) -> Found {
    let feed = facts.feed.as_ref()?;
    let check = feed.check.as_ref()?;
    let ago = lasting(facts.now.saturating_sub(check.at));
    let count = tasks(facts.service.desired?);
    let text = format!("the last check ({ago} ago) left {count}: {}", check.reason);
    Some((Cause::Checked, text))
}
