//! How services scale: the policies of Application Auto Scaling, and the scaling functions.

pub(crate) mod autoscaling;
pub(crate) mod demand;
pub(crate) mod function;
pub(crate) mod metric_math;
pub(crate) mod step_alarms;
mod step_policy;
