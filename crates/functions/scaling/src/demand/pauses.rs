//! The pauses of all services that an invocation scales: read together, and not at every check.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, Shared};
use tokio::time::Instant;

use super::fleet::ServiceRun;
use crate::Clients;
use crate::pauses::{PauseRead, read_pauses};

/// How old a reading can be that a check goes by: a little less than the usual time between two checks.
const FRESH: Duration = Duration::from_secs(4);

/// How long to wait after a reading in which nothing could be read.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// The pauses by the names of their parameters, as soon as they are read.
pub(super) type SharedPauses<'a> = Shared<LocalBoxFuture<'a, Rc<HashMap<String, PauseRead>>>>;

/// What reads the pauses.
pub(super) struct PauseReader<'a> {
    clients: &'a Clients,
    names: Vec<String>,
    last: Option<(Instant, SharedPauses<'a>)>,
}

impl<'a> PauseReader<'a> {
    pub(super) fn new(clients: &'a Clients, runs: &[ServiceRun]) -> Self {
        let names = runs
            .iter()
            .filter_map(|run| run.tracked.policy.pause.clone());
        Self {
            clients,
            names: names.collect(),
            last: None,
        }
    }

    /// The pauses for a check that starts now, which waits for them until `until` at most. `None` if no service can be paused.
    pub(super) fn read(&mut self, until: Instant) -> Option<SharedPauses<'a>> {
        if self.names.is_empty() {
            return None;
        }
        let now = Instant::now();
        if let Some((at, pauses)) = &self.last {
            let failed = pauses.peek();
            let failed = failed.is_some_and(|read| read.values().all(Result::is_err));
            let fresh = if failed { AFTER_FAILURE } else { FRESH };
            if now.duration_since(*at) < fresh {
                return Some(pauses.clone());
            }
        }
        let (clients, names) = (self.clients, self.names.clone());
        let read = async move { Rc::new(read_pauses(&clients.ssm, &names, until).await) };
        let read = read.boxed_local().shared();
        self.last = Some((now, read.clone()));
        Some(read)
    }
}
