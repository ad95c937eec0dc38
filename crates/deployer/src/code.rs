//! The code of the Lambda functions that a stack needs. The caller builds it.

use std::collections::BTreeMap;

use stack::{Architecture, Service, Stack};

use crate::assets::Asset;

/// The code of one of our Lambda functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunctionCode {
    /// Publishes the backlog per task, or the required tasks.
    Metric,
    /// Scales a service, by its alarms or to the required tasks.
    Scaling,
}

/// Functions that are built and packed.
pub struct BuiltFunctions {
    /// Their packed code.
    pub assets: BTreeMap<FunctionCode, Asset>,
    /// Architecture that they were built for. It can differ from the requested one.
    pub architecture: Architecture,
}

impl FunctionCode {
    /// Every function.
    pub const ALL: [Self; 2] = [Self::Metric, Self::Scaling];

    /// Lists the functions that the stack needs.
    #[must_use]
    pub fn list_needed(stack: &Stack) -> Vec<Self> {
        let any = |has: fn(&Service) -> bool| stack.services.values().any(has);
        let needed = [
            (Self::Metric, any(Service::is_measured)),
            (Self::Scaling, any(Service::has_scaling_function)),
        ];
        let needed = needed.into_iter().filter(|(_, needed)| *needed);
        needed.map(|(function, _)| function).collect()
    }

    /// Returns the name of the package, which is also the name of its binary.
    #[must_use]
    pub fn package(self) -> &'static str {
        match self {
            Self::Metric => "metric-function",
            Self::Scaling => "scaling-function",
        }
    }

    /// Returns the template parameter for the asset's key.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Metric => template::PARAMETER_METRIC_FUNCTION_KEY,
            Self::Scaling => template::PARAMETER_SCALING_FUNCTION_KEY,
        }
    }
}

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
            FunctionCode::list_needed(&stack::parse("x", &text).unwrap().stack)
        };
        let promise = "acceptable_latency: 5m, processing_time: 1s";
        let backlog = format!("backlog_per_task: {{{promise}}}");
        let math = format!("backlog_per_task: {{{promise}, source: metric_math}}");
        let steps = "alarm_steps: {metric: {queue: orders, name: ApproximateNumberOfMessagesVisible, \
                     statistic: Maximum}, scale_out: {at_or_above: 1, add: 1}}";
        assert_eq!(stack(&backlog), [FunctionCode::Metric]);
        assert_eq!(stack(&math), []);
        assert_eq!(stack(steps), [FunctionCode::Scaling]);
        assert_eq!(stack("cpu: {target: 60}"), []);
        let demand =
            |actuator: &str| stack(&format!("demand: {{{promise}, actuator: {actuator}}}"));
        assert_eq!(demand("function"), [FunctionCode::Scaling]);
        assert_eq!(demand("target_tracking"), [FunctionCode::Metric]);
    }
}
