//! Schedules of `tasks`.

use super::{TASKS, check, fine};

fn scheduled(periods: &str) -> String {
    format!("{{min: 1, max: 10, schedule: [{periods}]}}")
}

#[track_caller]
fn refused(periods: &str, expected: &str) {
    check(TASKS, &scheduled(periods), expected);
}

#[test]
fn schedules_that_hold() {
    for periods in [
        "{when: Mon-Fri 08:00-18:00, timezone: Europe/Berlin, min: 5}",
        "{when: '22:00-06:00', max: 2}",
        "{when: 'Sat,Sun', min: 0, max: 0}",
        "{when: Mon 08:00-12:00, min: 2}, {when: Mon 12:00-08:00, min: 3, max: 3}",
    ] {
        fine(TASKS, &scheduled(periods));
    }
}

#[test]
fn what_is_no_period() {
    refused(
        "{when: Monday 08:00-18:00, min: 5}",
        "error 12:48 services.worker.tasks.schedule[0].when: `Monday 08:00-18:00` isn't hours of the week",
    );
    refused(
        "{when: Mon 08:00-08:00, min: 5}",
        "error 12:48 services.worker.tasks.schedule[0].when: `Mon 08:00-08:00` can't be read: it ends when it starts: write `00:00-24:00` for whole days",
    );
    refused(
        "{when: Mon}",
        "error 12:41 services.worker.tasks.schedule[0]: `services.worker.tasks.schedule[0]` has none of `min`, `max`",
    );
    refused(
        "",
        "error 12:40 services.worker.tasks.schedule: `services.worker.tasks.schedule` is empty",
    );
}

#[test]
fn time_zones_have_names() {
    let zone = |name: &str| format!("{{when: Mon, timezone: {name}, min: 5}}");
    refused(
        &zone("Europe/Berlim"),
        "error 12:63 services.worker.tasks.schedule[0].timezone: `Europe/Berlim` isn't a time zone of the IANA database that is named after a place",
    );
    refused(
        &zone("europe/berlin"),
        "error 12:63 services.worker.tasks.schedule[0].timezone: time zone `europe/berlin` is written `Europe/Berlin`",
    );
    refused(
        &zone("Asia/Gaza"),
        "error 12:63 services.worker.tasks.schedule[0].timezone: the clocks of Asia/Gaza don't change by the same rule every year",
    );
    refused(
        "{when: Mon, timezone: Europe/Berlin, min: 5}, {when: Tue, min: 5}",
        "error 12:87 services.worker.tasks.schedule[1]: the periods are in two time zones, `Europe/Berlin` and `UTC`",
    );
}

#[test]
fn periods_fit_together_and_with_the_bounds() {
    refused(
        "{when: Mon-Fri 08:00-18:00, min: 5}, {when: Fri 17:00-20:00, min: 3}",
        "error 12:85 services.worker.tasks.schedule[1].when: two periods overlap on Fri 17:00",
    );
    refused(
        "{when: Mon, min: 11}",
        "error 12:58 services.worker.tasks.schedule[0].min: `min` is greater than `max` in a period",
    );
    refused(
        "{when: Mon, max: 0}",
        "error 12:58 services.worker.tasks.schedule[0].max: `min` is greater than `max` in a period",
    );
    refused(
        "{when: Mon-Sun, min: 2}",
        "error 12:30 services.worker.tasks.schedule: the same bounds apply all week, so the schedule changes nothing",
    );
}

/// Metric math has no datapoints without a task. A period that is off until its end needs nothing that scales the
/// service from zero.
#[test]
fn a_period_without_a_task_needs_to_be_woken() {
    let by_math = |periods: &str| {
        let text = super::changed(TASKS, &scheduled(periods));
        let (time, math) = ("processing_time: 1s\n", "        source: metric_math\n");
        text.replace(time, &format!("{time}{math}"))
    };
    let billed = "warning 17:17 services.worker.scaling.backlog_per_task.source: metric math turns Container Insights on, which is billed per metric";
    let found = |periods: &str| -> Vec<String> {
        let problems = super::problems(&by_math(periods));
        problems.iter().map(super::line).collect()
    };
    let asleep = "error 12:58 services.worker.tasks.schedule[0].min: `min` is 0, but nothing can scale the service from zero";
    assert_eq!(found("{when: Sun, min: 0}"), [asleep, billed]);
    assert_eq!(found("{when: Sun, min: 0, max: 0}"), [billed]);
}

#[test]
fn a_schedule_needs_scaling() {
    super::check_text(
        "name: a\nnotify: [ops@example.com]\nservices: {w: {image: 'w:1', tasks: {min: 1, schedule: [{when: Mon, min: 2}]}}}\n",
        "error 3:46 services.w.tasks.schedule: `schedule` requires `scaling`",
    );
}
