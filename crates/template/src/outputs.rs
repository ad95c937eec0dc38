//! The outputs with which people and scripts find the stack's resources.
//!
//! A queue has at most two outputs, a service has one, and its load balancer and its alarm steps have three more,
//! so a stack reaches CloudFormation's limit of 500 resources before the limit of 200 outputs. Everything else can
//! be found by logical ID ([`names`]).

use stack::{LoadBalancer, Queue, ServiceSource};

use crate::builder::Builder;
use crate::contract::url_output;
use crate::metric_function::measured::Measured;
use crate::names;
use crate::resolved::Resolved;
use crate::scaling_function::Fleet;
use crate::text::{Text, text};

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    measured: &[Measured<'_, '_>],
    fleet: &Fleet<'_, '_>,
) {
    for queue in &resolved.queues {
        if let Queue::Create(spec) = queue.queue {
            let (short, id) = (queue.short, names::queue(queue.short));
            builder.output(
                url_output(&id),
                &format!("URL of queue {short}"),
                &queue.url,
            );
            if spec.dead_letter.is_some() {
                let id = names::dead_letter_queue(short);
                let description = format!("URL of the dead-letter queue of queue {short}");
                builder.output(url_output(&id), &description, &reference(&id));
            }
        }
    }
    for service in &resolved.services {
        if let ServiceSource::Create(_) = service.service.source {
            let id = names::service(service.short);
            let description = format!("Name of service {}", service.short);
            builder.output(format!("{id}Name"), &description, &service.name);
        }
        if let Some((balancer, _)) = service.load_balancer() {
            let id = names::load_balancer(service.short);
            let description = format!("URL of service {}", service.short);
            builder.output(url_output(&id), &description, &listener_url(&id, balancer));
        }
    }
    let created = resolved
        .services
        .iter()
        .find(|service| matches!(service.service.source, ServiceSource::Create(_)));
    if let Some(service) = created {
        builder.output("ClusterName", "Cluster of the services", &service.cluster);
    }
    add_metric(builder, resolved, measured);
    add_scaling(builder, resolved, fleet);
    if resolved.stack.has_subscribers() || !resolved.stepped().is_empty() {
        let topic = reference(names::ALARM_TOPIC);
        builder.output("AlarmTopicArn", "Topic that receives the alarms", &topic);
    }
    builder.output(
        "DashboardName",
        "CloudWatch dashboard of the stack",
        &reference(names::DASHBOARD),
    );
}

fn add_metric(builder: &mut Builder, resolved: &Resolved<'_>, measured: &[Measured<'_, '_>]) {
    if measured.is_empty() && resolved.checked_by_function().is_empty() {
        return;
    }
    let namespace = Text::from(resolved.stack.metric.namespace.as_str());
    builder.output(
        "MetricNamespace",
        "Namespace of the published metric",
        &namespace,
    );
    if measured.is_empty() {
        return;
    }
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

/// The address of a load balancer. With a certificate, its own name is rarely the certificate's name; it is the
/// target of the user's DNS record.
fn listener_url(id: &str, balancer: &LoadBalancer) -> Text {
    let (scheme, usual) = match balancer.certificate {
        Some(_) => ("https://", 443),
        None => ("http://", 80),
    };
    let port = match balancer.listener {
        port if port == usual => String::new(),
        port => format!(":{port}"),
    };
    text![scheme, Text::attribute(id, "DNSName", 0), port]
}

fn add_scaling(builder: &mut Builder, resolved: &Resolved<'_>, fleet: &Fleet<'_, '_>) {
    for (number, _) in fleet.functions() {
        let id = names::demand_function(number);
        let description = "Name of the function that scales by demand";
        builder.output(format!("{id}Name"), description, &reference(&id));
    }
    for (service, _) in resolved.stepped() {
        let id = names::scaling_function(service.short);
        let description = format!("Name of the scaling function of service {}", service.short);
        builder.output(format!("{id}Name"), &description, &reference(&id));
    }
    for (service, _) in resolved.stepped() {
        let short = service.short;
        let id = names::scaling_dead_letter_queue(short);
        let description =
            format!("URL of the dead-letter queue of service {short}'s scaling function");
        builder.output(url_output(&id), &description, &reference(&id));
    }
}

/// The value of `Ref`; outputs have no limit for which its length matters.
fn reference(id: &str) -> Text {
    Text::reference(id, 0)
}
