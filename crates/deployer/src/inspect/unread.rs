//! What couldn't be read with these credentials.

use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::finding::Unchecked;

/// Collects the parts that these credentials may not read. The other parts are still of use.
#[derive(Default)]
pub(super) struct Unread(Mutex<Vec<Unchecked>>);

impl Unread {
    /// Returns nothing for a read that was denied, and remembers it.
    pub(super) fn or_nothing<T: Default>(&self, name: &str, read: Result<T>) -> Result<T> {
        match read {
            Err(error) if error.is_denied() => {
                let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Unchecked {
                    name: name.to_owned(),
                    reason: error.to_string(),
                });
                Ok(T::default())
            }
            other => other,
        }
    }

    /// The parts, in order.
    pub(super) fn list(self) -> Vec<Unchecked> {
        let mut all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}
