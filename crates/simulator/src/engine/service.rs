//! ECS: launches, runs, stops, and kills tasks.

use crate::time::{Nanos, nanos, seconds};

use super::agenda::Event;
use super::queue::Message;
use super::records::ScalingAction;
use super::state::Engine;
use super::tasks::Work;

/// How often ECS tries to place a task that doesn't fit on any instance. (C)
const PLACEMENTS_PER_MINUTE: u64 = 6;

impl Engine<'_> {
    pub(super) fn desire(&mut self, desired: u32) {
        if desired == self.desired {
            return;
        }
        let at = seconds(self.records.now);
        self.records.actions.push(ScalingAction {
            at,
            from: self.desired,
            to: desired,
        });
        self.desired = desired;
        self.reconcile();
    }

    /// Moves the number of tasks toward the desired count, as fast as ECS launches them.
    pub(super) fn reconcile(&mut self) {
        let now = self.records.now;
        while self.has_surplus() {
            if self.tasks.old() == 0 && self.tasks.cancel(now) {
                continue;
            }
            let protect = self.scenario.protect;
            let Some(at) = self.tasks.choose_victim(&mut self.choice, protect) else {
                break;
            };
            if let Some((task, generation)) = self.tasks.stop(at, now, self.drains) {
                let at = now.saturating_add(nanos(self.scenario.stop_timeout));
                self.agenda.plan(at, Event::Kill { task, generation });
            }
        }
        while self.lacks_tasks() {
            if self.instant {
                let (task, generation) = self.tasks.launch(now);
                self.ready(task, generation);
                continue;
            }
            if now < self.next_launch {
                self.plan_launch();
                break;
            }
            let scenario = self.scenario;
            let assumed = &scenario.assumptions;
            let Some(starts) = self.place_task() else {
                self.next_launch = now.saturating_add(assumed.minute() / PLACEMENTS_PER_MINUTE);
                self.plan_launch();
                break;
            };
            let (task, generation) = self.tasks.launch(now);
            let runs = starts.saturating_add(self.start.draw(&mut self.starts));
            self.agenda.plan(runs, Event::Ready { task, generation });
            let gap = assumed.minute() / u64::from(assumed.launches_per_minute.max(1));
            self.next_launch = now.saturating_add(gap);
        }
        if let Some(instances) = &mut self.instances {
            instances.note(now, self.tasks.present());
        }
        self.records.running(self.tasks.running());
    }

    /// Whether a task should stop. During a deployment, an old one should stop once enough others are running.
    pub(super) fn has_surplus(&self) -> bool {
        match self.scenario.deployments {
            Some(deployments) if self.tasks.old() > 0 => {
                self.tasks.running() > deployments.least(self.desired)
            }
            _ => self.tasks.wanted() > self.desired,
        }
    }

    /// Whether a task should start. During a deployment, new ones should, as far as the limit of tasks allows.
    fn lacks_tasks(&self) -> bool {
        let (wanted, old) = (self.tasks.wanted(), self.tasks.old());
        let most = match self.scenario.deployments {
            Some(deployments) if old > 0 => deployments.most(self.desired),
            _ => self.desired,
        };
        wanted < most && wanted - old < self.desired
    }

    /// Deploys a new version of the service: all tasks are replaced. Schedules the next deployment.
    pub(super) fn deploy(&mut self) {
        self.tasks.deploy(self.records.now);
        self.reconcile();
        self.plan_deployment();
    }

    /// Schedules the next deployment, if there is one.
    pub(super) fn plan_deployment(&mut self) {
        if let Some(deployments) = self.scenario.deployments
            && !self.instant
        {
            let every = nanos(deployments.every).max(1);
            self.agenda
                .plan(self.records.now.saturating_add(every), Event::Deploy);
        }
    }

    /// Returns when another task can start. `None` while no instance has capacity for it.
    fn place_task(&mut self) -> Option<Nanos> {
        let (now, tasks) = (self.records.now, self.tasks.present());
        match &mut self.instances {
            Some(instances) => instances.place(now, tasks),
            None => Some(now),
        }
    }

    fn plan_launch(&mut self) {
        if !self.launch_planned {
            self.launch_planned = true;
            self.agenda.plan(self.next_launch, Event::Launch);
        }
    }

    pub(super) fn ready(&mut self, task: u32, generation: u32) {
        if self.tasks.ready(task, generation) {
            self.records.running(self.tasks.running());
            self.hand_out();
            if self.tasks.old() > 0 {
                self.reconcile();
            }
        }
    }

    /// Whether a slot's task has ended its protection by finishing its work, while the service has too many tasks.
    #[inline]
    pub(super) fn is_due_to_stop(&self, slot: u32) -> bool {
        self.scenario.protect && self.has_surplus() && self.tasks.is_last_work(slot)
    }

    /// A task's stop timeout has ended. Its messages become visible again when their visibility timeout ends, which
    /// a heartbeat has extended just before.
    pub(super) fn kill(&mut self, task: u32, generation: u32) {
        let now = self.records.now;
        let (works, held) = self.tasks.kill(task, generation, now);
        self.records.totals.interrupted += works.len() as u64;
        for Work { message, begun } in works {
            let hidden_at = if self.scenario.heartbeat { now } else { begun };
            self.drop_message(message, hidden_at);
        }
        for message in held {
            self.drop_message(message, now);
        }
    }

    /// No task is processing this received message anymore. It was last hidden at this time.
    fn drop_message(&mut self, message: Message, hidden_at: Nanos) {
        let now = self.records.now;
        let again = hidden_at.saturating_add(self.visibility).max(now);
        let Some(slow) = self.queue.slow_mut(&message) else {
            if message.slow.is_none() {
                self.agenda.plan(again, Event::Return(message));
            }
            return;
        };
        slow.dropped |= slow.latest == message.receives;
        // Without a heartbeat, it becomes visible when the timeout of its receive ends.
        if self.scenario.heartbeat && slow.latest == message.receives {
            self.hide_until(message, again);
        }
    }
}
