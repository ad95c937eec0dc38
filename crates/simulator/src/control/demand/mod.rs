//! The two forms of demand scaling: a metric for target tracking, and a function that sets the desired count itself.
//! Both use deadlines.

mod clock;
mod deadline;
mod need;
mod reported;

pub(super) use deadline::Deadline;
pub(super) use need::NeedMetric;
