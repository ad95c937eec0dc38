//! The loop of the simulation.

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

/// Messages as they are sent, each with its processing time.
pub(crate) struct Sender<'l> {
    arrivals: Arrivals<'l>,
    work: Random,
    sampler: Sampler,
}

impl<'l> Sender<'l> {
    pub(crate) fn new(scenario: &Scenario, load: &'l Load, seed: u64) -> Self {
        Self {
            arrivals: load.arrivals(seed),
            work: Random::new(seed, Purpose::Work),
            sampler: Sampler::new(scenario.processing),
        }
    }
}

/// Messages whose sending is progress: the time of the load that has passed, in steps of a hundredth of it.
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

impl<I: Iterator<Item = (Nanos, Nanos)>> Iterator for Metered<'_, I> {
    type Item = (Nanos, Nanos);

    #[inline]
    fn next(&mut self) -> Option<(Nanos, Nanos)> {
        let message = self.inner.next();
        match message {
            Some((at, _)) if at >= self.next => {
                let passed = (at - self.next) / self.step * self.step + self.step;
                self.next += passed;
                self.left = self.left.saturating_sub(passed);
                self.progress.add(passed);
            }
            Some(_) => {}
            // The load is over, and a run asks for no more.
            None => self.progress.add(std::mem::take(&mut self.left)),
        }
        message
    }
}

impl Iterator for Sender<'_> {
    type Item = (Nanos, Nanos);

    #[inline]
    fn next(&mut self) -> Option<(Nanos, Nanos)> {
        let Arrival { at, work } = self.arrivals.next()?;
        let work = work.unwrap_or_else(|| self.sampler.draw(&mut self.work));
        Some((at, work))
    }
}

/// What a run needs next to its scenario and its messages.
pub(crate) struct Run<'k> {
    /// Those outside of the schedule's periods.
    pub(crate) bounds: Bounds,
    /// When the load begins, since the Unix epoch, for the schedule.
    pub(crate) origin: Duration,
    /// When the load ends.
    pub(crate) loaded: Nanos,
    pub(crate) seed: u64,
    pub(crate) known: Option<&'k Foreknowledge>,
    /// Whether everything is written down, or only what a score needs.
    pub(crate) detailed: bool,
    /// Objectives, the shortest first, for which messages are counted next to the scenario's own.
    pub(crate) objectives: &'k [Nanos],
}

/// Runs a scenario against messages, and after the load's end until every message is done, but at most
/// [`patience`] longer. `None` when the load has no length that a histogram could be made for, which
/// doesn't happen.
pub(crate) fn run_messages(
    scenario: &Scenario,
    run: &Run<'_>,
    mut sender: impl Iterator<Item = (Nanos, Nanos)>,
) -> Option<Finished> {
    let loaded = run.loaded;
    let stop = loaded.saturating_add(patience(scenario, loaded));
    let slo = nanos(scenario.slo);
    let delay = nanos(scenario.delay);
    let mut records = if run.detailed {
        Records::new(slo, loaded)?
    } else {
        Records::brief(slo, loaded)?
    };
    records.objectives = run.objectives.iter().map(|limit| (*limit, 0)).collect();
    let (min, max) = scenario.widest();
    let widest = Bounds::new(min, max).unwrap_or(run.bounds);
    let control = control(scenario, widest, run.seed, run.known);
    let clock = Clock::new(run.bounds, run.origin);
    let mut engine = Engine::new(scenario, (control, clock), records, run.seed);
    engine.begin();
    let mut next = sender.next();
    let end = loop {
        let arrives = next.map_or(Nanos::MAX, |(at, _)| at.saturating_add(delay));
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
            .advance(now, engine.queue.visible(), engine.queue.in_flight);
        if ends == now {
            engine.processed();
        } else if rare == now {
            engine.rare();
        } else if let Some((at, work)) = next {
            engine.arrived(at, work);
            next = sender.next();
        }
    };
    Some(engine.finish(loaded, end))
}

/// How long a run continues at most after its load's end: a day of the loop, the load's length, or twice
/// the objective, whichever is longest. What still waits then is certainly late.
fn patience(scenario: &Scenario, loaded: Nanos) -> Nanos {
    let day = scenario.assumptions.minute().saturating_mul(24 * 60);
    let objective = nanos(scenario.slo).saturating_mul(2);
    day.max(loaded).max(objective)
}
