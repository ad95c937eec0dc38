//! The values of a knob: round ones, and the definition's among them.

use std::time::Duration;

use crate::number::trimmed;

/// Durations in milliseconds.
const TIMES: [u64; 34] = [
    0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000,
    30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 300_000, 420_000, 600_000, 900_000,
    1_200_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
];

/// How many values a knob has on each side of the definition's.
const AROUND: usize = 7;

/// Durations from `least` milliseconds around one, and its place among them.
pub(super) fn durations(now: Duration, least: u64) -> (Vec<Duration>, usize) {
    // Definitions have milliseconds.
    let now = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let times = TIMES.into_iter().filter(|time| *time >= least);
    around(now, times.map(Duration::from_millis))
}

/// Counts from 0 to `most`, and the place of one of them.
pub(super) fn counts(now: u32, most: u32) -> (Vec<u32>, usize) {
    let small = 0..=6;
    let large = (1..=5).flat_map(|power| {
        let ten = 10u32.pow(power);
        [8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80].map(|step| step * (ten / 10))
    });
    let all = small.chain(large).filter(|count| *count <= most.max(now));
    insert(now, all)
}

/// Shares in percent, the smallest requirement first, and the place of one of them.
pub(super) fn shares(now: Option<f64>) -> (Vec<Option<String>>, usize) {
    let known = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999];
    let mut all: Vec<f64> = known.to_vec();
    all.extend(now.filter(|now| !known.contains(now)));
    all.sort_by(f64::total_cmp);
    let place = now.and_then(|now| all.iter().position(|share| *share == now));
    let named = all.iter().map(|share| Some(percent(*share)));
    let values: Vec<Option<String>> = std::iter::once(None).chain(named).collect();
    (values, place.map_or(0, |place| place + 1))
}

/// A share as a definition has it: in percent, rounded to the digits that a percentage of this size needs.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", trimmed(share * 100.0, 6))
}

/// The values with one more, and its place, but only the nearest ones.
fn around<T: Ord + Copy>(now: T, all: impl Iterator<Item = T>) -> (Vec<T>, usize) {
    let (values, place) = insert(now, all);
    let first = place.saturating_sub(AROUND);
    let kept: Vec<T> = values
        .into_iter()
        .skip(first)
        .take(place - first + 1 + AROUND)
        .collect();
    (kept, place - first)
}

fn insert<T: Ord + Copy>(now: T, all: impl Iterator<Item = T>) -> (Vec<T>, usize) {
    let mut values: Vec<T> = all.chain([now]).collect();
    values.sort_unstable();
    values.dedup();
    let place = values.iter().position(|value| *value == now);
    (values, place.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_value_is_among_round_ones() {
        let (times, now) = durations(Duration::from_millis(41_500), 1);
        assert_eq!(times[now], Duration::from_millis(41_500));
        assert_eq!(times[now - 1], Duration::from_secs(30));
        assert_eq!(times[now + 1], Duration::from_secs(45));
        assert_eq!(times.len(), 15);
        let (counts, now) = counts(7, 20);
        assert_eq!(counts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20]);
        assert_eq!(now, 7);
        let (shares, now) = shares(Some(0.995));
        assert_eq!(shares[now].as_deref(), Some("99.5%"));
        assert_eq!(shares[0], None);
        let (shares, now) = super::shares(Some(0.97));
        assert_eq!(shares[now].as_deref(), Some("97%"));
        let (shares, now) = super::shares(None);
        assert_eq!((shares.len(), now), (8, 0));
    }

    #[test]
    fn the_largest_values_have_a_place() {
        let (times, now) = durations(Duration::MAX, 1);
        assert_eq!(times.len(), now + 1);
        assert_eq!(counts(u32::MAX, 0).0.last(), Some(&u32::MAX));
    }
}
