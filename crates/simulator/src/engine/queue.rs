//! The queue: messages that wait, that are hidden, and that come back.

use std::collections::VecDeque;

use crate::time::Nanos;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) sent: Nanos,
    /// Processing time.
    pub(super) work: Nanos,
    /// Times that it was received.
    pub(super) receives: u32,
    /// Where its fate is kept, if it takes longer than it stays hidden.
    pub(super) slow: Option<u32>,
}

/// The fate of a message that takes longer than it stays hidden, so that it can be at several places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slow {
    /// When its message was sent. A place is used again for another message, and that one is sent
    /// later, so this tells the two apart.
    sent: Nanos,
    /// The latest receive: only its receipt handle deletes.
    pub(super) latest: u32,
    /// When its latest receive no longer hides it.
    pub(super) until: Nanos,
    /// Deleted, or a dead letter.
    pub(super) gone: bool,
    /// A copy waits in the queue.
    pub(super) waits: bool,
    /// Its processing was once finished, so that its wait is known.
    pub(super) finished: bool,
    /// The task of its latest receive was killed.
    pub(super) dropped: bool,
    /// It was visible again while a task worked on it; the same since its latest receive.
    pub(super) exposed: bool,
    pub(super) exposed_now: bool,
}

/// An SQS queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: VecDeque<Message>,
    /// Waiting copies of messages that are gone.
    ghosts: u64,
    slow: Vec<Slow>,
    free: Vec<u32>,
    pub(super) in_flight: u64,
}

impl Queue {
    /// Messages that can be received.
    #[inline]
    pub(super) fn visible(&self) -> u64 {
        self.messages.len() as u64 - self.ghosts
    }

    #[inline]
    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    /// A message is visible again. It is older than those that wait, so it comes before them.
    pub(super) fn give_back(&mut self, message: Message) {
        if let Some(slow) = self.slow_mut(&message) {
            slow.waits = true;
        }
        self.messages.push_front(message);
        self.in_flight -= 1;
    }

    /// A place for the fate of a message that takes longer than it stays hidden.
    pub(super) fn open(&mut self, sent: Nanos) -> Option<u32> {
        let fate = Slow {
            sent,
            ..Slow::default()
        };
        if let Some(place) = self.free.pop() {
            *self.slow.get_mut(place as usize)? = fate;
            return Some(place);
        }
        self.slow.push(fate);
        u32::try_from(self.slow.len() - 1).ok()
    }

    /// Forgets the fate of a message that is gone and will come up no more, but in the hands of a task
    /// that is still at it and whose receipt handle is no longer good. True when it was gone.
    pub(super) fn forget(&mut self, message: &Message) -> bool {
        let gone = self.slow(message).is_none_or(|slow| slow.gone);
        if gone && let Some(slow) = self.slow_mut(message) {
            slow.sent = Nanos::MAX;
            self.free.extend(message.slow);
        }
        gone
    }

    /// The next message; it leaves the queue.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Message> {
        loop {
            let message = self.messages.pop_front()?;
            if message.slow.is_none() {
                return Some(message);
            }
            if let Some(slow) = self.slow_mut(&message) {
                slow.waits = false;
            }
            if !self.forget(&message) {
                return Some(message);
            }
            self.ghosts -= 1;
        }
    }

    /// The waiting copy of a message that is gone will not be received.
    pub(super) fn bury(&mut self) {
        self.ghosts += 1;
    }

    /// The fate of a message that takes longer than it stays hidden, while that matters.
    pub(super) fn slow(&self, message: &Message) -> Option<&Slow> {
        let slow = self.slow.get(message.slow? as usize)?;
        (slow.sent == message.sent).then_some(slow)
    }

    /// The same, to change it.
    pub(super) fn slow_mut(&mut self, message: &Message) -> Option<&mut Slow> {
        let slow = self.slow.get_mut(message.slow? as usize)?;
        (slow.sent == message.sent).then_some(slow)
    }

    /// Whether this receive of a slow message is its latest, and neither over nor void.
    pub(super) fn is_hidden(&self, message: &Message) -> bool {
        self.slow(message)
            .is_some_and(|slow| !slow.gone && !slow.waits && slow.latest == message.receives)
    }

    /// Whether the processing of a slow message was once finished, so that its wait is known.
    pub(super) fn is_finished(&self, message: &Message) -> bool {
        self.slow(message).is_some_and(|slow| slow.finished)
    }

    /// The messages that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| {
            message.slow.is_none() || self.slow(message).is_some_and(|slow| !slow.gone)
        })
    }

    /// When the oldest waiting message was sent.
    pub(super) fn oldest(&self) -> Option<Nanos> {
        self.waiting().next().map(|message| message.sent)
    }
}
