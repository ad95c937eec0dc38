//! The scaling of services: the scalable targets, their policies, and the alarms of steps.

pub(crate) mod autoscaling;
pub(crate) mod demand;
pub(crate) mod metric_math;
pub(crate) mod step_alarms;
mod step_policy;
mod target;
