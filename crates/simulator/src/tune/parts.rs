//! The training period and the holdout period of a load.

use std::time::Duration;

use crate::load::Load;

const DAY: Duration = Duration::from_secs(86_400);

/// Splits a load after this share of its duration, after whole days if there are several. If the share is 1,
/// the second part is empty. `None` if a part would be empty.
pub(super) fn split(load: &Load, share: f64) -> Option<(Load, Option<Load>)> {
    let whole = load.duration();
    if share >= 1.0 {
        return Some((load.clone(), None));
    }
    let cut = cut(whole, share)?;
    let searched = load.part(Duration::ZERO, cut)?;
    let holdout = load.part(cut, whole)?;
    Some((searched, Some(holdout)))
}

/// Returns where to split a load of this length.
fn cut(whole: Duration, share: f64) -> Option<Duration> {
    let exact = Duration::try_from_secs_f64(whole.as_secs_f64() * share).ok()?;
    let days = whole.as_nanos() / DAY.as_nanos();
    if days < 2 {
        // Whole seconds, so that the second part starts at a time that can be written.
        return Some(Duration::from_secs(exact.as_secs().max(1)));
    }
    let most = DAY.saturating_mul(u32::try_from(days - 1).unwrap_or(u32::MAX));
    let half = DAY / 2;
    let rounded = (exact.saturating_add(half)).as_nanos() / DAY.as_nanos();
    let rounded = DAY.saturating_mul(u32::try_from(rounded).unwrap_or(u32::MAX));
    Some(rounded.clamp(DAY, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_days_are_cut_between_two() {
        let cut = |hours: u64, share| cut(Duration::from_secs(hours * 3_600), share).unwrap();
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        assert_eq!(cut(10, 0.6), hours(6));
        assert_eq!(cut(24 * 14, 0.6), hours(24 * 8));
        assert_eq!(cut(24 * 7, 0.5), hours(24 * 4));
        assert_eq!(cut(24 * 2, 0.1), hours(24), "at least a day");
        assert_eq!(cut(24 * 2 + 1, 0.99), hours(24), "and one is left");
    }

    #[test]
    fn the_two_parts_are_the_load() {
        let load = Load::generate("poisson:rate=2/s,for=1h").unwrap();
        let (searched, holdout) = split(&load, 0.6).unwrap();
        let holdout = holdout.unwrap();
        let all: Vec<u64> = load.arrivals(3).map(|message| message.at).collect();
        let offset = u64::try_from(searched.duration().as_nanos()).unwrap();
        let first = searched.arrivals(3).map(|message| message.at);
        let second = holdout.arrivals(3).map(|message| message.at + offset);
        assert_eq!(first.chain(second).collect::<Vec<_>>(), all);
        assert!(split(&load, 1.0).unwrap().1.is_none());
    }
}
