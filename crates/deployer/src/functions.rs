//! The deployed functions: which there are, what they are for, and what their rules send them.

use futures::stream::{self, StreamExt, TryStreamExt};
use scaling::{AlarmStepsPolicy, MetricRequest, POLICY_VARIABLE};
use serde::Serialize;

use crate::error::{Error, Result, aws};
use crate::invoke::name;
use crate::observe::Resource;
use crate::session::Session;
use crate::targets::{Purpose, targets};

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
    /// What it knows of its service and its alarms.
    pub policy: AlarmStepsPolicy,
    /// Name of its dead-letter queue.
    pub dead_letters: Option<String>,
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
    for target in targets(session, resources).await? {
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
                    FunctionKind::Scaling(Box::new(scaling(session, &arn).await?))
                }
            };
            let is_it = |r: &&Resource| {
                r.resource_type == "AWS::Lambda::Function" && r.physical_id == name(&arn)
            };
            let resource = resources.iter().find(is_it);
            Ok::<_, Error>(Function {
                name: name(&arn).to_owned(),
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
async fn scaling(session: &Session<'_>, arn: &str) -> Result<ScalingSetup> {
    let function = name(arn);
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(arn).send().await;
    let reply = reply.map_err(aws(format!("read the configuration of {function}")))?;
    let variables = reply.environment().and_then(|all| all.variables());
    let text = variables.and_then(|all| all.get(POLICY_VARIABLE));
    let wrong = |why: String| {
        Error::failed(format!("failed to read how {function} scales: {why}")).hint(
            "somebody else has changed the function's environment: put it back as `synth` shows it",
        )
    };
    let text = text.ok_or_else(|| wrong(format!("it has no variable {POLICY_VARIABLE}")))?;
    let policy = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
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
            FunctionKind::Metric(requests) => requests.iter().flat_map(measured).collect(),
            FunctionKind::Scaling(scaling) => vec![ServiceName {
                cluster: scaling.policy.cluster.clone(),
                service: scaling.policy.service.clone(),
            }],
        };
        services.sort();
        services.dedup();
        services
    }
}

fn measured(request: &MetricRequest) -> impl Iterator<Item = ServiceName> {
    request.services.iter().map(|service| ServiceName {
        cluster: service.cluster.clone(),
        service: service.service.clone(),
    })
}
