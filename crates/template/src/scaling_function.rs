//! Scaling functions: one for each service with `alarm_steps` or `demand`, so that each may describe and update
//! just its service, and can be made to run one call after the other. Here are those of `alarm_steps`, and what
//! both sorts share; see [`demand_function`] for the others.
//!
//! Alarms reach it through the alarm topic. Since an alarm notifies once per change of state, a rule lets
//! it look again every minute; that also makes good a message that got lost, and a count out of bounds.

use scaling::{AlarmSteps, AlarmStepsPolicy, LAST_STEP_TAG, POLICY_VARIABLE, ScalingRequest};
use serde_json::{Map, Value, json};
use stack::{Stack, StepScaling};

use crate::alarm::Action;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::grants::{Role, Statement, read_metrics};
use crate::lambda::{self, Function, TIMEOUT_SECONDS};
use crate::resolved::{Resolved, ResolvedService, generated_name};
use crate::services::add_log_group;
use crate::step_alarms::{self, Direction};
use crate::synthesize::{PARAMETER_SCALING_FUNCTION_KEY, PARAMETER_SERIALIZE_SCALING};
use crate::task_roles::write_logs;
use crate::text::{Text, attribute, canonical, reference};
use crate::watched::Watched;
use crate::{demand_function, limits, names, scaling_triggers};

/// The condition that calls of a scaling function come one after the other.
const SERIALIZED: &str = "ScalingIsSerialized";

/// Retries of an asynchronous call that failed, and its age in seconds at which it is given up.
const RETRIES: (u32, u64) = (2, 900);

pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>) -> Result<(), SynthesisError> {
    if !resolved.has_scaling_functions() {
        return Ok(());
    }
    builder.parameter(
        PARAMETER_SCALING_FUNCTION_KEY,
        "Key of the scaling function's zip in the bucket",
    );
    builder.switch(
        PARAMETER_SERIALIZE_SCALING,
        SERIALIZED,
        "Whether the account's quota lets each scaling function reserve a concurrency of one",
    );
    for (service, steps) in resolved.stepped() {
        add_alarms(builder, resolved, service, steps)?;
        scaling_triggers::add_dead_letter_queue(builder, service)?;
        let statements = statements(resolved.stack, service, steps);
        add_role(builder, resolved.stack, service, statements)?;
        add_function(builder, resolved.stack, service, steps)?;
        scaling_triggers::add(builder, service, &alarms(resolved.stack, service, steps))?;
    }
    demand_function::add(builder, resolved)
}

/// An alarm of a service, as its scaling function knows it.
pub(crate) struct KnownAlarm {
    pub(crate) name: Text,
    pub(crate) arn: Text,
}

fn add_alarms(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<(), SynthesisError> {
    for side in step_alarms::sides(steps) {
        let metric = Watched::of(resolved, service, steps.metric_of(side.1))?;
        let watched = (metric, Action::Topic);
        step_alarms::add(builder, resolved.stack, service, steps, side, watched)?;
    }
    Ok(())
}

fn alarms(stack: &Stack, service: &ResolvedService<'_>, steps: &StepScaling) -> Vec<KnownAlarm> {
    step_alarms::sides(steps)
        .map(|(direction, _)| alarm(stack, service, direction))
        .collect()
}

fn alarm(stack: &Stack, service: &ResolvedService<'_>, direction: Direction) -> KnownAlarm {
    let id = direction.alarm(service.short);
    let longest = generated_name(stack, &id, limits::ALARM_NAME);
    let arn = Text::arn("cloudwatch", "alarm:").longest() + longest;
    KnownAlarm {
        name: Text::reference(&id, longest),
        arn: Text::attribute(id, "Arn", arn),
    }
}

/// Reading and scaling this one service, and writing the log. Of the service it can swap neither the task
/// definition nor turn ECS Exec on.
pub(crate) fn scale_service(service: &ResolvedService<'_>) -> Vec<Statement> {
    let ours = || vec![service.arn.clone()];
    vec![
        write_logs(&names::scaling_function_logs(service.short)),
        Statement::new("ReadService", &["ecs:DescribeServices"], ours()),
        Statement::new("SetDesiredCount", &["ecs:UpdateService"], ours())
            .when("Null", "ecs:task-definition", vec!["true".into()])
            .when("Null", "ecs:enable-execute-command", vec!["true".into()]),
    ]
}

/// Its service, its alarms and the note on them, and no more.
fn statements(stack: &Stack, service: &ResolvedService<'_>, steps: &StepScaling) -> Vec<Statement> {
    let short = service.short;
    let arns: Vec<Text> = alarms(stack, service, steps)
        .into_iter()
        .map(|alarm| alarm.arn)
        .collect();
    let queue = names::scaling_dead_letter_queue(short);
    let longest = Text::arn("sqs", "").longest() + limits::QUEUE_NAME;
    let queue = Text::attribute(queue, "Arn", longest);
    let mut statements = scale_service(service);
    statements.extend([
        // CloudWatch asks for the right on all alarms even where a request names some.
        Statement::new(
            "ReadAlarms",
            &["cloudwatch:DescribeAlarms"],
            vec![Text::arn("cloudwatch", "alarm:*")],
        ),
        Statement::new(
            "ReadLastStep",
            &["cloudwatch:ListTagsForResource"],
            arns.clone(),
        ),
        Statement::new("NoteLastStep", &["cloudwatch:TagResource"], arns).when(
            "ForAllValues:StringEquals",
            "aws:TagKeys",
            vec![LAST_STEP_TAG.into()],
        ),
        Statement::new("GiveUp", &["sqs:SendMessage"], vec![queue]),
    ]);
    let choice = step_alarms::sides(steps).any(|(_, side)| side.steps.as_slice().len() > 1);
    if choice {
        statements.push(read_metrics());
    }
    statements
}

pub(crate) fn add_role(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    statements: Vec<Statement>,
) -> Result<(), SynthesisError> {
    let role = Role {
        id: names::scaling_function_role(service.short),
        description: format!(
            "What the scaling function of service {} may do",
            service.short
        ),
        principal: "lambda.amazonaws.com",
        trust: Vec::new(),
        statements,
        managed: Vec::new(),
    };
    role.add(builder, stack)
}

fn add_function(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<(), SynthesisError> {
    let queue = attribute(&names::scaling_dead_letter_queue(service.short), "Arn");
    let setup = Setup {
        description: format!("Scales service {} as its alarms say", service.short),
        policy: (POLICY_VARIABLE, policy(stack, service, steps)?),
        dead_letters: Some(queue),
        timeout: TIMEOUT_SECONDS,
        retries: RETRIES,
    };
    setup.add(builder, stack, service)
}

/// What the two sorts of scaling functions have in different ways.
pub(crate) struct Setup {
    pub(crate) description: String,
    /// Name and value of the variable with the policy.
    pub(crate) policy: (&'static str, Value),
    /// ARN of the queue for what the function fails on.
    pub(crate) dead_letters: Option<Value>,
    /// Longest run, in seconds.
    pub(crate) timeout: u64,
    /// Retries of an asynchronous call that failed, and its age in seconds at which it is given up.
    pub(crate) retries: (u32, u64),
}

impl Setup {
    /// The function of a service, its log group, and how it is invoked asynchronously.
    pub(crate) fn add(
        self,
        builder: &mut Builder,
        stack: &Stack,
        service: &ResolvedService<'_>,
    ) -> Result<(), SynthesisError> {
        let short = service.short;
        let (role, logs) = (
            names::scaling_function_role(short),
            names::scaling_function_logs(short),
        );
        add_log_group(builder, stack, &logs)?;
        let function = Function {
            description: &self.description,
            key: PARAMETER_SCALING_FUNCTION_KEY,
            role: &role,
            logs: &logs,
            timeout: self.timeout,
        };
        let mut properties = function.properties(stack);
        let mut variables = Map::new();
        variables.insert(self.policy.0.into(), self.policy.1);
        properties.insert("Environment".into(), json!({ "Variables": variables }));
        if let Some(queue) = self.dead_letters {
            properties.insert("DeadLetterConfig".into(), json!({ "TargetArn": queue }));
        }
        properties.insert(
            "ReservedConcurrentExecutions".into(),
            json!({ "Fn::If": [SERIALIZED, 1, reference("AWS::NoValue")] }),
        );
        let id = names::scaling_function(short);
        builder.add(&id, Resource::new(types::FUNCTION, properties.into()))?;
        let config = names::scaling_function_invoke_config(short);
        lambda::add_invoke_config(builder, config, &id, self.retries)
    }
}

/// The policy in the function's environment, within what one holds.
fn policy(
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<Value, SynthesisError> {
    let side = |direction: Direction| {
        let (side, cooldown) = match direction {
            Direction::Out => (&steps.scale_out, steps.cooldown.out),
            Direction::In => (&steps.scale_in, steps.cooldown.r#in),
        };
        side.as_ref().map(|side| AlarmSteps {
            alarm: alarm(stack, service, direction).name.sub(),
            steps: side.steps.clone(),
            cooldown: cooldown.as_secs(),
        })
    };
    let policy = AlarmStepsPolicy {
        cluster: service.cluster.sub(),
        service: service.name.sub(),
        min: service.service.tasks.min,
        max: service.service.tasks.max,
        scale_out: side(Direction::Out),
        scale_in: side(Direction::In),
    };
    let known: Vec<Text> = alarms(stack, service, steps)
        .into_iter()
        .map(|alarm| alarm.name)
        .collect();
    let names: Vec<&Text> = known
        .iter()
        .chain([&service.cluster, &service.name])
        .collect();
    within_environment(service, POLICY_VARIABLE, canonical(json!(policy)), &names)
}

/// The value of a function's one variable, if its environment holds it. `names`: the texts that stand as
/// references in the policy, which count for more or less than they come to: those are taken away, and the
/// most is added.
pub(crate) fn within_environment(
    service: &ResolvedService<'_>,
    variable: &str,
    policy: Value,
    names: &[&Text],
) -> Result<Value, SynthesisError> {
    let text = policy.to_string();
    let references: usize = names.iter().map(|name| name.sub().len()).sum();
    let longest: usize = names.iter().map(|name| name.longest()).sum();
    let bytes = variable.len() + text.len() - references + longest;
    if bytes > limits::LAMBDA_ENVIRONMENT {
        let service = service.short.to_owned();
        return Err(SynthesisError::ScalingTooLong { service, bytes });
    }
    Ok(json!({ "Fn::Sub": text }))
}

/// The constant input of the rule: look again.
pub(crate) fn re_evaluate() -> String {
    json!(ScalingRequest::ReEvaluate).to_string()
}
