//! The metric, its alarms, and the recipients of the alarms.

use std::time::Duration;

use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::Stack;
use crate::path;

/// CloudWatch allows five actions per alarm and state. Source: CloudWatch quotas.
const MOST_TOPICS: usize = 4;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let (every, silent) = (stack.metric.every, stack.alarms.metric_silent);
    if silent < every.saturating_mul(2) {
        let finding = Finding::error(
            "`alarms.metric_silent` is too short: one late datapoint would trigger the alarm",
        )
        .at(
            "alarms.metric_silent",
            format!("no datapoint for {}", written(silent)),
        )
        .at(
            "metric.every",
            format!("published every {}", written(every)),
        )
        .help(format!(
            "set at least two periods: {}",
            written(every.saturating_mul(2))
        ));
        findings.report(finding);
    }
    if every > Duration::from_secs(60) {
        let finding = Finding::warning("the metric is published less often than target tracking checks it")
            .at("metric.every", format!("every {}", written(every)))
            .help("its alarms evaluate 3 minutes for a scale-out and 15 for a scale-in, and minutes without a datapoint delay them; the default is `1m`");
        findings.report(finding);
    }
    let (old, new) = ("metric.log_retention", "logs.retention");
    if findings.is_given(old) && findings.is_given(new) {
        let finding = Finding::error("the logs' retention is set twice")
            .at(old, "by its older name")
            .at(new, "and here")
            .help(format!("remove `{old}`: it means the same"));
        findings.report(finding);
    }
    if stack.alarm_topics().count() > MOST_TOPICS {
        let finding = Finding::error(format!("more than {MOST_TOPICS} topics receive the alarms"))
            .at("notify", "too many")
            .help("an alarm has five actions, one of which is the stack's own topic: subscribe the others to one of these");
        findings.report(finding);
    }
    check_channels(stack, findings);
    if stack.notify.is_empty() {
        let finding = Finding::warning("the alarms notify no one")
            .at("notify", "empty")
            .help("add `notify: [name@example.com]`, an SNS topic, or a Slack channel: they receive the alarms for a missed objective, dead-letter queues, and missing data");
        findings.report(finding);
    }
}

fn check_channels(stack: &Stack, findings: &mut Findings) {
    for (index, recipient) in stack.notify.iter().enumerate() {
        let first = stack.notify.iter().position(|other| other == recipient);
        let Some(first) = first.filter(|first| *first < index) else {
            continue;
        };
        let finding = Finding::error("the channel is listed twice")
            .at(path::item("notify", index), "again here")
            .at(path::item("notify", first), "first here")
            .help("keep one of the two");
        findings.report(finding);
    }
}
