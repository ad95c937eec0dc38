//! The meaning of a definition: whether AWS would accept it, and whether it could meet its objective.
//!
//! Each check names the paths that it depends on. If one of them was refused before, the check reports nothing.

mod arns;
mod capacity;
mod consumed;
mod containers;
mod demand;
mod deployment;
mod fargate;
mod groups;
mod instances;
mod load_balancers;
mod log_router;
mod metric;
mod names;
mod network;
mod objective;
mod permissions;
mod providers;
mod queues;
mod scaling;
mod schedule;
mod secrets;
mod senders;
mod services;
mod sidecars;
mod sleep;
mod slo;
mod steps;
mod texts;
mod thresholds;
mod volumes;

use crate::findings::Findings;
use crate::model::Stack;

/// Checks for everything that would deploy and then fail, or mislead.
pub(crate) fn check(stack: &Stack, findings: &mut Findings) {
    names::check(stack, findings);
    arns::check(stack, findings);
    // Must come before the queues, whose check uses the result to see that a report is full.
    services::check(stack, findings);
    // Must come before the checks that use a latency.
    slo::check(stack, findings);
    consumed::check(stack, findings);
    capacity::check(stack, findings);
    network::check(stack, findings);
    containers::check(stack, findings);
    permissions::check(stack, findings);
    load_balancers::check(stack, findings);
    secrets::check(stack, findings);
    schedule::check(stack, findings);
    scaling::check(stack, findings);
    queues::check(stack, findings);
    objective::check(stack, findings);
    metric::check(stack, findings);
}
