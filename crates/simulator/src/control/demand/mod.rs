//! Scaling by demand in its two forms: a metric for target tracking, and a function that sets the desired count itself,
//! by deadlines.

mod clock;
mod deadline;
mod watch;

pub(super) use deadline::Deadline;
pub(super) use watch::Watch;
