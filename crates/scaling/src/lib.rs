//! The laws of scaling, pure: no I/O, no clock, no randomness.
//!
//! This room owns what is computed: the backlog per task and its acceptable value, the next desired
//! count under target tracking, and the request by which the metric function is told what to measure.

mod backlog;
mod request;
mod target_tracking;

pub use backlog::{acceptable_backlog_per_task, backlog_per_task};
pub use request::{Count, METRIC_NAME, MetricRequest, QueueRequest, ServiceRequest};
pub use target_tracking::{
    Bounds, BoundsError, LOW_SHARE, TrackingAlarm, TrackingAlarms, next_desired_count,
    tracking_alarms,
};
