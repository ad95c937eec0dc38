//! What people have to hear of a load balancer: that users get nothing, or errors that no task wrote.

use scaling::{Comparison, MissingData};
use stack::Stack;

use crate::names;
use crate::resolved::ResolvedService;
use crate::resources::alarm::{Alarm, AlarmAction, Window};
use crate::resources::metric::{
    LOAD_BALANCING, MetricStatistic, balancer_dimensions, target_dimensions,
};

/// The operational alarms of a service's load balancer.
pub(crate) fn load_balancer_alarms<'a>(
    stack: &Stack,
    service: &ResolvedService<'_>,
) -> [Alarm<'a>; 2] {
    [
        no_healthy_target(stack, service),
        load_balancer_errors(stack, service),
    ]
}

/// Users get no answer: not one target is healthy. Not `UnHealthyHostCount`, which is above zero in every
/// deployment and whenever a single task is replaced. Nothing is reported while no target is registered
/// at all; then the load balancer answers 503, which [`load_balancer_errors`] counts.
fn no_healthy_target<'a>(stack: &Stack, service: &ResolvedService<'_>) -> Alarm<'a> {
    let window = Window::minutes(3, 3);
    let dimensions = target_dimensions(service);
    Alarm {
        id: names::no_healthy_target_alarm(service.short),
        description: format!(
            "Stack {}: the load balancer of service {} has had no healthy target for {} minutes.",
            stack.name, service.short, window.periods
        ),
        metric: MetricStatistic::new(LOAD_BALANCING, "HealthyHostCount", dimensions, "Maximum"),
        comparison: Comparison::Below,
        threshold: 1.0,
        window,
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: vec![names::service(service.short)],
    }
}

/// Users get errors that no task wrote: no target, no answer in time, or a connection that broke. What the
/// tasks themselves answer with 5xx is their own team's to weigh; the dashboard shows both. Three of five
/// minutes: one lost connection in a deployment wakes nobody.
fn load_balancer_errors<'a>(stack: &Stack, service: &ResolvedService<'_>) -> Alarm<'a> {
    let window = Window::minutes(3, 5);
    let (dimensions, metric) = (balancer_dimensions(service), "HTTPCode_ELB_5XX_Count");
    Alarm {
        id: names::load_balancer_errors_alarm(service.short),
        description: format!(
            "Stack {}: the load balancer of service {} answered errors (5xx) of its own in {} of the last {} minutes.",
            stack.name, service.short, window.datapoints, window.periods
        ),
        metric: MetricStatistic::new(LOAD_BALANCING, metric, dimensions, "Sum"),
        comparison: Comparison::AtOrAbove,
        threshold: 1.0,
        window,
        // It is reported only when there was one.
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: Vec::new(),
    }
}
