//! A [`Stack`](stack::Stack) to its CloudFormation template.
//!
//! This crate owns the deployed resources: which resources a stack definition needs, their names, the permissions
//! of each role, and the limits of the services that receive them. It is pure: the same definition results in the
//! same bytes. Values that are known only while deploying (the assets bucket, the function's code) are template
//! parameters.

mod alarms;
mod builder;
mod cluster;
pub mod contract;
mod dashboard;
mod difference;
mod error;
mod limits;
mod metric_function;
pub mod names;
mod origins;
mod outputs;
mod overrides;
mod parameters;
mod pauses;
pub mod permissions;
pub mod policy;
mod queues;
mod resolved;
mod resources;
mod scaling;
mod scaling_function;
mod services;
mod synthesize;
mod text;
mod update;

pub use builder::{Object, Template};
pub use difference::compare_resources;
pub use error::SynthesisError;
pub use limits::INLINE_BODY_BYTES;
pub use origins::find_origin;
pub use parameters::{
    PARAMETER_ASSETS_BUCKET, PARAMETER_METRIC_FUNCTION_KEY, PARAMETER_SCALING_FUNCTION_KEY,
    PARAMETER_SERIALIZE_SCALING,
};
pub use resources::runbook::list_alarm_sections;
pub use synthesize::synthesize;
