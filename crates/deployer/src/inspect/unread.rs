//! Parts that couldn't be read with these credentials.

use std::sync::{Mutex, PoisonError};

use crate::error::{Result, unless_denied};
use crate::finding::Unchecked;

/// Collects the parts that these credentials can't read. The other parts are still useful.
#[derive(Default)]
pub(crate) struct Unread(Mutex<Vec<Unchecked>>);

impl Unread {
    /// Returns the default for a read that was denied, and records it.
    pub(crate) async fn or_nothing<T: Default>(
        &self,
        name: &str,
        read: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        Ok(unless_denied(read.await)?.unwrap_or_else(|reason| {
            self.add(name, reason);
            T::default()
        }))
    }

    /// Records a part that couldn't be read.
    pub(crate) fn add(&self, name: &str, reason: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Unchecked {
            name: name.to_owned(),
            reason,
        });
    }

    /// Whether a part of this name couldn't be read.
    pub(crate) fn has(&self, name: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|part| part.name == name)
    }

    /// Returns the parts, in order.
    pub(crate) fn list(self) -> Vec<Unchecked> {
        let mut all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}
