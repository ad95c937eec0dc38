//! The scheduled events.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::queue::Message;
use crate::control::Tick;
use crate::time::Nanos;

/// A rare event: everything except arrivals and the ends of processing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A task starts to run.
    Ready { task: u32, generation: u32 },
    /// A task's stop timeout has ended.
    Kill { task: u32, generation: u32 },
    /// A deployment starts.
    Deploy,
    /// ECS can launch another task.
    Launch,
    /// A message that wasn't deleted is visible again.
    Return(Message),
    /// A message is visible again while a task is still processing it: at this time, unless it was hidden
    /// again.
    Reappear(Message, Nanos),
    /// An action that the control scheduled.
    Tick(Tick),
    /// A new desired count.
    Desired(u32),
    /// The bounds change.
    Bounds,
    /// A point of the time series is complete.
    Point,
}

/// Rare events, ordered by time and then by the order in which they were scheduled.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Nanos, u64, u32)>>,
    events: Vec<Event>,
    free: Vec<u32>,
    planned: u64,
}

/// The ends of processing, in order. One number contains the time, the slot, and the generation of its work.
#[derive(Debug, Default)]
pub(super) struct Ends(BinaryHeap<Reverse<u128>>);

impl Agenda {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fewer than 2^32 events at once"
    )]
    pub(super) fn plan(&mut self, at: Nanos, event: Event) {
        let place = match self.free.pop() {
            Some(place) => {
                self.events[place as usize] = event;
                place
            }
            None => {
                self.events.push(event);
                (self.events.len() - 1) as u32
            }
        };
        self.heap.push(Reverse((at, self.planned, place)));
        self.planned += 1;
    }

    /// Returns the time of the next event.
    #[inline]
    pub(super) fn next_at(&self) -> Nanos {
        self.heap
            .peek()
            .map_or(Nanos::MAX, |Reverse((at, _, _))| *at)
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let Reverse((_, _, place)) = self.heap.pop()?;
        self.free.push(place);
        self.events.get(place as usize).copied()
    }

    /// Returns the remaining events.
    pub(super) fn rest(&self) -> impl Iterator<Item = &Event> {
        self.heap
            .iter()
            .filter_map(|Reverse((_, _, place))| self.events.get(*place as usize))
    }
}

impl Ends {
    #[inline]
    pub(super) fn push(&mut self, at: Nanos, slot: u32, generation: u32) {
        self.0.push(Reverse(pack(at, slot, generation)));
    }

    /// Returns the time of the next end.
    #[inline]
    pub(super) fn next_at(&self) -> Nanos {
        self.0
            .peek()
            .map_or(Nanos::MAX, |Reverse(end)| (end >> 64) as Nanos)
    }

    /// Returns the slot and generation of the next end, without removing it.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "reads its own encoding")]
    pub(super) fn peek(&self) -> Option<(u32, u32)> {
        self.0
            .peek()
            .map(|Reverse(end)| ((end >> 32) as u32, *end as u32))
    }

    /// Replaces the next end with another one.
    #[inline]
    pub(super) fn replace(&mut self, at: Nanos, slot: u32, generation: u32) {
        if let Some(mut next) = self.0.peek_mut() {
            *next = Reverse(pack(at, slot, generation));
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        if let Some(next) = self.0.peek_mut() {
            PeekMut::pop(next);
        }
    }
}

#[inline]
fn pack(at: Nanos, slot: u32, generation: u32) -> u128 {
    u128::from(at) << 64 | u128::from(slot) << 32 | u128::from(generation)
}
