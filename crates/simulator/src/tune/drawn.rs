//! The messages of the load, generated once for all candidates.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::Sender;
use crate::load::Load;
use crate::scenario::Scenario;
use crate::simulate::Messages;
use crate::time::Nanos;

/// A simulation to run.
pub(super) struct Run<'l> {
    pub(super) scenario: Scenario,
    pub(super) load: &'l Load,
    pub(super) seed: u64,
}

/// Maximum number of messages to keep, 16 bytes each. Messages of larger loads are generated again in each
/// simulation.
const MOST: usize = 8_000_000;

/// Messages by part of the load and seed. All candidates have the same processing times.
#[derive(Default)]
pub(super) struct Drawn(RefCell<Kept>);

#[derive(Default)]
struct Kept {
    messages: HashMap<(Nanos, Nanos, u64), Option<Arc<Messages>>>,
    number: usize,
}

impl Drawn {
    /// Returns the messages of a run. `None` if there are too many to keep.
    pub(super) fn messages(&self, run: &Run<'_>) -> Option<Arc<Messages>> {
        let mut kept = self.0.borrow_mut();
        let (from, to) = run.load.bounds();
        let key = (from, to, run.seed);
        if let Some(known) = kept.messages.get(&key) {
            return known.clone();
        }
        let room = MOST - kept.number;
        let sender = Sender::new(&run.scenario, run.load, run.seed);
        let messages: Vec<_> = sender.take(room + 1).collect();
        let fits = messages.len() <= room;
        let messages = fits.then(|| Arc::from(messages));
        kept.number += messages.as_deref().map_or(0, <[_]>::len);
        kept.messages.insert(key, messages.clone());
        messages
    }
}
