//! How ECS replaces a service's tasks, and what rolls it back.

use serde_json::{Value, json};
use stack::{DeploymentAlarm, ServiceSpec, Stack};

use crate::names;
use crate::resolved::ResolvedService;
use crate::text::reference;

/// The property of a service.
pub(crate) const DEPLOYMENT: &str = "DeploymentConfiguration";
/// Its part with alarms.
pub(crate) const ALARMS: &str = "Alarms";

pub(super) fn render(stack: &Stack, service: &ResolvedService<'_>, spec: &ServiceSpec) -> Value {
    let tasks = service.service.envelope();
    let mut configuration = json!({
        "MinimumHealthyPercent": spec.min_healthy(tasks, &stack.cluster),
        "MaximumPercent": spec.deployment.max.unwrap_or(200),
        "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
    });
    let alarms = spec.deployment.alarms.iter();
    let alarms: Vec<Value> = alarms
        .flat_map(|alarm| list_alarms(stack, service, alarm))
        .collect();
    if let (Some(map), false) = (configuration.as_object_mut(), alarms.is_empty()) {
        map.insert(ALARMS.into(), render_alarms(&alarms, true));
    }
    configuration
}

/// Without any, and not enabled, they are off: whether ECS treats missing alarms as "unchanged" isn't documented.
pub(crate) fn render_alarms(names: &[Value], enabled: bool) -> Value {
    json!({ "AlarmNames": names, "Enable": enabled, "Rollback": enabled })
}

/// The names of the alarms: references to the stack's own, or names of others.
fn list_alarms(
    stack: &Stack,
    service: &ResolvedService<'_>,
    alarm: &DeploymentAlarm,
) -> Vec<Value> {
    let of_queues = |name: fn(&str) -> String, is_there: fn(&Stack, &str) -> bool| {
        let queues = service.queues.iter().map(|queue| queue.short);
        let watched = queues.filter(|queue| is_there(stack, queue));
        watched.map(|queue| reference(&name(queue))).collect()
    };
    match alarm {
        DeploymentAlarm::OldestMessage => of_queues(names::oldest_message_alarm, |stack, queue| {
            stack.oldest_message(queue).is_some()
        }),
        DeploymentAlarm::DeadLetters => {
            of_queues(names::dead_letters_alarm, Stack::has_dead_letters)
        }
        DeploymentAlarm::LoadBalancerErrors => {
            vec![reference(&names::load_balancer_errors_alarm(service.short))]
        }
        DeploymentAlarm::Existing(name) => vec![name.as_str().into()],
    }
}
