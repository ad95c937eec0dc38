//! One task of a service, and the order in which tasks stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::model::{Decision, Status, StopCode, TaskDefinition, TaskReport};

/// A task that hasn't stopped yet.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) deployment: String,
    pub(super) definition: Arc<TaskDefinition>,
    pub(super) created_at: Duration,
    /// End of its start delay.
    pub(super) starts_at: Duration,
    pub(super) started_at: Option<Duration>,
    pub(super) stopping: Option<(Duration, StopCode, String)>,
    pub(super) protection: Option<Decision>,
}

impl Task {
    pub(super) fn is_live(&self) -> bool {
        self.stopping.is_none()
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_live() && self.started_at.is_some()
    }

    pub(super) fn is_protected(&self, now: Duration) -> bool {
        self.protected_until().is_some_and(|until| until > now)
    }

    pub(super) fn protected_until(&self) -> Option<Duration> {
        self.protection.and_then(|decision| decision.until)
    }

    pub(super) fn status(&self, now: Duration) -> Status {
        match (&self.stopping, self.started_at) {
            (Some(_), _) => Status::Stopping,
            (None, Some(_)) => Status::Running,
            // The network interface first, then the image.
            (None, None) if now * 2 < self.created_at + self.starts_at => Status::Provisioning,
            (None, None) => Status::Pending,
        }
    }
}

/// Chooses the tasks that stop first: tasks that aren't running yet, then the youngest. A protected task isn't
/// chosen unless its service is deleted.
pub(super) fn choose_tasks<'a>(
    tasks: impl Iterator<Item = &'a Task>,
    count: usize,
    all: bool,
    now: Duration,
) -> Vec<String> {
    let mut free: Vec<&Task> = tasks
        .filter(|task| all || !task.is_protected(now))
        .collect();
    free.reverse();
    // The sort is stable, so among equal tasks the later ones stay in front.
    free.sort_by_key(|task| task.is_running());
    free.iter()
        .take(count)
        .map(|task| task.id.clone())
        .collect()
}

pub(super) fn report_task(task: &Task, now: Duration) -> TaskReport {
    let stopping = task.stopping.as_ref();
    TaskReport {
        id: task.id.clone(),
        deployment: task.deployment.clone(),
        task_definition: task.definition.arn.clone(),
        last_status: task.status(now),
        created_at: task.created_at,
        started_at: task.started_at,
        stopping_at: stopping.map(|(at, _, _)| *at),
        stopped_at: None,
        stop_code: stopping.map(|(_, code, _)| *code),
        stopped_reason: stopping.map(|(_, _, reason)| reason.clone()),
        exits: BTreeMap::new(),
        protection: task.protection,
    }
}
