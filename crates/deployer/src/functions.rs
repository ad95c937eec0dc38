//! The deployed functions: which there are, what they are for, and what their rules send them.

use futures::stream::{self, StreamExt, TryStreamExt};
use scaling::{
    AlarmStepsPolicy, DEMAND_POLICY_VARIABLE, DemandPolicy, MetricRequest, POLICY_VARIABLE,
    ScalingRequest,
};
use serde::Serialize;
use template::contract::types;

use crate::error::{Error, Result, aws};
use crate::invoke::function_name;
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::{Purpose, read_targets};

/// A function of the stack that a rule invokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Name of the function.
    pub name: String,
    /// ARN of the function.
    pub arn: String,
    /// Logical id in the template; empty when the function is none of the stack's resources.
    pub logical_id: String,
    /// The constant inputs of the rules that invoke it.
    pub inputs: Vec<String>,
    /// What it does.
    pub kind: FunctionKind,
}

/// What a function does.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionKind {
    /// Measures these.
    Metric(Vec<MetricRequest>),
    /// Scales one service.
    Scaling(Box<ScalingSetup>),
}

/// How a scaling function is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingSetup {
    /// What it knows of its service, and what it goes by.
    pub policy: ScalingPolicy,
    /// Name of its dead-letter queue.
    pub dead_letters: Option<String>,
}

/// What a scaling function goes by.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalingPolicy {
    /// Its alarms.
    AlarmSteps(AlarmStepsPolicy),
    /// The tasks that the work needs.
    Demand(DemandPolicy),
}

/// Cluster and name of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ServiceName {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
}

/// Requests at once.
const AT_ONCE: usize = 8;

/// The functions that the rules among the resources invoke, in the order of the rules.
///
/// # Errors
/// When AWS can't be asked, or a rule's input or a function's policy is none of ours.
pub async fn functions(session: &Session<'_>, resources: &[Resource]) -> Result<Vec<Function>> {
    let mut found: Vec<(String, Purpose, Vec<String>, Vec<MetricRequest>)> = Vec::new();
    for target in read_targets(session, resources).await? {
        let purpose = target.purpose();
        let request = match purpose {
            Purpose::Measure => Some(target.request()?),
            Purpose::ReEvaluate => None,
        };
        match found.iter_mut().find(|(arn, ..)| *arn == target.arn) {
            Some((_, _, inputs, requests)) => {
                inputs.push(target.input);
                requests.extend(request);
            }
            None => found.push((
                target.arn,
                purpose,
                vec![target.input],
                request.into_iter().collect(),
            )),
        }
    }
    stream::iter(found)
        .map(|(arn, purpose, inputs, requests)| async move {
            let kind = match purpose {
                Purpose::Measure => FunctionKind::Metric(requests),
                Purpose::ReEvaluate => {
                    FunctionKind::Scaling(Box::new(read_setup(session, &arn).await?))
                }
            };
            let is_it = |r: &&Resource| {
                r.resource_type == types::FUNCTION && r.physical_id == function_name(&arn)
            };
            let resource = resources.iter().find(is_it);
            Ok::<_, Error>(Function {
                name: function_name(&arn).to_owned(),
                logical_id: resource.map(|r| r.logical_id.clone()).unwrap_or_default(),
                inputs,
                kind,
                arn,
            })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// The policy that a scaling function has in its environment.
async fn read_setup(session: &Session<'_>, arn: &str) -> Result<ScalingSetup> {
    let function = function_name(arn);
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(arn).send().await;
    let reply = reply.map_err(aws(format!("read the configuration of {function}")))?;
    let variables = reply.environment().and_then(|all| all.variables());
    let variable = |name: &str| variables.and_then(|all| all.get(name));
    let wrong = |why: String| {
        Error::failed(format!("failed to read how {function} scales: {why}")).hint(
            "somebody else has changed the function's environment: put it back as `synth` shows it",
        )
    };
    let unread = |error: serde_json::Error| wrong(error.to_string());
    let policy = match (variable(POLICY_VARIABLE), variable(DEMAND_POLICY_VARIABLE)) {
        (Some(text), None) => {
            ScalingPolicy::AlarmSteps(serde_json::from_str(text).map_err(unread)?)
        }
        (None, Some(text)) => ScalingPolicy::Demand(serde_json::from_str(text).map_err(unread)?),
        (given, _) => {
            let have = given.map_or("neither of the variables", |_| "both variables");
            return Err(wrong(format!(
                "it has {have} {POLICY_VARIABLE} and {DEMAND_POLICY_VARIABLE}"
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
    /// The services that it measures or scales, each once.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceName> {
        let mut services: Vec<ServiceName> = match &self.kind {
            FunctionKind::Metric(requests) => requests.iter().flat_map(list_measured).collect(),
            FunctionKind::Scaling(scaling) => vec![scaling.service()],
        };
        services.sort();
        services.dedup();
        services
    }

    /// The events by which it does once what its rules have it do: their inputs. One that scales by demand
    /// checks for its rule's whole period, so a single check is requested instead.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        match &self.kind {
            FunctionKind::Scaling(setup) if setup.demand().is_some() => vec![look_once()],
            _ => self.inputs.clone(),
        }
    }
}

/// `{"action":"look-once"}`.
fn look_once() -> String {
    serde_json::json!(ScalingRequest::LookOnce).to_string()
}

/// The event by which the function of this ARN, whose rule sends it `input`, does once what it is there for.
/// One whose policy can't be read is given what its rule sends: that it is broken shows then.
pub(crate) async fn event_for(session: &Session<'_>, arn: &str, input: &str) -> String {
    match read_setup(session, arn).await {
        Ok(setup) if setup.demand().is_some() => look_once(),
        _ => input.to_owned(),
    }
}

impl ScalingSetup {
    /// The service that is scaled.
    #[must_use]
    pub fn service(&self) -> ServiceName {
        let (cluster, service) = match &self.policy {
            ScalingPolicy::AlarmSteps(policy) => (&policy.cluster, &policy.service),
            ScalingPolicy::Demand(policy) => (&policy.cluster, &policy.service),
        };
        ServiceName {
            cluster: cluster.clone(),
            service: service.clone(),
        }
    }

    /// Its policy, if it scales by demand.
    #[must_use]
    pub fn demand(&self) -> Option<&DemandPolicy> {
        match &self.policy {
            ScalingPolicy::Demand(policy) => Some(policy),
            ScalingPolicy::AlarmSteps(_) => None,
        }
    }

    /// Its policy, if alarms notify it.
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
