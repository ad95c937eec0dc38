//! What a function that scales by demand is sent: for which services it sets the desired count.

use serde::{Deserialize, Serialize};

use super::policy::DemandPolicy;

/// The constant input of the rule that invokes a function that scales by demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandOrder {
    /// What is to be done.
    pub action: DemandAction,
    /// One check of each service instead of checks until the rule's period is over: for a person, or for a deploy
    /// that verifies the function.
    #[serde(default, skip_serializing_if = "is_false")]
    pub once: bool,
    /// How many functions share the account's request rates.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub functions: u32,
    /// How many times faster than real time the minutes of rules and metrics pass; more than 1 in a sandbox only.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub speed: u32,
    /// The services.
    pub services: Vec<DemandPolicy>,
}

/// What a function that scales by demand can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DemandAction {
    /// Check the services, and set their desired counts.
    ScaleByDemand,
}

impl DemandOrder {
    /// The order to scale these services.
    #[must_use]
    pub fn new(services: Vec<DemandPolicy>) -> Self {
        Self {
            action: DemandAction::ScaleByDemand,
            once: false,
            functions: one(),
            speed: one(),
            services,
        }
    }
}

impl DemandPolicy {
    /// The policy in a sandbox whose minutes pass `speed` times faster: every time of the loop in real time, rounded up. What
    /// a message takes and how long it may wait stays.
    #[must_use]
    pub fn compress(mut self, speed: u32) -> Self {
        let speed = u64::from(speed.max(1));
        let law = &mut self.law;
        for time in [
            &mut self.every_ms,
            &mut self.period_ms,
            &mut self.cooldown_out_ms,
            &mut self.cooldown_in_ms,
            &mut law.task_start_ms,
            &mut law.window_ms,
            &mut law.rate_over_ms,
        ] {
            *time = time.div_ceil(speed);
        }
        self
    }
}

fn one() -> u32 {
    1
}

// Serde hands over references.
fn is_one(functions: &u32) -> bool {
    *functions == one()
}

fn is_false(once: &bool) -> bool {
    !once
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order() -> serde_json::Value {
        json!({"action": "scale-by-demand", "services": [{
            "namespace": "n", "cluster": "c", "service": "s", "queues": [], "min": 1, "max": 5,
            "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 50_001,
            "law": {"acceptable_latency_ms": 10_000, "processing_time_ms": 100, "concurrency": 1,
                    "task_start_ms": 40_000, "window_ms": 120_000, "rate_over_ms": 120_000}}]})
    }

    #[test]
    fn an_order_is_written_as_short_as_it_is_read() {
        let read: DemandOrder = serde_json::from_value(order()).unwrap();
        assert_eq!((read.once, read.functions, read.speed), (false, 1, 1));
        assert_eq!(serde_json::to_value(&read).unwrap(), order());
        assert_eq!(DemandOrder::new(read.services.clone()), read);
    }

    #[test]
    fn a_fast_sandbox_keeps_the_times_of_messages() {
        let mut read: DemandOrder = serde_json::from_value(order()).unwrap();
        let fast = read.services.remove(0).compress(20);
        assert_eq!((fast.every_ms, fast.period_ms), (500, 3_000));
        assert_eq!((fast.cooldown_out_ms, fast.cooldown_in_ms), (0, 2_501));
        let law = fast.law;
        assert_eq!(
            (law.acceptable_latency_ms, law.processing_time_ms),
            (10_000, Some(100))
        );
        let loop_times = (law.task_start_ms, law.window_ms, law.rate_over_ms);
        assert_eq!(loop_times, (2_000, 6_000, 6_000));
    }
}
