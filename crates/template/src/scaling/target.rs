//! Scalable targets: the bounds of a service's count, and the scheduled actions that change them.

use scaling::ScheduledBounds;
use serde_json::{Value, json};

use super::autoscaling::{DIMENSION, NAMESPACE, resource_id};
use crate::builder::{Builder, Resource};
use crate::contract::{schedule_metadata, types};
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::ResolvedService;

/// One target per service, however many policies scale it.
///
/// With a schedule, it has the widest bounds that ever apply. CloudFormation registers the bounds at each change of
/// the target, and Application Auto Scaling then brings the count within them; narrower bounds would end tasks in
/// the middle of a period. The deploy registers the bounds that apply now, and the scheduled actions do so later.
pub(super) fn add_target(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
) -> Result<(), SynthesisError> {
    let widest = service.service.envelope();
    let mut target = json!({
        "ServiceNamespace": NAMESPACE,
        "ScalableDimension": DIMENSION,
        "ResourceId": resource_id(service).value(),
        "MinCapacity": widest.min,
        "MaxCapacity": widest.max,
    });
    let scheduled = service
        .service
        .schedule
        .as_ref()
        .zip(service.service.bounds());
    let Some((schedule, base)) = scheduled else {
        let resource = Resource::new(types::SCALABLE_TARGET, target);
        return builder.add(names::scalable_target(service.short), resource);
    };
    let actions = schedule.actions(base);
    let (zone, actions) = (schedule.timezone.name(), actions.iter());
    let actions = actions
        .map(|action| scheduled_action(zone, action))
        .collect();
    if let Some(map) = target.as_object_mut() {
        map.insert("ScheduledActions".into(), Value::Array(actions));
    }
    let resource = Resource::new(types::SCALABLE_TARGET, target);
    let resource = resource.metadata(schedule_metadata(base, schedule));
    builder.add(names::scalable_target(service.short), resource)
}

fn scheduled_action(zone: &str, action: &ScheduledBounds) -> Value {
    json!({
        "ScheduledActionName": action.name,
        "Schedule": action.cron,
        "Timezone": zone,
        "ScalableTargetAction": {
            "MinCapacity": action.bounds.min(),
            "MaxCapacity": action.bounds.max(),
        },
    })
}
