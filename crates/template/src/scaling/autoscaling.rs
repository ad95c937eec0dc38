//! The resources of Application Auto Scaling: scalable targets and their policies of every kind.

use scaling::{Comparison, MissingData, NEED_PER_TASK_METRIC, Side, WAKE_METRIC_NAME};
use serde_json::{Value, json};
use stack::{Actuator, Cooldown, Demand, Stack, StepScaling, Utilization};

use super::metric_math;
use super::step_alarms;
use super::step_policy;
use super::target::add_target;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::{Resolved, ResolvedService, Scaled};
use crate::resources::alarm::{Alarm, AlarmAction, Window};
use crate::resources::metric::MetricStatistic;
use crate::resources::runbook::Runbook;
use crate::text::{Text, number, text};

pub(super) const DIMENSION: &str = "ecs:service:DesiredCount";
pub(super) const NAMESPACE: &str = "ecs";

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    scaled: &[Scaled<'_, '_>],
) -> Result<(), SynthesisError> {
    for service in &resolved.services {
        let Some(scaling) = &service.service.scaling else {
            continue;
        };
        let backlog = scaled
            .iter()
            .find(|scaled| scaled.service.short == service.short);
        let (cpu, memory) = (scaling.cpu.as_ref(), scaling.memory.as_ref());
        let demand = scaling
            .demand
            .as_ref()
            .filter(|demand| demand.actuator == Actuator::TargetTracking);
        let tracked = backlog.is_some() || demand.is_some() || cpu.is_some() || memory.is_some();
        if !tracked && scaling.steps.is_none() {
            continue;
        }
        add_target(builder, service)?;
        if let Some(scaled) = backlog {
            add_backlog(builder, resolved.stack, scaled)?;
        }
        if let Some(demand) = demand {
            add_demand(builder, resolved.stack, service, demand)?;
        }
        if let Some(cpu) = cpu {
            let policy = utilization_configuration("ECSServiceAverageCPUUtilization", cpu);
            add_tracking(builder, service, names::cpu_policy, "cpu", policy)?;
        }
        if let Some(memory) = memory {
            let policy = utilization_configuration("ECSServiceAverageMemoryUtilization", memory);
            add_tracking(builder, service, names::memory_policy, "memory", policy)?;
        }
        if let Some(steps) = &scaling.steps {
            add_steps(builder, resolved, service, steps)?;
        }
    }
    Ok(())
}

pub(super) fn resource_id(service: &ResolvedService<'_>) -> Text {
    text!["service/", &service.cluster, "/", &service.name]
}

/// A policy of the service. Its name must be unique within the scalable target. It contains the stack's name, so
/// two stacks with the same existing service show as two policies instead of overwriting each other.
fn add_policy(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    id: String,
    name: &str,
    (kind, property, configuration): (&str, &str, Value),
) -> Result<(), SynthesisError> {
    let mut policy = json!({
        "PolicyName": { "Fn::Sub": format!("${{AWS::StackName}}-{name}") },
        "PolicyType": kind,
        "ServiceNamespace": NAMESPACE,
        "ScalableDimension": DIMENSION,
        "ResourceId": resource_id(service).value(),
    });
    if let Some(map) = policy.as_object_mut() {
        map.insert(property.into(), configuration);
    }
    let resource = Resource::new(types::SCALING_POLICY, policy);
    builder.add(
        id,
        resource.depends_on([names::scalable_target(service.short)]),
    )
}

fn add_tracking(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    id: fn(&str) -> String,
    name: &str,
    configuration: Value,
) -> Result<(), SynthesisError> {
    let property = "TargetTrackingScalingPolicyConfiguration";
    let policy = ("TargetTrackingScaling", property, configuration);
    add_policy(builder, service, id(service.short), name, policy)
}

fn add_stepping(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    id: String,
    name: &str,
    configuration: Value,
) -> Result<(), SynthesisError> {
    let property = "StepScalingPolicyConfiguration";
    let policy = ("StepScaling", property, configuration);
    add_policy(builder, service, id, name, policy)
}

fn tracking_configuration(target: Value, cooldown: Cooldown, metric: (&str, Value)) -> Value {
    let mut configuration = json!({
        "TargetValue": target,
        "ScaleOutCooldown": cooldown.out.as_secs(),
        "ScaleInCooldown": cooldown.r#in.as_secs(),
    });
    if let Some(map) = configuration.as_object_mut() {
        map.insert(metric.0.into(), metric.1);
    }
    configuration
}

fn utilization_configuration(metric: &str, utilization: &Utilization) -> Value {
    let suffix = match utilization.high_resolution {
        true => "HighResolution",
        false => "",
    };
    let metric = json!({ "PredefinedMetricType": format!("{metric}{suffix}") });
    tracking_configuration(
        utilization.target.into(),
        utilization.cooldown,
        ("PredefinedMetricSpecification", metric),
    )
}

fn add_backlog(
    builder: &mut Builder,
    stack: &Stack,
    scaled: &Scaled<'_, '_>,
) -> Result<(), SynthesisError> {
    let service = scaled.service;
    let metric = metric_math::metric_specification(stack, scaled);
    let policy = tracking_configuration(
        number(scaled.target),
        scaled.scaling.cooldown,
        ("CustomizedMetricSpecification", metric),
    );
    add_tracking(
        builder,
        service,
        names::scaling_policy,
        "backlog-per-task",
        policy,
    )?;
    if scaled.wakes() {
        add_wake(builder, stack, service)?;
    }
    Ok(())
}

/// Target tracking on the tasks needed per desired task, with target 1. The statistic is the maximum, if a minute
/// has several values.
fn add_demand(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    demand: &Demand,
) -> Result<(), SynthesisError> {
    let metric = need_per_task(stack, service).properties().into();
    let metric = ("CustomizedMetricSpecification", metric);
    let policy = tracking_configuration(1.into(), demand.cooldown, metric);
    add_tracking(builder, service, names::scaling_policy, "demand", policy)?;
    if service.service.can_sleep() {
        add_wake(builder, stack, service)?;
    }
    Ok(())
}

/// The metric that target tracking on demand follows.
pub(crate) fn need_per_task<'a>(
    stack: &'a Stack,
    service: &ResolvedService<'_>,
) -> MetricStatistic<'a> {
    let namespace = &stack.metric.namespace;
    MetricStatistic::new(
        namespace,
        NEED_PER_TASK_METRIC,
        service.dimensions(),
        "Maximum",
    )
}

/// Scales from zero to one task. Target tracking can't do that: its comparison is strict, so with a target of at
/// least 1, a single message never scales the service from zero. The metric is 0 as soon as the desired count is at
/// least 1, so the exact count never reduces a running service. There is no cooldown: the policy acts once, and the
/// next action doesn't need to wait for its effect.
fn add_wake(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
) -> Result<(), SynthesisError> {
    let id = names::wake_policy(service.short);
    let configuration = json!({
        "AdjustmentType": "ExactCapacity",
        "Cooldown": 0,
        "MetricAggregationType": "Maximum",
        "StepAdjustments": [{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": 1 }],
    });
    add_stepping(builder, service, id.clone(), "wake", configuration)?;
    let (namespace, dimensions) = (&stack.metric.namespace, service.dimensions());
    let alarm = Alarm {
        id: names::wake_alarm(service.short),
        description: format!(
            "Stack {}: service {} has no task while messages wait. This alarm scales it from zero.",
            stack.name, service.short
        ),
        runbook: Runbook::NotNotifying,
        metric: MetricStatistic::new(namespace, WAKE_METRIC_NAME, dimensions, "Maximum"),
        comparison: Comparison::AtOrAbove,
        threshold: 1.0,
        window: Window::minutes(1, 1),
        missing: MissingData::NotBreaching,
        action: AlarmAction::Policy(id),
        depends_on: Vec::new(),
    };
    alarm.add(builder, stack)
}

fn add_steps(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<(), SynthesisError> {
    for (side, alarm) in step_alarms::list_alarms(steps) {
        let metric = MetricStatistic::from_definition(resolved, service, steps.metric_of(alarm))?;
        let (id, name, cooldown) = match side {
            Side::Out => (
                names::scale_out_policy(service.short),
                "steps-out",
                steps.cooldown.out,
            ),
            Side::In => (
                names::scale_in_policy(service.short),
                "steps-in",
                steps.cooldown.r#in,
            ),
        };
        let policy = step_policy::policy_configuration(alarm, cooldown, &metric);
        add_stepping(builder, service, id.clone(), name, policy)?;
        let action = AlarmAction::Policy(id);
        step_alarms::add_alarm(
            builder,
            resolved.stack,
            service,
            steps,
            (side, alarm),
            (metric, action),
        )?;
    }
    Ok(())
}
