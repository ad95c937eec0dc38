//! What the stack uses and somebody else owns.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, TryStreamExt};
use stack::{Cluster, ServiceSource, Stack};

use crate::error::{Error, Result, aws};
use crate::session::Session;

/// DescribeClusters takes 100.
const CLUSTERS: usize = 100;
/// DescribeServices takes ten.
const SERVICES: usize = 10;
/// Requests at once.
const AT_ONCE: usize = 8;

/// Looks for the clusters.
pub(super) async fn clusters(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let mut names: BTreeSet<&str> = existing(stack).map(|(cluster, _)| cluster).collect();
    if let Cluster::Existing { name } = &stack.cluster {
        names.insert(name);
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    for names in names.chunks(CLUSTERS) {
        let request = session.clients.ecs.describe_clusters();
        let reply = request.set_clusters(Some(names.to_vec())).send().await;
        let reply = reply.map_err(aws("look for the existing clusters"))?;
        let active = |name: &String| {
            reply.clusters().iter().any(|cluster| {
                cluster.cluster_name() == Some(name) && cluster.status() == Some("ACTIVE")
            })
        };
        if let Some(missing) = names.iter().find(|name| !active(name)) {
            return Err(absent(session, &format!("cluster {missing}")));
        }
    }
    Ok(())
}

/// Looks for the services: a scalable target for one that is not there fails half-way.
pub(super) async fn services(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let mut clusters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (cluster, service) in existing(stack) {
        clusters.entry(cluster).or_default().push(service);
    }
    let calls = clusters
        .iter()
        .flat_map(|(cluster, names)| names.chunks(SERVICES).map(move |names| (*cluster, names)));
    stream::iter(calls.map(Ok))
        .try_for_each_concurrent(AT_ONCE, |(cluster, names)| {
            services_of(session, cluster, names)
        })
        .await
}

async fn services_of(session: &Session<'_>, cluster: &str, names: &[&str]) -> Result<()> {
    let request = session.clients.ecs.describe_services().cluster(cluster);
    let asked = names.iter().map(|name| (*name).to_owned()).collect();
    let reply = match request.set_services(Some(asked)).send().await {
        Ok(reply) => reply,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_cluster_not_found_exception()) =>
        {
            return Err(absent(session, &format!("cluster {cluster}")));
        }
        Err(error) => {
            return Err(aws(format!("look for the existing services of {cluster}"))(
                error,
            ));
        }
    };
    let active = |name: &&&str| {
        reply.services().iter().any(|service| {
            service.service_name() == Some(**name) && service.status() == Some("ACTIVE")
        })
    };
    match names.iter().find(|name| !active(name)) {
        None => Ok(()),
        Some(missing) => Err(absent(session, &format!("service {cluster}/{missing}"))),
    }
}

/// Cluster and name of each service that the stack only measures and scales.
fn existing(stack: &Stack) -> impl Iterator<Item = (&str, &str)> {
    stack
        .services
        .values()
        .filter_map(|service| match &service.source {
            ServiceSource::Existing { cluster, service } => {
                Some((cluster.as_str(), service.as_str()))
            }
            ServiceSource::Create(_) => None,
        })
}

fn absent(session: &Session<'_>, what: &str) -> Error {
    let region = session.clients.region();
    Error::failed(format!("the {what} does not exist in {region}"))
        .hint("check its name, --profile and --region")
}
