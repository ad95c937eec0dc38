//! What people and scripts need to find the stack's resources again.
//!
//! At most two outputs a queue and one a service, so that a stack of queues with a promise runs out of
//! CloudFormation's 500 resources before its 200 outputs. All else is found by logical id ([`names`]).

use stack::{Queue, ServiceSource};

use crate::builder::Builder;
use crate::names;
use crate::resolved::{Resolved, Scaled};
use crate::text::Text;

pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>, scaled: &[Scaled<'_, '_>]) {
    for queue in &resolved.queues {
        if let Queue::Create(spec) = queue.queue {
            let (short, id) = (queue.short, names::queue(queue.short));
            builder.output(
                format!("{id}Url"),
                &format!("URL of queue {short}"),
                &queue.url,
            );
            if spec.dead_letter.is_some() {
                let id = names::dead_letter_queue(short);
                let description = format!("URL of the dead-letter queue of queue {short}");
                builder.output(format!("{id}Url"), &description, &reference(&id));
            }
        }
    }
    for service in &resolved.services {
        if let ServiceSource::Create(_) = service.service.source {
            let id = names::service(service.short);
            let description = format!("Name of service {}", service.short);
            builder.output(format!("{id}Name"), &description, &service.name);
        }
    }
    let created = resolved
        .services
        .iter()
        .find(|service| matches!(service.service.source, ServiceSource::Create(_)));
    if let Some(service) = created {
        builder.output("ClusterName", "Cluster of the services", &service.cluster);
    }
    add_metric(builder, resolved, scaled);
    if !resolved.stack.notify.is_empty() {
        let topic = reference(names::ALARM_TOPIC);
        builder.output("AlarmTopicArn", "Topic that receives the alarms", &topic);
    }
    builder.output(
        "DashboardName",
        "CloudWatch dashboard of the stack",
        &reference(names::DASHBOARD),
    );
}

fn add_metric(builder: &mut Builder, resolved: &Resolved<'_>, scaled: &[Scaled<'_, '_>]) {
    if scaled.is_empty() {
        return;
    }
    let namespace = Text::from(resolved.stack.metric.namespace.as_str());
    builder.output(
        "MetricNamespace",
        "Namespace of the published metric",
        &namespace,
    );
    let function = reference(names::METRIC_FUNCTION);
    builder.output(
        "MetricFunctionName",
        "Name of the metric function",
        &function,
    );
    let logs = reference(names::METRIC_FUNCTION_LOGS);
    builder.output(
        "MetricFunctionLogGroupName",
        "Log group of the metric function",
        &logs,
    );
}

/// What `Ref` gives; an output has no limit that its length would matter to.
fn reference(id: &str) -> Text {
    Text::reference(id, 0)
}
