//! Scaling functions of services with `demand`: one for the whole stack, as long as one role can name all services
//! and one function can check them in time. The function checks their queues several times per minute, and sets
//! each service's desired count to the number of tasks that the work needs.
//!
//! There is no scalable target, because Application Auto Scaling and the function would undo each other's changes.

use std::collections::BTreeMap;

use scaling::{
    DemandOrder, DemandPolicy, DemandPolicyError, FleetDocument, FleetObject, pause_parameter,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use stack::{Demand, Stack};

use super::setup::{Ids, Setup, read_pauses, set_counts};
use crate::builder::{Builder, Object};
use crate::contract::fleet_objects;
use crate::error::SynthesisError;
use crate::parameters::PARAMETER_ASSETS_BUCKET;
use crate::resolved::{Resolved, ResolvedQueue, ResolvedService};
use crate::resources::lambda::{self, EVENT_AGE_SECONDS};
use crate::resources::role::{Statement, fit_role, publish_metrics, read_metrics};
use crate::scaling::demand::{
    PERIOD, demand_request, queue_request, unusable_numbers, whole_milliseconds,
};
use crate::text::{Text, canonical, escape, hash, text};
use crate::{limits, names};

/// The same as the period. The last check starts at least 5 s before its end, and each check ends in time for the
/// next.
const TIMEOUT_SECONDS: u64 = 60;

/// No retries: the next minute checks again.
const RETRIES: (u32, u64) = (0, EVENT_AGE_SECONDS);

/// Maximum number of services per function: as many as it checks in time with its memory.
const SERVICES: usize = 125;

/// Maximum number of functions in a stack. Each has seven resources, in addition to the alarms of its services.
const FUNCTIONS: usize = 64;

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
    /// A function without services isn't in the template, so that the others keep their numbers.
    functions: Vec<Vec<Member<'a, 'r>>>,
}

impl<'a, 'r> Fleet<'a, 'r> {
    pub(crate) fn new(resolved: &'r Resolved<'a>) -> Result<Self, SynthesisError> {
        let stack = resolved.stack;
        let members = resolved.checked_by_function().into_iter();
        let members = members.map(|(service, demand)| {
            let policy = demand_policy(stack, service, demand)?;
            Ok(Member {
                service,
                demand,
                policy,
            })
        });
        let members: Vec<Member<'a, 'r>> = members.collect::<Result<_, SynthesisError>>()?;
        let functions = split(stack, members)?;
        Ok(Self { stack, functions })
    }

    /// The functions, counted from 1, with their services.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (usize, &[Member<'a, 'r>])> {
        let functions = self.functions.iter().enumerate();
        functions
            .map(|(position, members)| (position + 1, members.as_slice()))
            .filter(|(_, members)| !members.is_empty())
    }

    pub(super) fn add(&self, builder: &mut Builder) -> Result<(), SynthesisError> {
        let functions = self.functions().count();
        for (number, members) in self.functions() {
            let ids = Ids::of_demand(number);
            let input = Input::new(self.stack, members, functions);
            let statements = role_statements(self.stack, &ids.logs, members, &input);
            let description = "Permissions of the function that scales by demand".to_owned();
            ids.add_role(builder, self.stack, description, statements)?;
            let setup = Setup {
                description: "Scales services by demand".to_owned(),
                policy: None,
                dead_letters: None,
                timeout: TIMEOUT_SECONDS,
                retries: RETRIES,
            };
            setup.add(builder, self.stack, &ids)?;
            let description = "Checks the services' queues on a schedule";
            ids.add_rule(builder, description, json!({ "Fn::Sub": input.text }))?;
            if let Some(object) = input.object {
                builder.object(object);
            }
        }
        Ok(())
    }
}

/// Divides services among as few functions as can hold them. Each service goes to the function that a hash of its
/// name ranks first. So a new service moves no other, and an additional function takes its share without moving
/// services between the others.
fn split<'a, 'r>(
    stack: &Stack,
    members: Vec<Member<'a, 'r>>,
) -> Result<Vec<Vec<Member<'a, 'r>>>, SynthesisError> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    for member in &members {
        check_size(stack, std::slice::from_ref(member))?;
    }
    // The function that ranks first so far, and its rank.
    let mut first = vec![([0; 32], 0); members.len()];
    for function in 0..FUNCTIONS {
        let mut parts = vec![Vec::new(); function + 1];
        for (first, member) in first.iter_mut().zip(&members) {
            let rank = Sha256::digest(format!("{function} {}", member.service.short));
            *first = (*first).max((rank.into(), function));
            if let Some(part) = parts.get_mut(first.1) {
                part.push(member);
            }
        }
        if parts.iter().any(|part| part.len() > SERVICES) {
            continue;
        }
        let parts = parts.into_iter().map(|part| part.into_iter().cloned());
        let parts: Vec<Vec<Member<'_, '_>>> = parts.map(Iterator::collect).collect();
        if parts.iter().all(|part| check_size(stack, part).is_ok()) {
            return Ok(parts);
        }
    }
    Err(SynthesisError::TooManyFunctions {
        services: members.len(),
        most: FUNCTIONS,
    })
}

/// Checks that the services fit into a rule's input and a role; there are none or several.
fn check_size(stack: &Stack, members: &[Member<'_, '_>]) -> Result<(), SynthesisError> {
    let Some(member) = members.first() else {
        return Ok(());
    };
    let input = Input::new(stack, members, members.len());
    if input.longest > limits::TARGET_INPUT {
        let service = member.service.short.to_owned();
        return Err(SynthesisError::RequestTooLong { service });
    }
    let statements = role_statements(stack, &names::demand_function_logs(1), members, &input);
    match fit_role(&statements) {
        true => Ok(()),
        false => Err(SynthesisError::PolicyTooLarge {
            role: names::demand_function_role(1),
        }),
    }
}

/// The input that a rule sends: the services, or the object that holds them.
struct Input {
    /// As text for `Fn::Sub`.
    text: String,
    /// Maximum number of characters of the completed text.
    longest: usize,
    object: Option<Object>,
}

impl Input {
    fn new(stack: &Stack, members: &[Member<'_, '_>], functions: usize) -> Self {
        let services: Vec<DemandPolicy> = members.iter().map(|one| one.policy.clone()).collect();
        let mut order = DemandOrder::new(services.clone());
        order.functions = u32::try_from(functions).unwrap_or(u32::MAX);
        let text = canonical(json!(order)).to_string();
        let texts = || members.iter().flat_map(Member::texts);
        let written: usize = texts().map(|text| text.sub().chars().count()).sum();
        let longest: usize = texts().map(Text::longest).sum();
        let longest = (text.chars().count() + longest).saturating_sub(written);
        if longest <= limits::TARGET_INPUT {
            let object = None;
            return Self {
                text,
                longest,
                object,
            };
        }
        let references: BTreeMap<String, usize> = texts().flat_map(Text::references).collect();
        let document = FleetDocument {
            references: references.keys().cloned().collect(),
            services,
        };
        let body = canonical(json!(document)).to_string();
        let key = format!("{}{}.json", fleet_objects(&stack.name), hash(&body));
        let value = |reference: &String| format!("${{{reference}}}");
        order.services.clear();
        order.object = Some(FleetObject {
            bucket: value(&PARAMETER_ASSETS_BUCKET.to_owned()),
            key: key.clone(),
            values: references.keys().map(value).collect(),
        });
        let text = canonical(json!(order)).to_string();
        let written = |reference: &String| value(reference).chars().count();
        let bucket = limits::BUCKET_NAME;
        let names = references.iter();
        let grown: usize = names
            .map(|(name, longest)| longest.saturating_sub(written(name)))
            .sum();
        Self {
            longest: text.chars().count() + bucket + grown,
            text,
            object: Some(Object { key, body }),
        }
    }
}

impl Member<'_, '_> {
    /// The names in its policy.
    fn texts(&self) -> impl Iterator<Item = &Text> {
        let queues = self.service.queues.iter();
        let queues = queues.flat_map(|queue| [&queue.name, &queue.url]);
        [&self.service.cluster, &self.service.name]
            .into_iter()
            .chain(queues)
    }
}

/// Permissions to read the queues and their metrics, to read and scale the services, and to publish metrics, and
/// nothing else. The action to describe a service supports none of the conditions' keys, so one statement names
/// each service once.
fn role_statements(
    stack: &Stack,
    logs: &str,
    members: &[Member<'_, '_>],
    input: &Input,
) -> Vec<Statement> {
    let mut queues: Vec<Text> = Vec::new();
    for queue in members.iter().flat_map(|member| &member.service.queues) {
        if !queues.contains(&queue.arn) {
            queues.push(queue.arn.clone());
        }
    }
    let (acting, observed) = split_by_effect(members);
    let actions = ["ecs:DescribeServices", "ecs:UpdateService"];
    let mut statements = lambda::run_statements(stack, logs);
    statements.extend([
        publish_metrics("PublishNeed", &stack.metric.namespace),
        read_metrics(),
    ]);
    if input.object.is_some() {
        let bucket = Text::reference(PARAMETER_ASSETS_BUCKET, limits::BUCKET_NAME);
        let (partition, prefix) = (Text::partition(), fleet_objects(&stack.name));
        let objects = text!["arn:", partition, ":s3:::", bucket, "/", prefix, "*"];
        let read = Statement::new("ReadServices", &["s3:GetObject"], vec![objects]);
        statements.push(read);
    }
    if !acting.is_empty() {
        let names = members.iter().filter(|member| member.demand.acts());
        let names: Vec<&str> = names.map(|member| member.service.short).collect();
        statements.push(read_pauses(stack, &names));
        statements.push(set_counts("SetDesiredCounts", &actions, acting));
    }
    if !observed.is_empty() {
        let actions = ["ecs:DescribeServices"];
        statements.push(Statement::new("ObserveServices", &actions, observed));
    }
    let actions = ["sqs:GetQueueAttributes"];
    statements.push(Statement::new("ReadQueues", &actions, queues));
    statements
}

/// The ARNs of the services whose counts are set, and of the ones that are only observed.
fn split_by_effect(members: &[Member<'_, '_>]) -> (Vec<Text>, Vec<Text>) {
    let (acting, observed): (Vec<_>, Vec<_>) =
        members.iter().partition(|member| member.demand.acts());
    let arns = |members: Vec<&Member<'_, '_>>| {
        let arns = members.into_iter().map(|member| member.service.arn.clone());
        arns.collect()
    };
    (arns(acting), arns(observed))
}

/// The function's settings for a service, with references to the names in it.
fn demand_policy(
    stack: &Stack,
    service: &ResolvedService<'_>,
    demand: &Demand,
) -> Result<DemandPolicy, SynthesisError> {
    let queue = |queue: &ResolvedQueue<'_>| queue_request(service.service, queue);
    let policy = DemandPolicy {
        namespace: escape(&stack.metric.namespace),
        cluster: service.cluster.sub(),
        service: service.name.sub(),
        queues: service.queues.iter().map(queue).collect(),
        min: service.service.tasks.min,
        max: service.service.tasks.max,
        schedule: service.service.schedule.clone(),
        law: demand_request(service, demand)?,
        observe: !demand.acts(),
        // A policy that only observes has nothing to pause.
        pause: demand
            .acts()
            .then(|| pause_parameter(&stack.name, service.short)),
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
