//! Every resource of a stack, room by room.

use stack::Stack;

use crate::builder::{Builder, Template};
use crate::error::SynthesisError;
use crate::resolved::Resolved;
use crate::{
    alarms, autoscaling, cluster, dashboard, metric_function, network, outputs, queues, schedule,
    services,
};

/// Parameter that names the bucket with the functions' code.
pub const PARAMETER_ASSETS_BUCKET: &str = "AssetsBucket";

/// Parameter that gives the key of the metric function's zip in that bucket.
pub const PARAMETER_METRIC_FUNCTION_KEY: &str = "MetricFunctionKey";

/// Capabilities that CloudFormation wants acknowledged: roles are made, none with a name of its own.
pub const CAPABILITIES: &[&str] = &["CAPABILITY_IAM"];

const DESCRIPTION: &str = "Queues, the ECS services that consume them, and their scaling by backlog per task (ecs-scaler).";

/// The CloudFormation template of a stack definition.
///
/// # Errors
/// When the definition contradicts itself, or asks for more than a stack, an EventBridge target or a
/// role holds.
pub fn synthesize(stack: &Stack) -> Result<Template, SynthesisError> {
    let resolved = Resolved::new(stack)?;
    let scaled = resolved.scaled()?;
    let mut builder = Builder::default();
    queues::add(&mut builder, &resolved)?;
    if resolved.creates_services() {
        let placement = network::add(&mut builder, stack)?;
        cluster::add(&mut builder, stack)?;
        services::add(&mut builder, &resolved, &placement)?;
    }
    autoscaling::add(&mut builder, stack, &scaled)?;
    if !scaled.is_empty() {
        metric_function::add(&mut builder, stack, &scaled)?;
        schedule::add(&mut builder, stack, &scaled)?;
    }
    alarms::add(&mut builder, &resolved, &scaled)?;
    dashboard::add(&mut builder, &resolved, &scaled)?;
    outputs::add(&mut builder, &resolved, &scaled);
    builder.finish(DESCRIPTION)
}
