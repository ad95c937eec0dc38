//! ECS services, their queues, their scaling policies and activities.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_applicationautoscaling::types::{ScalingPolicy, ServiceNamespace};
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::{try_join, try_join_all};
use scaling::{MetricRequest, ServiceRequest};
use serde::Serialize;

use crate::error::{Result, aws};
use crate::session::Session;

use super::alarms::{self, AlarmState};
use super::metric::{self, Datapoint, Key};

/// An ECS service and what decides its desired count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceState {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// ECS's status, such as `ACTIVE`; `MISSING` when ECS knows no such service.
    pub status: String,
    /// Desired, running and pending count, as ECS says them.
    pub desired: i32,
    /// Running tasks.
    pub running: i32,
    /// Tasks that are starting.
    pub pending: i32,
    /// Minimum and maximum capacity of the scalable target.
    pub bounds: Option<(i32, i32)>,
    /// Queues that it consumes.
    pub queues: Vec<QueueState>,
    /// Its scaling policies.
    pub policies: Vec<PolicyState>,
    /// The last scaling activities, the newest first.
    pub activities: Vec<Activity>,
}

/// A queue's depth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueState {
    /// Queue name.
    pub name: String,
    /// Queue URL.
    pub url: String,
    /// Messages waiting; `None` of all three when the queue can't be read.
    pub visible: Option<u64>,
    /// Messages received and not yet deleted.
    pub in_flight: Option<u64>,
    /// Messages sent with a delay that has not passed.
    pub delayed: Option<u64>,
    /// The newest datapoint of `BacklogPerTask`.
    pub backlog_per_task: Option<Datapoint>,
}

/// A scaling policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyState {
    /// Policy name.
    pub name: String,
    /// Target of a target tracking policy.
    pub target: Option<f64>,
    /// Its alarms.
    pub alarms: Vec<AlarmState>,
}

/// A scaling activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Activity {
    /// Begin, in seconds since 1970.
    pub at: i64,
    /// What was done.
    pub description: String,
    /// Why.
    pub cause: String,
    /// How it ended.
    pub status: String,
}

/// The measured services. One that stands in several requests is named once, with all its queues.
pub(super) async fn services(
    session: &Session<'_>,
    requests: &[MetricRequest],
    now: SystemTime,
) -> Result<Vec<ServiceState>> {
    let points = metric::latest(session, requests, now).await?;
    let mut merged: Vec<ServiceRequest> = Vec::new();
    for service in requests.iter().flat_map(|request| &request.services) {
        let same = merged
            .iter_mut()
            .find(|m| m.cluster == service.cluster && m.service == service.service);
        match same {
            Some(known) => known.queues.extend(service.queues.iter().cloned()),
            None => merged.push(service.clone()),
        }
    }
    try_join_all(merged.iter().map(|service| one(session, service, &points))).await
}

async fn one(
    session: &Session<'_>,
    request: &ServiceRequest,
    points: &HashMap<Key, Datapoint>,
) -> Result<ServiceState> {
    let mut state = counts(session, request).await?;
    let reads = request
        .queues
        .iter()
        .map(|q| queue(session, &q.name, &q.url));
    state.queues = try_join_all(reads).await?;
    for queue in &mut state.queues {
        let key = (
            request.cluster.clone(),
            request.service.clone(),
            queue.name.clone(),
        );
        queue.backlog_per_task = points.get(&key).copied();
    }
    let resource = format!("service/{}/{}", request.cluster, request.service);
    let (policies, activities) =
        try_join(policies(session, &resource), activities(session, &resource)).await?;
    state.policies = policies;
    state.activities = activities;
    state.bounds = bounds(session, &resource).await?;
    Ok(state)
}

async fn counts(session: &Session<'_>, request: &ServiceRequest) -> Result<ServiceState> {
    let doing = format!("read the service {}/{}", request.cluster, request.service);
    let call = session
        .clients
        .ecs
        .describe_services()
        .cluster(&request.cluster);
    let reply = call.services(&request.service).send().await;
    let reply = match reply {
        Ok(reply) => Some(reply),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_cluster_not_found_exception()) =>
        {
            None
        }
        Err(error) => return Err(aws(doing)(error)),
    };
    let service = reply.as_ref().and_then(|reply| reply.services().first());
    Ok(ServiceState {
        cluster: request.cluster.clone(),
        service: request.service.clone(),
        status: service
            .and_then(|s| s.status())
            .unwrap_or("MISSING")
            .to_owned(),
        desired: service.map_or(0, |service| service.desired_count()),
        running: service.map_or(0, |service| service.running_count()),
        pending: service.map_or(0, |service| service.pending_count()),
        bounds: None,
        queues: Vec::new(),
        policies: Vec::new(),
        activities: Vec::new(),
    })
}

/// A queue that is gone is shown as such, not as an error: `status` is what one looks at then.
pub(super) async fn queue(session: &Session<'_>, name: &str, url: &str) -> Result<QueueState> {
    let wanted = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let request = session.clients.sqs.get_queue_attributes().queue_url(url);
    let reply = match request
        .set_attribute_names(Some(wanted.to_vec()))
        .send()
        .await
    {
        Ok(reply) => Some(reply),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_queue_does_not_exist()) =>
        {
            None
        }
        Err(error) => return Err(aws(format!("read the queue {url}"))(error)),
    };
    let count = |name| reply.as_ref()?.attributes()?.get(&name)?.parse().ok();
    let [visible, in_flight, delayed] = wanted.map(count);
    Ok(QueueState {
        name: name.to_owned(),
        url: url.to_owned(),
        visible,
        in_flight,
        delayed,
        backlog_per_task: None,
    })
}

async fn policies(session: &Session<'_>, resource: &str) -> Result<Vec<PolicyState>> {
    let request = session
        .clients
        .applicationautoscaling
        .describe_scaling_policies();
    let request = request
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(resource);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("read the scaling policies of {resource}")))?;
    try_join_all(
        reply
            .scaling_policies()
            .iter()
            .map(|found| policy(session, found)),
    )
    .await
}

async fn policy(session: &Session<'_>, policy: &ScalingPolicy) -> Result<PolicyState> {
    let names: Vec<String> = policy
        .alarms()
        .iter()
        .map(|alarm| alarm.alarm_name().to_owned())
        .collect();
    Ok(PolicyState {
        name: policy.policy_name().to_owned(),
        target: policy
            .target_tracking_scaling_policy_configuration()
            .map(|t| t.target_value()),
        alarms: alarms::named(session, &names).await?,
    })
}

async fn bounds(session: &Session<'_>, resource: &str) -> Result<Option<(i32, i32)>> {
    let request = session
        .clients
        .applicationautoscaling
        .describe_scalable_targets();
    let request = request
        .service_namespace(ServiceNamespace::Ecs)
        .resource_ids(resource);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("read the scalable target {resource}")))?;
    Ok(reply
        .scalable_targets()
        .first()
        .map(|target| (target.min_capacity(), target.max_capacity())))
}

async fn activities(session: &Session<'_>, resource: &str) -> Result<Vec<Activity>> {
    let request = session
        .clients
        .applicationautoscaling
        .describe_scaling_activities();
    let request = request
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(resource)
        .max_results(5);
    let reply = match request.send().await {
        Ok(reply) => reply,
        // Some emulators keep no activities. What can't be shown is left out, the rest is still of use.
        Err(error)
            if error
                .raw_response()
                .is_some_and(|r| r.status().as_u16() == 501) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => {
            return Err(aws(format!("read the scaling activities of {resource}"))(
                error,
            ));
        }
    };
    let activity = |found: &aws_sdk_applicationautoscaling::types::ScalingActivity| Activity {
        at: found.start_time().secs(),
        description: found.description().to_owned(),
        cause: found.cause().to_owned(),
        status: found.status_code().as_str().to_owned(),
    };
    Ok(reply.scaling_activities().iter().map(activity).collect())
}
