//! The search: a coarse grid, then what is near the best.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::load::Load;
use crate::number::format_share;
use crate::scenario::ScenarioError;
use crate::score::Score;
use crate::time::nanos;

use super::TuneOptions;
use super::evaluator::Evaluator;
use super::halving::survivors;
use super::settings::Settings;
use super::space::Space;

/// The best of a space.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The cheapest that keeps the promise, or else the one that keeps it for the most messages.
    pub(super) best: (Settings, Score),
    /// Whether it keeps the promise as required.
    pub(super) keeps: bool,
    /// Candidates that were simulated.
    pub(super) candidates: usize,
    /// The candidates to test on the holdout period, cheapest first: see [`Tried::finalists`].
    pub(super) finalists: Vec<Settings>,
    /// Everything that met the whole part, in the order in which it was tried.
    pub(super) tried: Vec<(Settings, Score)>,
}

/// A search on one part of a load.
pub(super) struct Search<'a> {
    pub(super) evaluator: &'a Evaluator<'a>,
    pub(super) load: &'a Load,
    required: f64,
    candidates: usize,
    tell: &'a (dyn Fn(&str) + Sync),
}

/// Good ones whose neighbours are looked at in each round.
const BEAM: usize = 3;

/// What is chosen breaks this share of the promises that may be broken, where that can be had: the cheapest
/// of many that just keep the promise on one part of a load would break it on the next as often as not.
const RESERVE: f64 = 0.7;

/// Maximum number of candidates that are tested on the holdout period.
const FINALISTS: usize = 8;

/// Each finalist costs at least this many times as much as the one before: of two that cost the same, one
/// fails where the other fails.
const FINALIST_STEP: f64 = 1.05;

/// Of all candidates this share comes from the grid: two of three.
const GRID: (usize, usize) = (2, 3);

impl<'a> Search<'a> {
    pub(super) fn new(
        evaluator: &'a Evaluator<'a>,
        load: &'a Load,
        options: &TuneOptions,
        tell: &'a (dyn Fn(&str) + Sync),
    ) -> Self {
        Self {
            evaluator,
            load,
            required: options.required,
            candidates: options.candidates,
            tell,
        }
    }

    pub(super) fn required(&self) -> f64 {
        self.required
    }

    /// The units of progress of this number of simulations on each seed.
    pub(super) fn work(&self, simulations: usize) -> u64 {
        let seeds = self.evaluator.seeds(self.load).len();
        let all = (simulations * seeds) as u64;
        nanos(self.load.duration()).saturating_mul(all)
    }

    /// The best with as many candidates as are allowed.
    pub(super) fn best(&self, space: &Space, until: f64) -> Result<Found, ScenarioError> {
        self.best_of(space, self.candidates, until)
    }

    /// The best of so many candidates. More tasks are allowed only where no candidate keeps the promise
    /// with those that are.
    pub(super) fn best_of(
        &self,
        space: &Space,
        wanted: usize,
        until: f64,
    ) -> Result<Found, ScenarioError> {
        self.evaluator
            .progress
            .begin_stage(until, self.work(wanted));
        let Some(raised) = space.raised() else {
            return self.search(space, wanted);
        };
        // Where as many tasks as are allowed, all the time, aren't enough, nothing else need be tried.
        let hopeless = match space.all_the_time() {
            None => false,
            Some(most) => {
                let most = self.evaluator.score_candidates(&[most], self.load)?;
                most.first()
                    .is_some_and(|most| most.within_objective < self.required)
            }
        };
        let own = if hopeless {
            None
        } else {
            Some(self.search(space, wanted)?)
        };
        if let Some(own) = own.as_ref().filter(|own| own.keeps) {
            return Ok(own.clone());
        }
        let wide = self.search(&raised, wanted)?;
        // Where the limit is not what stands in the way, it stays.
        match own {
            _ if wide.keeps => Ok(wide),
            Some(own) => Ok(own),
            None => self.search(space, wanted),
        }
    }

    fn search(&self, space: &Space, wanted: usize) -> Result<Found, ScenarioError> {
        let law = space.law().key();
        let grid = (wanted * GRID.0 / GRID.1).max(1);
        let first = space.first(grid);
        let mut count = first.len();
        (self.tell)(&format!("{law}: {count} candidates on a grid"));
        let left = survivors(self.evaluator, first, self.load, space.present(), self.tell)?;
        let mut tried = Tried::default();
        self.try_out(&mut tried, &left)?;
        loop {
            let ranked = tried.ranked(self.required);
            self.say(law, count, &tried, &ranked);
            let mut near: Vec<Settings> = Vec::new();
            for index in ranked.iter().take(BEAM) {
                let Some((settings, _)) = tried.all.get(*index) else {
                    continue;
                };
                for other in space.near(*settings) {
                    if !tried.places.contains_key(&other) && !near.contains(&other) {
                        near.push(other);
                    }
                }
            }
            near.truncate(wanted.saturating_sub(count));
            if near.is_empty() {
                break;
            }
            count += near.len();
            let before = ranked.first().copied();
            self.try_out(&mut tried, &near)?;
            // A round without a better one ends it, unless there is more to look at than the best's own.
            if tried.ranked(self.required).first().copied() == before && near.len() < BEAM {
                break;
            }
        }
        count += self.simplify(&mut tried, space.present())?;
        tried
            .found(self.required, count)
            .ok_or(ScenarioError::Value("there is no candidate"))
    }

    /// Takes back of the best what is no better than what is there now, one parameter after the other: a
    /// change that does nothing is one that somebody must understand. How many more were tried.
    fn simplify(&self, tried: &mut Tried, present: Settings) -> Result<usize, ScenarioError> {
        let mut more = 0;
        for back in Settings::BACK {
            let best = tried.best(self.required);
            let Some((settings, figures)) = best else {
                break;
            };
            let simpler = back(settings, present);
            if simpler == settings || simpler.min > simpler.max {
                continue;
            }
            let known = tried.places.get(&simpler).copied();
            if known.is_none() {
                self.try_out(tried, &[simpler])?;
                more += 1;
            }
            let at = known.unwrap_or(tried.all.len().saturating_sub(1));
            let as_good = tried
                .all
                .get(at)
                .is_some_and(|(_, other)| as_good(other, &figures, self.required));
            if as_good {
                tried.chosen = Some(at);
            }
        }
        Ok(more)
    }

    fn try_out(&self, tried: &mut Tried, candidates: &[Settings]) -> Result<(), ScenarioError> {
        let figures = self.evaluator.score_candidates(candidates, self.load)?;
        for (settings, figures) in candidates.iter().zip(figures) {
            tried.places.insert(*settings, tried.all.len());
            tried.all.push((*settings, figures));
        }
        Ok(())
    }

    fn say(&self, law: &str, count: usize, tried: &Tried, ranked: &[usize]) {
        let best = ranked.first().and_then(|index| tried.all.get(*index));
        if let Some((_, best)) = best {
            (self.tell)(&format!(
                "{law}: {count} candidates; the best keeps {} for ${:.2} a month",
                format_share(best.within_objective),
                best.cost_per_month
            ));
        }
    }
}

/// What was tried on the whole part.
#[derive(Default)]
struct Tried {
    all: Vec<(Settings, Score)>,
    places: HashMap<Settings, usize>,
    /// What was chosen in the end, where that isn't the first of all.
    chosen: Option<usize>,
}

impl Tried {
    /// From the best to the worst.
    fn ranked(&self, required: f64) -> Vec<usize> {
        let mut ranked: Vec<usize> = (0..self.all.len()).collect();
        let figures = |index: &usize| self.all.get(*index).map(|(_, figures)| figures);
        ranked.sort_by(|a, b| match (figures(a), figures(b)) {
            (Some(first), Some(second)) => order(first, second, required),
            _ => Ordering::Equal,
        });
        ranked
    }

    fn best(&self, required: f64) -> Option<(Settings, Score)> {
        let best = self
            .chosen
            .or_else(|| self.ranked(required).first().copied())?;
        self.all.get(best).copied()
    }

    /// The best, then the next ones in order of cost, and the one within the objective for the most messages:
    /// it is the most likely to meet the objective in the holdout period. Only the best where it doesn't meet
    /// the objective itself.
    fn finalists(&self, best: (Settings, Score), required: f64) -> Vec<Settings> {
        let reached = tier(&best.1, required);
        let mut finalists = vec![best];
        if reached > 0 {
            let ranked = self.ranked(required);
            let others: Vec<(Settings, Score)> = ranked
                .iter()
                .filter_map(|index| self.all.get(*index).copied())
                .filter(|(_, figures)| tier(figures, required) >= reached)
                .collect();
            for other in &others {
                let last = finalists.last().map_or(0.0, |(_, last)| last.cost);
                if finalists.len() < FINALISTS - 1 && other.1.cost >= last * FINALIST_STEP {
                    finalists.push(*other);
                }
            }
            // Of equals the cheapest, which is the first.
            let share = |one: &(Settings, Score)| one.1.within_objective;
            let safest = others.iter().rev();
            let safest = safest.max_by(|a, b| share(a).total_cmp(&share(b)));
            finalists.extend(safest.filter(|safest| finalists.iter().all(|one| one.0 != safest.0)));
            finalists.sort_by(|a, b| cents(a.1.cost).total_cmp(&cents(b.1.cost)));
        }
        finalists
            .into_iter()
            .map(|(settings, _)| settings)
            .collect()
    }

    fn found(self, required: f64, candidates: usize) -> Option<Found> {
        let best = self.best(required)?;
        Some(Found {
            keeps: best.1.within_objective >= required,
            finalists: self.finalists(best, required),
            best,
            candidates,
            tried: self.all,
        })
    }
}

/// Which of two is better: one that keeps the promise with a reserve, or at least keeps it; of two that do,
/// the cheaper, and at the same cost the calmer; of two that don't, the one that keeps it for more messages.
pub(super) fn order(a: &Score, b: &Score, required: f64) -> Ordering {
    let (of_a, of_b) = (tier(a, required), tier(b, required));
    let tiers = of_b.cmp(&of_a);
    if of_a == 0 {
        return tiers
            .then(b.within_objective.total_cmp(&a.within_objective))
            .then(a.cost.total_cmp(&b.cost));
    }
    tiers
        .then(cents(a.cost).total_cmp(&cents(b.cost)))
        .then(a.actions.total_cmp(&b.actions))
        .then(b.within_objective.total_cmp(&a.within_objective))
}

/// Whether one may take the place of another: it costs no more, and keeps as much where not enough is kept.
fn as_good(one: &Score, other: &Score, required: f64) -> bool {
    let (of_one, of_other) = (tier(one, required), tier(other, required));
    of_one > of_other
        || (of_one == of_other
            && cents(one.cost) <= cents(other.cost)
            && (of_one > 0 || one.within_objective >= other.within_objective))
}

/// 2 with a reserve, 1 where the promise is kept, 0 where it is not.
fn tier(one: &Score, required: f64) -> u8 {
    if one.within_objective >= 1.0 - (1.0 - required) * RESERVE {
        2
    } else {
        u8::from(one.within_objective >= required)
    }
}

/// A cost to a thousandth of it: less is no reason to prefer one.
fn cents(cost: f64) -> f64 {
    (cost.max(1e-9).ln() * 1_000.0).round()
}
