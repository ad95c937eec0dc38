//! The comparison, formatted for people.

use indicatif::HumanCount;
use simulator::{format_dollars, format_duration, format_share};

use super::{Document, KNOWN, Simulated};
use crate::table::Table;
use crate::words::number;

/// An unknown value.
const UNKNOWN: &str = "unknown";

pub(super) fn format_comparison(document: &Document) -> String {
    let slo = format_duration(document.slo);
    let begin = std::time::UNIX_EPOCH + std::time::Duration::from_secs(document.begin);
    let mut text = format!(
        "{}: {} messages in {}, since {}\n\n",
        document.scenario,
        HumanCount(document.sent),
        format_duration(document.seconds),
        humantime::format_rfc3339_seconds(begin),
    );
    text.push_str(&table(document, &slo));
    text.push('\n');
    if let Some(verdict) = describe_verdict(document, &slo) {
        text.push_str(&format!("{verdict}\n"));
    }
    if let Some((mean, most)) = document.actual.recommended {
        text.push_str(&format!(
            "observed      for the actual queues, the function would have set {} tasks on average and at most {}\n",
            number(one_decimal(mean)),
            number(most),
        ));
    }
    for line in describe_gaps(document) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str("\nassumed:\n");
    for note in &document.notes {
        text.push_str(&format!("- {note}\n"));
    }
    text
}

fn table(document: &Document, slo: &str) -> String {
    let (actual, simulated) = (&document.actual, &document.simulated);
    let unknown = || UNKNOWN.to_owned();
    let changes = |(up, down): (u64, u64)| format!("{up} up, {down} down");
    let policy = format!("{} (simulated)", document.policy);
    let mut table = Table::new(["", "actual", &policy]);
    let share = |share: Option<f64>| share.map_or_else(unknown, format_share);
    if document.has_one_objective() {
        let whose = match document.queues.is_empty() {
            true => "",
            false => "worst queue: ",
        };
        table.row([
            format!("{whose}started within {slo}"),
            share(actual.within_objective),
            simulated.within_objective.format(format_share),
        ]);
    }
    if document.queues.is_empty() {
        table.row([
            format!("oldest message over {slo}"),
            format_duration(actual.over_slo),
            format_duration(simulated.over_slo),
        ]);
    }
    for queue in &document.queues {
        let (actual, simulated) = (&queue.actual, &queue.simulated);
        let (name, slo) = (&queue.queue, format_duration(queue.slo));
        table.row([
            format!("{name}: started within {slo}"),
            share(actual.within_objective),
            share(simulated.within_objective),
        ]);
        table.row([
            format!("{name}: oldest over {slo}"),
            format_duration(actual.over_slo),
            format_duration(simulated.over_slo),
        ]);
    }
    let hours = |hours: f64| number(one_decimal(hours));
    let known = actual.task_hours.map_or_else(unknown, hours);
    table.row(["task hours".to_owned(), known, hours(simulated.task_hours)]);
    let most = actual
        .most
        .map_or_else(unknown, |most| number(one_decimal(most)));
    table.row(["peak tasks".to_owned(), most, simulated.most.to_string()]);
    let changed = match actual.known >= KNOWN {
        true => changes(actual.changes),
        false => unknown(),
    };
    table.row([
        "changes of the count".to_owned(),
        changed,
        changes(simulated.changes),
    ]);
    if let Some(cost) = simulated.cost {
        let known = actual.cost.map_or_else(unknown, format_dollars);
        table.row(["cost of the tasks".to_owned(), known, format_dollars(cost)]);
    }
    table.format()
}

/// Whether the simulated policy meets the objective, and the difference in cost.
fn describe_verdict(document: &Document, slo: &str) -> Option<String> {
    let Simulated {
        within_objective,
        task_hours,
        phases,
        missed,
        ..
    } = &document.simulated;
    let meets = document.required.map(|required| {
        let share = format_share(required);
        match (document.has_one_objective(), missed) {
            (false, 0) => "would meet the objective of each queue".to_owned(),
            (false, _) => {
                format!("would miss the objective of a queue in {missed} of {phases} runs")
            }
            (true, _) if within_objective.lowest >= required => {
                format!("would meet {share} within {slo}")
            }
            (true, _) => format!("would not meet {share} within {slo}"),
        }
    });
    // A gap in the tasks' datapoints makes a difference in cost meaningless.
    let known = document
        .actual
        .task_hours
        .filter(|_| document.actual.known >= KNOWN);
    let saved = known.filter(|hours| *hours > 0.0).map(|hours| {
        let share = (task_hours - hours) / hours;
        let side = if share > 0.0 { "more" } else { "less" };
        format!("{:.0}% {side} task time than it used", share.abs() * 100.0)
    });
    let parts: Vec<String> = meets.into_iter().chain(saved).collect();
    (!parts.is_empty()).then(|| format!("{}        {}", document.policy, parts.join(", with ")))
}

/// Describes the data that is missing in CloudWatch.
fn describe_gaps(document: &Document) -> Vec<String> {
    let actual = &document.actual;
    let mut lines = Vec::new();
    if !document.queues.is_empty() {
        lines.push(
            "each queue's actual share is measured by minutes: in a minute whose oldest message was too old, and in the next, all count as late"
                .to_owned(),
        );
    }
    if document.has_one_objective() && actual.within_objective.is_none() {
        lines.push(
            "the share of messages that started in time is unknown: only the function of `demand` measures it, also with \
             `actuator: none`"
                .to_owned(),
        );
    }
    if actual.known < KNOWN {
        lines.push(format!(
            "the number of running tasks is known for {:.0}% of the time: it is counted from CPUUtilization, which each task \
             publishes every minute",
            actual.known * 100.0
        ));
    }
    lines.push(
        "SQS's age of the oldest message includes the work on it, and the simulated one does not"
            .to_owned(),
    );
    lines
}

fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
