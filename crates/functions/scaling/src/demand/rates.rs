//! The request rates of ECS, which all services of an account and region share, and the order in which they are used.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// DescribeServices calls: burst, and rate per second. Half of ECS's limits (100, and 20 per second), because
/// deployments and people also read services.
///
/// Source: Amazon ECS API Reference, "Request throttling for the Amazon ECS API".
const DESCRIBE: (f64, f64) = (50.0, 10.0);

/// UpdateService calls: burst, and rate per second. Four fifths of ECS's limits (50, and 5 per second).
///
/// Source: the same as for [`DESCRIBE`].
const UPDATE: (f64, f64) = (40.0, 4.0);

/// How much later a scale-in is made than a scale-out that has waited equally long: late messages cost more than
/// tasks.
const SCALE_IN_WAITS: Duration = Duration::from_secs(60);

/// The request rates that one function can use.
#[derive(Debug)]
pub(super) struct Rates {
    /// How many functions share the account's rates.
    pub(super) functions: u32,
    pub(super) describe: Gate,
    pub(super) update: Gate,
}

/// One rate: a bucket of calls that fills up over time.
#[derive(Debug)]
pub(super) struct Gate {
    burst: f64,
    per_second: f64,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    calls: f64,
    filled: Instant,
    /// The waiting updates, by the time from which their turn counts.
    waiting: BTreeSet<(Instant, u64)>,
    tickets: u64,
}

impl Rates {
    pub(super) fn new(functions: u32) -> Self {
        let share = f64::from(functions.max(1));
        let gate = |(burst, per_second): (f64, f64)| Gate::new(burst / share, per_second / share);
        Self {
            functions,
            describe: gate(DESCRIBE),
            update: gate(UPDATE),
        }
    }

    /// Waits for the turn to update a service that has wanted it since `since`, but not beyond `until`. Returns
    /// whether the turn came. The service that has waited longest is first, with scale-ins counted as a minute
    /// later.
    pub(super) async fn turn(&self, since: Instant, scale_in: bool, until: Instant) -> bool {
        let since = match scale_in {
            true => since + SCALE_IN_WAITS,
            false => since,
        };
        self.update.turn(since, until).await
    }
}

impl Gate {
    fn new(burst: f64, per_second: f64) -> Self {
        let state = State {
            calls: burst.max(1.0),
            filled: Instant::now(),
            waiting: BTreeSet::new(),
            tickets: 0,
        };
        Self {
            burst: burst.max(1.0),
            per_second,
            state: RefCell::new(state),
        }
    }

    /// Takes a call, if one is available.
    pub(super) fn take(&self) -> bool {
        let mut state = self.state.borrow_mut();
        self.fill(&mut state);
        let taken = state.calls >= 1.0;
        if taken {
            state.calls -= 1.0;
        }
        taken
    }

    async fn turn(&self, since: Instant, until: Instant) -> bool {
        let ticket = self.enter(since);
        loop {
            let Some(wait) = self.step(ticket) else {
                return true;
            };
            let at = Instant::now() + wait;
            if at > until {
                sleep_until(until).await;
                self.state.borrow_mut().waiting.remove(&ticket);
                return false;
            }
            sleep_until(at).await;
        }
    }

    fn enter(&self, since: Instant) -> (Instant, u64) {
        let mut state = self.state.borrow_mut();
        state.tickets += 1;
        let ticket = (since, state.tickets);
        state.waiting.insert(ticket);
        ticket
    }

    /// Takes a call if it is the ticket's turn; otherwise, returns the minimum time until then.
    fn step(&self, ticket: (Instant, u64)) -> Option<Duration> {
        let mut state = self.state.borrow_mut();
        self.fill(&mut state);
        let before = state.waiting.range(..ticket).count();
        #[expect(clippy::cast_precision_loss, reason = "far fewer services than 2^52")]
        let lacking = before as f64 + 1.0 - state.calls;
        if lacking > 0.0 {
            let wait = Duration::from_secs_f64(lacking / self.per_second);
            return Some(wait.max(Duration::from_millis(1)));
        }
        state.waiting.remove(&ticket);
        state.calls -= 1.0;
        None
    }

    fn fill(&self, state: &mut State) {
        let now = Instant::now();
        let passed = now.duration_since(state.filled).as_secs_f64();
        state.calls = (state.calls + passed * self.per_second).min(self.burst);
        state.filled = now;
    }
}
