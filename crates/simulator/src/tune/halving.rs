//! Successive halving: many candidates are simulated on a few segments of the load, and only the good ones on
//! more of it.
//!
//! A few segments can't show whether a candidate meets the objective over the whole load, so no candidate is
//! eliminated for missing it. Candidates are ranked by how many others are better in both the share within the
//! objective and cost. The best third stays.

use std::time::Duration;

use crate::load::Load;
use crate::number::count;
use crate::outcome::RunOutcome;
use crate::scenario::ScenarioError;
use crate::simulate::simulate;

use super::drawn::Run;
use super::evaluator::Evaluator;
use super::settings::Settings;

/// Number of segments of a load.
const STRETCHES: u32 = 16;

/// In a shorter segment, the start affects the result more than the policy does.
const SHORTEST: Duration = Duration::from_secs(2 * 3_600);

/// Below this total number of messages, reducing the work isn't worthwhile.
const LITTLE: u64 = 20_000_000;

/// Number of segments in each round.
const ROUNDS: [usize; 2] = [2, 6];

/// One out of this number of candidates stays after each round.
const STAYS: usize = 3;

/// A segment, with the current policy's desired count at its start.
struct Stretch {
    load: Load,
    initial: u32,
    /// Approximate number of late messages with the current policy.
    late: f64,
}

/// Returns the candidates to simulate on the whole load.
pub(super) fn survivors(
    evaluator: &Evaluator<'_>,
    candidates: Vec<Settings>,
    load: &Load,
    present: Settings,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Vec<Settings>, ScenarioError> {
    let seed = evaluator.seeds(load).first().copied().unwrap_or_default();
    let scenario = evaluator.scenario(present)?;
    let outcome = simulate(&scenario, load, seed)?;
    let all = (candidates.len() as u64).saturating_mul(outcome.messages.sent);
    let stretches = stretches(load, &outcome);
    if all.saturating_mul(evaluator.seeds(load).len() as u64) < LITTLE || stretches.is_empty() {
        return Ok(candidates);
    }
    let mut left = candidates;
    for size in ROUNDS {
        tell(&format!(
            "{} candidates on {size} of {} segments of the load",
            left.len(),
            stretches.len()
        ));
        let scores = scores(evaluator, &left, &stretches, size, seed)?;
        let stay = left.len().div_ceil(STAYS).max(8);
        left = best(&left, &scores, stay);
    }
    Ok(left)
}

/// Returns the segments of a load in the order of their use, alternating between the most difficult one for the
/// current policy and any other.
fn stretches(load: &Load, present: &RunOutcome) -> Vec<Stretch> {
    let length = load.duration() / STRETCHES;
    if length < SHORTEST {
        return Vec::new();
    }
    let mut hardest: Vec<Stretch> = (0..STRETCHES)
        .filter_map(|index| {
            let (from, to) = (length * index, length * (index + 1));
            let stretch = load.part(from, to)?;
            Some(course(present, from, to, stretch))
        })
        .collect();
    hardest.sort_by(|a, b| b.late.total_cmp(&a.late));
    let mut rest = hardest.split_off(hardest.len() / 2).into_iter();
    hardest
        .into_iter()
        .flat_map(|hard| std::iter::once(hard).chain(rest.next()))
        .collect()
}

fn course(present: &RunOutcome, from: Duration, to: Duration, load: Load) -> Stretch {
    let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
    let (mut initial, mut late, mut begin) = (0, 0.0, 0.0);
    for point in &present.series {
        if point.at <= from + 1e-9 {
            initial = point.desired;
        } else if point.at <= to + 1e-9 && point.worst_wait > present.slo {
            late += point.load * (point.at - begin);
        }
        begin = point.at;
    }
    Stretch {
        load,
        initial,
        late,
    }
}

/// Returns the share of messages within the objective, and the cost, of each candidate on the first segments.
fn scores(
    evaluator: &Evaluator<'_>,
    candidates: &[Settings],
    stretches: &[Stretch],
    size: usize,
    seed: u64,
) -> Result<Vec<(f64, f64)>, ScenarioError> {
    let used = stretches.get(..size).unwrap_or(stretches);
    let mut runs = Vec::with_capacity(candidates.len() * used.len());
    for candidate in candidates {
        let scenario = evaluator.scenario(*candidate)?;
        for stretch in used {
            let mut scenario = scenario.clone();
            scenario.initial = stretch.initial.clamp(scenario.min, scenario.max);
            runs.push(Run {
                scenario,
                load: &stretch.load,
                seed,
            });
        }
    }
    let ran = evaluator.score_runs(&runs)?;
    Ok(ran
        .chunks(used.len())
        .map(|ran| {
            let figures = ran.iter();
            let sent: f64 = figures.clone().map(|one| count(one.messages)).sum();
            let within_objective: f64 = figures
                .clone()
                .map(|one| one.within_objective * count(one.messages))
                .sum();
            let cost = figures.map(|one| one.cost).sum();
            (within_objective / sent.max(1.0), cost)
        })
        .collect())
}

/// Returns the candidates for which the fewest others are better in both respects. Among equals, the first
/// ones.
fn best(candidates: &[Settings], scores: &[(f64, f64)], stay: usize) -> Vec<Settings> {
    let beaten = |(kept, cost): &(f64, f64)| {
        let beats = |(other_kept, other_cost): &&(f64, f64)| {
            other_kept >= kept && other_cost <= cost && (other_kept > kept || other_cost < cost)
        };
        scores.iter().filter(beats).count()
    };
    let mut ranked: Vec<(usize, usize)> = scores.iter().map(beaten).zip(0..).collect();
    ranked.sort_unstable();
    ranked.truncate(stay);
    ranked.sort_unstable_by_key(|(_, index)| *index);
    ranked
        .into_iter()
        .filter_map(|(_, index)| candidates.get(index).copied())
        .collect()
}
