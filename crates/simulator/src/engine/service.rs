//! ECS: tasks are launched, run, are stopped and killed.

use crate::time::{nanos, seconds};

use super::agenda::Event;
use super::records::ScalingAction;
use super::state::Engine;

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

    /// Brings the tasks to the desired count, as fast as ECS launches them.
    pub(super) fn reconcile(&mut self) {
        let now = self.records.now;
        while self.tasks.wanted() > self.desired {
            if self.tasks.cancel(now) {
                continue;
            }
            if let Some((task, generation)) = self.tasks.stop(now, &mut self.choice, self.drains) {
                let at = now.saturating_add(nanos(self.scenario.stop_timeout));
                self.agenda.plan(at, Event::Kill { task, generation });
            }
        }
        while self.tasks.wanted() < self.desired {
            if self.instant {
                let (task, generation) = self.tasks.launch(now);
                self.ready(task, generation);
                continue;
            }
            if now < self.next_launch {
                self.plan_launch();
                break;
            }
            let (task, generation) = self.tasks.launch(now);
            let runs = now.saturating_add(self.start.draw(&mut self.starts));
            self.agenda.plan(runs, Event::Ready { task, generation });
            let assumed = &self.scenario.assumptions;
            let gap = assumed.minute() / u64::from(assumed.launches_per_minute.max(1));
            self.next_launch = now.saturating_add(gap);
        }
        self.records.running(self.tasks.running());
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
        }
    }

    /// A task's stop timeout is over: what it worked on is visible again when its time is up.
    pub(super) fn kill(&mut self, task: u32, generation: u32) {
        for work in self.tasks.kill(task, generation, self.records.now) {
            self.records.totals.interrupted += 1;
            if work.message.slow.is_none() {
                let again = work
                    .begun
                    .saturating_add(self.visibility)
                    .max(self.records.now);
                self.agenda.plan(again, Event::Return(work.message));
            }
        }
    }
}
