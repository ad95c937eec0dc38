//! Kinds of resources that several parts of a stack create.

pub(crate) mod alarm;
pub(crate) mod alarm_topic;
pub(crate) mod function_network;
pub(crate) mod lambda;
pub(crate) mod log_group;
pub(crate) mod metric;
pub(crate) mod role;
pub(crate) mod runbook;
