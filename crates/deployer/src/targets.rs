//! The inputs that the stack's rules send to functions.

use aws_sdk_eventbridge::types::Target as EventTarget;
use futures::stream::{self, StreamExt, TryStreamExt};

use scaling::{DemandOrder, MetricRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stack::{Cluster, Service, ServiceSource, Stack};
use template::contract::types;

use crate::error::{Error, Result, aws};
use crate::named::list_rule_targets;
use crate::resource::Resource;
use crate::session::Session;

/// Returns the resource ID (`service/CLUSTER/SERVICE`) of a service that can have another owner's scalable target: an existing
/// one, or an imported one, which has a fixed name in an existing cluster.
pub(crate) fn name_scalable_target(stack: &Stack, service: &Service) -> Option<String> {
    let cluster = find_existing_cluster(stack, service)?;
    let name = match &service.source {
        ServiceSource::Existing { service, .. } => service,
        ServiceSource::Create(spec) => spec.name.as_ref()?,
    };
    Some(format!("service/{cluster}/{name}"))
}

/// Returns the name of the existing cluster that a service runs in. `None` for the stack's own cluster.
pub(crate) fn find_existing_cluster<'a>(stack: &'a Stack, service: &'a Service) -> Option<&'a str> {
    match (&service.source, &stack.cluster) {
        (ServiceSource::Existing { cluster, .. }, _) => Some(cluster),
        (ServiceSource::Create(_), Cluster::Existing { name }) => Some(name),
        (ServiceSource::Create(_), Cluster::Create { .. }) => None,
    }
}

/// A target of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name of the rule.
    pub rule: String,
    /// ARN of the function that the rule invokes.
    pub arn: String,
    /// Its constant input. Empty if the rule sends its event.
    pub input: String,
}

/// The purpose of a rule's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Measures.
    Measure,
    /// Lets a scaling function re-evaluate its alarms.
    ReEvaluate,
    /// Makes a scaling function check the queues of its services.
    ScaleByDemand,
}

impl Target {
    pub(crate) fn purpose(&self) -> Purpose {
        let action: Result<Action, _> = serde_json::from_str(&self.input);
        let action = action.map(|action| action.action);
        match action.as_deref() {
            Ok(RE_EVALUATE) => Purpose::ReEvaluate,
            Ok(_) => Purpose::ScaleByDemand,
            Err(_) => Purpose::Measure,
        }
    }

    /// Returns the services that the function scales by demand.
    ///
    /// # Errors
    /// If the input isn't ours.
    pub(crate) fn order(&self) -> Result<DemandOrder> {
        self.parse("scales")
    }

    /// Returns what the metric function should measure.
    ///
    /// # Errors
    /// If the input isn't ours.
    pub(crate) fn request(&self) -> Result<MetricRequest> {
        self.parse("measures")
    }

    fn parse<T: DeserializeOwned>(&self, does: &str) -> Result<T> {
        serde_json::from_str(&self.input).map_err(|error| {
            Error::failed(format!(
                "failed to read what the rule {} {does}: {error}",
                self.rule
            ))
            .hint("a target of this rule was changed: restore it as `synth` shows it")
        })
    }
}

/// The part that every input of a scaling function contains.
#[derive(Deserialize)]
struct Action {
    action: String,
}

const RE_EVALUATE: &str = "re-evaluate";

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// Reads the targets of the rules among the resources, in the order of the resources. A rule that doesn't exist
/// has none.
pub(crate) async fn read_targets(
    session: &Session<'_>,
    resources: &[Resource],
) -> Result<Vec<Target>> {
    let rules = physical_ids(resources, types::RULE);
    let found: Vec<Vec<Target>> = stream::iter(rules)
        .map(|rule| of_rule(session, rule))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn of_rule(session: &Session<'_>, rule: &str) -> Result<Vec<Target>> {
    let found = match list_rule_targets(session, rule).await {
        Ok(found) => found,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            Vec::new()
        }
        Err(error) => return Err(aws(format!("read what the rule {rule} measures"))(error)),
    };
    let target = |target: &EventTarget| Target {
        rule: rule.to_owned(),
        arn: target.arn().to_owned(),
        input: target.input().unwrap_or_default().to_owned(),
    };
    Ok(found.iter().map(target).collect())
}

/// Returns the physical IDs of the resources of a type. Omits resources that were never created.
pub(crate) fn physical_ids<'a>(
    resources: &'a [Resource],
    kind: &'a str,
) -> impl Iterator<Item = &'a str> {
    resources
        .iter()
        .filter(move |resource| resource.resource_type == kind && !resource.physical_id.is_empty())
        .map(|resource| resource.physical_id.as_str())
}
