//! Finds the services and queues that a template creates under a name that is taken.

use std::collections::BTreeMap;

use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value};
use template::contract::types;

use crate::change_set::Import;
use crate::described::describe;
use crate::drift::{Live, convert_service, read_queue};
use crate::error::{Error, Result};
use crate::messages::find_queue_url;
use crate::session::Session;

use super::NotImported;
use super::refuse::refuse;

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// An existing resource, and its properties.
pub(super) struct Found {
    pub(super) import: Import,
    pub(super) live: Map<String, Value>,
}

/// What fixes the identity of a resource.
enum Named<'t> {
    Service { cluster: &'t str, name: &'t str },
    Queue { name: &'t str },
}

/// The resources that exist, and the reasons why the others aren't imported.
pub(super) type All = (Vec<Found>, Vec<NotImported>);

/// Finds all services and queues of a template that exist and that the deployed template doesn't have.
///
/// # Errors
/// If ECS or SQS can't be reached, if one of the resources can't be read, or if a service can't be deployed as it is.
pub(super) async fn find_all(
    session: &Session<'_>,
    template: &Value,
    deployed: Option<&Value>,
) -> Result<All> {
    let has = |id: &str| deployed.is_some_and(|deployed| !deployed["Resources"][id].is_null());
    let mut wanted = BTreeMap::new();
    let mut not_imported = Vec::new();
    for (id, resource) in template["Resources"].as_object().into_iter().flatten() {
        match name(resource) {
            None => {}
            Some(Err(reason)) => not_imported.push(explain(id, resource, reason)),
            Some(Ok(_)) if has(id) => {
                not_imported.push(explain(id, resource, "it is the stack's already"));
            }
            Some(Ok(named)) => {
                wanted.insert(id.as_str(), named);
            }
        }
    }
    let (services, queues) = try_join(
        find_services(session, &wanted),
        find_queues(session, &wanted),
    )
    .await?;
    let found: Vec<Found> = services.into_iter().chain(queues).collect();
    for id in wanted.keys() {
        if !found.iter().any(|one| one.import.logical_id == *id) {
            let reason = "there is none with this name, so a deploy creates it";
            not_imported.push(explain(id, &template["Resources"][*id], reason));
        }
    }
    not_imported.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
    Ok((found, not_imported))
}

/// Returns what fixes the identity of a service or queue, or why nothing does. `None` for other types.
fn name(resource: &Value) -> Option<Result<Named<'_>, &'static str>> {
    let properties = &resource["Properties"];
    let text = |property: &str| properties[property].as_str();
    Some(match resource["Type"].as_str()? {
        types::SERVICE => match (text("Cluster"), text("ServiceName")) {
            (Some(cluster), Some(name)) => Ok(Named::Service { cluster, name }),
            (None, _) => Err("its cluster isn't an existing one: set `cluster: {existing: NAME}`"),
            (_, None) => Err("it has no `name` in the definition, so it can't be found"),
        },
        types::QUEUE => match text("QueueName") {
            Some(name) => Ok(Named::Queue { name }),
            None => Err("it has no fixed name, so it can't be found"),
        },
        _ => return None,
    })
}

fn explain(id: &str, resource: &Value, reason: &str) -> NotImported {
    NotImported {
        logical_id: id.to_owned(),
        resource_type: resource["Type"].as_str().unwrap_or_default().to_owned(),
        reason: reason.to_owned(),
    }
}

async fn find_services(
    session: &Session<'_>,
    wanted: &BTreeMap<&str, Named<'_>>,
) -> Result<Vec<Found>> {
    let named = wanted.iter().filter_map(|(id, named)| match named {
        Named::Service { cluster, name } => Some((*id, *cluster, *name)),
        Named::Queue { .. } => None,
    });
    let named: Vec<(&str, &str, &str)> = named.collect();
    let described = describe(
        session,
        named.iter().map(|(_, cluster, name)| (*cluster, *name)),
    );
    let described = described.await?.services;
    let found = named.into_iter().filter_map(|(id, cluster, name)| {
        let (_, service) = described.iter().find(|(of, service)| {
            of == cluster
                && service.service_name() == Some(name)
                && service.status().is_none_or(|status| status == "ACTIVE")
        })?;
        if let Err(refusal) = refuse(service) {
            return Some(Err(refusal));
        }
        let Live::Found(live) = convert_service(service) else {
            return None;
        };
        let arn = service.service_arn()?;
        let identifier = [("Cluster", cluster), ("ServiceArn", arn)];
        let import = identify(id, types::SERVICE, identifier);
        Some(Ok(Found { import, live }))
    });
    found.collect()
}

async fn find_queues(
    session: &Session<'_>,
    wanted: &BTreeMap<&str, Named<'_>>,
) -> Result<Vec<Found>> {
    let named = wanted.iter().filter_map(|(id, named)| match named {
        Named::Queue { name } => Some((*id, *name)),
        Named::Service { .. } => None,
    });
    let found: Vec<Option<Found>> = stream::iter(named)
        .map(|(id, name)| find_queue(session, id, name))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn find_queue(session: &Session<'_>, id: &str, name: &str) -> Result<Option<Found>> {
    let doing = format!("look for the queue {name}");
    let Some(url) = find_queue_url(session, name, &doing).await? else {
        return Ok(None);
    };
    match read_queue(session, &url).await? {
        Live::Missing => Ok(None),
        Live::Found(live) => {
            let import = identify(id, types::QUEUE, [("QueueUrl", url.as_str())]);
            Ok(Some(Found { import, live }))
        }
        Live::Unchecked(reason) => Err(Error::failed(reason)),
    }
}

/// Sources: the primary identifiers in CloudFormation's resource schemas.
fn identify<const N: usize>(id: &str, kind: &str, identifier: [(&str, &str); N]) -> Import {
    let identifier = identifier.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Import {
        logical_id: id.to_owned(),
        resource_type: kind.to_owned(),
        identifier: identifier.into(),
    }
}
