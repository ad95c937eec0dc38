//! The deployed functions: their names, their tasks, and the input that their rules send.

use futures::stream::{self, StreamExt, TryStreamExt};
use scaling::DemandAction::ScaleByDemand;
use scaling::{
    AlarmStepsPolicy, DemandOrder, DemandPolicy, FleetDocument, MetricRequest, POLICY_VARIABLE,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use template::contract::types;

use crate::error::{Error, Result, aws};
use crate::invoke::function_name;
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::{Purpose, Target, read_targets};

/// A function of the stack that a rule invokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Name of the function.
    pub name: String,
    /// ARN of the function.
    pub arn: String,
    /// Logical ID in the template. Empty if the function isn't a resource of the stack.
    pub logical_id: String,
    /// The targets of the rules that invoke it.
    pub targets: Vec<Target>,
    /// What it does.
    pub kind: FunctionKind,
}

/// What a function does.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionKind {
    /// Measures the metrics that these requests name.
    Metric(Vec<MetricRequest>),
    /// Scales services.
    Scaling(Box<ScalingSetup>),
}

/// The configuration of a scaling function.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingSetup {
    /// How it scales its services.
    pub policy: ScalingPolicy,
    /// Name of its dead-letter queue.
    pub dead_letters: Option<String>,
}

/// How a scaling function decides.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalingPolicy {
    /// By its alarms.
    AlarmSteps(Box<AlarmStepsPolicy>),
    /// By the required tasks of each service.
    Demand(Vec<DemandPolicy>),
}

/// Environment variable that held the policy in templates of earlier versions, whose functions scaled one
/// service each.
const EARLIER_DEMAND_VARIABLE: &str = "DEMAND_POLICY";

/// Cluster and name of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceName {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
}

impl ServiceName {
    /// `service/CLUSTER/SERVICE`, as Application Auto Scaling names it.
    pub(crate) fn resource_id(&self) -> String {
        format!("service/{}/{}", self.cluster, self.service)
    }

    /// The service of a scalable target, by its ID or by CloudFormation's: `service/CLUSTER/SERVICE|DIMENSION|NAMESPACE`.
    pub(crate) fn of_target(id: &str) -> Option<Self> {
        let id = id.split('|').next()?;
        let (cluster, service) = id.strip_prefix("service/")?.split_once('/')?;
        Some(Self {
            cluster: cluster.to_owned(),
            service: service.to_owned(),
        })
    }
}

impl From<&AlarmStepsPolicy> for ServiceName {
    fn from(policy: &AlarmStepsPolicy) -> Self {
        Self {
            cluster: policy.cluster.clone(),
            service: policy.service.clone(),
        }
    }
}

impl From<&DemandPolicy> for ServiceName {
    fn from(policy: &DemandPolicy) -> Self {
        Self {
            cluster: policy.cluster.clone(),
            service: policy.service.clone(),
        }
    }
}

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// Returns the functions that the rules among the resources invoke, in the order of the rules.
///
/// # Errors
/// If AWS can't be reached, or if a rule's input or a function's policy isn't ours.
pub async fn functions(session: &Session<'_>, resources: &[Resource]) -> Result<Vec<Function>> {
    let mut found: Vec<(String, Vec<Target>)> = Vec::new();
    for target in read_targets(session, resources).await? {
        match found.iter_mut().find(|(arn, _)| *arn == target.arn) {
            Some((_, targets)) => targets.push(target),
            None => found.push((target.arn.clone(), vec![target])),
        }
    }
    stream::iter(found)
        .map(|(arn, targets)| async move {
            let kind = read_kind(session, &arn, &targets).await?;
            let is_it = |r: &&Resource| {
                r.resource_type == types::FUNCTION && r.physical_id == function_name(&arn)
            };
            let resource = resources.iter().find(is_it);
            Ok::<_, Error>(Function {
                name: function_name(&arn).to_owned(),
                logical_id: resource.map(|r| r.logical_id.clone()).unwrap_or_default(),
                kind,
                targets,
                arn,
            })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Returns what the function of these targets does.
async fn read_kind(session: &Session<'_>, arn: &str, targets: &[Target]) -> Result<FunctionKind> {
    let purpose = targets.first().map(Target::purpose);
    Ok(match purpose.unwrap_or(Purpose::Measure) {
        Purpose::Measure => {
            let requests = targets.iter().map(Target::request);
            FunctionKind::Metric(requests.collect::<Result<_>>()?)
        }
        Purpose::ReEvaluate => FunctionKind::Scaling(Box::new(read_setup(session, arn).await?)),
        Purpose::ScaleByDemand => {
            let mut services = Vec::new();
            for target in targets {
                services.extend(read_services(session, target.order()?).await?);
            }
            FunctionKind::Scaling(Box::new(ScalingSetup {
                policy: ScalingPolicy::Demand(services),
                dead_letters: None,
            }))
        }
    })
}

/// The services of an order.
async fn read_services(session: &Session<'_>, order: DemandOrder) -> Result<Vec<DemandPolicy>> {
    let Some(object) = order.object else {
        return Ok(order.services);
    };
    let name = format!("{} in {}", object.key, object.bucket);
    let request = session.clients.s3.get_object();
    let request = request.bucket(&object.bucket).key(&object.key);
    let sent = request.send().await;
    let sent = sent.map_err(aws(format!("read what a function scales, {name}")))?;
    let broken = |why: String| {
        Error::failed(format!(
            "failed to read what a function scales, {name}: {why}"
        ))
        .hint("the next deploy uploads it again")
    };
    let body = sent.body.collect().await;
    let body = body.map_err(|error| broken(error.to_string()))?;
    let document: FleetDocument =
        serde_json::from_slice(&body.into_bytes()).map_err(|error| broken(error.to_string()))?;
    let completed = document.complete(&object.values);
    completed.map_err(|error| broken(error.to_string()))
}

/// Reads the policy from a scaling function's environment.
async fn read_setup(session: &Session<'_>, arn: &str) -> Result<ScalingSetup> {
    let function = function_name(arn);
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(arn).send().await;
    let reply = reply.map_err(aws(format!("read the configuration of {function}")))?;
    let variables = reply.environment().and_then(|all| all.variables());
    let variable = |name: &str| variables.and_then(|all| all.get(name));
    let wrong = |why: String| {
        Error::failed(format!("failed to read how {function} scales: {why}"))
            .hint("the function's environment was changed: restore it as `synth` shows it")
    };
    let unread = |error: serde_json::Error| wrong(error.to_string());
    let policy = match (variable(POLICY_VARIABLE), variable(EARLIER_DEMAND_VARIABLE)) {
        (Some(text), None) => {
            ScalingPolicy::AlarmSteps(serde_json::from_str(text).map_err(unread)?)
        }
        (None, Some(text)) => {
            ScalingPolicy::Demand(vec![serde_json::from_str(text).map_err(unread)?])
        }
        (given, _) => {
            let have = given.map_or("neither of the variables", |_| "both variables");
            return Err(wrong(format!(
                "it has {have} {POLICY_VARIABLE} and {EARLIER_DEMAND_VARIABLE}"
            )));
        }
    };
    let dead_letters = reply
        .dead_letter_config()
        .and_then(|config| config.target_arn())
        .and_then(|arn| arn.rsplit(':').next().map(str::to_owned));
    Ok(ScalingSetup {
        policy,
        dead_letters,
    })
}

impl Function {
    /// Returns the services that it measures or scales, each once.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceName> {
        let mut services: Vec<ServiceName> = match &self.kind {
            FunctionKind::Metric(requests) => requests.iter().flat_map(list_measured).collect(),
            FunctionKind::Scaling(scaling) => scaling.services(),
        };
        services.sort();
        services.dedup();
        services
    }

    /// Returns the events that make the function do once what its rules make it do. A function that scales by
    /// demand checks repeatedly for its rule's whole period, so its event requests a single check.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        let inputs = self.targets.iter().map(|target| &target.input);
        inputs.map(|input| check_once(input)).collect()
    }
}

/// Turns the input of a rule that requests checks for a whole minute into an event that requests one check. Returns
/// other inputs unchanged.
pub(crate) fn check_once(input: &str) -> String {
    match serde_json::from_str::<Value>(input) {
        Ok(Value::Object(mut order)) if order.get("action") == Some(&json!(ScaleByDemand)) => {
            order.insert("once".to_owned(), true.into());
            Value::Object(order).to_string()
        }
        _ => input.to_owned(),
    }
}

impl ScalingSetup {
    /// The services that are scaled.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceName> {
        match &self.policy {
            ScalingPolicy::AlarmSteps(policy) => vec![(&**policy).into()],
            ScalingPolicy::Demand(policies) => policies.iter().map(ServiceName::from).collect(),
        }
    }

    /// Returns the policies of its services, if it scales by demand.
    #[must_use]
    pub fn demand(&self) -> &[DemandPolicy] {
        match &self.policy {
            ScalingPolicy::Demand(policies) => policies,
            ScalingPolicy::AlarmSteps(_) => &[],
        }
    }

    /// The services whose counts it sets, each with the name of the parameter that records its pause.
    pub(crate) fn acting(&self) -> Vec<(ServiceName, Option<&str>)> {
        let steps = self.alarm_steps().into_iter();
        let steps = steps.map(|policy| (ServiceName::from(policy), policy.pause.as_deref()));
        let demand = self.demand().iter().filter(|policy| !policy.observe);
        let demand = demand.map(|policy| (ServiceName::from(policy), policy.pause.as_deref()));
        steps.chain(demand).collect()
    }

    /// Returns its policy, if alarms notify it.
    #[must_use]
    pub fn alarm_steps(&self) -> Option<&AlarmStepsPolicy> {
        match &self.policy {
            ScalingPolicy::AlarmSteps(policy) => Some(policy),
            ScalingPolicy::Demand(_) => None,
        }
    }
}

fn list_measured(request: &MetricRequest) -> impl Iterator<Item = ServiceName> {
    request.services.iter().map(|service| ServiceName {
        cluster: service.cluster.clone(),
        service: service.service.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_takes_a_minute_is_asked_for_once() {
        let order = check_once(r#"{"action":"scale-by-demand","services":[]}"#);
        let expected = json!({"action": "scale-by-demand", "once": true, "services": []});
        assert_eq!(serde_json::from_str::<Value>(&order).unwrap(), expected);
        for other in [
            r#"{"action":"re-evaluate"}"#,
            r#"{"services":[]}"#,
            "[1]",
            "",
        ] {
            assert_eq!(check_once(other), other);
        }
    }
}
