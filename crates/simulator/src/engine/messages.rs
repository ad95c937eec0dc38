//! The way of a message: sent, received, processed, deleted; or lost, or back again.

use crate::assumptions::OldReceipt;
use crate::time::Nanos;

use super::agenda::Event;
use super::queue::Message;
use super::state::Engine;
use super::tasks::Work;

impl Engine<'_> {
    #[inline]
    pub(super) fn arrived(&mut self, at: Nanos, work: Nanos) {
        self.records.totals.sent += 1;
        self.foreknowledge.add(at, work);
        let mut message = Message {
            sent: at,
            work,
            receives: 0,
            slow: None,
        };
        if work > self.hidden {
            message.slow = self.queue.open(at);
        }
        match self.tasks.take_idle() {
            Some(slot) => self.receive(slot, message, false),
            None => {
                self.queue.push(message);
                self.records.backlog(self.queue.visible());
            }
        }
    }

    /// A hand that is not busy receives a message. With `replace`, the hand has just finished, and its
    /// end is the next one.
    #[inline]
    fn receive(&mut self, slot: u32, mut message: Message, replace: bool) {
        let now = self.records.now;
        message.receives += 1;
        self.records.totals.again += u64::from(message.receives > 1);
        self.queue.in_flight += 1;
        self.records.received(message.sent);
        if message.slow.is_some() {
            self.hide(message);
        }
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

    /// A message that takes longer than it stays hidden will be visible again.
    fn hide(&mut self, message: Message) {
        if let Some(slow) = self.queue.slow_mut(&message) {
            slow.latest = message.receives;
            slow.dropped = false;
            self.records.totals.redelivered += u64::from(std::mem::take(&mut slow.exposed_now));
        }
        let again = self.records.now.saturating_add(self.hidden);
        self.agenda.plan(again, Event::Reappear(message));
    }

    /// The next processing ends: its message is deleted, and its hand takes another.
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
            if let Some(message) = self.next_message() {
                self.receive(slot, message, true);
                return;
            }
            self.ends.pop();
            self.tasks.rest(slot, self.records.now, self.drains);
            self.tasks.put_idle(slot);
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
        self.records.judge(work.message.sent, work.begun);
        self.queue.in_flight -= 1;
        self.delete(work.message.sent);
    }

    /// The same for a message that may be at several places: the latest receipt handle deletes, and an older one if
    /// that is assumed.
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
            self.records.judge(message.sent, work.begun);
        }
        if !deletes {
            return;
        }
        if waits {
            self.queue.bury();
        } else {
            self.queue.in_flight -= 1;
        }
        self.delete(message.sent);
    }

    #[inline]
    fn delete(&mut self, sent: Nanos) {
        self.records.totals.deleted += 1;
        self.records.gone(sent);
    }

    /// The next message that may be received; those before it that may not leave the queue.
    #[inline]
    fn next_message(&mut self) -> Option<Message> {
        loop {
            let message = self.queue.pop()?;
            let expired = self.records.now - message.sent > self.retention;
            if !expired && message.receives < self.most_receives {
                return Some(message);
            }
            self.lose(message, expired);
        }
    }

    /// A message is a dead letter, or too old.
    fn lose(&mut self, message: Message, expired: bool) {
        if expired {
            self.records.totals.expired += 1;
        } else {
            self.records.totals.dead += 1;
        }
        self.records.received(message.sent);
        self.records.gone(message.sent);
        let finished = self.queue.slow_mut(&message).is_some_and(|slow| {
            slow.gone = true;
            slow.finished
        });
        self.queue.forget(&message);
        if !finished {
            self.records.judge_lost(message.sent);
        }
    }

    pub(super) fn give_back(&mut self, message: Message) {
        self.queue.give_back(message);
        self.records.backlog(self.queue.visible());
        self.hand_out();
    }

    /// A message has been hidden for its time and is still being worked on, unless it is gone.
    pub(super) fn reappear(&mut self, message: Message) {
        let latest = self
            .queue
            .slow(&message)
            .is_some_and(|slow| slow.latest == message.receives);
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

    /// Hands that wait take messages that wait.
    pub(super) fn hand_out(&mut self) {
        while self.queue.visible() > 0 {
            let Some(slot) = self.tasks.take_idle() else {
                return;
            };
            match self.next_message() {
                Some(message) => self.receive(slot, message, false),
                None => self.tasks.put_idle(slot),
            }
        }
    }
}
