//! The complete state of the simulation, and its rare events.

use crate::control::{Control, Foreknowledge, Observation, Tick, Wishes};
use crate::random::{Purpose, Random, Sampler};
use crate::scenario::Scenario;
use crate::time::{MINUTE, Nanos, nanos};

use super::agenda::{Agenda, Ends, Event};
use super::clock::Clock;
use super::instances::Instances;
use super::queue::Queue;
use super::records::Records;
use super::tasks::Tasks;

/// Maximum time from a receive for which SQS hides a message, even with extensions.
const LONGEST_HIDDEN: Nanos = 12 * 60 * MINUTE;

/// The state of a simulation.
pub(super) struct Engine<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) control: Box<dyn Control>,
    pub(super) clock: Clock,
    pub(super) wishes: Wishes,
    pub(super) instant: bool,
    pub(super) agenda: Agenda,
    pub(super) ends: Ends,
    pub(super) queue: Queue,
    pub(super) tasks: Tasks,
    /// The instances that run the tasks. `None` on Fargate.
    pub(super) instances: Option<Instances>,
    pub(super) records: Records,
    pub(super) foreknowledge: Foreknowledge,
    pub(super) desired: u32,
    pub(super) next_launch: Nanos,
    pub(super) launch_planned: bool,
    pub(super) starts: Random,
    pub(super) start: Sampler,
    pub(super) choice: Random,
    pub(super) visibility: Nanos,
    /// How long a message stays hidden while a task is processing it.
    pub(super) hidden: Nanos,
    pub(super) retention: Nanos,
    pub(super) most_receives: u32,
    pub(super) drains: bool,
    /// Whether tasks receive messages that they don't start immediately.
    pub(super) holds: bool,
}

impl<'s> Engine<'s> {
    pub(super) fn new(
        scenario: &'s Scenario,
        (control, clock): (Box<dyn Control>, Clock),
        records: Records,
        seed: u64,
    ) -> Self {
        let instant = control.is_instant();
        let shortest = if instant {
            0
        } else {
            nanos(scenario.billing.shortest_task)
        };
        // Never zero, so that an entry in the queue isn't reused at the same time.
        let visibility = nanos(scenario.visibility_timeout).max(1);
        Self {
            scenario,
            instant,
            control,
            clock,
            wishes: Wishes::default(),
            agenda: Agenda::default(),
            ends: Ends::default(),
            // The ideal knows which message has the earliest deadline.
            queue: Queue::new(scenario.slos(), instant),
            tasks: Tasks::new(scenario.concurrency, shortest),
            foreknowledge: if records.detailed {
                Foreknowledge::new(scenario)
            } else {
                Foreknowledge::none()
            },
            instances: None,
            records,
            desired: 0,
            next_launch: 0,
            launch_planned: false,
            starts: Random::new(seed, Purpose::Starts),
            start: Sampler::new(scenario.assumptions.task_start),
            choice: Random::new(seed, Purpose::Choice),
            visibility,
            hidden: if scenario.heartbeat {
                visibility.max(LONGEST_HIDDEN)
            } else {
                visibility
            },
            retention: nanos(scenario.retention),
            most_receives: scenario.max_receives.unwrap_or(u32::MAX),
            // A task that protects itself receives SIGTERM only when it is idle.
            drains: scenario.assumptions.drains || scenario.protect,
            holds: scenario.batch > 1 || scenario.prefetch,
        }
    }

    /// Starts the service with its initial tasks running.
    pub(super) fn begin(&mut self) {
        self.hold_bounds();
        self.control.begin(&mut self.wishes);
        let first = self
            .wishes
            .desired
            .iter()
            .find(|(at, _)| *at == 0)
            .map(|(_, desired)| *desired);
        self.wishes.desired.retain(|(at, _)| *at > 0);
        self.desired = first.unwrap_or_else(|| self.initial_count());
        if !self.instant {
            self.instances = Instances::new(self.scenario, self.desired);
        }
        for _ in 0..self.desired {
            let (task, generation) = self.tasks.launch(0);
            self.tasks.ready(task, generation);
        }
        self.records.running(self.tasks.running());
        if self.records.detailed {
            self.agenda.plan(self.records.width, Event::Point);
        }
        self.plan_deployment();
        self.grant();
    }

    pub(super) fn rare(&mut self) {
        match self.agenda.pop() {
            Some(Event::Ready { task, generation }) => self.ready(task, generation),
            Some(Event::Kill { task, generation }) => self.kill(task, generation),
            Some(Event::Launch) => {
                self.launch_planned = false;
                self.reconcile();
            }
            Some(Event::Deploy) => self.deploy(),
            Some(Event::Return(message)) => self.give_back(message),
            Some(Event::Reappear(message, until)) => self.reappear(message, until),
            Some(Event::Tick(tick)) => self.tick(tick),
            Some(Event::Desired(desired)) => self.desire(self.within_bounds(desired)),
            Some(Event::Bounds) => self.change_bounds(),
            Some(Event::Point) => {
                self.records
                    .point(self.queue.visible(), self.desired, self.control.shown());
                let next = self.records.now.saturating_add(self.records.width);
                self.agenda.plan(next, Event::Point);
            }
            None => {}
        }
    }

    fn tick(&mut self, tick: Tick) {
        let seen = Observation {
            visible: self.queue.visible(),
            in_flight: self.queue.in_flight(),
            lanes: self.queue.counts(),
            running: self.tasks.running(),
            desired: self.desired,
            oldest: self
                .queue
                .oldest()
                .map_or(0, |sent| self.records.now - sent),
            sent: self.records.totals.sent,
            deleted: self.records.totals.deleted,
            deploying: self.tasks.old() > 0,
        };
        self.control
            .tick(tick, self.records.now, &seen, &mut self.wishes);
        self.records.shown(self.control.shown());
        self.grant();
    }

    /// Schedules the actions that the control requested.
    fn grant(&mut self) {
        for (at, tick) in self.wishes.ticks.drain(..) {
            self.agenda.plan(at, Event::Tick(tick));
        }
        for (at, desired) in self.wishes.desired.drain(..) {
            self.agenda.plan(at, Event::Desired(desired));
        }
    }
}
