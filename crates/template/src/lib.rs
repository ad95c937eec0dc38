//! A [`Stack`](stack::Stack) to its CloudFormation template.
//!
//! This room owns what is deployed: which resources a stack definition stands for, how they are
//! named, what each role may do, and the limits of the services that receive them. It is pure: the
//! same definition gives the same bytes, and what is only known while deploying (the assets bucket,
//! the function's code) enters as template parameters.

mod alarm;
mod alarm_topic;
mod alarm_wording;
mod alarms;
mod autoscaling;
mod builder;
mod cluster;
pub mod contract;
mod dashboard;
mod demand;
mod demand_alarms;
mod demand_function;
mod error;
mod grants;
mod instances;
mod lambda;
mod limits;
mod load_balancer;
mod load_balancer_alarms;
mod log_group;
mod measured;
mod metric_function;
mod metric_math;
pub mod names;
mod network;
mod outputs;
mod parameters;
mod queue_names;
mod queues;
mod resolved;
mod scaling_alarm_steps;
mod scaling_function;
mod scaling_setup;
mod scaling_triggers;
mod schedule;
mod services;
mod step_alarms;
mod step_policy;
mod synthesize;
mod task_roles;
mod text;
mod watched;

pub use builder::Template;
pub use error::SynthesisError;
pub use limits::INLINE_BODY_BYTES;
pub use parameters::{
    PARAMETER_ASSETS_BUCKET, PARAMETER_METRIC_FUNCTION_KEY, PARAMETER_SCALING_FUNCTION_KEY,
    PARAMETER_SERIALIZE_SCALING,
};
pub use synthesize::synthesize;
