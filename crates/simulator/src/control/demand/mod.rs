//! Scaling by demand in its two forms: a metric for target tracking, and a function that sets the desired count itself,
//! both by deadlines.

mod clock;
mod deadline;
mod need;
mod reported;

pub(super) use deadline::Deadline;
pub(super) use need::NeedMetric;
