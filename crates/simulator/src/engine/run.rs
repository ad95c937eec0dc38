//! The loop of the simulation.

use scaling::Bounds;

use crate::control::{Foreknowledge, control};
use crate::load::{Arrival, Arrivals, Load};
use crate::random::{Purpose, Random, Sampler};
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

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

impl Iterator for Sender<'_> {
    type Item = (Nanos, Nanos);

    #[inline]
    fn next(&mut self) -> Option<(Nanos, Nanos)> {
        let Arrival { at, work } = self.arrivals.next()?;
        let work = work.unwrap_or_else(|| self.sampler.draw(&mut self.work));
        Some((at, work))
    }
}

/// Runs a scenario against a load from its beginning to its end. `None` when the load has no length
/// that a histogram could be made for, which doesn't happen.
pub(crate) fn run(
    scenario: &Scenario,
    bounds: Bounds,
    load: &Load,
    seed: u64,
    known: Option<&Foreknowledge>,
) -> Option<Finished> {
    let end = nanos(load.duration());
    let records = Records::new(nanos(scenario.promise), end)?;
    let control = control(scenario, bounds, seed, known);
    let mut engine = Engine::new(scenario, control, records, seed);
    engine.begin();
    let mut sender = Sender::new(scenario, load, seed);
    let mut next = sender.next();
    loop {
        let arrives = next.map_or(Nanos::MAX, |(at, _)| at);
        let (ends, rare) = (engine.ends.next_at(), engine.agenda.next_at());
        let now = arrives.min(ends).min(rare);
        if now >= end {
            break;
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
    }
    Some(engine.finish(end))
}
