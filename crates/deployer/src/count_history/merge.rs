//! Merges several records of the same changes into one list, as a pure function.

use std::collections::{BTreeMap, HashMap};

use super::{ChangeSource, CountChange};
use crate::functions::ServiceName;

/// Records of the same change are at most this many seconds apart.
const SAME: u64 = 90;
/// ECS starts and stops tasks for this long after a change of the count, in seconds.
const EFFECT: u64 = 600;

/// Returns the changes of all services, ordered by time. `records` have a count, `events` have none; `known` are the
/// counts at the time `now`.
pub(super) fn merge(
    records: Vec<CountChange>,
    events: Vec<CountChange>,
    known: &HashMap<ServiceName, u32>,
    now: u64,
) -> Vec<CountChange> {
    let mut by_service: BTreeMap<ServiceName, (Vec<CountChange>, Vec<CountChange>)> =
        BTreeMap::new();
    for record in records {
        by_service
            .entry(record.service_name())
            .or_default()
            .0
            .push(record);
    }
    for event in events {
        by_service
            .entry(event.service_name())
            .or_default()
            .1
            .push(event);
    }
    let mut all: Vec<CountChange> = by_service
        .into_iter()
        .flat_map(|(name, (records, events))| {
            let changes = unite(records);
            let unexplained = explain_events(events, &changes);
            let mut changes = connect(changes, known.get(&name).copied(), now);
            changes.extend(unexplained);
            changes
        })
        .collect();
    all.sort_by_key(|change| change.at);
    all
}

/// Combines records into one change if they have the same count at about the same time. The most detailed record
/// comes first.
fn unite(mut records: Vec<CountChange>) -> Vec<CountChange> {
    records.sort_by_key(|record| (record.sources.first().copied(), record.at));
    let mut changes: Vec<CountChange> = Vec::new();
    for record in records {
        let same = |change: &&mut CountChange| {
            change.to == record.to
                && change.at.abs_diff(record.at) <= SAME
                && !change
                    .sources
                    .iter()
                    .any(|one| record.sources.contains(one))
        };
        match changes
            .iter_mut()
            .filter(same)
            .min_by_key(|c| c.at.abs_diff(record.at))
        {
            Some(change) => {
                change.sources.extend(&record.sources);
                change.from = change.from.or(record.from);
                change.backlog = change.backlog.or(record.backlog);
            }
            None => changes.push(record),
        }
    }
    changes.sort_by_key(|change| change.at);
    changes
}

/// Fills in the counts before each change. If two consecutive records don't fit together, adds a change without a
/// record between them.
fn connect(changes: Vec<CountChange>, known: Option<u32>, now: u64) -> Vec<CountChange> {
    let mut connected: Vec<CountChange> = Vec::new();
    for mut change in changes {
        let last = connected.last();
        match (last.and_then(|last| last.to), change.from) {
            (Some(before), None) => change.from = Some(before),
            (Some(before), Some(from)) if before != from => {
                let gap = gap(&change, (before, from), change.at, "before this moment");
                connected.push(gap);
            }
            _ => {}
        }
        connected.push(change);
    }
    if let (Some(last), Some(known)) = (connected.last(), known)
        && let Some(to) = last.to.filter(|to| *to != known)
    {
        let gap = gap(last, (to, known), now, "after the change above");
        connected.push(gap);
    }
    connected
}

fn gap(near: &CountChange, (from, to): (u32, u32), at: u64, when: &str) -> CountChange {
    CountChange {
        from: Some(from),
        to: Some(to),
        who: "unknown".to_owned(),
        why: format!("no record of it was found; it happened {when}"),
        sources: vec![ChangeSource::Gap],
        ..CountChange::of(&near.service_name(), at)
    }
}

/// Returns the events that no change explains. ECS implements a change within minutes.
fn explain_events(events: Vec<CountChange>, changes: &[CountChange]) -> Vec<CountChange> {
    let explained = |event: &CountChange| {
        changes
            .iter()
            .any(|change| change.at <= event.at + SAME && event.at <= change.at + EFFECT)
    };
    events
        .into_iter()
        .filter(|event| !explained(event))
        .map(|event| CountChange {
            why: format!(
                "{}; no change of the count explains it, so it might have replaced tasks",
                event.why
            ),
            ..event
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 10_000;

    fn name() -> ServiceName {
        ServiceName {
            cluster: "shop".to_owned(),
            service: "worker".to_owned(),
        }
    }

    fn record(source: ChangeSource, at: u64, from: Option<u32>, to: u32) -> CountChange {
        CountChange {
            from,
            to: Some(to),
            who: format!("{source:?}"),
            sources: vec![source],
            ..CountChange::of(&name(), at)
        }
    }

    /// Time, from, to, who, and the number of records.
    type Row = (u64, Option<u32>, Option<u32>, String, usize);

    fn rows(records: Vec<CountChange>, known: Option<u32>) -> Vec<Row> {
        let known = known.map(|count| (name(), count)).into_iter().collect();
        let changes = merge(records, Vec::new(), &known, NOW).into_iter();
        changes
            .map(|one| (one.at, one.from, one.to, one.who, one.sources.len()))
            .collect()
    }

    fn row(at: u64, from: Option<u32>, to: u32, who: &str, sources: usize) -> Row {
        (at, from, Some(to), who.to_owned(), sources)
    }

    use ChangeSource::{CloudTrail, FunctionLog, ScalingActivity, ServiceEvent};

    #[test]
    fn a_change_with_two_records_is_one() {
        let records = vec![
            record(CloudTrail, 101, None, 5),
            record(FunctionLog, 100, Some(1), 5),
            record(CloudTrail, 400, None, 2),
        ];
        let expected = [
            row(100, Some(1), 5, "FunctionLog", 2),
            row(400, Some(5), 2, "CloudTrail", 1),
        ];
        assert_eq!(rows(records, Some(2)), expected);
    }

    /// The same count twice within a minute: 5, 6, and 5 again.
    #[test]
    fn two_records_of_one_source_are_two_changes() {
        let records = vec![
            record(FunctionLog, 100, Some(4), 5),
            record(FunctionLog, 120, Some(5), 6),
            record(FunctionLog, 140, Some(6), 5),
            record(CloudTrail, 141, None, 5),
            record(CloudTrail, 100, None, 5),
        ];
        let found: Vec<_> = rows(records, Some(5))
            .into_iter()
            .map(|row| (row.0, row.4))
            .collect();
        assert_eq!(found, [(100, 2), (120, 1), (140, 2)]);
    }

    #[test]
    fn a_count_that_no_record_explains_is_a_gap() {
        let records = vec![
            record(FunctionLog, 100, Some(1), 5),
            record(FunctionLog, 900, Some(9), 3),
        ];
        let expected = [
            row(100, Some(1), 5, "FunctionLog", 1),
            row(900, Some(5), 9, "unknown", 1),
            row(900, Some(9), 3, "FunctionLog", 1),
            row(NOW, Some(3), 4, "unknown", 1),
        ];
        assert_eq!(rows(records, Some(4)), expected);
    }

    #[test]
    fn activities_have_the_count_before_from_the_change_before() {
        let records = vec![
            record(ScalingActivity, 300, None, 2),
            record(ScalingActivity, 100, None, 5),
        ];
        let expected = [
            row(100, None, 5, "ScalingActivity", 1),
            row(300, Some(5), 2, "ScalingActivity", 1),
        ];
        assert_eq!(rows(records, Some(2)), expected);
    }

    #[test]
    fn tasks_that_ecs_starts_for_a_change_are_no_other_change() {
        let event = |at| CountChange {
            why: "ECS started 2 tasks".to_owned(),
            sources: vec![ServiceEvent],
            ..CountChange::of(&name(), at)
        };
        let records = vec![record(ScalingActivity, 1_000, None, 5)];
        let events = vec![event(1_030), event(5_000), event(500)];
        let known = [(name(), 5)].into_iter().collect();
        let changes = merge(records, events, &known, NOW);
        let times: Vec<u64> = changes.iter().map(|one| one.at).collect();
        assert_eq!(times, [500, 1_000, 5_000]);
        assert!(changes[2].why.contains("might have replaced tasks"));
        assert_eq!(changes[2].to, None);
    }

    #[test]
    fn services_do_not_mix() {
        let mut other = record(FunctionLog, 150, Some(7), 8);
        other.service = "web".to_owned();
        let records = vec![
            record(FunctionLog, 100, Some(1), 5),
            other,
            record(FunctionLog, 200, Some(5), 6),
        ];
        let changes = merge(records, Vec::new(), &HashMap::new(), NOW);
        let counts: Vec<_> = changes
            .iter()
            .map(|one| (&*one.service, one.from))
            .collect();
        let expected = [("worker", Some(1)), ("web", Some(7)), ("worker", Some(5))];
        assert_eq!(counts, expected);
    }
}
