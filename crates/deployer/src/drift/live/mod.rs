//! The live parts of a stack, in the form of CloudFormation's properties.

mod alarms;
mod cloud_control;
mod dashboards;
mod ecs;
mod functions;
mod part;
mod queues;
mod roles;
mod rules;
mod scaling;
pub(super) mod topics;

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use template::contract::types;

use crate::error::Result;
use crate::session::Session;

use super::intended::{Deployed, Intended, intend};

pub(crate) use cloud_control::get_resource;
pub(crate) use ecs::convert_service;
pub(crate) use part::Live;
pub(crate) use queues::read_queue;

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// Reads the parts of a stack that scaling depends on, each together with its intended form.
pub(super) async fn read(
    session: &Session<'_>,
    deployed: &Deployed<'_>,
) -> Result<Vec<(Intended, Live)>> {
    let scaled = scaling::read(session, &intend(deployed, &BTreeMap::new())).await?;
    let all = intend(deployed, &scaled.current);
    let (alarms, services, others) = futures::future::try_join3(
        alarms::read(session, &all, &scaled.alarms),
        ecs::read_services(session, &all),
        stream::iter(all.iter().filter(|one| has_reader(one)))
            .map(|one| async move {
                let live = Live::of(read_one(session, one).await)?;
                Ok::<_, crate::Error>((one.clone(), live))
            })
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>(),
    )
    .await?;
    let mut pairs = scaled.pairs;
    pairs.extend(alarms);
    pairs.extend(services);
    pairs.extend(others);
    pairs.sort_by(|(one, _), (other, _)| {
        (&one.logical_id, &one.physical_id).cmp(&(&other.logical_id, &other.physical_id))
    });
    Ok(pairs)
}

fn has_reader(one: &Intended) -> bool {
    READ_ALONE.contains(&one.resource_type.as_str()) || cloud_control::reads(&one.resource_type)
}

pub(super) const PERMISSION: &str = "AWS::Lambda::Permission";
pub(super) const INVOKE_CONFIG: &str = "AWS::Lambda::EventInvokeConfig";
pub(crate) const QUEUE_POLICY: &str = "AWS::SQS::QueuePolicy";
pub(super) const TOPIC_POLICY: &str = "AWS::SNS::TopicPolicy";
pub(super) const PROVIDERS: &str = "AWS::ECS::ClusterCapacityProviderAssociations";

/// The types that are read one resource at a time.
const READ_ALONE: [&str; 15] = [
    types::RULE,
    types::FUNCTION,
    PERMISSION,
    INVOKE_CONFIG,
    types::QUEUE,
    QUEUE_POLICY,
    types::TOPIC,
    TOPIC_POLICY,
    types::SUBSCRIPTION,
    types::ROLE,
    types::LOG_GROUP,
    types::CLUSTER,
    PROVIDERS,
    types::CAPACITY_PROVIDER,
    types::DASHBOARD,
];

async fn read_one(session: &Session<'_>, one: &Intended) -> Result<Live> {
    match one.resource_type.as_str() {
        types::RULE => rules::read(session, one).await,
        types::FUNCTION => functions::read(session, one).await,
        PERMISSION => functions::read_permission(session, one).await,
        INVOKE_CONFIG => functions::read_invoke_config(session, one).await,
        types::QUEUE => read_queue(session, &one.physical_id).await,
        QUEUE_POLICY => queues::read_policy(session, one).await,
        types::TOPIC => topics::read(session, one).await,
        TOPIC_POLICY => topics::read_policy(session, one).await,
        types::SUBSCRIPTION => topics::read_subscription(session, one).await,
        types::ROLE => roles::read(session, one).await,
        types::LOG_GROUP => roles::read_log_group(session, one).await,
        types::CLUSTER | PROVIDERS => ecs::read_cluster(session, one).await,
        types::CAPACITY_PROVIDER => ecs::read_provider(session, one).await,
        types::DASHBOARD => dashboards::read(session, one).await,
        _ => cloud_control::read(session, one).await,
    }
}
