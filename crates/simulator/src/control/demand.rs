//! The demand law in its three forms: a metric for target tracking, a fast lane of one's own alarms and
//! steps, and a function that sets the desired count itself.

mod fast_lane;
mod function;
mod watch;

pub(super) use fast_lane::FastLane;
pub(super) use function::Function;
pub(super) use watch::Watch;
