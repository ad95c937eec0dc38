//! Parts of a load, and their position in the whole.

use std::time::Duration;

use super::{Load, Source};
use crate::time::{Nanos, nanos};

impl Load {
    /// Returns the part between two durations from the start. `None` if it is empty.
    #[must_use]
    pub fn part(&self, from: Duration, to: Duration) -> Option<Self> {
        let first = self.from.saturating_add(nanos(from));
        let last = self.from.saturating_add(nanos(to)).min(self.to);
        (first < last).then(|| Self {
            from: first,
            to: last,
            ..self.clone()
        })
    }

    /// Returns its start and end in the whole load.
    pub(crate) fn bounds(&self) -> (Nanos, Nanos) {
        (self.from, self.to)
    }

    /// Whether a generator creates it, so that another seed results in another load of the same kind.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        match &self.source {
            Source::Generated(_) => true,
            Source::Recorded(_) => false,
            Source::Mixed(parts) => parts.iter().all(|part| part.load.is_generated()),
        }
    }

    /// Adds a note about an assumption before the other notes.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.insert(0, note.into());
        self
    }
}
