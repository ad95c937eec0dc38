//! Definitions after public reports, each with its right answer. The inputs are in `cases/`.

use std::path::Path;

use super::{line, problems};

/// The problems of a case, a line each.
fn found(case: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/cases");
    let text = std::fs::read_to_string(folder.join(format!("{case}.yaml"))).unwrap();
    problems(&text).iter().map(line).collect()
}

#[track_caller]
fn check(case: &str, expected: &[&str]) {
    assert_eq!(found(case), expected, "{case}");
}

/// Work of three hours is valid with protection, with a heartbeat, and where a task can take that long to
/// stop; otherwise a warning says what becomes of it.
#[test]
fn messages_of_hours_can_be_deployed() {
    let drops = "warning 9:19 services.replicator.stop_timeout: a task that is stopped drops the message that it works on";
    let twice = "warning 4:30 queues.bags.visibility_timeout: the visibility timeout is under twice the processing of one message";
    check("five-hour-replicator/stack", &[twice, drops]);
    let theirs = "warning 7:15 services.replicator.existing: a task that is stopped drops the message that it works on";
    check("five-hour-replicator/existing", &[twice, theirs]);
    check("five-hour-replicator/protect", &[twice]);
    check("five-hour-replicator/heartbeat", &[]);
    check(
        "five-hour-replicator/instances",
        &[twice.replace("4:30", "5:30").as_str()],
    );
    check("five-hour-replicator/measured", &[]);
}

/// Checks compare whole messages with timeouts, and the target counts those that a task works on at once.
#[test]
fn a_task_works_on_200_messages_at_once() {
    let short = "services.worker.scaling.backlog_per_task.acceptable_latency: the promise is shorter than scaling takes";
    check("concurrency-200/conc", &[&format!("warning 13:46 {short}")]);
    check("concurrency-200/five", &[&format!("warning 13:46 {short}")]);
    check("concurrency-200/demand", &[]);
    check(
        "concurrency-200/lax-whole",
        &[
            "error 4:34 queues.requests.visibility_timeout: the visibility timeout is shorter than the processing of one message",
            &format!("warning 14:46 {short}"),
        ],
    );
}
