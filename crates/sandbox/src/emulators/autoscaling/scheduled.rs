//! Scheduled actions: they register bounds of scalable targets at times of the week.
//!
//! They use the real clock regardless of the sandbox's speed, because a schedule contains hours of the day.

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableTarget, ScheduledAction, ServiceNamespace};
use scaling::{WeeklyCron, Zone};

use super::clients::Clients;
use super::read::{ReadError, wrap_error};

/// A scheduled action that is due.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DueAction {
    pub name: String,
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    pub min: Option<i32>,
    pub max: Option<i32>,
}

/// Reads the scheduled actions of all ECS services.
pub(super) async fn read_actions(clients: &Clients) -> Result<Vec<ScheduledAction>, ReadError> {
    let mut pages = clients
        .autoscaling
        .describe_scheduled_actions()
        .service_namespace(ServiceNamespace::Ecs)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(action) = pages.next().await {
        found.push(action.map_err(wrap_error("read the scheduled actions"))?);
    }
    Ok(found)
}

/// Returns the actions that run after one time and until another, and the reason why others are skipped, each with its
/// name.
pub(super) fn list_due(
    actions: &[ScheduledAction],
    after: Duration,
    until: Duration,
) -> (Vec<DueAction>, Vec<(String, String)>) {
    let (mut due, mut problems) = (Vec::new(), Vec::new());
    for action in actions {
        match runs(action, after, until) {
            Ok(false) => {}
            Ok(true) => due.push(convert(action)),
            Err(why) => problems.push((action.scheduled_action_name().to_owned(), why)),
        }
    }
    (due, problems)
}

fn runs(action: &ScheduledAction, after: Duration, until: Duration) -> Result<bool, String> {
    if action.start_time().is_some() || action.end_time().is_some() {
        return Err("it isn't followed: it has a start or an end".to_owned());
    }
    let cron: WeeklyCron = action
        .schedule()
        .parse()
        .map_err(|error| format!("it isn't followed: {error}"))?;
    let zone = Zone::named(action.timezone().unwrap_or("UTC"));
    let zone = zone.map_err(|error| format!("it isn't followed: {error}"))?;
    Ok(cron.runs(&zone, after, until))
}

fn convert(action: &ScheduledAction) -> DueAction {
    let bounds = action.scalable_target_action();
    DueAction {
        name: action.scheduled_action_name().to_owned(),
        resource_id: action.resource_id().to_owned(),
        min: bounds.and_then(|bounds| bounds.min_capacity()),
        max: bounds.and_then(|bounds| bounds.max_capacity()),
    }
}

/// Registers the bounds of an action, unless its target is gone or its schedule is suspended. The plugin then moves the
/// count within them, as AWS does. Returns whether it did.
pub(super) async fn carry_out(clients: &Clients, action: &DueAction) -> Result<bool, ReadError> {
    let client = &clients.autoscaling;
    let described = client
        .describe_scalable_targets()
        .service_namespace(ServiceNamespace::Ecs)
        .resource_ids(&action.resource_id)
        .send()
        .await
        .map_err(wrap_error("read the scalable target of a scheduled action"))?;
    let Some(target) = described.scalable_targets().first() else {
        return Ok(false);
    };
    if is_paused(target) {
        return Ok(false);
    }
    let request = client.register_scalable_target();
    let sent = request
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(target.scalable_dimension().clone())
        .resource_id(&action.resource_id)
        .set_min_capacity(action.min)
        .set_max_capacity(action.max)
        .send()
        .await;
    sent.map(|_| true)
        .map_err(wrap_error("carry out a scheduled action"))
}

fn is_paused(target: &ScalableTarget) -> bool {
    let suspended = target.suspended_state();
    suspended.and_then(|state| state.scheduled_scaling_suspended()) == Some(true)
}

#[cfg(test)]
mod tests {
    use aws_sdk_applicationautoscaling::primitives::DateTime;
    use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTargetAction};

    use super::*;

    fn action(name: &str, schedule: &str, zone: Option<&str>) -> ScheduledAction {
        let bounds = ScalableTargetAction::builder()
            .min_capacity(5)
            .max_capacity(40);
        ScheduledAction::builder()
            .scheduled_action_name(name)
            .scheduled_action_arn(name)
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id("service/shop/worker")
            .schedule(schedule)
            .set_timezone(zone.map(str::to_owned))
            .scalable_target_action(bounds.build())
            .creation_time(DateTime::from_secs(0))
            .build()
            .unwrap()
    }

    /// 2026-11-30 is a Monday. 07:00Z is 1,796,022,000 s after 1970, and 08:00 in Berlin.
    #[test]
    fn actions_run_by_their_own_clocks() {
        let actions = [
            action("berlin", "cron(0 8 ? * MON-FRI *)", Some("Europe/Berlin")),
            action("utc", "cron(0 7 * * ? *)", None),
            action("later", "cron(1 7 * * ? *)", None),
            action("weekend", "cron(0 7 ? * SUN,SAT *)", None),
            action("rate", "rate(1 minute)", None),
            action("mars", "cron(0 7 * * ? *)", Some("Mars/Olympus")),
        ];
        let moment = Duration::from_secs(1_796_022_000);
        let (due, problems) = list_due(&actions, moment - Duration::from_secs(10), moment);
        let names: Vec<&str> = due.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["berlin", "utc"]);
        assert_eq!((due[0].min, due[0].max), (Some(5), Some(40)));
        let named: Vec<&str> = problems.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(named, ["rate", "mars"]);
    }
}
