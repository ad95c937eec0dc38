//! The check after a deletion. Queries each resource's own service, not CloudFormation, which only knows what
//! it intended to do.

mod find;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::AlarmType;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use template::contract::types;

use crate::error::{Error, Result, aws};
use crate::named::{HIGH_ALARM, LOW_ALARM};
use crate::resource::Resource;
use crate::session::Session;

use find::{Found, find_resource};

/// The checked resources, and the remaining ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Remains {
    /// Number of resources that no longer exist, according to their own service.
    pub gone: usize,
    /// Resources that still exist.
    pub left: Vec<Resource>,
    /// Number of resources by type for which only CloudFormation was queried, such as EC2's.
    pub unchecked: BTreeMap<String, usize>,
}

/// Concurrent requests. DescribeTaskDefinition and similar calls allow tens per second.
const AT_ONCE: usize = 8;

/// Checks each resource through its own service.
///
/// # Errors
/// If a service can't be reached. In that case, nothing is verified.
pub async fn remains(session: &Session<'_>, resources: &[Resource]) -> Result<Remains> {
    let (remains, failed) = look_for_all(session, resources).await;
    match failed.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(remains),
    }
}

/// Checks each resource through its own service. Resources that couldn't be checked are returned with the
/// reason.
pub(crate) async fn look_for_all(
    session: &Session<'_>,
    resources: &[Resource],
) -> (Remains, Vec<(Resource, Error)>) {
    let made = resources
        .iter()
        .filter(|resource| !resource.physical_id.is_empty());
    let looked: Vec<(&Resource, Result<Found>)> = stream::iter(made)
        .map(|resource| async move { (resource, find_resource(session, resource).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut remains = Remains::default();
    let mut failed = Vec::new();
    for (resource, found) in looked {
        match found {
            Err(error) => failed.push((resource.clone(), error)),
            Ok(Found::Gone) => remains.gone += 1,
            Ok(Found::Left) => remains.left.push(resource.clone()),
            Ok(Found::Unchecked) => {
                let kind = resource.resource_type.clone();
                *remains.unchecked.entry(kind).or_default() += 1;
            }
        }
    }
    match tracking_alarms(session, resources).await {
        Ok(alarms) => remains.left.extend(alarms),
        Err(error) => {
            let target = |one: &&Resource| one.resource_type == types::SCALABLE_TARGET;
            let targets = resources.iter().find(target).cloned();
            failed.extend(targets.map(|target| (target, error)));
        }
    }
    remains.left.sort();
    remains.left.dedup();
    (remains, failed)
}

/// Finds the two alarms of a target tracking policy. Application Auto Scaling creates them outside the stack:
/// `TargetTracking-service/CLUSTER/SERVICE-AlarmHigh-ID`, and the same with `AlarmLow`.
async fn tracking_alarms(session: &Session<'_>, resources: &[Resource]) -> Result<Vec<Resource>> {
    let targets: Vec<(&Resource, &str)> = resources
        .iter()
        .filter(|r| r.resource_type == types::SCALABLE_TARGET)
        .filter_map(|target| Some((target, target.physical_id.split('|').next()?)))
        .filter(|(_, scaled)| !scaled.is_empty())
        .collect();
    // One list per cluster, regardless of its number of services.
    let clusters: BTreeSet<&str> = targets
        .iter()
        .filter_map(|(_, scaled)| Some(scaled.rsplit_once('/')?.0))
        .collect();
    let mut left = Vec::new();
    for cluster in clusters {
        for name in alarms_like(session, &format!("TargetTracking-{cluster}/")).await? {
            let is_of = |scaled: &str| {
                let rest = name
                    .strip_prefix("TargetTracking-")
                    .and_then(|rest| rest.strip_prefix(scaled));
                rest.is_some_and(|rest| rest.starts_with(HIGH_ALARM) || rest.starts_with(LOW_ALARM))
            };
            if let Some((target, _)) = targets.iter().find(|(_, scaled)| is_of(scaled)) {
                left.push(Resource {
                    resource_type: types::ALARM.to_owned(),
                    logical_id: target.logical_id.clone(),
                    physical_id: name,
                    status: String::new(),
                });
            }
        }
    }
    Ok(left)
}

async fn alarms_like(session: &Session<'_>, prefix: &str) -> Result<Vec<String>> {
    let mut pages = session
        .clients
        .cloudwatch
        .describe_alarms()
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_name_prefix(prefix)
        .into_paginator()
        .send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws(format!("look for the alarms {prefix}…")))?;
        let alarms = page.metric_alarms().iter();
        names.extend(alarms.filter_map(|alarm| alarm.alarm_name().map(str::to_owned)));
    }
    Ok(names)
}
