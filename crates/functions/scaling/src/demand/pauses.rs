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

/// How many readings in a row can fail before they get rare. A single failure passes, and a pause must soon hold.
const FAILURES: u32 = 3;

/// How long to wait after so many readings in which nothing could be read.
const AFTER_FAILURES: Duration = Duration::from_secs(60);

/// The pauses by the names of their parameters, as soon as they are read.
pub(super) type SharedPauses<'a> = Shared<LocalBoxFuture<'a, Rc<HashMap<String, PauseRead>>>>;

/// What reads the pauses.
pub(super) struct PauseReader<'a> {
    clients: &'a Clients,
    names: Vec<String>,
    last: Option<(Instant, SharedPauses<'a>)>,
    /// Readings in a row, before the last one, in which nothing could be read.
    failures: u32,
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
            failures: 0,
        }
    }

    /// The pauses for a check that starts now, which waits for them until `until` at most. `None` if no service can be paused.
    pub(super) fn read(&mut self, until: Instant) -> Option<SharedPauses<'a>> {
        if self.names.is_empty() {
            return None;
        }
        let now = Instant::now();
        if let Some((at, pauses)) = &self.last {
            let failures = match pauses.peek() {
                Some(read) if read.values().all(Result::is_err) => self.failures + 1,
                Some(_) => 0,
                None => self.failures,
            };
            let fresh = match failures {
                ..FAILURES => FRESH,
                FAILURES.. => AFTER_FAILURES,
            };
            if now.duration_since(*at) < fresh {
                return Some(pauses.clone());
            }
            self.failures = failures;
        }
        let (clients, names) = (self.clients, self.names.clone());
        let read = async move { Rc::new(read_pauses(&clients.ssm, &names, until).await) };
        let read = read.boxed_local().shared();
        self.last = Some((now, read.clone()));
        Some(read)
    }
}
