//! Sets the desired count of a service manually, within its bounds, and lists what will change it again.

use std::time::SystemTime;

use scaling::Bounds;
use serde::Serialize;

use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Kind, Result, aws};
use crate::functions::ServiceName;
use crate::inspect::{Inspection, ServiceState, inspect_deployed};
use crate::session::Session;

/// A desired count to set manually.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedCount {
    /// Name of the service, as the user gave it.
    pub name: String,
    /// Its cluster and name in ECS.
    #[serde(flatten)]
    pub service: ServiceName,
    /// The desired count before.
    pub from: u32,
    /// The desired count afterward.
    pub to: u32,
    /// The bounds that hold now. `None` if nothing scales the service.
    pub bounds: Option<Bounds>,
    /// Who has paused the service's scaling, in a clause. Until that ends, nothing changes the count, or nothing lowers it.
    pub paused: Option<String>,
    /// What will change the count again, and when: a sentence each.
    pub undone_by: Vec<String>,
}

/// Checks that the desired count of a service can be set to `count`. Changes nothing.
///
/// # Errors
/// If the stack has no such service, if the count is out of its bounds, or if AWS can't be reached.
pub async fn plan_count(
    session: &Session<'_>,
    stack: &DeployedStack,
    (name, count): (&str, u32),
    now: SystemTime,
) -> Result<PlannedCount> {
    let inspection = inspect_deployed(session, stack, now).await?;
    let state = find(stack, &inspection, name)?;
    let from = state.desired.ok_or_else(|| {
        let error = format!("failed to read the service {}", state.service);
        Error::new(Kind::Unreachable, error).hint("it needs ecs:DescribeServices")
    })?;
    if state.status != "ACTIVE" {
        return Err(Error::failed(format!(
            "the service {} is {}",
            state.service, state.status
        )));
    }
    let bounds = state.task_bounds();
    if let Some(bounds) = bounds
        && !(bounds.min()..=bounds.max()).contains(&count)
    {
        return Err(out_of_bounds(name, count, bounds));
    }
    Ok(PlannedCount {
        name: name.to_owned(),
        service: ServiceName {
            cluster: state.cluster.clone(),
            service: state.service.clone(),
        },
        from,
        to: count,
        bounds,
        paused: state.pause.as_ref().map(scaling::Pause::describe),
        undone_by: list_undoing(stack, state),
    })
}

/// Sets the planned desired count. Nothing else of the service changes.
///
/// # Errors
/// If ECS can't be reached or refuses.
pub async fn set_count(session: &Session<'_>, change: &PlannedCount) -> Result<()> {
    let ServiceName { cluster, service } = &change.service;
    let count = i32::try_from(change.to);
    let count = count.map_err(|_| Error::new(Kind::Usage, "the count is too large"))?;
    let request = session.clients.ecs.update_service().cluster(cluster);
    let sent = request.service(service).desired_count(count).send().await;
    sent.map_err(aws(format!("set the desired count of {service}")))?;
    Ok(())
}

/// Finds a service by its name in the definition or in ECS.
fn find<'a>(
    stack: &DeployedStack,
    inspection: &'a Inspection,
    name: &str,
) -> Result<&'a ServiceState> {
    let known = stack.find_service(name);
    // An existing service that a function scales isn't a resource of the stack.
    let is_meant = |state: &&ServiceState| match &known {
        Ok(known) => (&state.cluster, &state.service) == (&known.ecs.cluster, &known.ecs.service),
        Err(_) => state.service == name,
    };
    let mut services = inspection.services.iter().filter(is_meant);
    match (services.next(), services.next()) {
        (Some(state), None) => Ok(state),
        (Some(one), Some(other)) => Err(Error::new(
            Kind::Usage,
            format!(
                "the stack scales {name} in the clusters {} and {}",
                one.cluster, other.cluster
            ),
        )
        .hint("set the count in one of them with `aws ecs update-service`")),
        (None, _) => Err(known.err().unwrap_or_else(|| {
            Error::failed(format!(
                "failed to read the service {name}: it was not found"
            ))
        })),
    }
}

fn out_of_bounds(name: &str, count: u32, bounds: Bounds) -> Error {
    let (min, max) = (bounds.min(), bounds.max());
    let key = if count < min { "min" } else { "max" };
    Error::refused(format!(
        "{count} is outside the bounds of {name}, which are now {min} to {max}"
    ))
    .hint(format!(
        "to change them: set `services.{name}.tasks.{key}` in the definition and deploy it"
    ))
}

fn list_undoing(stack: &DeployedStack, state: &ServiceState) -> Vec<String> {
    let mut undone_by = Vec::new();
    for policy in &state.policies {
        let how = match &*policy.kind {
            "TargetTrackingScaling" => "sets the count that its metric needs",
            _ => "adds or removes tasks",
        };
        undone_by.push(format!(
            "the policy {} {how} as soon as its alarm goes into ALARM, usually within minutes",
            policy.name
        ));
    }
    if state.alarm_steps.is_some() {
        undone_by.push(
            "the scaling function applies its next step to the new count when one of its alarms changes, and again while one stays in ALARM"
                .to_owned(),
        );
    }
    if let Some(demand) = &state.demand
        && demand.function.is_some()
        && !demand.observes
    {
        undone_by.push(
            "the scaling function sets the count that the work needs at its next check, within seconds; it removes tasks \
             only after it has known for a minute that nothing needs them"
                .to_owned(),
        );
    }
    let name = ServiceName {
        cluster: state.cluster.clone(),
        service: state.service.clone(),
    };
    if stack.has_schedule(&name) {
        undone_by.push("the schedule moves the count into its bounds when they change".to_owned());
    }
    undone_by
}
