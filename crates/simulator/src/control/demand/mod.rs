//! The demand algorithm in its two forms: a metric for target tracking, and a function that sets the desired
//! count itself.

mod clock;
mod deadline;
mod function;
mod watch;

pub(super) use deadline::Deadline;
pub(super) use function::Function;
pub(super) use watch::Watch;
