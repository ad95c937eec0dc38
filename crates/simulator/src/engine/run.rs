//! The main loop of the simulation.

use std::time::Duration;

use scaling::Bounds;

use crate::control::{Foreknowledge, control};
use crate::load::{Arrival, Arrivals, Load};
use crate::progress::Progress;
use crate::random::{Purpose, Random, Sampler};
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

use super::clock::Clock;
use super::close::Finished;
use super::records::Records;
use super::state::Engine;

/// A message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent {
    pub(crate) at: Nanos,
    /// Its processing time, with the index of its queue in the highest bits. Packed, because all messages are
    /// kept in memory.
    packed: u64,
}

/// Bits for a processing time: more than two years.
const WORK_BITS: u32 = 56;

impl Sent {
    #[inline]
    pub(crate) fn new(at: Nanos, work: Nanos, queue: u8) -> Self {
        let work = work.min((1 << WORK_BITS) - 1);
        Self {
            at,
            packed: work | u64::from(queue) << WORK_BITS,
        }
    }

    /// Returns its processing time.
    #[inline]
    pub(crate) fn work(self) -> Nanos {
        self.packed & ((1 << WORK_BITS) - 1)
    }

    /// Returns the index of its queue.
    #[inline]
    pub(crate) fn queue(self) -> u8 {
        (self.packed >> WORK_BITS) as u8
    }
}

/// The messages in the order of sending, each with its processing time.
pub(crate) struct Sender<'l> {
    arrivals: Arrivals<'l>,
    work: Random,
    samplers: Vec<Sampler>,
    /// The index of the queue of each part of the load, if it has parts.
    places: Vec<u8>,
    /// Chooses a queue for each message of a load that doesn't name queues.
    choice: Random,
}

impl<'l> Sender<'l> {
    pub(crate) fn new(scenario: &Scenario, load: &'l Load, seed: u64) -> Self {
        Self {
            arrivals: load.arrivals(seed),
            work: Random::new(seed, Purpose::Work),
            samplers: match scenario.queues.as_slice() {
                [] => vec![Sampler::new(scenario.processing)],
                queues => queues
                    .iter()
                    .map(|one| Sampler::new(one.processing))
                    .collect(),
            },
            places: load.queues().map(|name| scenario.place(name)).collect(),
            choice: Random::new(seed, Purpose::Queues),
        }
    }

    /// Returns the index of a message's queue.
    #[inline]
    fn queue(&mut self, part: Option<u8>) -> u8 {
        if self.samplers.len() == 1 {
            return 0;
        }
        let named = part.and_then(|part| self.places.get(usize::from(part)).copied());
        named.unwrap_or_else(|| {
            let any = self.choice.below(self.samplers.len());
            u8::try_from(any).unwrap_or_default()
        })
    }
}

/// Reports progress while messages are sent: the time of the load that has passed, in steps of 1%.
pub(crate) struct Metered<'p, I> {
    inner: I,
    progress: &'p Progress<'p>,
    step: Nanos,
    next: Nanos,
    left: Nanos,
}

impl<'p, I> Metered<'p, I> {
    pub(crate) fn new(inner: I, loaded: Nanos, progress: &'p Progress<'p>) -> Self {
        let step = (loaded / 100).max(1);
        Self {
            inner,
            progress,
            step,
            next: step,
            left: loaded,
        }
    }
}

impl<I: Iterator<Item = Sent>> Iterator for Metered<'_, I> {
    type Item = Sent;

    #[inline]
    fn next(&mut self) -> Option<Sent> {
        let message = self.inner.next();
        match message {
            Some(Sent { at, .. }) if at >= self.next => {
                let passed = (at - self.next) / self.step * self.step + self.step;
                self.next += passed;
                self.left = self.left.saturating_sub(passed);
                self.progress.add(passed);
            }
            Some(_) => {}
            // The load has ended, and a run requests no more messages.
            None => self.progress.add(std::mem::take(&mut self.left)),
        }
        message
    }
}

impl Iterator for Sender<'_> {
    type Item = Sent;

    #[inline]
    fn next(&mut self) -> Option<Sent> {
        let Arrival { at, work, part } = self.arrivals.next()?;
        let queue = self.queue(part);
        let sampler = self.samplers.get(usize::from(queue))?;
        let work = work.unwrap_or_else(|| sampler.draw(&mut self.work));
        Some(Sent::new(at, work, queue))
    }
}

/// The input of a run in addition to its scenario and its messages.
pub(crate) struct Run<'k> {
    /// The bounds outside the schedule's periods.
    pub(crate) bounds: Bounds,
    /// Start of the load, since the Unix epoch, for the schedule.
    pub(crate) origin: Duration,
    /// End of the load.
    pub(crate) loaded: Nanos,
    pub(crate) seed: u64,
    pub(crate) known: Option<&'k Foreknowledge>,
    /// Whether to record everything, or only what a score needs.
    pub(crate) detailed: bool,
    /// Objectives, shortest first, for which messages are counted in addition to the scenario's own.
    pub(crate) objectives: &'k [Nanos],
}

/// Simulates a scenario with messages. After the load's end, continues until every message is done, but at most
/// for [`patience`]. `None` if the load's length doesn't fit into a histogram, which doesn't happen.
pub(crate) fn run_messages(
    scenario: &Scenario,
    run: &Run<'_>,
    mut sender: impl Iterator<Item = Sent>,
) -> Option<Finished> {
    let loaded = run.loaded;
    let stop = loaded.saturating_add(patience(scenario, loaded));
    let slos = scenario.slos();
    let delay = nanos(scenario.delay);
    let mut records = if run.detailed {
        Records::new(&slos, loaded)?
    } else {
        Records::brief(&slos, loaded)?
    };
    for lane in &mut records.lanes {
        lane.objectives = run.objectives.iter().map(|limit| (*limit, 0)).collect();
    }
    let (min, max) = scenario.widest();
    let widest = Bounds::new(min, max).unwrap_or(run.bounds);
    let control = control(scenario, widest, run.seed, run.known);
    let clock = Clock::new(run.bounds, run.origin);
    let mut engine = Engine::new(scenario, (control, clock), records, run.seed);
    engine.begin();
    let mut next = sender.next();
    let end = loop {
        let arrives = next.map_or(Nanos::MAX, |sent| sent.at.saturating_add(delay));
        let (ends, rare) = (engine.ends.next_at(), engine.agenda.next_at());
        let now = arrives.min(ends).min(rare);
        if now >= loaded && next.is_none() && engine.is_done() {
            break engine.records.now.max(loaded);
        }
        if now >= stop {
            break stop;
        }
        engine
            .records
            .advance(now, engine.queue.visible(), engine.queue.in_flight());
        if ends == now {
            engine.processed();
        } else if rare == now {
            engine.rare();
        } else if let Some(sent) = next {
            engine.arrived(sent);
            next = sender.next();
        }
    };
    Some(engine.finish(loaded, end))
}

/// Returns how long a run can continue after the end of its load: a day of the loop, the load's length, or
/// twice the objective, whichever is longest. A message that is still waiting then is definitely late.
fn patience(scenario: &Scenario, loaded: Nanos) -> Nanos {
    let day = scenario.assumptions.minute().saturating_mul(24 * 60);
    let longest = scenario.slos().into_iter().max().unwrap_or_default();
    let objective = longest.saturating_mul(2);
    day.max(loaded).max(objective)
}
