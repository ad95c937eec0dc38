//! The order of calls when several invocations run at once.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

/// Lets several invocations make their calls one at a time, in a given order.
pub(super) struct Baton {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    order: VecDeque<usize>,
    running: Vec<bool>,
}

/// One invocation's part in it.
pub(super) struct Turn {
    baton: Option<(Arc<Baton>, usize)>,
    /// Number of calls until its process crashes.
    left: Mutex<usize>,
}

impl Baton {
    /// The order of the calls, by invocation. After the end of the order, the first to arrive goes first.
    pub(super) fn new(order: impl IntoIterator<Item = usize>, invocations: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                order: order.into_iter().collect(),
                running: vec![true; invocations],
            }),
            changed: Condvar::new(),
        })
    }

    /// The part of an invocation that crashes after this number of calls.
    pub(super) fn turn(self: &Arc<Self>, invocation: usize, calls: usize) -> Arc<Turn> {
        Arc::new(Turn {
            baton: Some((Arc::clone(self), invocation)),
            left: Mutex::new(calls),
        })
    }

    /// The invocation makes no more calls.
    pub(super) fn end(&self, invocation: usize) {
        self.state.lock().unwrap().running[invocation] = false;
        self.changed.notify_all();
    }
}

impl State {
    fn is_turn_of(&mut self, invocation: usize) -> bool {
        while let Some(next) = self.order.front() {
            if self.running[*next] {
                return *next == invocation;
            }
            self.order.pop_front();
        }
        true
    }
}

impl Turn {
    /// There is no other invocation.
    pub(super) fn always() -> Arc<Self> {
        Arc::new(Self {
            baton: None,
            left: Mutex::new(usize::MAX),
        })
    }

    /// Waits for the turn, and calls `act` with whether the process is still running.
    pub(super) fn take<T>(&self, act: impl FnOnce(bool) -> T) -> T {
        let mut left = self.left.lock().unwrap();
        let alive = *left > 0;
        *left = left.saturating_sub(1);
        let Some((baton, invocation)) = &self.baton else {
            return act(alive);
        };
        let state = baton.state.lock().unwrap();
        let mut state = baton
            .changed
            .wait_while(state, |state| !state.is_turn_of(*invocation))
            .unwrap();
        state.order.pop_front();
        let result = act(alive);
        baton.changed.notify_all();
        result
    }
}
