//! The search: a coarse grid, then neighbors of the best candidates.

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

/// The best candidate of a space.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The cheapest one that meets the objective. If none does, the one with the most messages within it.
    pub(super) best: (Settings, Score),
    /// Whether it meets the objective as required.
    pub(super) keeps: bool,
    /// Number of candidates that were simulated.
    pub(super) candidates: usize,
    /// The candidates to test on the holdout period, cheapest first: see [`Tried::finalists`].
    pub(super) finalists: Vec<Settings>,
    /// Every candidate that was simulated on the whole part, in order.
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

/// Number of good candidates whose neighbors are tried in each round.
const BEAM: usize = 3;

/// The chosen candidate should use at most this share of the allowed misses. The cheapest of many candidates
/// that just meet the objective on one part of a load would miss it on the next part about half of the time.
const RESERVE: f64 = 0.7;

/// Maximum number of candidates to test in the holdout period.
const FINALISTS: usize = 8;

/// Each finalist costs at least this factor more than the previous one, because two finalists with the same
/// cost tend to fail in the same situations.
const FINALIST_STEP: f64 = 1.05;

/// Share of all candidates that come from the grid: two thirds.
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

    /// Returns the units of progress for this number of simulations with each seed.
    pub(super) fn work(&self, simulations: usize) -> u64 {
        let seeds = self.evaluator.seeds(self.load).len();
        let all = (simulations * seeds) as u64;
        nanos(self.load.duration()).saturating_mul(all)
    }

    /// Returns the best candidate, trying as many as allowed.
    pub(super) fn best(&self, space: &Space, until: f64) -> Result<Found, ScenarioError> {
        self.best_of(space, self.candidates, until)
    }

    /// Returns the best of this number of candidates. More tasks are allowed only if no candidate meets the
    /// objective with the current maximum.
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
        // If even the maximum number of tasks, running all the time, isn't enough, no other candidate is.
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
        // If the maximum isn't the limiting factor, it doesn't change.
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
            // A round without a better candidate ends the search, unless there are neighbors of other
            // candidates to try.
            if tried.ranked(self.required).first().copied() == before && near.len() < BEAM {
                break;
            }
        }
        count += self.simplify(&mut tried, space.present())?;
        tried
            .found(self.required, count)
            .ok_or(ScenarioError::Value("there is no candidate"))
    }

    /// Restores the current value of each parameter whose change doesn't help, one after another, because users
    /// must understand every change. Returns the number of additional candidates.
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
                "{law}: {count} candidates; the best has {} within the objective for ${:.2} per month",
                format_share(best.within_objective),
                best.cost_per_month
            ));
        }
    }
}

/// The candidates tried on the whole part.
#[derive(Default)]
struct Tried {
    all: Vec<(Settings, Score)>,
    places: HashMap<Settings, usize>,
    /// The final choice, if it isn't the first.
    chosen: Option<usize>,
}

impl Tried {
    /// Returns indexes from the best to the worst.
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

    /// Returns the best candidate, then the next ones in order of cost, and the one with the most messages
    /// within the objective, which is the most likely to meet it in the holdout period. Returns only the best
    /// one if it doesn't meet the objective itself.
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
            // Among equals, the cheapest one, which comes first.
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

/// Compares two scores. Better is the one that meets the objective with a reserve, or at least meets it. If
/// both do, the cheaper one, and at the same cost the one with fewer changes. If neither does, the one with
/// more messages within the objective.
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

/// Whether one can replace another: it costs no more and, if neither meets the objective, has at least as many
/// messages within it.
fn as_good(one: &Score, other: &Score, required: f64) -> bool {
    let (of_one, of_other) = (tier(one, required), tier(other, required));
    of_one > of_other
        || (of_one == of_other
            && cents(one.cost) <= cents(other.cost)
            && (of_one > 0 || one.within_objective >= other.within_objective))
}

/// Returns 2 with a reserve, 1 if the objective is met, and 0 if it is missed.
fn tier(one: &Score, required: f64) -> u8 {
    if one.within_objective >= 1.0 - (1.0 - required) * RESERVE {
        2
    } else {
        u8::from(one.within_objective >= required)
    }
}

/// Rounds a cost to a thousandth. A smaller difference isn't a reason to prefer a candidate.
fn cents(cost: f64) -> f64 {
    (libm::log(cost.max(1e-9)) * 1_000.0).round()
}
