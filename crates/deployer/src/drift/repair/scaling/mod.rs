//! Scalable targets and scaling policies of Application Auto Scaling.

mod policy;

use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTargetAction, ServiceNamespace,
};

use crate::error::{Result, aws};
use crate::schedules::{Registration, register_target};
use crate::session::Session;

use super::broken::Broken;
use super::given::Given;

/// Registers the target with the current bounds, and sets its scheduled actions. Doesn't change a suspension.
pub(super) async fn repair_target(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let resource = broken.part.text("ResourceId");
    let given = broken.given();
    let [min, max] = ["MinCapacity", "MaxCapacity"].map(|name| given.at(name).int());
    let tags = broken.is_missing().then(|| broken.tags().collect());
    let what = Registration {
        min,
        max,
        tags,
        ..Registration::default()
    };
    register_target(session, resource, what).await?;
    for action in given.at("ScheduledActions").items() {
        put_action(session, resource, action).await?;
    }
    Ok(())
}

async fn put_action(session: &Session<'_>, resource: &str, action: Given<'_>) -> Result<()> {
    let name = action.at("ScheduledActionName").required();
    let bounds = action.at("ScalableTargetAction");
    let bounds = ScalableTargetAction::builder()
        .set_min_capacity(bounds.at("MinCapacity").int())
        .set_max_capacity(bounds.at("MaxCapacity").int());
    let request = session
        .clients
        .applicationautoscaling
        .put_scheduled_action();
    let sent = request
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(resource)
        .scheduled_action_name(&name)
        .set_schedule(action.at("Schedule").text())
        .set_timezone(action.at("Timezone").text())
        .scalable_target_action(bounds.build())
        .send()
        .await;
    sent.map(drop).map_err(aws(format!(
        "put the scheduled action {name} of {resource}"
    )))
}

/// Puts the policy, and with it the alarms of target tracking. If the alarms are wrong, deletes the policy first: AWS
/// doesn't document whether putting the same policy again repairs them, but a new policy has new alarms.
pub(super) async fn repair_policy(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let part = broken.part;
    let client = &session.clients.applicationautoscaling;
    let [name, resource] = ["PolicyName", "ResourceId"].map(|property| part.text(property));
    let is_missing = broken.is_missing() && !broken.of_alarm;
    if (broken.of_alarm || broken.again) && !is_missing {
        let request = client.delete_scaling_policy().policy_name(name);
        let sent = request
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(resource)
            .send()
            .await;
        sent.map_err(aws(format!("delete the scaling policy {name}")))?;
    }
    let given = broken.given();
    let sent = client
        .put_scaling_policy()
        .policy_name(name)
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(resource)
        .policy_type(part.text("PolicyType").into())
        .set_target_tracking_scaling_policy_configuration(policy::tracking(given))
        .set_step_scaling_policy_configuration(policy::steps(given))
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("put the scaling policy {name}")))
}
