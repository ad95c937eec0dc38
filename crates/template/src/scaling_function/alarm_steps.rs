//! Scaling functions of services with `alarm_steps`: the alarms of the service invoke the function, and it applies
//! their steps.
//!
//! Alarms notify it through the alarm topic. Because an alarm notifies only once per change of state, a rule makes
//! the function re-evaluate its alarms every minute. That also makes up for a lost message, and corrects a count
//! that is out of bounds.

use scaling::{
    AlarmSteps, AlarmStepsPolicy, LAST_STEP_TAG, POLICY_VARIABLE, Side, pause_parameter,
};
use serde_json::{Value, json};
use stack::{Stack, StepScaling};

use super::setup::{Ids, Setup, read_pauses, set_counts};
use super::triggers::{self, KnownAlarm};
use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedService, generated_name};
use crate::resources::alarm::AlarmAction;
use crate::resources::lambda::{self, TIMEOUT_SECONDS};
use crate::resources::metric::MetricStatistic;
use crate::resources::role::{Statement, read_metrics};
use crate::scaling::step_alarms;
use crate::text::{Text, attribute, canonical};
use crate::{limits, names};

/// Retries of a failed asynchronous invocation, and its maximum age in seconds.
const RETRIES: (u32, u64) = (2, 900);

pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>) -> Result<(), SynthesisError> {
    for (service, steps) in resolved.stepped() {
        add_alarms(builder, resolved, service, steps)?;
        triggers::add_dead_letter_queue(builder, service)?;
        let statements = role_statements(resolved.stack, service, steps);
        let ids = Ids::of_service(service.short);
        let description = format!(
            "Permissions of the scaling function of service {}",
            service.short
        );
        ids.add_role(builder, resolved.stack, description, statements)?;
        add_function(builder, resolved.stack, (service, &ids), steps)?;
        let alarms = known_alarms(resolved.stack, service, steps);
        triggers::add(builder, (service, &ids), &alarms)?;
    }
    Ok(())
}

fn add_alarms(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<(), SynthesisError> {
    for alarm in step_alarms::list_alarms(steps) {
        let metric = MetricStatistic::from_definition(resolved, service, steps.metric_of(alarm.1))?;
        let watched = (metric, AlarmAction::Topic);
        step_alarms::add_alarm(builder, resolved.stack, service, steps, alarm, watched)?;
    }
    Ok(())
}

fn known_alarms(
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Vec<KnownAlarm> {
    step_alarms::list_alarms(steps)
        .map(|(side, _)| known_alarm(stack, service, side))
        .collect()
}

fn known_alarm(stack: &Stack, service: &ResolvedService<'_>, side: Side) -> KnownAlarm {
    let id = step_alarms::alarm_id(side, service.short);
    let longest = generated_name(stack, &id, limits::ALARM_NAME);
    let arn = Text::arn("cloudwatch", "alarm:").longest() + longest;
    KnownAlarm {
        name: Text::reference(&id, longest),
        arn: Text::attribute(id, "Arn", arn),
    }
}

/// Permissions for its service, its alarms, and their tags, and nothing else.
fn role_statements(
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Vec<Statement> {
    let short = service.short;
    let arns: Vec<Text> = known_alarms(stack, service, steps)
        .into_iter()
        .map(|alarm| alarm.arn)
        .collect();
    let queue = names::scaling_dead_letter_queue(short);
    let longest = Text::arn("sqs", "").longest() + limits::QUEUE_NAME;
    let queue = Text::attribute(queue, "Arn", longest);
    let ours = || vec![service.arn.clone()];
    let mut statements = lambda::run_statements(stack, &names::scaling_function_logs(short));
    statements.extend([
        Statement::new("ReadService", &["ecs:DescribeServices"], ours()),
        set_counts("SetDesiredCount", &["ecs:UpdateService"], ours()),
        read_pauses(stack, &[short]),
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
    let choice = step_alarms::list_alarms(steps).any(|(_, alarm)| alarm.steps.as_slice().len() > 1);
    if choice {
        statements.push(read_metrics());
    }
    statements
}

fn add_function(
    builder: &mut Builder,
    stack: &Stack,
    (service, ids): (&ResolvedService<'_>, &Ids),
    steps: &StepScaling,
) -> Result<(), SynthesisError> {
    let queue = attribute(&names::scaling_dead_letter_queue(service.short), "Arn");
    let setup = Setup {
        description: format!("Scales service {} by its alarms", service.short),
        policy: Some(environment_policy(stack, service, steps)?),
        dead_letters: Some(queue),
        timeout: TIMEOUT_SECONDS,
        retries: RETRIES,
    };
    setup.add(builder, stack, ids)
}

/// The policy in the function's environment, if it fits.
fn environment_policy(
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<Value, SynthesisError> {
    let steps_of = |side: Side| {
        let (defined, cooldown) = match side {
            Side::Out => (&steps.scale_out, steps.cooldown.out),
            Side::In => (&steps.scale_in, steps.cooldown.r#in),
        };
        defined.as_ref().map(|defined| AlarmSteps {
            alarm: known_alarm(stack, service, side).name.sub(),
            steps: defined.steps.clone(),
            cooldown: cooldown.as_secs(),
        })
    };
    let policy = AlarmStepsPolicy {
        cluster: service.cluster.sub(),
        service: service.name.sub(),
        min: service.service.tasks.min,
        max: service.service.tasks.max,
        schedule: service.service.schedule.clone(),
        pause: Some(pause_parameter(&stack.name, service.short)),
        scale_out: steps_of(Side::Out),
        scale_in: steps_of(Side::In),
    };
    let known: Vec<Text> = known_alarms(stack, service, steps)
        .into_iter()
        .map(|alarm| alarm.name)
        .collect();
    let names: Vec<&Text> = known
        .iter()
        .chain([&service.cluster, &service.name])
        .collect();
    within_environment(service, canonical(json!(policy)), &names)
}

/// The value of a function's only variable, if it fits into the environment. `names` are the texts that are
/// references in the policy. Their lengths after completion differ, so the references' lengths are subtracted, and
/// the maximum lengths are added.
fn within_environment(
    service: &ResolvedService<'_>,
    policy: Value,
    names: &[&Text],
) -> Result<Value, SynthesisError> {
    let text = policy.to_string();
    let references: usize = names.iter().map(|name| name.sub().len()).sum();
    let longest: usize = names.iter().map(|name| name.longest()).sum();
    let bytes = POLICY_VARIABLE.len() + text.len() - references + longest;
    if bytes > limits::LAMBDA_ENVIRONMENT {
        let service = service.short.to_owned();
        return Err(SynthesisError::ScalingTooLong { service, bytes });
    }
    Ok(json!({ "Fn::Sub": text }))
}
