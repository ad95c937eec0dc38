//! Alarms of services that scale by demand.

use scaling::{Comparison, MissingData, TASKS_NEEDED_METRIC};
use stack::{Demand, Stack};

use super::wording::format_minutes;
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::{Resolved, ResolvedService};
use crate::resources::alarm::{Alarm, AlarmAction, Window};
use crate::resources::metric::MetricStatistic;
use crate::resources::runbook::Runbook;
use crate::scaling_function::Fleet;
use crate::text::Text;

/// `permissions`: logical IDs of the permissions with which the rules invoke the metric function.
pub(crate) fn demand_alarms<'a>(
    resolved: &Resolved<'a>,
    fleet: &Fleet<'a, '_>,
    permissions: &[String],
) -> Result<Vec<Alarm<'a>>, SynthesisError> {
    let stack = resolved.stack;
    let tracked = resolved.tracking_demand().into_iter();
    let tracked = tracked.map(|(service, demand)| {
        let policy = names::scaling_policy(service.short);
        let function = names::METRIC_FUNCTION.to_owned();
        let depends_on = [permissions, &[policy]].concat();
        need_silent(stack, service, (demand, function), depends_on)
    });
    let by_function = fleet.functions().flat_map(|(number, members)| {
        members.iter().map(move |member| {
            let permission = names::demand_rule_permission(number);
            let watched = (member.demand, names::demand_function(number));
            need_silent(stack, member.service, watched, vec![permission])
        })
    });
    tracked.chain(by_function).collect()
}

/// The need of the service hasn't been published for a while, so no task is removed. The alarm is created last,
/// like the other alarms on missing data.
///
/// The metric that target tracking follows can be missing while its window isn't known yet, so the alarm doesn't
/// watch it. It doesn't watch the need either if the processing time is measured: before the first messages, the
/// need is unknown, which is correct. The alarm then watches the `function`'s invocations instead.
fn need_silent<'a>(
    stack: &'a Stack,
    service: &ResolvedService<'_>,
    (demand, function): (&Demand, String),
    depends_on: Vec<String>,
) -> Result<Alarm<'a>, SynthesisError> {
    let silence = stack.alarms.metric_silent;
    let (what, metric) = if demand.processing_time.is_some() {
        let namespace = &stack.metric.namespace;
        let dimensions = service.dimensions();
        let metric =
            MetricStatistic::new(namespace, TASKS_NEEDED_METRIC, dimensions, "SampleCount");
        let what = format!(
            "{TASKS_NEEDED_METRIC} of service {} has not been published",
            service.short
        );
        (what, metric)
    } else {
        let dimensions = vec![("FunctionName", Text::reference(&function, 64))];
        let metric = MetricStatistic::new("AWS/Lambda", "Invocations", dimensions, "SampleCount");
        let what = format!(
            "the function that measures service {} has not been invoked",
            service.short
        );
        (what, metric)
    };
    let effect = match demand.acts() {
        true => "does not scale",
        false => "is not observed",
    };
    Ok(Alarm {
        id: names::need_silent_alarm(service.short),
        description: format!(
            "Stack {}: {what} for {}. The service {effect}.",
            stack.name,
            format_minutes(silence)
        ),
        runbook: Runbook::NeedMissing,
        metric,
        comparison: Comparison::Below,
        threshold: 1.0,
        window: Window::from_silence(silence)?,
        missing: MissingData::Breaching,
        action: AlarmAction::Notify,
        depends_on,
    })
}
