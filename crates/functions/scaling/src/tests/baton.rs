//! Whose turn it is to make the next call, when several invocations run at once.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

/// Lets the calls of several invocations through one at a time, in a given order.
pub(super) struct Baton {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    order: VecDeque<usize>,
    running: Vec<bool>,
}

/// One invocation's share in it.
pub(super) struct Turn {
    baton: Option<(Arc<Baton>, usize)>,
    /// Calls left until its process dies.
    left: Mutex<usize>,
}

impl Baton {
    /// The order of the calls, by invocation. When it is used up, whoever comes first goes first.
    pub(super) fn new(order: impl IntoIterator<Item = usize>, invocations: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                order: order.into_iter().collect(),
                running: vec![true; invocations],
            }),
            changed: Condvar::new(),
        })
    }

    /// The share of an invocation that dies after some calls.
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
    /// Nobody else is there.
    pub(super) fn always() -> Arc<Self> {
        Arc::new(Self {
            baton: None,
            left: Mutex::new(usize::MAX),
        })
    }

    /// Waits for the turn, and acts, told whether the process is alive.
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
