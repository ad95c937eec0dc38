//! Problems of a load balancer that people must know about: users get no answer, or errors that no task returned.

use scaling::{Comparison, MissingData};
use stack::Stack;

use crate::names;
use crate::resolved::ResolvedService;
use crate::resources::alarm::{Alarm, AlarmAction, Window};
use crate::resources::metric::{
    LOAD_BALANCING, MetricStatistic, balancer_dimensions, target_dimensions,
};
use crate::resources::runbook::Runbook;

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

/// Users get no answer: not one target is healthy. The alarm doesn't use `UnHealthyHostCount`, which is above zero
/// in every deployment and whenever a single task is replaced. While no target is registered at all, the metric has
/// no datapoints; then the load balancer returns 503, which [`load_balancer_errors`] counts.
fn no_healthy_target<'a>(stack: &Stack, service: &ResolvedService<'_>) -> Alarm<'a> {
    let window = Window::minutes(3, 3);
    let dimensions = target_dimensions(service);
    Alarm {
        id: names::no_healthy_target_alarm(service.short),
        description: format!(
            "Stack {}: the load balancer of service {} has had no healthy target for {} minutes. Users get errors.",
            stack.name, service.short, window.periods
        ),
        runbook: Runbook::NoHealthyTarget,
        metric: MetricStatistic::new(LOAD_BALANCING, "HealthyHostCount", dimensions, "Maximum"),
        comparison: Comparison::Below,
        threshold: 1.0,
        window,
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: vec![names::service(service.short)],
    }
}

/// Users get errors that no task returned: no target, no answer in time, or a broken connection. 5xx responses of
/// the tasks themselves are up to their own team; the dashboard shows both. Three of five minutes: one lost
/// connection in a deployment must not page anyone.
fn load_balancer_errors<'a>(stack: &Stack, service: &ResolvedService<'_>) -> Alarm<'a> {
    let window = Window::minutes(3, 5);
    let (dimensions, metric) = (balancer_dimensions(service), "HTTPCode_ELB_5XX_Count");
    Alarm {
        id: names::load_balancer_errors_alarm(service.short),
        description: format!(
            "Stack {}: the load balancer of service {} returned its own 5xx errors in {} of the last {} minutes. Users get no response from tasks.",
            stack.name, service.short, window.datapoints, window.periods
        ),
        runbook: Runbook::LoadBalancerErrors,
        metric: MetricStatistic::new(LOAD_BALANCING, metric, dimensions, "Sum"),
        comparison: Comparison::AtOrAbove,
        threshold: 1.0,
        window,
        // It is reported only if there was one.
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: Vec::new(),
    }
}
