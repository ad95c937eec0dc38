//! The Lambda functions that a stack needs, and what they are built for. The workshop builds them.

use std::collections::BTreeMap;

use deployer::Asset;
use stack::{Architecture, Service, Stack};

/// What a function is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// This machine, for the sandbox.
    Native,
    /// The Lambda runtime `provided.al2023`.
    Lambda(Architecture),
}

/// The functions that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// Publishes the backlog per task, or the tasks needed.
    Metric,
    /// Scales a service: when an alarm says so, or to the tasks needed.
    Scaling,
}

/// Functions that are built and packed.
pub struct Built {
    /// Their packed code.
    pub assets: BTreeMap<Function, Asset>,
    /// What they were built for; not always what was asked for.
    pub architecture: Architecture,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 2] = [Self::Metric, Self::Scaling];

    /// The functions that a stack is made of.
    pub(crate) fn of(stack: &Stack) -> Vec<Self> {
        let any = |has: fn(&Service) -> bool| stack.services.values().any(has);
        let needed = [
            (Self::Metric, any(Service::is_measured)),
            (Self::Scaling, any(Service::has_scaling_function)),
        ];
        let needed = needed.into_iter().filter(|(_, needed)| *needed);
        needed.map(|(function, _)| function).collect()
    }

    /// The package, and its binary.
    #[must_use]
    pub fn package(self) -> &'static str {
        match self {
            Self::Metric => "metric-function",
            Self::Scaling => "scaling-function",
        }
    }
}

/// Package of the example's worker, and its binary.
pub const WORKER: &str = "voucher-worker";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_stack_needs_is_built() {
        let stack = |scaling: &str| {
            let text = format!(
                "name: shop\nqueues: {{orders: {{}}}}\nservices:\n  web: {{image: busybox, consumes: [orders], \
                 tasks: {{min: 1, max: 2}}, scaling: {{{scaling}}}}}\n"
            );
            Function::of(&stack::parse("x", &text).unwrap().stack)
        };
        let promise = "acceptable_latency: 5m, processing_time: 1s";
        let backlog = format!("backlog_per_task: {{{promise}}}");
        let math = format!("backlog_per_task: {{{promise}, source: metric_math}}");
        let steps = "alarm_steps: {metric: {queue: orders, name: ApproximateNumberOfMessagesVisible, \
                     statistic: Maximum}, scale_out: {at_or_above: 1, add: 1}}";
        assert_eq!(stack(&backlog), [Function::Metric]);
        assert_eq!(stack(&math), []);
        assert_eq!(stack(steps), [Function::Scaling]);
        assert_eq!(stack("cpu: {target: 60}"), []);
        let demand =
            |actuator: &str| stack(&format!("demand: {{{promise}, actuator: {actuator}}}"));
        assert_eq!(demand("function"), [Function::Scaling]);
        assert_eq!(demand("target_tracking"), [Function::Metric]);
    }
}
