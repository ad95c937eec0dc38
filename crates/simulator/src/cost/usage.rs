//! The usage of a run: hours of tasks and instances, and requests.

use std::collections::VecDeque;

use crate::engine::Finished;
use crate::number::count;
use crate::outcome::TaskFigures;
use crate::policy::Policy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos, seconds, wide_seconds};

use super::billing::Hosting;
use super::count::Inventory;

/// Duration of a long poll, in seconds.
const LONG_POLL: f64 = 20.0;

/// Minutes for which an instance keeps running after it is no longer needed: cluster auto scaling's low alarm
/// needs 15 datapoints.
pub(crate) const INSTANCE_STAYS: u64 = 15;

/// The usage of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Duration in hours.
    pub(super) hours: f64,
    /// Billed hours of on-demand tasks.
    pub(super) on_demand: f64,
    /// Billed hours of Spot tasks.
    pub(super) spot: f64,
    /// Hours of instances.
    pub(super) instances: f64,
    /// Hours of public addresses of tasks or instances.
    pub(super) addresses: f64,
    /// Messages that tasks processed.
    pub(super) processed: f64,
    /// Requests of senders and tasks to the queues.
    pub(super) requests: f64,
    /// The function that measures or scales, and the one that only observes.
    pub(super) functions: [FunctionUsage; 2],
}

/// The usage of a function, and the resources that exist because of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FunctionUsage {
    /// The resources.
    pub(super) exists: Inventory,
    /// Runs, for all of its services together.
    pub(super) runs: f64,
    /// Duration of a run in seconds.
    pub(super) run_seconds: f64,
    /// Checks of the queues per run.
    pub(super) checks: f64,
    /// Metrics that a run reads from CloudWatch.
    pub(super) metrics_read: f64,
}

impl Usage {
    /// Returns the usage of a finished run.
    pub(super) fn of_run(scenario: &Scenario, finished: &Finished, tasks: &TaskFigures) -> Self {
        let totals = finished.records.totals;
        let busy = wide_seconds(finished.records.flown) / f64::from(scenario.concurrency.max(1));
        let running = steps(&finished.records.supply, finished.end);
        let idle = integral(running) - busy;
        Self {
            processed: count(totals.deleted),
            requests: count(totals.sent)
                + count(totals.deleted + totals.again)
                + count(totals.deleted)
                + idle.max(0.0) / LONG_POLL,
            functions: [
                FunctionUsage::of_policy(scenario, finished),
                FunctionUsage::of_observer(scenario, finished.end),
            ],
            ..Self::of_tasks(scenario, &finished.records.supply, finished.end, tasks)
        }
    }

    /// Returns the usage of the ideal policy for the same messages.
    pub(super) fn of_ideal(
        scenario: &Scenario,
        finished: &Finished,
        (needed, interval): (&[u32], Nanos),
        needed_seconds: f64,
    ) -> Self {
        let end = finished.end;
        let mut supply: Vec<(Nanos, u32)> = Vec::new();
        for (index, needed) in needed.iter().enumerate() {
            if supply.last().is_none_or(|(_, before)| before != needed) {
                supply.push((interval.saturating_mul(index as u64), *needed));
            }
        }
        let tasks = TaskFigures {
            needed_most: 0,
            seconds: needed_seconds,
            billed_seconds: needed_seconds,
            needed_seconds,
            most: 0,
        };
        let sent = count(finished.records.totals.sent);
        let busy = finished.foreknowledge.work_seconds() / f64::from(scenario.concurrency.max(1));
        Self {
            processed: sent,
            requests: 3.0 * sent + (needed_seconds - busy).max(0.0) / LONG_POLL,
            ..Self::of_tasks(scenario, &supply, end, &tasks)
        }
    }

    fn of_tasks(
        scenario: &Scenario,
        supply: &[(Nanos, u32)],
        end: Nanos,
        tasks: &TaskFigures,
    ) -> Self {
        let hours = |seconds: f64| seconds / 3_600.0;
        let billed = hours(tasks.billed_seconds);
        let mut usage = Self {
            hours: hours(seconds(end)),
            ..Self::default()
        };
        match &scenario.billing.hosting {
            Hosting::Fargate => usage.on_demand = billed,
            Hosting::Spot { base, share: spot } => {
                let all = integral(steps(supply, end));
                let first =
                    steps(supply, end).map(|(from, to, count)| (from, to, count.min(*base)));
                let first = if all > 0.0 {
                    integral(first) / all
                } else {
                    0.0
                };
                usage.spot = billed * (1.0 - first) * f64::from(*spot) / 100.0;
                usage.on_demand = billed - usage.spot;
            }
            Hosting::Instances { fit, min, max, .. } => {
                let fit = fit.unwrap_or(1);
                let needed = steps(supply, end)
                    .map(|(from, to, count)| (from, to, count.div_ceil(fit).clamp(*min, *max)));
                let stays = scenario.assumptions.minute().saturating_mul(INSTANCE_STAYS);
                usage.instances = hours(hold(needed, stays));
            }
        }
        if scenario.billing.public {
            usage.addresses = match scenario.billing.hosting {
                Hosting::Instances { .. } => usage.instances,
                Hosting::Fargate | Hosting::Spot { .. } => hours(tasks.seconds),
            };
        }
        usage
    }
}

impl FunctionUsage {
    /// The function that measures or scales.
    fn of_policy(scenario: &Scenario, finished: &Finished) -> Self {
        let reads = matches!(scenario.policy, Policy::Deadline(_) | Policy::Demand(_));
        Self {
            exists: scenario.billing.inventories.scaling,
            runs: count(finished.function_runs),
            run_seconds: scenario.assumptions.function_run.as_secs_f64() + finished.run_span,
            checks: checks(scenario),
            metrics_read: if reads {
                metrics_of_queues(scenario)
            } else {
                0.0
            },
        }
    }

    /// The function that observes next to another policy: a run per minute, which checks throughout the minute.
    fn of_observer(scenario: &Scenario, end: Nanos) -> Self {
        let exists = scenario.billing.inventories.observing;
        let every = scenario.billing.observed_every;
        let Some(every) = every.filter(|_| exists.functions > 0.0) else {
            return Self::default();
        };
        // The minute of a sandbox is shorter, and so is the time between checks.
        let minute = seconds(scenario.assumptions.minute());
        let every = every.as_secs_f64().max(1.0);
        let checks = (60.0 / every).floor().max(1.0);
        let span = (checks - 1.0) * every * minute / 60.0;
        Self {
            exists,
            runs: seconds(end) / minute,
            run_seconds: scenario.assumptions.function_run.as_secs_f64() + span,
            checks,
            metrics_read: metrics_of_queues(scenario),
        }
    }
}

/// Messages in flight and deleted messages of each queue, which demand scaling reads.
fn metrics_of_queues(scenario: &Scenario) -> f64 {
    2.0 * f64::from(scenario.billing.queues)
}

/// Returns the checks of the queues per run of the function that measures or scales.
fn checks(scenario: &Scenario) -> f64 {
    match &scenario.policy {
        Policy::Deadline(policy) => {
            let sample = (nanos(policy.every) / u64::from(policy.samples.max(1))).max(1);
            count((scenario.assumptions.minute() / sample).max(1))
        }
        Policy::AlarmSteps(_) => 0.0,
        _ => 1.0,
    }
}

/// Returns the segments between changes of a count.
fn steps(supply: &[(Nanos, u32)], end: Nanos) -> impl Iterator<Item = (Nanos, Nanos, u32)> + '_ {
    let ends = supply.iter().skip(1).map(|(at, _)| *at).chain([end]);
    supply
        .iter()
        .zip(ends)
        .map(move |((from, count), to)| (*from, to.min(end), *count))
        .filter(|(from, to, _)| from < to)
}

/// Returns the sum of counts × seconds.
fn integral(steps: impl Iterator<Item = (Nanos, Nanos, u32)>) -> f64 {
    steps
        .map(|(from, to, count)| seconds(to - from) * f64::from(count))
        .sum()
}

/// Returns the same segments if a count decreases only after it has been lower for a time.
fn hold(steps: impl Iterator<Item = (Nanos, Nanos, u32)>, stays: Nanos) -> f64 {
    // Higher counts that are still held, with the highest and first to expire in front.
    let mut held: VecDeque<(Nanos, u32)> = VecDeque::new();
    let mut sum = 0.0;
    for (from, to, count) in steps {
        while held.back().is_some_and(|(_, other)| *other <= count) {
            held.pop_back();
        }
        let mut at = from;
        while let Some((until, other)) = held.front().copied() {
            let left = until.clamp(at, to);
            sum += seconds(left - at) * f64::from(other);
            at = left;
            if until > to {
                break;
            }
            held.pop_front();
        }
        sum += seconds(to - at) * f64::from(count);
        held.push_back((to.saturating_add(stays), count));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    /// 2 for 10 s, 5 for 10 s, and 1 for 30 s, with counts held for 15 s: 2 × 10 + 5 × 10 + 5 × 15 + 1 × 15.
    #[test]
    fn counts_are_held() {
        let supply = [(0, 2), (10 * SECOND, 5), (20 * SECOND, 1)];
        let end = 50 * SECOND;
        let held = hold(steps(&supply, end), 15 * SECOND);
        assert!((held - 160.0).abs() < 1e-9, "{held}");
        let plain = hold(steps(&supply, end), 0);
        assert!((plain - 100.0).abs() < 1e-9, "{plain}");
        assert!((integral(steps(&supply, end)) - 100.0).abs() < 1e-9);
    }
}
