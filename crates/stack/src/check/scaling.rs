//! The scaling policies of a service together: which ones conflict, and what each of them needs.

use super::{demand, groups, sleep, steps};
use crate::findings::{Finding, Findings, Merged};
use crate::model::{
    BacklogPerTask, BacklogSource, Cluster, Demand, Insights, Scaling, Service, ServiceSource,
    Stack,
};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let Some(scaling) = &service.scaling else {
            continue;
        };
        let path = format!("services.{key}");
        check_conflicts(scaling, &path, findings);
        check_resolution(service, scaling, &path, findings);
        if let Some(backlog) = &scaling.backlog_per_task {
            too_many(service, backlog, &path, findings);
            if backlog.source == BacklogSource::MetricMath {
                container_insights(stack, service, &path, findings);
            }
        }
        if let Some(found) = &scaling.demand {
            demand::check(stack, service, &path, found, findings);
        }
        for (name, found) in [
            ("steps", &scaling.steps),
            ("alarm_steps", &scaling.alarm_steps),
        ] {
            if let Some(found) = found {
                steps::check(stack, service, &path, name, found, findings);
            }
        }
        groups::check(stack, service, scaling, &path, findings);
        sleep::check(service, scaling, &path, findings);
    }
    demand::check_shared_queues(stack, findings);
    unused_function(stack, findings);
}

/// The scaling policies that are set, by their keys.
fn list_policies(scaling: &Scaling) -> Vec<&'static str> {
    let ways = [
        ("backlog_per_task", scaling.backlog_per_task.is_some()),
        ("demand", scaling.demand.as_ref().is_some_and(Demand::acts)),
        ("cpu", scaling.cpu.is_some()),
        ("memory", scaling.memory.is_some()),
        ("steps", scaling.steps.is_some()),
        ("alarm_steps", scaling.alarm_steps.is_some()),
    ];
    let given = ways.into_iter().filter(|(_, given)| *given);
    given.map(|(name, _)| name).collect()
}

/// What to do about two policies at these paths. If an environment or argument adds one, the other is still there.
pub(super) fn keep_one(
    findings: &Findings,
    at: impl Fn(&str) -> String,
    one: &str,
    other: &str,
) -> String {
    let is_added = |name: &str| matches!(findings.merged(&at(name)), Some(Merged::Added(_)));
    match (is_added(one), is_added(other)) {
        (true, false) => format!("remove the other with `{other}: null`"),
        (false, true) => format!("remove the other with `{one}: null`"),
        _ => "keep one of them".to_owned(),
    }
}

/// Scaling policies that undo each other's changes. Source: Application Auto Scaling User Guide, "Multiple scaling
/// policies".
fn check_conflicts(scaling: &Scaling, path: &str, findings: &mut Findings) {
    let given = list_policies(scaling);
    let at = |name: &str| format!("{path}.scaling.{name}");
    if let Some(demand) = scaling.demand.as_ref().filter(|demand| demand.acts()) {
        let other = given.iter().find(|name| **name != "demand");
        return demand::check_is_only_policy(demand, path, other.copied(), findings);
    }
    if scaling.alarm_steps.is_some() {
        let Some(other) = given.iter().find(|name| **name != "alarm_steps") else {
            return;
        };
        let finding = Finding::error(format!("`alarm_steps` can't be combined with `{other}`"))
            .at_key(at("alarm_steps"), "sets the desired count")
            .at_key(at(other), "also sets it")
            .help(format!(
                "the scaling function and Application Auto Scaling don't know about each other, so each would undo the other's changes: {}; `steps` has the same keys as `alarm_steps` and can be combined with the others",
                keep_one(findings, at, "alarm_steps", other)
            ));
        findings.report(finding);
        return;
    }
    let (Some(steps), Some(other)) = (&scaling.steps, given.iter().find(|name| **name != "steps"))
    else {
        return;
    };
    let help = match steps.scale_in {
        Some(_) => {
            "target tracking removes tasks only if all its policies agree, but a step's scale-in doesn't wait for them, so target tracking might add the removed tasks again; without `scale_in`, target tracking removes the tasks that the steps added"
        }
        None => {
            "if several policies scale out, the largest count applies, and target tracking might remove the tasks that the steps added; choose a threshold that is reached only if its own target is also exceeded"
        }
    };
    let finding = Finding::warning("step scaling and target tracking can work against each other")
        .at_key(at("steps"), "steps")
        .at_key(at(other), "target tracking")
        .help(help);
    findings.report(finding);
}

/// A target tracking policy adds up the backlogs of the queues in the metric math of its alarms.
fn too_many(service: &Service, backlog: &BacklogPerTask, path: &str, findings: &mut Findings) {
    /// Source: Amazon CloudWatch API, `PutMetricAlarm`, `Metrics`.
    const MOST: usize = 10;
    let queues = service.consumes.len();
    let list = format!("{path}.consumes");
    let finding = match backlog.source {
        BacklogSource::Lambda if queues > MOST => {
            let message = format!("a service scaled by backlog can consume at most {MOST} queues");
            Finding::error(message)
                .at(list, format!("{queues} queues"))
                .help("an alarm in CloudWatch can't add up more metrics: divide the queues among several services")
        }
        // Each count of each queue is a metric, and the number of tasks is another.
        BacklogSource::MetricMath if queues * backlog.count.len() + 1 > MOST => {
            let metrics = queues * backlog.count.len() + 1;
            Finding::error(format!("metric math supports at most {MOST} metrics"))
                .at(list, format!("{metrics} with the number of tasks"))
                .at_key(format!("{path}.scaling.backlog_per_task.source"), "metric math")
                .help("each count of each queue is a metric: remove `source`, so that the metric function adds up the counts, or divide the queues among several services")
        }
        _ => return,
    };
    findings.report(finding);
}

/// ECS publishes a metric every 20 s only for a service that requests it. Source: Amazon ECS Developer Guide,
/// "Faster auto scaling with high-resolution metrics".
fn check_resolution(service: &Service, scaling: &Scaling, path: &str, findings: &mut Findings) {
    let ServiceSource::Existing { cluster, service } = &service.source else {
        return;
    };
    let policies = [
        ("cpu", "CPUUtilization", &scaling.cpu),
        ("memory", "MemoryUtilization", &scaling.memory),
    ];
    for (key, metric, policy) in policies {
        if !policy.is_some_and(|policy| policy.high_resolution) {
            continue;
        }
        let finding = Finding::warning(format!(
            "the policy has no metric unless `{cluster}/{service}` publishes `{metric}` every 20 s"
        ))
        .at(format!("{path}.scaling.{key}.high_resolution"), "needs datapoints every 20 s")
        .help(format!("ask its owner to turn that on (`monitoring` of the service, with a resolution of 20 s for `{metric}`), or remove `high_resolution`"));
        findings.report(finding);
    }
}

/// Metric math divides by `RunningTaskCount`, which Container Insights publishes and bills.
fn container_insights(stack: &Stack, service: &Service, path: &str, findings: &mut Findings) {
    let source = format!("{path}.scaling.backlog_per_task.source");
    let theirs = match (&service.source, &stack.cluster) {
        (ServiceSource::Existing { cluster, .. }, _) => Some(cluster),
        (ServiceSource::Create(_), Cluster::Existing { name }) => Some(name),
        (ServiceSource::Create(_), Cluster::Create { insights, .. }) => match insights {
            None => None,
            Some(Insights::Off) => {
                let finding = Finding::error("metric math needs Container Insights")
                    .at(source, "divides by its `RunningTaskCount`")
                    .at("cluster.container_insights", "off")
                    .help("remove `source`, so that the metric function counts, or turn on Container Insights");
                return findings.report(finding);
            }
            Some(_) => return,
        },
    };
    let finding = match theirs {
        Some(cluster) => Finding::warning(format!("metric math needs Container Insights on in `{cluster}`"))
            .at(source, "divides by its `RunningTaskCount`")
            .help("without it, the policy has no metric and never scales: ask the cluster's owner to turn it on (billed per metric), or remove `source`; SQS's own metrics can also be 15 minutes late after six idle hours"),
        None => Finding::warning("metric math turns Container Insights on, which is billed per metric")
            .at(source, "divides by its `RunningTaskCount`")
            .help("it publishes dozens of custom metrics for each cluster and service, but the metric function publishes one for each queue: remove `source` unless Container Insights is on anyway; SQS's own metrics can also be 15 minutes late after six idle hours"),
    };
    findings.report(finding);
}

/// The metric function is created for services whose backlog it measures.
fn unused_function(stack: &Stack, findings: &mut Findings) {
    let any = |uses: fn(&Service) -> bool| {
        let mut services = stack.services.iter();
        let unknown = |key: &str| findings.is_refused(&format!("services.{key}.scaling"));
        services.any(|(key, service)| uses(service) || unknown(key))
    };
    // The other keys of `metric` also apply to scaling functions, and to the logs of the tasks.
    let keys = [
        (
            "namespace",
            any(|service| service.is_measured() || service.demand().is_some()),
            "nothing is published",
            "no service scales by `backlog_per_task` with the metric function, or by `demand`",
        ),
        (
            "every",
            any(Service::is_measured),
            "there is no metric function",
            "no service scales by a metric of the metric function; the other functions have their own intervals",
        ),
    ];
    for (key, used, label, help) in keys {
        let path = format!("metric.{key}");
        if !used && findings.is_given(&path) {
            let finding = Finding::warning(format!("`{key}` isn't used"))
                .at_key(path, label)
                .help(format!("{help}: remove it"));
            findings.report(finding);
        }
    }
}
