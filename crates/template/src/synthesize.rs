//! Every resource of a stack, module by module.

use stack::Stack;

use crate::builder::{Builder, Template};
use crate::cluster::network;
use crate::error::SynthesisError;
use crate::metric_function::{measured, schedule};
use crate::parameters::PARAMETER_ASSETS_BUCKET;
use crate::resolved::Resolved;
use crate::resources::{alarm_topic, function_network};
use crate::scaling::autoscaling;
use crate::scaling_function::Fleet;
use crate::services::load_balancer;
use crate::{
    alarms, cluster, dashboard, metric_function, outputs, pauses, queues, scaling_function,
    services,
};

/// The CloudFormation template of a stack definition.
///
/// # Errors
/// If the definition contradicts itself, or needs more than fits into a stack, an EventBridge target, a role, or a
/// function's environment.
pub fn synthesize(stack: &Stack) -> Result<Template, SynthesisError> {
    let resolved = Resolved::new(stack)?;
    let scaled = resolved.scaled()?;
    let measured = measured::measured_services(&resolved, &scaled)?;
    let fleet = Fleet::new(&resolved)?;
    let mut builder = Builder::default();
    if resolved.has_scaling_functions() || !measured.is_empty() {
        builder.parameter(
            PARAMETER_ASSETS_BUCKET,
            "S3 bucket with the functions' code",
        );
        function_network::add_security_group(&mut builder, stack)?;
    }
    queues::add(&mut builder, &resolved)?;
    if resolved.creates_services() {
        let placement = network::add(&mut builder, stack)?;
        cluster::add(&mut builder, &resolved, &placement)?;
        load_balancer::add(&mut builder, &resolved, &placement)?;
        services::add(&mut builder, &resolved, &placement)?;
    }
    autoscaling::add(&mut builder, &resolved, &scaled)?;
    let mut permissions = Vec::new();
    if !measured.is_empty() {
        metric_function::add(&mut builder, stack, &measured)?;
        permissions = schedule::add(&mut builder, stack, &measured)?;
    }
    if !resolved.stepped().is_empty() || stack.has_subscribers() {
        alarm_topic::add(&mut builder, stack)?;
    }
    scaling_function::add(&mut builder, &resolved, &fleet)?;
    pauses::add(&mut builder, &resolved)?;
    alarms::add(&mut builder, &resolved, (&scaled, &fleet), &permissions)?;
    dashboard::add(&mut builder, &resolved, (&scaled, &fleet))?;
    outputs::add(&mut builder, &resolved, &measured, &fleet);
    builder.finish(stack)
}
