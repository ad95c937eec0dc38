//! Determines how long each row of counts lasts, so that no message is lost and no rate changes.

use std::collections::HashMap;
use std::time::Duration;

use super::number::MILLION;
use super::packed::Packed;

/// The unit of the rows' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Messages.
    Whole,
    /// Millionths of messages.
    Millionths,
    /// Millionths of messages per second.
    PerSecond,
}

/// Rows of whole counts. Each lasts until the next one. Gaps are rows without messages.
pub(super) struct Spread {
    pub(super) rows: Packed,
    /// The end of the last row, in microseconds since the first.
    pub(super) end: u64,
    pub(super) notes: Vec<String>,
}

const SECOND: u64 = MILLION;
const MINUTE: u64 = 60 * SECOND;

/// The periods in which tools count, in microseconds.
const PERIODS: [u64; 6] = [
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    60 * MINUTE,
    1_440 * MINUTE,
];

impl Spread {
    /// Determines the length of each row. If `end` is known, every row lasts until the next one.
    pub(super) fn fit(rows: &Packed, first: u64, values: Values, end: Option<u64>) -> Self {
        let times: Vec<u64> = rows.iter().map(|(at, _)| at).collect();
        let distances: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let step = match end {
            Some(_) => None,
            None => find_step(&distances),
        };
        let mut spread = Self {
            rows: Packed::default(),
            end: 0,
            notes: Vec::new(),
        };
        // The length of the rows around this one, if their distances show it.
        let mut usual = step;
        let mut longest_gap = 0;
        let mut mixed = false;
        let mut carry = MILLION / 2;
        for (index, (at, value)) in rows.iter().enumerate() {
            let length = match (distances.get(index), usual) {
                (Some(&distance), Some(before)) => {
                    let regular = Some(distance) == step
                        || is_regular(&distances, index, first.saturating_add(at));
                    if regular {
                        mixed |= Some(distance) != step;
                        usual = Some(distance);
                        distance
                    } else {
                        distance.min(before)
                    }
                }
                (Some(&distance), None) => distance,
                (None, Some(before)) => before,
                (None, None) => match (end, distances.last()) {
                    (Some(end), _) => end.saturating_sub(at),
                    (None, Some(before)) => *before,
                    (None, None) => MINUTE,
                },
            };
            spread
                .rows
                .push(at, count_messages(value, length, values, &mut carry));
            spread.end = at.saturating_add(length);
            let distance = distances.get(index).copied().unwrap_or(length);
            if length < distance {
                spread.rows.push(spread.end, 0);
                longest_gap = longest_gap.max(distance);
            }
        }
        if end.is_none() {
            spread
                .notes
                .push(describe_spacing(step, distances.len(), longest_gap, mixed));
        }
        if values != Values::Whole {
            spread
                .notes
                .push("fractions of messages are carried over to the next row".to_owned());
        }
        spread
            .notes
            .push("within a step, messages arrive at random (as Poisson arrivals do)".to_owned());
        spread
    }
}

/// Returns the whole messages of a row, and carries the remaining fraction over.
fn count_messages(value: u64, length: u64, values: Values, carry: &mut u64) -> u64 {
    let millionths = match values {
        Values::Whole => return value,
        Values::Millionths => u128::from(value),
        Values::PerSecond => u128::from(value) * u128::from(length) / u128::from(SECOND),
    } + u128::from(*carry);
    let million = u128::from(MILLION);
    *carry = u64::try_from(millionths % million).unwrap_or(0);
    u64::try_from(millionths / million).unwrap_or(u64::MAX)
}

/// Returns the distance between more than half of the rows. Otherwise, the shortest distance, if it is a usual
/// period and all others are multiples of it.
fn find_step(distances: &[u64]) -> Option<u64> {
    /// Maximum number of different distances. A regular file has few.
    const KINDS: usize = 1_000;
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for distance in distances {
        if counts.len() < KINDS || counts.contains_key(distance) {
            *counts.entry(*distance).or_default() += 1;
        }
    }
    let (most, count) = counts
        .into_iter()
        .max_by_key(|(distance, count)| (*count, std::cmp::Reverse(*distance)))?;
    if count * 2 > distances.len() {
        return Some(most);
    }
    let shortest = *distances.iter().min()?;
    let fits = distances.iter().all(|distance| distance % shortest == 0);
    (fits && PERIODS.contains(&shortest)).then_some(shortest)
}

/// Whether a row's distance to the next is one of several equal distances, so that it is the row's length and
/// not a gap: three in a row, or two that are a usual period and start at a multiple of it.
fn is_regular(distances: &[u64], index: usize, at: u64) -> bool {
    let distance = distances[index];
    let same =
        |index: Option<usize>| index.and_then(|index| distances.get(index)) == Some(&distance);
    let before = same(index.checked_sub(1));
    let after = same(index.checked_add(1));
    let run = [before, after];
    let three = match run {
        [true, true] => true,
        [true, false] => same(index.checked_sub(2)),
        [false, true] => same(index.checked_add(2)),
        [false, false] => false,
    };
    let aligned = PERIODS.contains(&distance) && at.is_multiple_of(distance);
    three || (run.contains(&true) && aligned)
}

fn describe_spacing(step: Option<u64>, distances: usize, longest_gap: u64, mixed: bool) -> String {
    let Some(step) = step else {
        return match distances {
            0 => "there is one row: it lasts a minute".to_owned(),
            _ => "rows have uneven intervals: each lasts until the next one".to_owned(),
        };
    };
    let of = Duration::from_micros(step);
    let others = match mixed {
        true => ", but parts of the file have another one",
        false => "",
    };
    if longest_gap > 0 {
        let gap = Duration::from_micros(longest_gap);
        format!(
            "the step is {of:?}{others}; there are gaps, the longest of {gap:?}: nothing arrived in them"
        )
    } else {
        format!("the step is {of:?}{others}, without gaps")
    }
}
