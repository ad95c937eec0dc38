//! The queue: messages that are waiting, hidden, or visible again.

use std::collections::VecDeque;

use crate::control::{LaneCounts, Lanes};
use crate::time::Nanos;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) sent: Nanos,
    /// Processing time.
    pub(super) work: Nanos,
    /// Number of times that it was received.
    pub(super) receives: u32,
    /// Index of its state, if it takes longer than its visibility timeout.
    pub(super) slow: Option<u32>,
    /// Index of its queue.
    pub(super) queue: u8,
}

/// The state of a message that takes longer than its visibility timeout, so that it can be in several places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slow {
    /// When its message was sent. The entry is reused for another message, which was sent later, so this
    /// distinguishes the two.
    sent: Nanos,
    /// The latest receive. Only its receipt handle deletes the message.
    pub(super) latest: u32,
    /// When the visibility timeout of its latest receive ends.
    pub(super) until: Nanos,
    /// Deleted, or in the dead-letter queue.
    pub(super) gone: bool,
    /// A copy is waiting in the queue.
    pub(super) waits: bool,
    /// Its processing has finished once, so its wait is known.
    pub(super) finished: bool,
    /// The task of its latest receive was killed.
    pub(super) dropped: bool,
    /// It became visible again while a task was processing it. The same since its latest receive.
    pub(super) exposed: bool,
    pub(super) exposed_now: bool,
}

/// The SQS queues of a service. Tasks receive from the nonempty queues in turn, or the message with the earliest
/// deadline first.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: Vec<Lane>,
    /// Whether tasks know which message has the earliest deadline.
    by_deadline: bool,
    /// The queue to receive from next.
    turn: usize,
    visible: u64,
    slow: Vec<Slow>,
    free: Vec<u32>,
    in_flight: u64,
}

/// One of the queues.
#[derive(Debug, Default)]
struct Lane {
    objective: Nanos,
    messages: VecDeque<Message>,
    /// Waiting copies of messages that are gone.
    ghosts: u64,
    in_flight: u64,
    deleted: u64,
}

impl Queue {
    /// Creates queues with these objectives.
    pub(super) fn new(objectives: Vec<Nanos>, by_deadline: bool) -> Self {
        let lanes = objectives.into_iter().map(|objective| Lane {
            objective,
            ..Lane::default()
        });
        Self {
            lanes: lanes.collect(),
            by_deadline,
            turn: 0,
            visible: 0,
            slow: Vec::new(),
            free: Vec::new(),
            in_flight: 0,
        }
    }

    /// Returns the number of messages that can be received.
    #[inline]
    pub(super) fn visible(&self) -> u64 {
        self.visible
    }

    /// Returns the number of messages in flight.
    #[inline]
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Returns the counts of each queue.
    pub(super) fn counts(&self) -> Lanes {
        let mut counts = Lanes::default();
        for (one, lane) in counts.0.iter_mut().zip(&self.lanes) {
            *one = LaneCounts {
                visible: lane.messages.len() as u64 - lane.ghosts,
                in_flight: lane.in_flight,
                deleted: lane.deleted,
            };
        }
        counts
    }

    #[inline]
    pub(super) fn push(&mut self, message: Message) {
        self.visible += 1;
        self.lane(message).messages.push_back(message);
    }

    /// A message is received.
    #[inline]
    pub(super) fn take(&mut self, message: Message) {
        self.in_flight += 1;
        self.lane(message).in_flight += 1;
    }

    /// A message is no longer in flight: it was deleted, or is visible again.
    #[inline]
    pub(super) fn land(&mut self, message: Message) {
        self.in_flight -= 1;
        self.lane(message).in_flight -= 1;
    }

    #[inline]
    pub(super) fn delete(&mut self, message: Message) {
        self.lane(message).deleted += 1;
    }

    #[inline]
    fn lane(&mut self, message: Message) -> &mut Lane {
        // A message's queue is always valid, because the number of queues never changes.
        &mut self.lanes[usize::from(message.queue)]
    }

    /// A message is visible again. It is older than the waiting messages, so it comes before them.
    pub(super) fn give_back(&mut self, message: Message) {
        if let Some(slow) = self.slow_mut(&message) {
            slow.waits = true;
        }
        self.visible += 1;
        self.lane(message).messages.push_front(message);
        self.land(message);
    }

    /// Returns an entry for the state of a message that takes longer than its visibility timeout.
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

    /// Deletes the state of a message that is gone and won't appear again. A task whose receipt handle isn't
    /// valid anymore might still be processing it. Returns whether it was gone.
    pub(super) fn forget(&mut self, message: &Message) -> bool {
        let gone = self.slow(message).is_none_or(|slow| slow.gone);
        if gone && let Some(slow) = self.slow_mut(message) {
            slow.sent = Nanos::MAX;
            self.free.extend(message.slow);
        }
        gone
    }

    /// Removes and returns the next message of the queue whose turn it is, or of the next nonempty one.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Message> {
        if self.lanes.len() == 1 {
            return self.pop_from(0);
        }
        if self.by_deadline {
            return self.pop_from(self.most_urgent()?);
        }
        for _ in 0..self.lanes.len() {
            let lane = self.turn;
            self.turn = (lane + 1) % self.lanes.len();
            if let Some(message) = self.pop_from(lane) {
                return Some(message);
            }
        }
        None
    }

    /// Returns the queue whose first message has the earliest deadline.
    fn most_urgent(&self) -> Option<usize> {
        let lanes = self.lanes.iter().enumerate();
        let due = lanes.filter_map(|(place, lane)| {
            let first = lane.messages.iter().find(|message| self.waits(message))?;
            Some((first.sent.saturating_add(lane.objective), place))
        });
        due.min().map(|(_, place)| place)
    }

    /// Removes and returns the next message of one queue.
    #[inline]
    pub(super) fn pop_from(&mut self, lane: usize) -> Option<Message> {
        loop {
            let message = self.lanes.get_mut(lane)?.messages.pop_front()?;
            if message.slow.is_none() {
                self.visible -= 1;
                return Some(message);
            }
            if let Some(slow) = self.slow_mut(&message) {
                slow.waits = false;
            }
            if !self.forget(&message) {
                self.visible -= 1;
                return Some(message);
            }
            self.lane(message).ghosts -= 1;
        }
    }

    /// The waiting copy of a message that is gone won't be received.
    pub(super) fn bury(&mut self, message: Message) {
        self.visible -= 1;
        self.lane(message).ghosts += 1;
    }

    /// Returns the state of a message that takes longer than its visibility timeout, while it matters.
    pub(super) fn slow(&self, message: &Message) -> Option<&Slow> {
        let slow = self.slow.get(message.slow? as usize)?;
        (slow.sent == message.sent).then_some(slow)
    }

    /// The same, mutable.
    pub(super) fn slow_mut(&mut self, message: &Message) -> Option<&mut Slow> {
        let slow = self.slow.get_mut(message.slow? as usize)?;
        (slow.sent == message.sent).then_some(slow)
    }

    /// Whether this receive of a slow message is its latest, and still hides it.
    pub(super) fn is_hidden(&self, message: &Message) -> bool {
        self.slow(message)
            .is_some_and(|slow| !slow.gone && !slow.waits && slow.latest == message.receives)
    }

    /// Whether the processing of a slow message has finished once, so that its wait is known.
    pub(super) fn is_finished(&self, message: &Message) -> bool {
        self.slow(message).is_some_and(|slow| slow.finished)
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Message> {
        let all = self.lanes.iter().flat_map(|lane| &lane.messages);
        all.filter(|message| self.waits(message))
    }

    /// Whether a message in the queue isn't gone.
    fn waits(&self, message: &Message) -> bool {
        message.slow.is_none() || self.slow(message).is_some_and(|slow| !slow.gone)
    }

    /// Returns when the oldest waiting message was sent.
    pub(super) fn oldest(&self) -> Option<Nanos> {
        let lanes = self.lanes.iter();
        let oldest = lanes.filter_map(|lane| lane.messages.iter().find(|one| self.waits(one)));
        oldest.map(|message| message.sent).min()
    }
}
