//! What couldn't be read with these credentials.

use std::sync::{Mutex, PoisonError};

use crate::error::{Result, unless_denied};
use crate::finding::Unchecked;

/// Collects the parts that these credentials may not read. The other parts are still of use.
#[derive(Default)]
pub(crate) struct Unread(Mutex<Vec<Unchecked>>);

impl Unread {
    /// Returns nothing for a read that was denied, and remembers it.
    pub(crate) async fn or_nothing<T: Default>(
        &self,
        name: &str,
        read: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        Ok(unless_denied(read.await)?.unwrap_or_else(|reason| {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(Unchecked {
                name: name.to_owned(),
                reason,
            });
            T::default()
        }))
    }

    /// The parts, in order.
    pub(crate) fn list(self) -> Vec<Unchecked> {
        let mut all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}
