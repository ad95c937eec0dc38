//! A queue and its metric, formatted for people.

use deployer::QueueState;

use crate::words::{age_at, number};

pub(super) fn format_depth(queue: &QueueState) -> String {
    match (queue.visible, queue.in_flight, queue.delayed) {
        (Some(visible), Some(in_flight), Some(delayed)) => {
            format!("{visible} waiting, {in_flight} in flight, {delayed} delayed")
        }
        _ => "can't be read: it might have been deleted".to_owned(),
    }
}

pub(super) fn format_metric(queue: &QueueState, target: Option<f64>, now: u64) -> String {
    let target = target
        .map(|target| format!(", target {}", number(target)))
        .unwrap_or_default();
    match queue.backlog_per_task {
        Some(point) => {
            format!(
                "BacklogPerTask {} ({} ago){target}",
                number(point.value),
                age_at(point.at, now)
            )
        }
        None => format!("no BacklogPerTask in the last 15 minutes{target}"),
    }
}
