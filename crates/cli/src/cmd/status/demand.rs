//! The required tasks of a service and who sets its count, formatted for people.

use std::cmp::Ordering;
use std::time::Duration;

use deployer::{DemandState, ServiceState};
use scaling::{TASKS_NEEDED_METRIC, Warm, WarmFloor, tasks_for};

use crate::words::{age_at, number};

/// Formats the measurements and their result. `now` is in seconds since 1970.
pub(super) fn format_demand(service: &ServiceState, state: &DemandState, now: u64) -> String {
    let who = match &state.function {
        Some(function) if state.observes => {
            format!("not by demand: the function {function} only observes")
        }
        Some(function) => format!("the function {function}"),
        None => "target tracking".to_owned(),
    };
    let Some(need) = state.need else {
        return format!(
            "demand        no {TASKS_NEEDED_METRIC} in the last 15 minutes: nothing is removed\n\
             set by        {who}\n"
        );
    };
    let rounded = (need.value * 10.0).round() / 10.0;
    let (count, ago) = (number(rounded), age_at(need.at, now));
    let tasks = if count == "1" { "task" } else { "tasks" };
    let needed = format!("demand        {count} {tasks} needed ({ago} ago)");
    let Some(largest) = state.largest else {
        return format!(
            "{needed}\n{}set by        {who}{}\n",
            format_measured(state),
            match state.observes {
                true => describe_recommendation(service, state),
                false => describe_change(service, need.value),
            }
        );
    };
    let window = humantime::format_duration(Duration::from_millis(state.law.window_ms));
    let largest = number(largest);
    format!("{needed}, {largest} at most within {window}\nset by        {who}\n")
}

/// Formats the function's measurements and results.
fn format_measured(state: &DemandState) -> String {
    let measured = state.measured;
    let seconds = |name: &str, value: Option<f64>| Some(format!("{name} {} s", number(value?)));
    let times = [
        seconds("processing time", measured.processing_time),
        seconds("task start", measured.task_start),
    ];
    let times: Vec<String> = times.into_iter().flatten().collect();
    let mut text = String::new();
    if !times.is_empty() {
        text.push_str(&format!("measured      {}\n", times.join(", ")));
    }
    if let Some(share) = measured.within_objective {
        let within = |latency: u64| humantime::format_duration(Duration::from_millis(latency));
        let queues = state.objectives.iter();
        let queues = queues.map(|(queue, latency)| format!("{queue} within {}", within(*latency)));
        let queues: Vec<String> = queues.collect();
        text.push_str(&match queues.is_empty() {
            true => format!(
                "objective     {share:.2}% of the last days' messages started within {}\n",
                within(state.law.acceptable_latency_ms)
            ),
            false => format!(
                "objective     {share:.2}% of the last days' messages of the worst queue started in time ({})\n",
                queues.join(", ")
            ),
        });
    }
    if let Some(tasks) = measured.warm_tasks {
        text.push_str(&format!("warm tasks    {}\n", explain_warm(state, tasks)));
    }
    text
}

/// Formats the warm tasks, and why they keep running.
fn explain_warm(state: &DemandState, tasks: f64) -> String {
    if let Some(Warm::Tasks(_)) = state.warm {
        return format!("{}, as configured", number(tasks));
    }
    let reason = |floor: WarmFloor| Some(format!("{}: {}", floor.tasks, floor.reason()?));
    state.floor.and_then(reason).unwrap_or_else(|| {
        let tasks = number(tasks);
        format!("{tasks}, kept for bursts: the function's log says for which")
    })
}

/// Describes what the function would do if it didn't only observe.
fn describe_recommendation(service: &ServiceState, state: &DemandState) -> String {
    let Some(recommended) = state.recommended else {
        return String::new();
    };
    let tasks = number(recommended);
    match service.desired {
        Some(desired) if f64::from(desired) == recommended => format!(", and would keep {tasks}"),
        _ => format!(", and would set {tasks}"),
    }
}

/// Describes how the function responds to the required tasks.
fn describe_change(service: &ServiceState, need: f64) -> String {
    let Some(bounds) = service.task_bounds() else {
        return String::new();
    };
    let wanted = tasks_for(need, bounds);
    let Some(desired) = service.desired else {
        return String::new();
    };
    match wanted.cmp(&desired) {
        Ordering::Greater => format!(", which raises the count to {wanted}"),
        Ordering::Equal => format!(", which keeps {wanted}"),
        Ordering::Less => {
            ", which removes tasks once every deadline is met without them".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use deployer::{Datapoint, DemandMeasurements};
    use scaling::{Bounds, DemandRequest};

    const NOW: u64 = 1_800_000_000;

    fn service(desired: u32) -> ServiceState {
        ServiceState {
            cluster: "voucher".into(),
            service: "worker".into(),
            status: "ACTIVE".into(),
            desired: Some(desired),
            running: Some(desired),
            pending: Some(0),
            ..ServiceState::default()
        }
    }

    fn shown(desired: u32, function: Option<&str>, need: Option<f64>) -> String {
        let state = state(function, need);
        let service = ServiceState {
            demand: Some(state.clone()),
            ..service(desired)
        };
        format_demand(&service, &state, NOW)
    }

    fn state(function: Option<&str>, need: Option<f64>) -> DemandState {
        let law = DemandRequest {
            acceptable_latency_ms: 60_000,
            processing_time_ms: Some(100),
            concurrency: 1,
            task_start_ms: 40_000,
            window_ms: 120_000,
            period_ms: None,
            rate_over_ms: None,
        };
        let at = i64::try_from(NOW).unwrap() - 75;
        let measured = DemandMeasurements {
            processing_time: Some(0.12),
            task_start: Some(41.0),
            within_objective: Some(99.98),
            warm_tasks: None,
        };
        DemandState {
            function: function.map(str::to_owned),
            bounds: Bounds::new(1, 5).ok(),
            observes: false,
            recommended: None,
            objectives: BTreeMap::new(),
            law,
            need: need.map(|value| Datapoint { value, at }),
            largest: need.filter(|_| function.is_none()).map(|_| 2.0),
            measured: function.map(|_| measured).unwrap_or_default(),
            warm: function.map(|_| Warm::Auto),
            floor: None,
        }
    }

    #[test]
    fn the_function_sets_what_is_needed() {
        insta::assert_snapshot!(shown(1, Some("f"), Some(2.5)), @r"
        demand        2.5 tasks needed (1m 15s ago)
        measured      processing time 0.12 s, task start 41 s
        objective     99.98% of the last days' messages started within 1m
        set by        the function f, which raises the count to 3
        ");
    }

    #[test]
    fn the_count_follows_within_its_bounds() {
        let ends = |desired, need, text: &str| {
            let shown = shown(desired, Some("f"), Some(need));
            assert!(shown.ends_with(text), "{shown}");
        };
        ends(3, 9.0, "which raises the count to 5\n");
        ends(5, 9.0, "which keeps 5\n");
        ends(1, 0.0, "which keeps 1\n");
        ends(
            4,
            2.5,
            "which removes tasks once every deadline is met without them\n",
        );
    }

    #[test]
    fn warm_tasks_are_explained() {
        let mut state = DemandState {
            function: Some("f".into()),
            observes: false,
            recommended: None,
            bounds: None,
            law: DemandRequest {
                acceptable_latency_ms: 10_000,
                processing_time_ms: None,
                concurrency: 1,
                task_start_ms: 40_000,
                window_ms: 120_000,
                period_ms: None,
                rate_over_ms: None,
            },
            objectives: BTreeMap::new(),
            need: None,
            largest: None,
            measured: DemandMeasurements {
                warm_tasks: Some(2.0),
                ..DemandMeasurements::default()
            },
            warm: Some(Warm::Auto),
            floor: None,
        };
        assert_eq!(
            format_measured(&state),
            "warm tasks    2, kept for bursts: the function's log says for which\n"
        );
        let objectives = [
            ("orders".to_owned(), 60_000),
            ("returns".to_owned(), 900_000),
        ];
        let by_queue = DemandState {
            objectives: BTreeMap::from(objectives),
            measured: DemandMeasurements {
                within_objective: Some(99.5),
                ..DemandMeasurements::default()
            },
            ..state.clone()
        };
        assert_eq!(
            format_measured(&by_queue),
            "objective     99.50% of the last days' messages of the worst queue started in time (orders within 1m, \
             returns within 15m)\n"
        );
        state.floor = Some(WarmFloor {
            tasks: 2,
            bursts: 6.0,
            rate: 40.0,
        });
        assert_eq!(
            format_measured(&state),
            "warm tasks    2: bursts of 40/s came 6 times in 3 days\n"
        );
        (state.warm, state.floor) = (Some(Warm::Tasks(2)), None);
        assert_eq!(format_measured(&state), "warm tasks    2, as configured\n");
    }

    #[test]
    fn target_tracking_shows_the_largest_need() {
        insta::assert_snapshot!(shown(2, None, Some(1.0)), @r"
        demand        1 task needed (1m 15s ago), 2 at most within 2m
        set by        target tracking
        ");
    }

    #[test]
    fn what_only_observes_says_what_it_would_set() {
        let mut state = state(Some("f"), Some(2.5));
        (state.observes, state.recommended) = (true, Some(3.0));
        insta::assert_snapshot!(format_demand(&service(1), &state, NOW), @r"
        demand        2.5 tasks needed (1m 15s ago)
        measured      processing time 0.12 s, task start 41 s
        objective     99.98% of the last days' messages started within 1m
        set by        not by demand: the function f only observes, and would set 3
        ");
        let kept = format_demand(&service(3), &state, NOW);
        assert!(
            kept.ends_with("only observes, and would keep 3\n"),
            "{kept}"
        );
    }

    #[test]
    fn silence_is_shown() {
        insta::assert_snapshot!(shown(2, Some("f"), None), @r"
        demand        no TasksNeeded in the last 15 minutes: nothing is removed
        set by        the function f
        ");
    }
}
