//! Scaling functions of services with `demand`: one for all of a stack, as long as one role can name them and one input of
//! a rule holds what they need. It checks their queues several times a minute, and sets each service's desired count to
//! what the work needs.
//!
//! There is no scalable target: Application Auto Scaling and the function would undo each other's work.

use std::time::Duration;

use scaling::{DemandOrder, DemandPolicy, DemandPolicyError, QueueRequest};
use serde_json::{Value, json};
use stack::{Actuator, Demand, Stack};

use super::setup::{Ids, Setup, set_counts};
use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedQueue, ResolvedService};
use crate::resources::lambda::EVENT_AGE_SECONDS;
use crate::resources::log_group::write_logs;
use crate::resources::role::{Statement, publish_metrics, read_metrics};
use crate::scaling::demand::{demand_request, unusable_numbers, whole_milliseconds};
use crate::text::{Text, canonical, escape};

/// A rule's shortest period: one invocation checks until the next one starts.
const PERIOD: Duration = Duration::from_secs(60);

/// As long as the period. The last check is at least 5 s before its end, and each ends in time for the next.
const TIMEOUT_SECONDS: u64 = 60;

/// No retries: the next minute checks again.
const RETRIES: (u32, u64) = (0, EVENT_AGE_SECONDS);

/// A service that scales by demand.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a, 'r> {
    pub(crate) service: &'r ResolvedService<'a>,
    pub(crate) demand: &'a Demand,
    policy: DemandPolicy,
}

/// The services that scale by demand, by the function that sets their counts.
#[derive(Debug)]
pub(crate) struct Fleet<'a, 'r> {
    stack: &'a Stack,
    functions: Vec<Vec<Member<'a, 'r>>>,
}

impl<'a, 'r> Fleet<'a, 'r> {
    pub(crate) fn new(resolved: &'r Resolved<'a>) -> Result<Self, SynthesisError> {
        let stack = resolved.stack;
        let members = resolved.demanded(Actuator::Function).into_iter();
        let members = members.map(|(service, demand)| {
            let policy = demand_policy(stack, service, demand)?;
            Ok(Member {
                service,
                demand,
                policy,
            })
        });
        let members: Vec<Member<'a, 'r>> = members.collect::<Result<_, SynthesisError>>()?;
        let functions = match members.is_empty() {
            true => Vec::new(),
            false => vec![members],
        };
        Ok(Self { stack, functions })
    }

    /// The functions, counted from 1, with their services.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (usize, &[Member<'a, 'r>])> {
        let functions = self.functions.iter().enumerate();
        functions.map(|(position, members)| (position + 1, members.as_slice()))
    }

    pub(super) fn add(&self, builder: &mut Builder) -> Result<(), SynthesisError> {
        for (number, members) in self.functions() {
            let ids = Ids::of_demand(number);
            let statements = role_statements(self.stack, &ids, members);
            let description = "What the function that scales by demand may do".to_owned();
            ids.add_role(builder, self.stack, description, statements)?;
            let setup = Setup {
                description: "Scales services to the tasks that their work needs".to_owned(),
                policy: None,
                dead_letters: None,
                timeout: TIMEOUT_SECONDS,
                retries: RETRIES,
            };
            setup.add(builder, self.stack, &ids)?;
            let description = "Has the scaling function check the services' queues";
            ids.add_rule(builder, description, rule_input(members))?;
        }
        Ok(())
    }
}

/// The constant input of a rule: what to scale.
fn rule_input(members: &[Member<'_, '_>]) -> Value {
    let services = members.iter().map(|member| member.policy.clone());
    let order = DemandOrder::new(services.collect());
    json!({ "Fn::Sub": canonical(json!(order)).to_string() })
}

/// Reading the queues and what CloudWatch knows of them, reading and scaling the services, publishing what it found, and
/// no more. Describing a service has none of the conditions' keys, so that one statement names each service once.
fn role_statements(stack: &Stack, ids: &Ids, members: &[Member<'_, '_>]) -> Vec<Statement> {
    let services = members.iter().map(|member| member.service.arn.clone());
    let mut queues: Vec<Text> = Vec::new();
    for queue in members.iter().flat_map(|member| &member.service.queues) {
        if !queues.contains(&queue.arn) {
            queues.push(queue.arn.clone());
        }
    }
    let actions = ["ecs:DescribeServices", "ecs:UpdateService"];
    vec![
        write_logs(&ids.logs),
        publish_metrics("PublishNeed", &stack.metric.namespace),
        read_metrics(),
        set_counts("SetDesiredCounts", &actions, services.collect()),
        Statement::new("ReadQueues", &["sqs:GetQueueAttributes"], queues),
    ]
}

/// What the function needs to know of a service, with references to the names in it.
fn demand_policy(
    stack: &Stack,
    service: &ResolvedService<'_>,
    demand: &Demand,
) -> Result<DemandPolicy, SynthesisError> {
    let queue = |queue: &ResolvedQueue<'_>| QueueRequest {
        name: queue.name.sub(),
        url: queue.url.sub(),
    };
    let policy = DemandPolicy {
        namespace: escape(&stack.metric.namespace),
        cluster: service.cluster.sub(),
        service: service.name.sub(),
        queues: service.queues.iter().map(queue).collect(),
        min: service.service.tasks.min,
        max: service.service.tasks.max,
        law: demand_request(service, demand)?,
        share: service.service.slo.and_then(|slo| slo.share),
        warm: demand.warm,
        every_ms: whole_milliseconds(demand.every),
        period_ms: whole_milliseconds(PERIOD),
        cooldown_out_ms: whole_milliseconds(demand.cooldown.out),
        cooldown_in_ms: whole_milliseconds(demand.cooldown.r#in),
    };
    let unusable = |problem: DemandPolicyError| unusable_numbers(service, problem);
    policy.check().map_err(unusable)?;
    Ok(policy)
}
