//! Message groups of FIFO queues. Policies ignore them: only one task at a time works on a group.

use super::consumed::name_path;
use super::steps::metric_path;
use crate::findings::{Finding, Findings};
use crate::model::{AlarmMetric, Scaling, Service, Stack};

/// The metric that counts groups instead of messages.
const GROUPS: &str = "ApproximateNumberOfGroupsWithInflightMessages";

/// Warns about every policy of the service at a path that adds tasks because of messages in a FIFO queue.
pub(super) fn check(
    stack: &Stack,
    service: &Service,
    scaling: &Scaling,
    path: &str,
    findings: &mut Findings,
) {
    for (way, given, message) in [
        (
            "backlog_per_task",
            scaling.backlog_per_task.is_some(),
            "scaling by backlog ignores the message groups of a FIFO queue",
        ),
        (
            "demand",
            scaling.demand.is_some(),
            "the demand of a FIFO queue is estimated too high",
        ),
    ] {
        let queues = service.consumes.iter().enumerate();
        for (index, _) in queues.filter(|(_, name)| given && stack.is_fifo(name)) {
            let at = name_path(findings, path, index);
            warn_about(message, at, format!("{path}.scaling.{way}"), findings);
        }
    }
    for (way, steps) in [
        ("steps", &scaling.steps),
        ("alarm_steps", &scaling.alarm_steps),
    ] {
        let Some(side) = steps.as_ref().and_then(|steps| steps.scale_out.as_ref()) else {
            continue;
        };
        let metric = steps.as_ref().map(|steps| steps.metric_of(side));
        let by_groups = matches!(metric, Some(AlarmMetric::Queue { name, .. }) if name == GROUPS);
        let queue = metric.and_then(AlarmMetric::queue);
        if !by_groups && queue.is_some_and(|queue| stack.is_fifo(queue)) {
            let here = format!("{path}.scaling.{way}");
            let at = metric_path(&here, "scale_out", side);
            let message = "the messages of a FIFO queue add too many tasks";
            warn_about(message, format!("{at}.queue"), here, findings);
        }
    }
}

fn warn_about(message: &str, queue: String, policy: String, findings: &mut Findings) {
    let finding = Finding::warning(message)
        .at(queue, "a FIFO queue")
        .at_key(policy, "ignores message groups")
        .help("one task at a time works on a message group, so more tasks than groups stay idle: set `tasks.max` to at most the number of groups");
    findings.report(finding);
}
