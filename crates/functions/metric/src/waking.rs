//! The backlog without tasks, which scales a service from zero.

use std::collections::HashMap;

use scaling::held_backlog;

use crate::plan::Plan;
use crate::queues::{self, Reading};
use crate::services::Described;
use crate::{Published, Reason, Waking};

/// The datapoints of the services that can scale from zero. A service that can't be described has none; its targets
/// contain the reason.
pub(crate) fn list_datapoints(
    plan: &Plan,
    queues: &HashMap<String, Reading>,
    described: &Described,
) -> Vec<Waking> {
    let datapoint = |service: &(String, String)| {
        let Ok(tasks) = described.get(service)? else {
            return None;
        };
        // If the desired count is at least 1, the value is 0, whatever waits: its policy sets the count to one, and
        // would reduce a running service to that.
        let value = match tasks.desired {
            0 => count_waiting(plan, queues, service)?,
            _ => 0,
        };
        Some(Waking {
            cluster: service.0.clone(),
            service: service.1.clone(),
            desired: tasks.desired,
            backlog_without_tasks: value,
        })
    };
    plan.wake.iter().filter_map(datapoint).collect()
}

/// Keeps the last task of services that can scale to zero while there is work: raises the datapoint of the first
/// queue, because the policy tracks the sum over all queues.
pub(crate) fn hold_last_tasks(plan: &Plan, datapoints: &mut [Published]) {
    for (service, target) in &plan.held {
        let mut own: Vec<&mut Published> = datapoints
            .iter_mut()
            .filter(|one| one.target.service_key() == *service)
            .collect();
        let messages = own
            .iter()
            .fold(0u64, |sum, one| sum.saturating_add(one.messages));
        let published = own.iter().map(|one| one.backlog_per_task).sum();
        if let Some(first) = own.first_mut() {
            first.backlog_per_task += held_backlog(messages, first.running, published, *target);
        }
    }
}

/// All messages in the queues of a service. `None` if a queue can't be read and the others are empty, because a
/// zero would be a guess. Messages in any of the others are enough to start a task.
fn count_waiting(
    plan: &Plan,
    queues: &HashMap<String, Reading>,
    (cluster, service): &(String, String),
) -> Option<u64> {
    let mut complete = !plan
        .failed
        .iter()
        .any(|one| one.target.cluster == *cluster && one.target.service == *service);
    let mut sum = 0u64;
    for (target, measure) in &plan.targets {
        if target.cluster == *cluster && target.service == *service {
            match queues::count_backlog(queues, measure) {
                Ok(messages) => sum = sum.saturating_add(messages),
                // A sum that is too large to count is certainly above zero.
                Err(Reason::TooManyMessages) => sum = u64::MAX,
                Err(_) => complete = false,
            }
        }
    }
    (complete || sum > 0).then_some(sum)
}
