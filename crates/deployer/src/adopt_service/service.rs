//! The service itself.

use adopt::live::{EventReading, ProviderReading, ServiceReading};
use aws_sdk_ecs::types::{ClusterField, ClusterSettingName, Service, ServiceField};

use crate::described::{controller_of, strategy_of};
use crate::error::{Error, Result, aws};
use crate::session::Session;

use super::absent;

/// Reads a service that can be scaled.
///
/// # Errors
/// If the service doesn't exist, if it can't be scaled, or if ECS can't be reached.
pub(super) async fn read(
    session: &Session<'_>,
    cluster: &str,
    name: &str,
) -> Result<ServiceReading> {
    let request = session.clients.ecs.describe_services().cluster(cluster);
    let request = request.services(name).include(ServiceField::Tags);
    let found = match request.send().await {
        Ok(reply) => reply.services.unwrap_or_default().into_iter().next(),
        Err(error) => {
            let missing = error.as_service_error();
            if missing.is_some_and(|error| error.is_cluster_not_found_exception()) {
                return Err(absent::no_cluster(session, cluster).await);
            }
            return Err(aws(format!("describe the service {cluster}/{name}"))(error));
        }
    };
    let found = found.filter(|service| service.status() != Some("INACTIVE"));
    let Some(found) = found else {
        return Err(absent::no_service(session, cluster, name).await);
    };
    let reading = convert(cluster, &found);
    refuse(&reading, found.status())?;
    let insights = read_insights(session, cluster).await;
    Ok(ServiceReading {
        insights,
        ..reading
    })
}

/// Refuses a service whose count can't be set.
fn refuse(service: &ServiceReading, status: Option<&str>) -> Result<()> {
    let name = format!("{}/{}", service.cluster, service.name);
    if status != Some("ACTIVE") {
        let status = status.unwrap_or("unknown");
        return Err(Error::refused(format!(
            "the service {name} is {status}, not ACTIVE"
        )));
    }
    if service.strategy == "DAEMON" {
        return Err(Error::refused(format!(
            "the service {name} has the scheduling strategy DAEMON: ECS runs one task on each instance, and no one can \
             set their number"
        ))
        .hint("create a service with the strategy REPLICA of the same task definition"));
    }
    if service.controller == "EXTERNAL" {
        return Err(Error::refused(format!(
            "the service {name} has the deployment controller EXTERNAL: the number of its tasks is the scale of its task sets, \
             which ecs-scaler doesn't set"
        )));
    }
    Ok(())
}

fn convert(cluster: &str, service: &Service) -> ServiceReading {
    let count = |tasks: i32| u32::try_from(tasks).unwrap_or_default();
    let providers = service.capacity_provider_strategy().iter();
    let tags = service.tags().iter();
    ServiceReading {
        cluster: cluster.to_owned(),
        name: service.service_name().unwrap_or_default().to_owned(),
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        launch_type: service.launch_type().map(|kind| kind.as_str().to_owned()),
        providers: providers
            .map(|item| ProviderReading {
                name: item.capacity_provider().to_owned(),
                base: count(item.base()),
                weight: count(item.weight()),
            })
            .collect(),
        controller: controller_of(service).to_owned(),
        strategy: strategy_of(service).to_owned(),
        task_definition: service.task_definition().unwrap_or_default().to_owned(),
        tags: tags
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .collect(),
        insights: None,
        events: convert_events(service),
    }
}

/// Returns the events, oldest first.
fn convert_events(service: &Service) -> Vec<EventReading> {
    let events = service.events().iter().filter_map(|event| {
        Some(EventReading {
            at: event.created_at()?.secs(),
            message: event.message()?.to_owned(),
        })
    });
    let mut events: Vec<EventReading> = events.collect();
    events.sort_by_key(|event| event.at);
    events
}

/// Returns whether Container Insights is on. `None` if it can't be determined.
async fn read_insights(session: &Session<'_>, cluster: &str) -> Option<bool> {
    let request = session.clients.ecs.describe_clusters().clusters(cluster);
    let reply = request.include(ClusterField::Settings).send().await.ok()?;
    let settings = reply.clusters().first()?.settings();
    let mut settings = settings.iter();
    let setting =
        settings.find(|setting| setting.name() == Some(&ClusterSettingName::ContainerInsights))?;
    Some(setting.value()? != "disabled")
}
