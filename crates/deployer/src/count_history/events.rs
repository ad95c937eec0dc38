//! ECS's record: the tasks that it starts and stops. An event contains no count, so it only shows changes that are
//! missing in the other records.

use super::{ChangeSource, CountChange};
use crate::functions::ServiceName;
use crate::why::Event;

/// Returns the events for started and stopped tasks since a time.
pub(super) fn tasks_changed(name: &ServiceName, events: &[Event], since: u64) -> Vec<CountChange> {
    let recent = events.iter().filter(|event| event.at >= since);
    let changes = recent.filter_map(|event| {
        let text = shorten(&event.text)?;
        Some(CountChange {
            who: "ECS".to_owned(),
            why: format!("ECS {text}"),
            sources: vec![ChangeSource::ServiceEvent],
            ..CountChange::of(name, event.at)
        })
    });
    changes.collect()
}

/// Returns `started 2 tasks` from `(service web) has started 2 tasks: (task 0a…) (task 1b…).`, and `None` for
/// other events.
fn shorten(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(" has ")?;
    let (what, _) = rest.split_once(':').unwrap_or((rest, ""));
    let mut words = what.split(' ');
    let verb = words.next()?;
    let count: u32 = words.next()?.parse().ok()?;
    let tasks = if count == 1 { "task" } else { "tasks" };
    ["started", "stopped"]
        .contains(&verb)
        .then(|| format!("{verb} {count} {tasks}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Amazon ECS service event messages" in the Amazon ECS Developer Guide.
    #[test]
    fn only_started_and_stopped_tasks_count() {
        let short = |text: &str| shorten(text);
        assert_eq!(
            short("(service web) has started 2 tasks: (task 0a) (task 1b).").as_deref(),
            Some("started 2 tasks")
        );
        assert_eq!(
            short("(service web) has stopped 1 running tasks: (task 0a).").as_deref(),
            Some("stopped 1 task")
        );
        assert_eq!(short("(service web) has reached a steady state."), None);
        assert_eq!(
            short("(service web) has begun draining connections on 1 tasks."),
            None
        );
    }
}
