//! Erlang's system: how many places keep waiting times short.

/// Maximum load that is computed exactly. Above it, the result is the load itself, because the headroom is
/// then below 1%.
const MOST: f64 = 100_000.0;

/// The minimum number of places at which, under an offered load in places, the share of messages that wait
/// longer than `patience` processing times is at most `late`. `None` for an invalid load or share.
///
/// Erlang's C formula assumes Poisson arrivals, exponential processing times, and first come, first served.
/// A message waits with probability C. Waiting messages wait for an exponential time of mean 1 ÷ (places −
/// load) processing times. Source: Kleinrock, "Queueing Systems", volume 1 (1975), sections 3.5 and 5.11.
pub(crate) fn required_places(load: f64, patience: f64, late: f64) -> Option<f64> {
    let usable = load >= 0.0 && load.is_finite() && patience >= 0.0 && late > 0.0 && late < 1.0;
    if !usable {
        return None;
    }
    if load == 0.0 || load > MOST {
        return Some(load);
    }
    // Erlang's B formula by its recursion, one place at a time; C follows from it.
    let (mut places, mut blocked) = (0.0, 1.0);
    loop {
        places += 1.0;
        blocked = load * blocked / (places + load * blocked);
        let spare = places - load;
        if spare <= 0.0 {
            continue;
        }
        let waits = blocked / (1.0 - load / places * (1.0 - blocked));
        if waits * libm::exp(-spare * patience) <= late {
            return Some(places);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!(
            found.is_some_and(|found| (found - expected).abs() < 1e-9),
            "{found:?}"
        );
    }

    /// Without patience, from tables of Erlang C: C(10, 8) is 0.409, C(14, 8) is 0.0393, C(15, 8) is
    /// 0.0193.
    #[test]
    fn as_the_tables_have_it() {
        near(required_places(8.0, 0.0, 0.41), 10.0);
        near(required_places(8.0, 0.0, 0.0393), 14.0);
        near(required_places(8.0, 0.0, 0.0194), 15.0);
    }

    /// One place: a message waits longer than t with probability load × e^(−(1 − load) t).
    #[test]
    fn one_place_is_as_in_mm1() {
        let late = 0.5 * libm::exp(-0.5 * 6.0);
        near(required_places(0.5, 6.0, late * 1.001), 1.0);
        near(required_places(0.5, 6.0, late * 0.999), 2.0);
    }

    #[test]
    fn patience_needs_little_headroom_and_small_scale_more() {
        near(required_places(10.0, 30.0, 0.01), 11.0);
        near(required_places(1.0, 0.0, 0.05), 4.0);
        near(required_places(100.0, 0.0, 0.05), 119.0);
    }

    #[test]
    fn what_is_no_load_is_unknown() {
        assert_eq!(required_places(f64::NAN, 1.0, 0.01), None);
        assert_eq!(required_places(f64::INFINITY, 1.0, 0.01), None);
        assert_eq!(required_places(-1.0, 1.0, 0.01), None);
        assert_eq!(required_places(1.0, 1.0, 0.0), None);
        assert_eq!(required_places(1.0, 1.0, 1.0), None);
        near(required_places(0.0, 0.0, 0.01), 0.0);
        near(required_places(1e9, 0.0, 0.01), 1e9);
    }

    proptest! {
        #[test]
        fn covers_the_load_and_grows_with_it(
            load in 0.0f64..2_000.0, more in 0.0f64..100.0, patience in 0.0f64..100.0, late in 1e-6f64..0.9,
        ) {
            let found = required_places(load, patience, late).unwrap();
            prop_assert!(found >= load);
            prop_assert!(required_places(load + more, patience, late).unwrap() >= found);
            prop_assert!(required_places(load, patience + 1.0, late).unwrap() <= found);
        }
    }
}
