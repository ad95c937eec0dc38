//! The tasks of the service, and the work of each.

use std::collections::VecDeque;

use super::queue::Message;
use crate::random::Random;
use crate::time::Nanos;

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The entry is free.
    Gone,
    /// Launched, but not running yet.
    Starting,
    /// Receiving messages.
    Running,
    /// Received SIGTERM: finishes its messages.
    Stopping,
}

/// An entry for a task. Entries are reused, and the generation distinguishes their tasks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) state: State,
    pub(super) generation: u32,
    busy: u32,
    launched: Nanos,
    /// Whether a deployment replaces it.
    old: bool,
}

/// A slot of a task, and its current work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Distinguishes the current work from earlier work.
    pub(super) generation: u32,
    pub(super) work: Option<Work>,
}

/// A message that is being processed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) message: Message,
    pub(super) begun: Nanos,
}

#[derive(Debug)]
pub(super) struct Tasks {
    concurrency: usize,
    tasks: Vec<Task>,
    slots: Vec<Slot>,
    /// Messages that each task has received but not started.
    held: Vec<VecDeque<Message>>,
    free: Vec<u32>,
    starting: Vec<u32>,
    running: Vec<u32>,
    /// Running tasks that a deployment replaces.
    old: u32,
    /// Idle slots.
    idle: Vec<u32>,
    /// Total time of the tasks that are gone, and its billed part.
    pub(super) used: Nanos,
    pub(super) billed: Nanos,
    shortest_bill: Nanos,
}

impl Tasks {
    pub(super) fn new(concurrency: u32, shortest_bill: Nanos) -> Self {
        Self {
            concurrency: concurrency as usize,
            tasks: Vec::new(),
            slots: Vec::new(),
            held: Vec::new(),
            free: Vec::new(),
            starting: Vec::new(),
            running: Vec::new(),
            old: 0,
            idle: Vec::new(),
            used: 0,
            billed: 0,
            shortest_bill,
        }
    }

    /// Returns the number of running tasks.
    #[expect(clippy::cast_possible_truncation, reason = "at most 100,000 tasks")]
    pub(super) fn running(&self) -> u32 {
        self.running.len() as u32
    }

    /// Returns the number of running or starting tasks.
    #[expect(clippy::cast_possible_truncation, reason = "at most 100,000 tasks")]
    pub(super) fn wanted(&self) -> u32 {
        (self.running.len() + self.starting.len()) as u32
    }

    /// Returns the number of tasks, including stopping ones.
    #[expect(clippy::cast_possible_truncation, reason = "at most 100,000 tasks")]
    pub(super) fn present(&self) -> u32 {
        (self.tasks.len() - self.free.len()) as u32
    }

    /// Returns the number of running tasks that a deployment replaces.
    pub(super) fn old(&self) -> u32 {
        self.old
    }

    /// Starts a deployment that replaces all tasks: starting tasks are canceled, and running ones are marked as
    /// old.
    pub(super) fn deploy(&mut self, now: Nanos) {
        while self.cancel(now) {}
        for id in &self.running {
            self.tasks[*id as usize].old = true;
        }
        self.old = self.running();
    }

    /// Adds a new task, which is starting. Returns it with its generation.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 100,000 tasks at once and as many stopping"
    )]
    pub(super) fn launch(&mut self, now: Nanos) -> (u32, u32) {
        let id = self.free.pop().unwrap_or_else(|| {
            self.tasks.push(Task {
                state: State::Gone,
                generation: 0,
                busy: 0,
                launched: 0,
                old: false,
            });
            self.held.push(VecDeque::new());
            let hands = self.slots.len() + self.concurrency;
            self.slots.resize(
                hands,
                Slot {
                    generation: 0,
                    work: None,
                },
            );
            (self.tasks.len() - 1) as u32
        });
        let task = &mut self.tasks[id as usize];
        task.state = State::Starting;
        task.launched = now;
        let generation = task.generation;
        self.starting.push(id);
        (id, generation)
    }

    /// Marks a task as running, if it is still starting.
    pub(super) fn ready(&mut self, id: u32, generation: u32) -> bool {
        let task = &mut self.tasks[id as usize];
        if task.generation != generation || task.state != State::Starting {
            return false;
        }
        task.state = State::Running;
        self.starting.retain(|other| *other != id);
        self.running.push(id);
        let first = id * self.concurrency as u32;
        self.idle
            .extend((first..first + self.concurrency as u32).rev());
        true
    }

    /// Cancels the starting task that was launched last. Returns `false` if none is starting.
    pub(super) fn cancel(&mut self, now: Nanos) -> bool {
        let Some(id) = self.starting.pop() else {
            return false;
        };
        self.end(id, now);
        true
    }

    /// Chooses any running task, by its index among them. With `protect`, only an idle one, and while a deployment
    /// replaces tasks, only an old one.
    pub(super) fn choose_victim(&self, random: &mut Random, protect: bool) -> Option<usize> {
        if !protect && self.old == 0 {
            let at = random.below(self.running.len());
            return (at < self.running.len()).then_some(at);
        }
        let fits = |id: u32| {
            let task = &self.tasks[id as usize];
            !(protect && task.busy > 0) && (task.old || self.old == 0)
        };
        let places = (0..self.running.len()).filter(|at| fits(self.running[*at]));
        let places: Vec<usize> = places.collect();
        places.get(random.below(places.len())).copied()
    }

    /// Whether the work of this slot is all that its task has.
    pub(super) fn is_last_work(&self, slot: u32) -> bool {
        let task = slot as usize / self.concurrency;
        self.tasks[task].busy == 1 && self.held[task].is_empty()
    }

    /// Sends SIGTERM to the running task at this index. Returns it with its generation if it still has work.
    pub(super) fn stop(&mut self, at: usize, now: Nanos, drains: bool) -> Option<(u32, u32)> {
        let id = self.running.swap_remove(at);
        let task = &mut self.tasks[id as usize];
        task.state = State::Stopping;
        self.old -= u32::from(std::mem::take(&mut task.old));
        let (busy, generation) = (task.busy, task.generation);
        if drains {
            let concurrency = self.concurrency as u32;
            self.idle.retain(|slot| slot / concurrency != id);
            if busy == 0 {
                self.end(id, now);
                return None;
            }
        }
        Some((id, generation))
    }

    /// Returns an idle slot.
    #[inline]
    pub(super) fn take_idle(&mut self) -> Option<u32> {
        self.idle.pop()
    }

    /// Returns another idle slot of the task that this slot belongs to.
    pub(super) fn take_idle_beside(&mut self, slot: u32) -> Option<u32> {
        let concurrency = self.concurrency as u32;
        let beside = |other: &u32| other / concurrency == slot / concurrency;
        let at = self.idle.iter().rposition(beside)?;
        Some(self.idle.remove(at))
    }

    /// Stores a message that a task has received but can't start yet. Any slot identifies the task.
    pub(super) fn hold(&mut self, slot: u32, message: Message) {
        self.held[slot as usize / self.concurrency].push_back(message);
    }

    /// Returns the next message that the task of a slot has already received.
    #[inline]
    pub(super) fn take_held(&mut self, slot: u32) -> Option<Message> {
        self.held[slot as usize / self.concurrency].pop_front()
    }

    /// Whether the task of a slot has started all messages that it received.
    pub(super) fn holds_nothing(&self, slot: u32) -> bool {
        self.held[slot as usize / self.concurrency].is_empty()
    }

    /// Returns a slot of a running task that holds no messages.
    pub(super) fn find_empty_handed(&self) -> Option<u32> {
        let mut running = self.running.iter();
        let task = running.find(|id| self.held[**id as usize].is_empty());
        task.map(|id| id * self.concurrency as u32)
    }

    /// Returns the messages that tasks have received but not started.
    pub(super) fn held(&self) -> impl Iterator<Item = &Message> {
        self.held.iter().flatten()
    }

    /// Marks a slot as idle.
    #[inline]
    pub(super) fn put_idle(&mut self, slot: u32) {
        self.idle.push(slot);
    }

    /// Starts work in a slot. Returns the generation of this work.
    #[inline]
    pub(super) fn begin(&mut self, slot: u32, work: Work) -> u32 {
        let hand = &mut self.slots[slot as usize];
        if hand.work.replace(work).is_none() {
            self.tasks[slot as usize / self.concurrency].busy += 1;
        }
        hand.generation = hand.generation.wrapping_add(1);
        hand.generation
    }

    /// Returns the work that a slot has just finished, unless it was killed in the meantime. The slot stays
    /// busy until [`Self::begin`] or [`Self::rest`].
    #[inline]
    pub(super) fn finished(&self, slot: u32, generation: u32) -> Option<Work> {
        let hand = &self.slots[slot as usize];
        hand.work.filter(|_| hand.generation == generation)
    }

    /// Whether the task of a slot takes another message.
    #[inline]
    pub(super) fn goes_on(&self, slot: u32, drains: bool) -> bool {
        match self.tasks[slot as usize / self.concurrency].state {
            State::Running => true,
            State::Stopping => !drains,
            State::Gone | State::Starting => false,
        }
    }

    /// Ends the work of a slot. A stopping task ends with its last slot.
    pub(super) fn rest(&mut self, slot: u32, now: Nanos, drains: bool) {
        self.slots[slot as usize].work = None;
        let id = slot as usize / self.concurrency;
        let task = &mut self.tasks[id];
        task.busy -= 1;
        if task.state == State::Stopping && task.busy == 0 && drains {
            self.end(slot / self.concurrency as u32, now);
        }
    }

    /// Kills a task that is still stopping. Returns the messages that it was processing, and the messages that it
    /// held.
    pub(super) fn kill(
        &mut self,
        id: u32,
        generation: u32,
        now: Nanos,
    ) -> (Vec<Work>, VecDeque<Message>) {
        let task = &mut self.tasks[id as usize];
        if task.generation != generation || task.state != State::Stopping {
            return (Vec::new(), VecDeque::new());
        }
        let hands = id as usize * self.concurrency..(id as usize + 1) * self.concurrency;
        let mut lost = Vec::new();
        for hand in &mut self.slots[hands] {
            hand.generation = hand.generation.wrapping_add(1);
            lost.extend(hand.work.take());
        }
        self.tasks[id as usize].busy = 0;
        let concurrency = self.concurrency as u32;
        self.idle.retain(|slot| slot / concurrency != id);
        self.end(id, now);
        (lost, std::mem::take(&mut self.held[id as usize]))
    }

    /// Returns the work in progress.
    pub(super) fn work(&self) -> impl Iterator<Item = &Work> {
        self.slots.iter().filter_map(|slot| slot.work.as_ref())
    }

    /// Adds the time of the remaining tasks.
    pub(super) fn close(&mut self, now: Nanos) {
        for task in &self.tasks {
            if task.state != State::Gone {
                self.used += now - task.launched;
                self.billed += now - task.launched;
            }
        }
    }

    fn end(&mut self, id: u32, now: Nanos) {
        let task = &mut self.tasks[id as usize];
        task.state = State::Gone;
        task.generation = task.generation.wrapping_add(1);
        let used = now - task.launched;
        self.used += used;
        self.billed += used.max(self.shortest_bill);
        self.free.push(id);
    }
}
