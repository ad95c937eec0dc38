//! Definitions based on public reports, each with its right answer. The inputs are in `cases/`.

use std::path::Path;

use super::{line, problems};

/// The problems of a case, one per line.
fn found(case: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/cases");
    let text = std::fs::read_to_string(folder.join(format!("{case}.yaml"))).unwrap();
    problems(&text).iter().map(line).collect()
}

#[track_caller]
fn check(case: &str, expected: &[&str]) {
    assert_eq!(found(case), expected, "{case}");
}

/// Messages that take three hours are valid with protection, with a heartbeat, and if a task can take that long to
/// stop; otherwise, a warning describes the effect.
#[test]
fn messages_of_hours_can_be_deployed() {
    let drops = "warning 9:19 services.replicator.stop_timeout: a stopped task drops the message that it works on";
    let twice = "warning 4:30 queues.bags.visibility_timeout: the visibility timeout is less than twice the processing time of one message";
    check("five-hour-replicator/stack", &[twice, drops]);
    let theirs = "warning 7:15 services.replicator.existing: a stopped task drops the message that it works on";
    check("five-hour-replicator/existing", &[twice, theirs]);
    check("five-hour-replicator/protect", &[twice]);
    check("five-hour-replicator/heartbeat", &[]);
    check(
        "five-hour-replicator/instances",
        &[twice.replace("4:30", "5:30").as_str()],
    );
    check("five-hour-replicator/measured", &[]);
}

/// Checks compare whole messages with timeouts, and the target counts the messages that a task processes at the
/// same time.
#[test]
fn a_task_works_on_200_messages_at_once() {
    let short = "services.worker.scaling.backlog_per_task.acceptable_latency: the latency objective is shorter than the scaling delay";
    check("concurrency-200/conc", &[&format!("warning 13:46 {short}")]);
    check("concurrency-200/five", &[&format!("warning 13:46 {short}")]);
    check("concurrency-200/demand", &[]);
    check(
        "concurrency-200/lax-whole",
        &[
            "error 4:34 queues.requests.visibility_timeout: the visibility timeout is shorter than the processing time of one message",
            &format!("warning 14:46 {short}"),
        ],
    );
}

/// No whole number is both over 0 and under 1.
#[test]
fn whole_numbers_leave_no_room_for_both_alarms() {
    for case in ["a-avg", "a-max", "a-sum", "b-above9", "d-eq"] {
        let found = found(&format!("integer-thresholds/{case}"));
        assert!(
            !found.iter().any(|line| line.contains("ring")),
            "{case}: {found:?}"
        );
    }
    let here = "services.w.scaling.steps.scale_in.below";
    let room = "there is no gap between the two thresholds";
    let in_flight =
        "warning 11:17 services.w.scaling.steps.metric: the scale-in ignores messages in flight";
    for case in ["c-ok", "f-frac"] {
        check(
            &format!("integer-thresholds/{case}"),
            &[in_flight, &format!("warning 13:27 {here}: {room}")],
        );
    }
    check(
        "integer-thresholds/e-never",
        &[
            &format!("error 13:27 {here}: this alarm never goes into ALARM"),
            in_flight,
        ],
    );
}

/// Filters that SNS would refuse are refused before a deploy.
#[test]
fn filters_are_those_that_sns_takes() {
    let topic = "queues.events.subscribe[0].filter";
    for (case, message) in [
        ("bad", ".price: `numeric` needs a comparison of numbers"),
        ("bad2", ".price: SNS has no operator `prefixx`"),
        ("combos", ": the filter has 192 combinations of values"),
        ("empty", ".price: a filter accepts a list of values"),
        ("scalar", ".price: a filter accepts a list of values"),
        (
            "six",
            ": `queues.events.subscribe[0].filter` has 6 attributes",
        ),
        (
            "nested",
            ".detail: a filter on attributes has no nested keys",
        ),
    ] {
        let found = found(&format!("existing-topics/filter-{case}"));
        assert_eq!(found.len(), 1, "{case}: {found:?}");
        assert!(
            found[0].ends_with(&format!("{topic}{message}")),
            "{case}: {found:?}"
        );
    }
    for case in ["exists", "numeric-range", "null", "or", "scope", "suffix"] {
        check(&format!("existing-topics/filter-{case}"), &[]);
    }
    assert!(
        !found("existing-topics/kms")
            .iter()
            .any(|line| line.starts_with("error"))
    );
}

/// A FIFO queue can't receive from a standard topic, but a standard queue can receive from a FIFO topic. Any queue
/// can receive from a topic in another region. Source: Amazon SNS Developer Guide, "Amazon SNS FIFO topics" and
/// "Cross-region delivery".
#[test]
fn queues_receive_from_topics_as_sns_delivers() {
    let found_errors = |case: &str| {
        let found = found(&format!("existing-topics/{case}")).into_iter();
        let errors: Vec<String> = found.filter(|line| line.starts_with("error")).collect();
        errors
    };
    check("existing-topics/fifo-topic-to-std", &[]);
    assert_eq!(
        found_errors("std-topic-to-fifo"),
        [
            "error 9:25 queues.events.subscribe[0].topic: a FIFO queue can't receive from a standard topic"
        ]
    );
    check("existing-topics/otherregion", &[]);
}

/// ECS places only as many tasks as fit onto the instances.
#[test]
fn tasks_fit_onto_instances() {
    let promise = "services.w.scaling.backlog_per_task.acceptable_latency: the latency objective is shorter than the scaling delay";
    let room = "tasks fit onto the instances";
    let silent = "warning 1:1 notify: the alarms notify no one";
    check(
        "ec2/one",
        &[
            &format!("error 11:18 services.w.tasks.min: 1 of 20 {room}"),
            silent,
            &format!("warning 12:54 {promise}"),
        ],
    );
    check(
        "ec2/ec2",
        &[
            silent,
            &format!("warning 11:26 services.w.tasks.max: 12 of 20 {room}"),
            &format!("warning 12:54 {promise}"),
        ],
    );
}

/// A scale-in that doesn't count messages in flight stops the tasks that process the last ones.
#[test]
fn a_scale_in_counts_messages_in_flight_too() {
    let here = |way: &str| {
        format!(
            "warning 12:17 services.w.scaling.{way}.metric: the scale-in ignores messages in flight"
        )
    };
    check("outstanding-sum/visible", &[&here("steps")]);
    check("outstanding-sum/alarm", &[&here("alarm_steps")]);
    check("outstanding-sum/sum", &[]);
    check("outstanding-sum/both", &[]);
}
