//! The life cycle of a message: sent, received, processed, and deleted; or lost, or visible again.

use crate::assumptions::OldReceipt;
use crate::time::Nanos;

use super::agenda::Event;
use super::queue::Message;
use super::run::Sent;
use super::state::Engine;
use super::tasks::Work;

impl Engine<'_> {
    /// From now on, a message that was sent `at` can be received.
    #[inline]
    pub(super) fn arrived(&mut self, sent: Sent) {
        let (at, work, queue) = (sent.at, sent.work(), sent.queue());
        self.records.sent(queue);
        self.foreknowledge.add(self.records.now, work, queue);
        let mut message = Message {
            sent: at,
            work,
            receives: 0,
            slow: None,
            queue,
        };
        if work > self.hidden || self.holds {
            message.slow = self.queue.open(at);
        }
        if let Some(slot) = self.tasks.take_idle() {
            let message = self.receive(message);
            self.start_work(slot, message, false);
            return;
        }
        // If messages are already waiting, every task holds some.
        if self.scenario.prefetch
            && self.queue.visible() == 0
            && let Some(slot) = self.tasks.find_empty_handed()
        {
            let message = self.receive(message);
            self.tasks.hold(slot, message);
            return;
        }
        self.queue.push(message);
        self.records.backlog(self.queue.visible());
    }

    /// A task receives a message, which hides it.
    #[inline]
    fn receive(&mut self, mut message: Message) -> Message {
        message.receives += 1;
        self.records.totals.again += u64::from(message.receives > 1);
        self.queue.take(message);
        self.records.received(message.sent, message.queue);
        if message.slow.is_some() {
            self.hide(message);
        }
        message
    }

    /// A task receives as many messages as it requests at once, if the queue has that many.
    fn receive_batch(&mut self, slot: u32) {
        // A receive call is for one queue.
        let mut lane = None;
        for _ in 0..self.scenario.batch {
            let Some(message) = self.next_message(lane) else {
                return;
            };
            lane = Some(usize::from(message.queue));
            let message = self.receive(message);
            self.tasks.hold(slot, message);
        }
    }

    /// Returns the next message for a slot of a running task: one that the task has already received, or one from
    /// the queue.
    #[inline]
    fn fetch(&mut self, slot: u32) -> Option<Message> {
        if !self.holds {
            let message = self.next_message(None)?;
            return Some(self.receive(message));
        }
        if self.tasks.holds_nothing(slot) {
            self.receive_batch(slot);
        }
        let message = self.tasks.take_held(slot);
        if self.scenario.prefetch && self.tasks.holds_nothing(slot) {
            self.receive_batch(slot);
        }
        message
    }

    /// An idle slot starts to process a message that its task has received. With `replace`, the slot has just finished
    /// another one, whose end is the next one.
    #[inline]
    fn start_work(&mut self, slot: u32, message: Message, replace: bool) {
        let now = self.records.now;
        let generation = self.tasks.begin(
            slot,
            Work {
                message,
                begun: now,
            },
        );
        let end = now.saturating_add(message.work);
        if replace {
            self.ends.replace(end, slot, generation);
        } else {
            self.ends.push(end, slot, generation);
        }
    }

    /// If a message takes longer than its visibility timeout, it will become visible again.
    fn hide(&mut self, message: Message) {
        if let Some(slow) = self.queue.slow_mut(&message) {
            slow.latest = message.receives;
            slow.dropped = false;
            self.records.totals.redelivered += u64::from(std::mem::take(&mut slow.exposed_now));
        }
        let until = self.records.now.saturating_add(self.hidden);
        self.hide_until(message, until);
    }

    /// Sets the time at which a received message becomes visible again. An earlier setting no longer applies.
    pub(super) fn hide_until(&mut self, message: Message, until: Nanos) {
        if let Some(slow) = self.queue.slow_mut(&message) {
            slow.until = until;
            self.agenda.plan(until, Event::Reappear(message, until));
        }
    }

    /// The next processing ends: its message is deleted, and its slot takes another one.
    #[inline]
    pub(super) fn processed(&mut self) {
        let Some((slot, generation)) = self.ends.peek() else {
            return;
        };
        let Some(work) = self.tasks.finished(slot, generation) else {
            self.ends.pop();
            return;
        };
        self.done(work);
        if self.tasks.goes_on(slot, self.drains) && !self.is_due_to_stop(slot) {
            if let Some(message) = self.fetch(slot) {
                self.start_work(slot, message, true);
                return;
            }
            self.ends.pop();
            self.tasks.rest(slot, self.records.now, self.drains);
            self.tasks.put_idle(slot);
        } else if let Some(message) = self.tasks.take_held(slot) {
            // A stopping task finishes the messages that it has received.
            self.start_work(slot, message, true);
        } else {
            self.ends.pop();
            let runs = self.tasks.goes_on(slot, self.drains);
            self.tasks.rest(slot, self.records.now, self.drains);
            if runs {
                self.tasks.put_idle(slot);
                self.reconcile();
                self.hand_out();
            }
        }
    }

    #[inline]
    fn done(&mut self, work: Work) {
        if work.message.slow.is_some() {
            self.done_slow(work);
            return;
        }
        let message = work.message;
        self.records.judge(message.sent, work.begun, message.queue);
        self.queue.land(message);
        self.delete(message);
    }

    /// The same for a message that can be in several places. The latest receipt handle deletes it, and so does an
    /// older one if that is assumed.
    fn done_slow(&mut self, work: Work) {
        let message = work.message;
        let Some(slow) = self.queue.slow_mut(&message) else {
            return;
        };
        if slow.gone {
            return;
        }
        let first = !slow.finished;
        slow.finished = true;
        let assumed = self.scenario.assumptions.old_receipt;
        let deletes = slow.latest == message.receives || assumed == OldReceipt::Deletes;
        let waits = slow.waits;
        slow.gone = deletes;
        if first {
            self.records.judge(message.sent, work.begun, message.queue);
        }
        if !deletes {
            return;
        }
        if waits {
            self.queue.bury(message);
        } else {
            self.queue.land(message);
        }
        self.delete(message);
    }

    #[inline]
    fn delete(&mut self, message: Message) {
        self.records.totals.deleted += 1;
        self.queue.delete(message);
        self.records.gone(message.sent);
    }

    /// Returns the next message that can be received, from one queue or from any. Removes the messages before it
    /// that can't be received anymore.
    #[inline]
    fn next_message(&mut self, lane: Option<usize>) -> Option<Message> {
        loop {
            let message = match lane {
                Some(lane) => self.queue.pop_from(lane)?,
                None => self.queue.pop()?,
            };
            let expired = self.records.now - message.sent > self.retention;
            if !expired && message.receives < self.most_receives {
                return Some(message);
            }
            self.lose(message, expired);
        }
    }

    /// A message moves to the dead-letter queue or expires.
    fn lose(&mut self, message: Message, expired: bool) {
        if expired {
            self.records.totals.expired += 1;
        } else {
            self.records.totals.dead += 1;
        }
        self.records.received(message.sent, message.queue);
        self.records.gone(message.sent);
        let finished = self.queue.slow_mut(&message).is_some_and(|slow| {
            slow.gone = true;
            slow.finished
        });
        self.queue.forget(&message);
        if !finished {
            self.records.judge_lost(message.sent, message.queue);
        }
    }

    pub(super) fn give_back(&mut self, message: Message) {
        self.queue.give_back(message);
        self.records.backlog(self.queue.visible());
        self.hand_out();
    }

    /// A message's visibility timeout has ended while it is still being processed, unless the message is gone.
    pub(super) fn reappear(&mut self, message: Message, until: Nanos) {
        let latest = self
            .queue
            .slow(&message)
            .is_some_and(|slow| slow.latest == message.receives && slow.until == until);
        if !latest || self.queue.forget(&message) {
            return;
        }
        if let Some(slow) = self.queue.slow_mut(&message).filter(|slow| !slow.dropped) {
            slow.exposed_now = true;
            let first = !std::mem::replace(&mut slow.exposed, true);
            self.records.exposed(first, message.work);
        }
        self.give_back(message);
    }

    /// Idle slots take waiting messages.
    pub(super) fn hand_out(&mut self) {
        while self.queue.visible() > 0 {
            let Some(slot) = self.tasks.take_idle() else {
                break;
            };
            match self.fetch(slot) {
                Some(message) => self.start_work(slot, message, false),
                None => self.tasks.put_idle(slot),
            }
            if self.holds {
                self.share_held(slot);
            }
        }
        while self.scenario.prefetch && self.queue.visible() > 0 {
            let Some(slot) = self.tasks.find_empty_handed() else {
                return;
            };
            self.receive_batch(slot);
        }
    }

    /// The other idle slots of a task start the messages that it has just received.
    fn share_held(&mut self, slot: u32) {
        while !self.tasks.holds_nothing(slot) {
            let Some(beside) = self.tasks.take_idle_beside(slot) else {
                return;
            };
            if let Some(message) = self.tasks.take_held(slot) {
                self.start_work(beside, message, false);
            }
        }
    }
}
