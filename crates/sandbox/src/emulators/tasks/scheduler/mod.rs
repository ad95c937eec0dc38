//! ECS's service scheduler for one service: decides which tasks to start and stop. Pure: times and random
//! values are arguments.
//!
//! Source: Amazon ECS Developer Guide, "Rolling update", "Service throttle logic", "Task scale-in
//! protection". Times are since the Unix epoch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::model::{
    Decision, Deployment, Protection, Service, ServiceReport, Status, StopCode, TaskReport,
};
use super::task::{Task, choose_tasks, report_task};

/// How long DescribeTasks returns a stopped task.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Maximum number of stopped tasks to keep per service, so that a service that crashes all day doesn't use much
/// memory.
const MOST_REMEMBERED: usize = 100;

/// Inputs from outside: an ID for a task, and its start time.
pub(crate) struct Draw {
    pub id: String,
    pub start: Duration,
}

/// A change to the processes of a task.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TaskAction {
    /// Start the task's processes, if it has any.
    Launch(String),
    /// Stop them.
    Stop(String),
}

/// How a task's processes ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The reason if it couldn't be started.
    pub not_started: Option<String>,
    /// Exit codes by container, as in a shell: 137 for SIGKILL.
    pub exits: BTreeMap<String, i32>,
}

#[derive(Debug)]
struct Rollout {
    id: String,
    definition: String,
    completed: bool,
    failed: u32,
    created_at: Duration,
    updated_at: Duration,
}

/// A service and its tasks.
#[derive(Debug)]
pub(crate) struct Scheduler {
    service: Service,
    deleted: bool,
    tasks: Vec<Task>,
    stopped: Vec<TaskReport>,
    rollouts: Vec<Rollout>,
    backoff: Backoff,
}

impl Scheduler {
    /// A service without tasks.
    pub(crate) fn new(service: Service, now: Duration) -> Self {
        let mut scheduler = Self {
            rollouts: Vec::new(),
            deleted: false,
            tasks: Vec::new(),
            stopped: Vec::new(),
            backoff: Backoff::default(),
            service,
        };
        scheduler.begin_rollout(now);
        scheduler
    }

    /// Sets the service's new desired state.
    pub(crate) fn update(&mut self, service: Service, now: Duration) {
        let new = service.deployment != self.service.deployment;
        self.deleted = false;
        self.service = service;
        if new {
            self.backoff = Backoff::default();
            self.begin_rollout(now);
        }
    }

    /// Records that the service was deleted: its tasks should stop.
    pub(crate) fn delete(&mut self) {
        self.deleted = true;
    }

    /// Whether it has no tasks left.
    pub(crate) fn is_gone(&self) -> bool {
        self.deleted && self.tasks.is_empty()
    }

    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    pub(super) fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// Decides what to do now. Every action in the result counts as started.
    pub(crate) fn tick(
        &mut self,
        now: Duration,
        draw: &mut dyn FnMut() -> Draw,
    ) -> Vec<TaskAction> {
        let mut actions = Vec::new();
        // A task that starts immediately lets others stop immediately. Each round advances the deployment.
        while self.step(now, draw, &mut actions) {}
        self.settle(now);
        actions
    }

    fn step(
        &mut self,
        now: Duration,
        draw: &mut dyn FnMut() -> Draw,
        actions: &mut Vec<TaskAction>,
    ) -> bool {
        let stops = self.choose_to_stop(now);
        for id in &stops {
            self.stop_task(id, now, actions);
        }
        let creates = self.count_to_create(now);
        for _ in 0..creates {
            let Draw { id, start } = draw();
            self.tasks.push(Task {
                id,
                deployment: self.service.deployment.clone(),
                definition: Arc::clone(&self.service.task_definition),
                created_at: now,
                starts_at: now + start,
                started_at: None,
                stopping: None,
                protection: None,
            });
        }
        let before = actions.len();
        for task in &mut self.tasks {
            if task.is_live() && task.started_at.is_none() && task.starts_at <= now {
                task.started_at = Some(now);
                actions.push(TaskAction::Launch(task.id.clone()));
            }
        }
        !stops.is_empty() || creates > 0 || actions.len() > before
    }

    /// Returns when the next action is due, if no event happens before.
    pub(crate) fn next_tick(&self, now: Duration) -> Option<Duration> {
        let starts = self.tasks.iter().filter(|task| task.started_at.is_none());
        let starts = starts
            .filter(|task| task.is_live())
            .map(|task| task.starts_at);
        let protections = self.tasks.iter().filter_map(Task::protected_until);
        let throttle = (self.count_missing() > 0)
            .then(|| self.backoff.until())
            .flatten();
        starts
            .chain(protections)
            .chain(throttle)
            .filter(|time| *time > now)
            .min()
    }

    /// Records that a task's processes have ended, requested or not.
    pub(crate) fn end_task(&mut self, id: &str, ended: Ended, now: Duration) {
        let Some(index) = self.tasks.iter().position(|task| task.id == id) else {
            return;
        };
        let mut task = self.tasks.remove(index);
        if task.stopping.is_none() {
            let (code, reason) = match ended.not_started {
                Some(reason) => (StopCode::TaskFailedToStart, reason),
                None => (
                    StopCode::EssentialContainerExited,
                    "Essential container in task exited".to_owned(),
                ),
            };
            if code == StopCode::TaskFailedToStart {
                task.started_at = None;
            }
            task.stopping = Some((now, code, reason));
            self.backoff.failed(task.started_at, now);
            let rollout = self.rollouts.iter_mut().find(|r| r.id == task.deployment);
            if let Some(rollout) = rollout {
                rollout.failed += 1;
            }
        }
        self.remember_stopped(task, ended.exits, now);
    }

    /// Decides on a request to protect a running task from scale-in and deployments. A decision doesn't change
    /// afterward.
    pub(crate) fn protect(&mut self, id: &str, asked: Protection) {
        let current = &self.service.deployment;
        let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) else {
            return;
        };
        if !task.is_running() || task.protection.is_some_and(|known| known.id >= asked.id) {
            return;
        }
        let until = asked
            .until
            .and_then(|until| Duration::try_from_secs_f64(until).ok());
        // A protected, outdated task can end its protection but not extend it.
        let blocked = until.is_some() && task.deployment != *current;
        let until = if blocked {
            task.protected_until()
        } else {
            until
        };
        task.protection = Some(Decision {
            id: asked.id,
            until,
            blocked,
        });
    }

    /// Whether a task is stopping.
    pub(crate) fn is_stopping(&self, id: &str) -> bool {
        self.task(id).is_some_and(|task| !task.is_live())
    }

    /// Returns the state for DescribeServices and DescribeTasks.
    pub(crate) fn report(&self, now: Duration) -> ServiceReport {
        let tasks = self.tasks.iter().map(|task| report_task(task, now));
        ServiceReport {
            deployments: self
                .rollouts
                .iter()
                .rev()
                .map(|r| self.describe_deployment(r))
                .collect(),
            tasks: tasks.chain(self.stopped.iter().cloned()).collect(),
        }
    }

    fn describe_deployment(&self, rollout: &Rollout) -> Deployment {
        let own = || {
            self.live_tasks()
                .filter(|task| task.deployment == rollout.id)
        };
        let running = own().filter(|task| task.is_running()).count();
        Deployment {
            id: rollout.id.clone(),
            task_definition: rollout.definition.clone(),
            running,
            pending: own().count() - running,
            failed: rollout.failed,
            completed: rollout.completed,
            created_at: rollout.created_at,
            updated_at: rollout.updated_at,
        }
    }

    fn begin_rollout(&mut self, now: Duration) {
        self.rollouts.push(Rollout {
            id: self.service.deployment.clone(),
            definition: self.service.task_definition.arn.clone(),
            completed: false,
            failed: 0,
            created_at: now,
            updated_at: now,
        });
    }

    fn live_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.is_live())
    }

    fn desired_count(&self) -> usize {
        if self.deleted {
            return 0;
        }
        usize::try_from(self.service.desired_count).unwrap_or(usize::MAX)
    }

    fn count_current(&self) -> usize {
        let own = |task: &&Task| task.deployment == self.service.deployment;
        self.live_tasks().filter(own).count()
    }

    /// Returns the number of missing tasks of the current deployment.
    fn count_missing(&self) -> usize {
        self.desired_count().saturating_sub(self.count_current())
    }

    fn count_to_create(&self, now: Duration) -> usize {
        if self.backoff.until().is_some_and(|until| until > now) {
            return 0;
        }
        let outdated = self.live_tasks().count() - self.count_current();
        let room = if outdated == 0 {
            usize::MAX
        } else {
            // A deployment starts at most this number at once, whether or not the service is scaled out.
            percent_of(self.desired_count(), self.service.maximum_percent, 0)
                .saturating_sub(self.live_tasks().count())
        };
        self.count_missing().min(room)
    }

    /// Returns the IDs of the tasks to stop: tasks of the current deployment beyond the desired count, and
    /// tasks of earlier deployments that are no longer needed.
    fn choose_to_stop(&self, now: Duration) -> Vec<String> {
        let own = |task: &&Task| task.deployment == self.service.deployment;
        let surplus = self.count_current().saturating_sub(self.desired_count());
        let mut chosen = choose_tasks(self.live_tasks().filter(own), surplus, self.deleted, now);
        let outdated: Vec<&Task> = self.live_tasks().filter(|task| !own(task)).collect();
        if outdated.is_empty() {
            return chosen;
        }
        let healthy = percent_of(
            self.desired_count(),
            self.service.minimum_healthy_percent,
            99,
        );
        let running = self.live_tasks().filter(|task| task.is_running());
        let running = running.filter(|task| !chosen.contains(&task.id)).count();
        let idle = outdated.iter().filter(|task| !task.is_running()).count();
        let spare = running.saturating_sub(healthy).saturating_add(idle);
        chosen.extend(choose_tasks(outdated.into_iter(), spare, self.deleted, now));
        chosen
    }

    fn stop_task(&mut self, id: &str, now: Duration, actions: &mut Vec<TaskAction>) {
        let reason = self.stop_reason();
        let Some(index) = self.tasks.iter().position(|task| task.id == id) else {
            return;
        };
        let task = &mut self.tasks[index];
        task.stopping = Some((now, StopCode::ServiceSchedulerInitiated, reason));
        if task.started_at.is_some() {
            actions.push(TaskAction::Stop(id.to_owned()));
        } else {
            let task = self.tasks.remove(index);
            self.remember_stopped(task, BTreeMap::new(), now);
        }
    }

    fn stop_reason(&self) -> String {
        let outdated = self.live_tasks().count() > self.count_current();
        if outdated && !self.deleted {
            format!(
                "Scaling activity initiated by (deployment {})",
                self.service.deployment
            )
        } else {
            format!(
                "Scaling activity initiated by (service {})",
                self.service.name
            )
        }
    }

    fn remember_stopped(&mut self, task: Task, exits: BTreeMap<String, i32>, now: Duration) {
        let mut report = report_task(&task, now);
        report.last_status = Status::Stopped;
        report.stopped_at = Some(now);
        report.exits = exits;
        self.stopped.push(report);
        let too_many = self.stopped.len().saturating_sub(MOST_REMEMBERED);
        self.stopped.drain(..too_many);
    }

    /// Completes a deployment when all of its tasks are running and no others are left. It then stays complete,
    /// regardless of the count.
    fn settle(&mut self, now: Duration) {
        self.backoff
            .observe_starts(self.tasks.iter().filter_map(|task| task.started_at), now);
        self.stopped
            .retain(|task| task.stopped_at.is_none_or(|at| at + REMEMBERED > now));
        let current = &self.service.deployment;
        let tasks = &self.tasks;
        self.rollouts
            .retain(|r| r.id == *current || tasks.iter().any(|task| task.deployment == r.id));
        let running = tasks.iter().filter(|task| task.is_running());
        let settled = running.count() == self.desired_count()
            && tasks.iter().all(|task| task.deployment == *current);
        if let Some(rollout) = self.rollouts.iter_mut().find(|r| r.id == *current)
            && settled
            && !rollout.completed
        {
            rollout.completed = true;
            rollout.updated_at = now;
        }
    }
}

/// Returns this percentage of a count; `up` is added before the division.
fn percent_of(count: usize, percent: u32, up: usize) -> usize {
    let percent = usize::try_from(percent).unwrap_or(usize::MAX);
    count.saturating_mul(percent).saturating_add(up) / 100
}

#[cfg(test)]
mod tests;
