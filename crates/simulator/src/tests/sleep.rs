//! Steps on a service that can scale to zero: what a definition can't contain, and why.

use scaling::{AdjustmentType, Comparison, MissingData, Step, Steps};

use super::*;
use crate::{QueueMetric, Statistic, StepPolicy, StepSide};

/// A policy that scales a service from zero at one waiting message.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// The metric of the scale-in, and its form in a definition.
    metric: QueueMetric,
    said: &'static str,
    /// Number of tasks to set.
    wakes: i32,
    /// Whether the scale-in sets zero. Otherwise, it removes one task.
    to_zero: bool,
    /// Cooldown of the scale-out, in seconds.
    cooldown: u64,
    /// Whether a scaling function handles the alarms.
    function: bool,
}

impl Form {
    fn all() -> Vec<Self> {
        let metrics = [
            (
                QueueMetric::NotVisible,
                "name: ApproximateNumberOfMessagesNotVisible",
            ),
            (QueueMetric::Sent, "name: NumberOfMessagesSent"),
            (QueueMetric::Outstanding, "count: [visible, in_flight]"),
        ];
        let mut all = Vec::new();
        for (metric, said) in metrics {
            for (wakes, to_zero) in [(1, true), (1, false), (5, true), (5, false)] {
                for cooldown in [30, 60, 61, 300] {
                    for function in [false, true] {
                        all.push(Self {
                            metric,
                            said,
                            wakes,
                            to_zero,
                            cooldown,
                            function,
                        });
                    }
                }
            }
        }
        all
    }

    fn definition(&self) -> String {
        let kind = if self.function {
            "alarm_steps"
        } else {
            "steps"
        };
        let action = if self.to_zero { "set: 0" } else { "remove: 1" };
        format!(
            "name: sleep\nqueues: {{jobs: {{visibility_timeout: 10m}}}}\nservices:\n  worker:\n    image: busybox:1\n    \
             consumes: [jobs]\n    tasks: {{min: 0, max: 5}}\n    scaling:\n      {kind}:\n        period: 60s\n        \
             cooldown: {{out: {}s, in: 60s}}\n        \
             scale_out: {{metric: {{queue: jobs, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}}, at_or_above: 1, for: 1, set: {}}}\n        \
             scale_in: {{metric: {{queue: jobs, {}, statistic: Maximum}}, below: 1, for: 1, {action}}}\n",
            self.cooldown, self.wakes, self.said
        )
    }

    fn is_refused(&self) -> bool {
        match stack::parse("sleep.yaml", &self.definition()) {
            Ok(_) => false,
            Err(error) => {
                let text = format!("{error:?}");
                assert!(text.contains("before they run"), "{text}");
                true
            }
        }
    }

    fn policy(&self) -> Policy {
        let side = |metric, comparison, kind, adjustment| StepSide {
            metric,
            statistic: Statistic::Maximum,
            comparison,
            threshold: 1.0,
            datapoints: 1,
            periods: 1,
            missing: MissingData::Missing,
            steps: Steps::new(
                kind,
                None,
                vec![Step {
                    from: 0.0,
                    adjustment,
                }],
            )
            .unwrap(),
        };
        let exact = AdjustmentType::ExactCapacity;
        let (kind, less) = match self.to_zero {
            true => (exact, 0),
            false => (AdjustmentType::ChangeInCapacity, -1),
        };
        let (above, below) = (Comparison::AtOrAbove, Comparison::Below);
        let steps = StepPolicy {
            period: Duration::from_secs(60),
            cooldown_out: Duration::from_secs(self.cooldown),
            cooldown_in: Duration::from_secs(60),
            scale_out: Some(side(QueueMetric::Visible, above, exact, self.wakes)),
            scale_in: Some(side(self.metric, below, kind, less)),
        };
        if self.function {
            Policy::AlarmSteps(steps)
        } else {
            Policy::Steps(steps)
        }
    }

    /// Returns how many messages are processed, of three that are hours apart and take 20 s each, if a task takes 61
    /// s to start.
    fn served(&self) -> u64 {
        let scenario = Scenario {
            min: 0,
            max: 5,
            initial: 0,
            processing: Distribution::Fixed(Duration::from_secs(20)),
            policy: self.policy(),
            assumptions: Assumptions {
                task_start: Distribution::Fixed(Duration::from_secs(61)),
                ..Assumptions::default()
            },
            ..scenario()
        };
        let load = Load::read_csv("0\n7200\n28800\n".as_bytes(), None).unwrap();
        simulate(&scenario, &load, 1).unwrap().messages.deleted
    }
}

/// A scale-in that doesn't count waiting messages removes the tasks that they started 60 s earlier, unless the cooldown
/// is longer. With a start of 61 s, no message is ever processed. These forms are refused, and all others process every
/// message.
#[test]
fn what_is_refused_livelocks_and_what_is_accepted_serves_every_message() {
    let mut refused = 0;
    for form in Form::all() {
        let served = if form.is_refused() { 0 } else { 3 };
        refused += u32::from(served == 0);
        assert_eq!(form.served(), served, "{form:?}");
    }
    // Two metrics, three ways to remove all tasks that were started, and two cooldowns that aren't longer than
    // a start.
    assert_eq!(refused, 2 * 3 * 2);
}
