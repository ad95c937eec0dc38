//! How many tasks a service needs, and who sets its count, for people.

use std::time::Duration;

use deployer::{DemandState, ServiceState};
use scaling::{TASKS_NEEDED_METRIC, tasks_for};

use crate::words::{age_at, number};

/// What was measured, and what follows from it; `now` in seconds since 1970.
pub(super) fn format_demand(service: &ServiceState, state: &DemandState, now: u64) -> String {
    let who = match &state.function {
        Some(function) => format!("the function {function}"),
        None => "target tracking".to_owned(),
    };
    let Some(need) = state.need else {
        return format!(
            "demand        no {TASKS_NEEDED_METRIC} in the last 15 minutes: nothing is removed\n\
             set by        {who}\n"
        );
    };
    let largest = state.largest.unwrap_or(need.value);
    let window = humantime::format_duration(Duration::from_millis(state.law.window_ms));
    let sets = match count_by_need(service, need.value, largest) {
        Some(count) if state.function.is_some() => format!(", which sets {count} by that"),
        _ => String::new(),
    };
    format!(
        "demand        {} tasks needed ({} ago), {} at most within {window}\n\
         set by        {who}{sets}\n",
        number(need.value),
        age_at(need.at, now),
        number(largest)
    )
}

/// The count by these needs: up to the present one at once, down to the largest only.
fn count_by_need(service: &ServiceState, need: f64, largest: f64) -> Option<u32> {
    let bounds = service.task_bounds()?;
    let kept = service.desired.min(tasks_for(largest, bounds));
    Some(tasks_for(need, bounds).max(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::Datapoint;
    use scaling::{Bounds, DemandRequest};

    const NOW: u64 = 1_800_000_000;

    fn service(desired: u32) -> ServiceState {
        ServiceState {
            cluster: "voucher".into(),
            service: "worker".into(),
            status: "ACTIVE".into(),
            desired,
            running: desired,
            pending: 0,
            ..ServiceState::default()
        }
    }

    fn told(desired: u32, function: Option<&str>, need: Option<f64>, largest: f64) -> String {
        let law = DemandRequest {
            acceptable_latency_ms: 60_000,
            processing_time_ms: Some(100),
            concurrency: 1,
            task_start_ms: 40_000,
            window_ms: 120_000,
            rate_over_ms: 120_000,
        };
        let at = i64::try_from(NOW).unwrap() - 75;
        let state = DemandState {
            function: function.map(str::to_owned),
            bounds: Bounds::new(1, 5).ok(),
            law,
            need: need.map(|value| Datapoint { value, at }),
            largest: need.map(|_| largest),
        };
        let service = ServiceState {
            demand: Some(state.clone()),
            ..service(desired)
        };
        format_demand(&service, &state, NOW)
    }

    #[test]
    fn the_function_sets_what_is_needed() {
        insta::assert_snapshot!(told(1, Some("f"), Some(2.5), 2.5), @r"
        demand        2.5 tasks needed (1m 15s ago), 2.5 at most within 2m
        set by        the function f, which sets 3 by that
        ");
    }

    #[test]
    fn tasks_are_removed_only_to_the_largest_need() {
        let sets = |desired, need, largest| told(desired, Some("f"), Some(need), largest);
        assert!(sets(5, 0.2, 3.1).ends_with("which sets 4 by that\n"));
        assert!(sets(2, 0.2, 3.1).ends_with("which sets 2 by that\n"));
        assert!(
            sets(2, 9.0, 9.0).ends_with("which sets 5 by that\n"),
            "within its bounds"
        );
        assert!(sets(2, 0.0, 0.0).ends_with("which sets 1 by that\n"));
    }

    #[test]
    fn target_tracking_has_its_own_mind() {
        insta::assert_snapshot!(told(2, None, Some(1.0), 2.0), @r"
        demand        1 tasks needed (1m 15s ago), 2 at most within 2m
        set by        target tracking
        ");
    }

    #[test]
    fn silence_is_told() {
        insta::assert_snapshot!(told(2, Some("f"), None, 0.0), @r"
        demand        no TasksNeeded in the last 15 minutes: nothing is removed
        set by        the function f
        ");
    }
}
