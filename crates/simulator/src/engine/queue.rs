//! The queue: messages that wait, that are hidden, and that come back.

use std::collections::VecDeque;

use crate::control::{LaneCounts, Lanes};
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
    /// The place of its queue.
    pub(super) queue: u8,
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

/// The SQS queues of a service. Tasks take messages of those that have some in turn, or the one that is due first.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: Vec<Lane>,
    /// Whether tasks know which message is due first.
    by_deadline: bool,
    /// The queue whose turn it is.
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
    /// Queues with these objectives.
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

    /// Messages that can be received.
    #[inline]
    pub(super) fn visible(&self) -> u64 {
        self.visible
    }

    /// Messages in flight.
    #[inline]
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// The counts of each queue.
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

    /// A message is no longer in flight: deleted, or visible again.
    #[inline]
    pub(super) fn land(&mut self, message: Message) {
        self.in_flight -= 1;
        self.lane(message).in_flight -= 1;
    }

    /// A message is deleted.
    #[inline]
    pub(super) fn delete(&mut self, message: Message) {
        self.lane(message).deleted += 1;
    }

    #[inline]
    fn lane(&mut self, message: Message) -> &mut Lane {
        // A message's queue is one of the queues, whose number never changes.
        &mut self.lanes[usize::from(message.queue)]
    }

    /// A message is visible again. It is older than those that wait, so it comes before them.
    pub(super) fn give_back(&mut self, message: Message) {
        if let Some(slow) = self.slow_mut(&message) {
            slow.waits = true;
        }
        self.visible += 1;
        self.lane(message).messages.push_front(message);
        self.land(message);
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

    /// The next message of the queue whose turn it is, or of the next one that has some; it leaves its queue.
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

    /// The queue whose first message is due first.
    fn most_urgent(&self) -> Option<usize> {
        let lanes = self.lanes.iter().enumerate();
        let due = lanes.filter_map(|(place, lane)| {
            let first = lane.messages.iter().find(|message| self.waits(message))?;
            Some((first.sent.saturating_add(lane.objective), place))
        });
        due.min().map(|(_, place)| place)
    }

    /// The next message of one queue.
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

    /// The waiting copy of a message that is gone will not be received.
    pub(super) fn bury(&mut self, message: Message) {
        self.visible -= 1;
        self.lane(message).ghosts += 1;
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
        let all = self.lanes.iter().flat_map(|lane| &lane.messages);
        all.filter(|message| self.waits(message))
    }

    /// Whether a message in the queue isn't gone.
    fn waits(&self, message: &Message) -> bool {
        message.slow.is_none() || self.slow(message).is_some_and(|slow| !slow.gone)
    }

    /// When the oldest waiting message was sent.
    pub(super) fn oldest(&self) -> Option<Nanos> {
        let lanes = self.lanes.iter();
        let oldest = lanes.filter_map(|lane| lane.messages.iter().find(|one| self.waits(one)));
        oldest.map(|message| message.sent).min()
    }
}
