//! Finds one resource through its own service.

use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_ecs::operation::describe_capacity_providers::DescribeCapacityProvidersError;
use aws_sdk_ecs::types::{CapacityProviderStatus, TaskDefinitionStatus};
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::get_instance_profile::GetInstanceProfileError;
use aws_sdk_iam::operation::get_policy::GetPolicyError;
use aws_sdk_iam::operation::get_role::GetRoleError;
use aws_sdk_lambda::operation::get_function::GetFunctionError;
use aws_sdk_scheduler::operation::get_schedule_group::GetScheduleGroupError;
use aws_sdk_sns::operation::get_subscription_attributes::GetSubscriptionAttributesError;
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesError;
use template::contract::types;

use crate::described::cluster_of;
use crate::error::{Result, aws};
use crate::messages::is_no_such_queue;
use crate::named::dashboard_exists;
use crate::resource::Resource;
use crate::session::Session;

/// The result of a search.
pub(super) enum Found {
    Gone,
    Left,
    /// Only CloudFormation was queried.
    Unchecked,
}

pub(super) async fn find_resource(session: &Session<'_>, resource: &Resource) -> Result<Found> {
    let clients = session.clients;
    let id = resource.physical_id.as_str();
    match resource.resource_type.as_str() {
        types::ROLE => {
            let sent = clients.iam.get_role().role_name(id).send().await;
            found(id, sent, GetRoleError::is_no_such_entity_exception)
        }
        types::MANAGED_POLICY => {
            let sent = clients.iam.get_policy().policy_arn(id).send().await;
            found(id, sent, GetPolicyError::is_no_such_entity_exception)
        }
        types::INSTANCE_PROFILE => {
            let request = clients.iam.get_instance_profile();
            let sent = request.instance_profile_name(id).send().await;
            found(
                id,
                sent,
                GetInstanceProfileError::is_no_such_entity_exception,
            )
        }
        types::FUNCTION => {
            let sent = clients.lambda.get_function().function_name(id).send().await;
            found(id, sent, GetFunctionError::is_resource_not_found_exception)
        }
        types::RULE => {
            let sent = clients.eventbridge.describe_rule().name(id).send().await;
            found(id, sent, DescribeRuleError::is_resource_not_found_exception)
        }
        types::TOPIC => {
            let sent = clients.sns.get_topic_attributes().topic_arn(id).send();
            found(
                id,
                sent.await,
                GetTopicAttributesError::is_not_found_exception,
            )
        }
        types::SUBSCRIPTION if id.starts_with("arn:") => {
            let request = clients.sns.get_subscription_attributes();
            let sent = request.subscription_arn(id).send().await;
            found(
                id,
                sent,
                GetSubscriptionAttributesError::is_not_found_exception,
            )
        }
        types::SCHEDULE_GROUP => {
            let sent = clients.scheduler.get_schedule_group().name(id).send().await;
            found(
                id,
                sent,
                GetScheduleGroupError::is_resource_not_found_exception,
            )
        }
        types::QUEUE => queue(session, id).await,
        types::DASHBOARD => dashboard(session, id).await,
        types::ALARM => alarm(session, id).await,
        types::LOG_GROUP => log_group(session, id).await,
        types::CLUSTER => cluster(session, id).await,
        types::CAPACITY_PROVIDER => capacity_provider(session, id).await,
        types::SERVICE => service(session, id).await,
        types::TASK_DEFINITION => task_definition(session, id).await,
        types::SCALABLE_TARGET => scalable_target(session, id).await,
        types::SCALING_POLICY => scaling_policy(session, id).await,
        _ => Ok(Found::Unchecked),
    }
}

/// A reply means that the resource exists. The service's own "not found" error means that it doesn't.
fn found<T, E>(
    id: &str,
    sent: Result<T, SdkError<E>>,
    is_missing: impl Fn(&E) -> bool,
) -> Result<Found>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent {
        Ok(_) => Ok(Found::Left),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(Found::Gone),
        Err(error) => Err(aws(format!("look for {id}"))(error)),
    }
}

fn left_if(there: bool) -> Found {
    if there { Found::Left } else { Found::Gone }
}

async fn queue(session: &Session<'_>, url: &str) -> Result<Found> {
    let request = session.clients.sqs.get_queue_attributes();
    match request.queue_url(url).send().await {
        Ok(_) => Ok(Found::Left),
        Err(error) if is_no_such_queue(&error) => Ok(Found::Gone),
        Err(error) => Err(aws(format!("look for {url}"))(error)),
    }
}

async fn alarm(session: &Session<'_>, name: &str) -> Result<Found> {
    let request = session
        .clients
        .cloudwatch
        .describe_alarms()
        .alarm_names(name);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("look for the alarm {name}")))?;
    Ok(left_if(!reply.metric_alarms().is_empty()))
}

async fn dashboard(session: &Session<'_>, name: &str) -> Result<Found> {
    let exists = dashboard_exists(session, name).await;
    Ok(left_if(
        exists.map_err(aws(format!("look for the dashboard {name}")))?,
    ))
}

async fn log_group(session: &Session<'_>, name: &str) -> Result<Found> {
    let mut pages = session
        .clients
        .cloudwatchlogs
        .describe_log_groups()
        .log_group_name_prefix(name)
        .into_paginator()
        .send();
    let there = |group: &LogGroup| group.log_group_name() == Some(name);
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws(format!("look for the log group {name}")))?;
        if page.log_groups().iter().any(there) {
            return Ok(Found::Left);
        }
    }
    Ok(Found::Gone)
}

async fn cluster(session: &Session<'_>, name: &str) -> Result<Found> {
    let request = session.clients.ecs.describe_clusters().clusters(name);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("look for the cluster {name}")))?;
    // ECS keeps a deleted cluster as INACTIVE for a while.
    Ok(left_if(
        reply
            .clusters()
            .iter()
            .any(|cluster| cluster.status() != Some("INACTIVE")),
    ))
}

async fn capacity_provider(session: &Session<'_>, name: &str) -> Result<Found> {
    let request = session.clients.ecs.describe_capacity_providers();
    let doing = format!("look for the capacity provider {name}");
    match request.capacity_providers(name).send().await {
        // ECS keeps a deleted capacity provider as INACTIVE for a while.
        Ok(reply) => Ok(left_if(reply.capacity_providers().iter().any(|provider| {
            provider.status() != Some(&CapacityProviderStatus::Inactive)
        }))),
        // Some emulators refuse an unknown name instead of omitting it.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(DescribeCapacityProvidersError::is_invalid_parameter_exception) =>
        {
            Ok(Found::Gone)
        }
        Err(error) => Err(aws(doing)(error)),
    }
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`.
async fn service(session: &Session<'_>, arn: &str) -> Result<Found> {
    let doing = format!("look for the service {arn}");
    let cluster = cluster_of(arn);
    let request = session
        .clients
        .ecs
        .describe_services()
        .cluster(cluster)
        .services(arn);
    match request.send().await {
        Ok(reply) => Ok(left_if(
            reply
                .services()
                .iter()
                .any(|service| service.status() != Some("INACTIVE")),
        )),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_cluster_not_found_exception()) =>
        {
            Ok(Found::Gone)
        }
        Err(error) => Err(aws(doing)(error)),
    }
}

async fn task_definition(session: &Session<'_>, arn: &str) -> Result<Found> {
    let request = session
        .clients
        .ecs
        .describe_task_definition()
        .task_definition(arn);
    match request.send().await {
        Ok(reply) => {
            let status = reply
                .task_definition()
                .and_then(|definition| definition.status());
            Ok(left_if(status == Some(&TaskDefinitionStatus::Active)))
        }
        // "Unable to describe task definition": never created, or permanently deleted.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_client_exception()) =>
        {
            Ok(Found::Gone)
        }
        Err(error) => Err(aws(format!("look for the task definition {arn}"))(error)),
    }
}

/// `RESOURCE-ID|DIMENSION|NAMESPACE`.
async fn scalable_target(session: &Session<'_>, id: &str) -> Result<Found> {
    let resource = id.split('|').next().unwrap_or(id);
    let request = session
        .clients
        .applicationautoscaling
        .describe_scalable_targets();
    let request = request
        .service_namespace("ecs".into())
        .resource_ids(resource);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("look for the scalable target {resource}")))?;
    Ok(left_if(!reply.scalable_targets().is_empty()))
}

/// `arn:…:scalingPolicy:ID:resource/ecs/service/CLUSTER/SERVICE:policyName/NAME`, followed by `|DIMENSION` if
/// CloudFormation identifies the resource by both.
async fn scaling_policy(session: &Session<'_>, id: &str) -> Result<Found> {
    let arn = id.split('|').next().unwrap_or(id);
    let Some((resource, _)) = arn
        .split_once(":resource/ecs/")
        .and_then(|(_, rest)| rest.split_once(":policyName/"))
    else {
        return Ok(Found::Unchecked);
    };
    let request = session
        .clients
        .applicationautoscaling
        .describe_scaling_policies();
    let request = request
        .service_namespace("ecs".into())
        .resource_id(resource);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("look for the scaling policy {arn}")))?;
    Ok(left_if(
        reply
            .scaling_policies()
            .iter()
            .any(|policy| policy.policy_arn() == arn),
    ))
}
