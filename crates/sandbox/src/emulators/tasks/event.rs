//! The events that the loop over services and tasks handles.

use std::collections::BTreeMap;

use super::model::{Protection, Service};
use super::scheduler::Ended;

/// An event for the loop.
#[derive(Debug)]
pub(crate) enum Event {
    /// All active services, if they have changed, and the requests to protect tasks.
    Services(Option<Vec<Service>>, BTreeMap<String, Protection>),
    /// A task's processes have ended.
    Ended {
        service: String,
        task: String,
        ended: Ended,
    },
    /// Nothing listens at LocalStack's endpoint anymore.
    LocalStackGone,
}
