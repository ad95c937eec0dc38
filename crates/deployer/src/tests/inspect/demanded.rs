//! A service whose function scales by demand: its required tasks, from the metric that the function publishes.

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::types::Target;
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use scaling::{Bounds, Warm};
use serde_json::{Value, json};

use super::super::cloud::json_error;
use super::stepped::{FUNCTION, configured, inspect};
use crate::{Datapoint, DemandMeasurements};

fn policy() -> Value {
    json!({
        "namespace": "EcsScaler", "cluster": "shop", "service": "web",
        "queues": [{"name": "orders", "url": "https://sqs/orders"}],
        "min": 1, "max": 20,
        "law": {"acceptable_latency_ms": 60_000, "processing_time_ms": 2_000, "concurrency": 1,
                "task_start_ms": 40_000, "window_ms": 120_000},
        "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 0,
    })
}

/// The input that the rule sends to the function.
pub(super) fn order() -> Rule {
    order_of(policy())
}

fn order_of(policy: Value) -> Rule {
    let input = json!({"action": "scale-by-demand", "services": [policy]});
    mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(move || {
        let target = Target::builder().id("1").arn(FUNCTION);
        let target = target.input(input.to_string()).build().unwrap();
        ListTargetsByRuleOutput::builder().targets(target).build()
    })
}

/// Values of each of the last minutes, newest first. `now` is the start of 1970.
fn values() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(|input| {
        let results = input.metric_data_queries().iter().map(|query| {
            let metric = query.metric_stat().unwrap().metric().unwrap();
            assert_eq!(metric.namespace(), Some("EcsScaler"));
            assert_eq!(metric.dimensions().len(), 2);
            let minutes = match metric.metric_name().unwrap() {
                "TasksNeeded" => [2.5, 4.25, 9.0],
                "ProcessingTime" => [2.1, 2.0, 1.9],
                "TaskStart" => [41.0; 3],
                "WithinObjective" => [99.5, 99.6, 99.7],
                "WarmTasks" => [3.0, 2.0, 2.0],
                other => panic!("{other}"),
            };
            let times = (1..=3).map(|minute| DateTime::from_secs(-60 * minute));
            MetricDataResult::builder()
                .set_id(query.id().map(str::to_owned))
                .set_timestamps(Some(times.collect()))
                .set_values(Some(minutes.into()))
                .build()
        });
        GetMetricDataOutput::builder()
            .set_metric_data_results(Some(results.collect()))
            .build()
    })
}

/// The last minutes of the function's log, out of order, with a line that an emulator without patterns returns.
fn logs() -> Rule {
    mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(|input| {
        assert_eq!(input.log_group_name(), Some("web-logs"));
        assert_eq!(input.filter_pattern(), Some("{ $.warm.tasks > 0 }"));
        let line = |second: i64, warm: Option<(u32, f64)>| {
            let mut line = json!({"timestamp": "2026-11-21T10:00:00.000Z", "level": "INFO", "message": "look",
                "cluster": "shop", "service": "web", "outcome": "kept", "reason": "the work needs 3.0 tasks"});
            if let Some((tasks, bursts)) = warm {
                line["warm"] = json!({"tasks": tasks, "bursts": bursts, "rate": 40.2});
            }
            FilteredLogEvent::builder()
                .timestamp(second * 1_000)
                .message(line.to_string())
                .build()
        };
        FilterLogEventsOutput::builder()
            .events(line(120, Some((3, 5.8))))
            .events(line(60, Some((2, 4.9))))
            .events(line(180, None))
            .build()
    })
}

#[tokio::test(start_paused = true)]
async fn a_floor_of_warm_tasks_is_explained_by_the_functions_log() {
    let (result, _) = inspect(vec![order(), values(), logs()]).await;
    let inspection = result.unwrap();
    let demand = inspection.services[0].demand.as_ref().unwrap();
    let floor = demand.floor.unwrap();
    assert_eq!(
        (floor.tasks, floor.reason().as_deref()),
        (3, Some("bursts of 40/s came 6 times in 3 days"))
    );
    let json = serde_json::to_value(demand).unwrap();
    assert_eq!(json["warm"], "auto");
    assert_eq!(
        json["floor"],
        json!({"tasks": 3, "bursts": 5.8, "rate": 40.2})
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_be_read_hides_only_the_explanation() {
    let denied = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
        .then_http_response(|| json_error("AccessDeniedException", "no logs for you"));
    let (result, _) = inspect(vec![order(), values(), denied]).await;
    let inspection = result.unwrap();
    let demand = inspection.services[0].demand.as_ref().unwrap();
    assert_eq!(
        (demand.measured.warm_tasks, demand.floor),
        (Some(3.0), None)
    );
    let [unread] = &*inspection.unread else {
        panic!("{:?}", inspection.unread)
    };
    assert_eq!(unread.name, "warm tasks");
    assert!(
        unread.reason.contains("no logs for you"),
        "{}",
        unread.reason
    );
}

/// If the number of warm tasks equals the definition's, it needs no explanation and no request.
#[tokio::test(start_paused = true)]
async fn configured_warm_tasks_are_not_looked_up() {
    let mut policy = policy();
    policy["warm"] = json!(3);
    let (result, _) = inspect(vec![order_of(policy), values()]).await;
    let inspection = result.unwrap();
    let demand = inspection.services[0].demand.as_ref().unwrap();
    assert_eq!(demand.warm, Some(Warm::Tasks(3)));
    assert_eq!(inspection.unread, []);
}

/// `now` is the start of 1970, a Thursday.
#[tokio::test(start_paused = true)]
async fn the_bounds_are_those_that_the_schedule_holds_now() {
    let mut policy = policy();
    policy["schedule"] = json!({
        "timezone": {"name": "UTC", "rule": "UTC0"},
        "periods": [{"when": "Thu 00:00-08:00", "min": 7}],
    });
    let (result, _) = inspect(vec![order_of(policy), values(), logs()]).await;
    let inspection = result.unwrap();
    let bounds = inspection.services[0].task_bounds();
    assert_eq!(bounds, Bounds::new(7, 20).ok());
}

#[tokio::test(start_paused = true)]
async fn the_need_is_shown_beside_who_sets_the_count() {
    let (result, _) = inspect(vec![order(), values(), logs()]).await;
    let inspection = result.unwrap();
    let web = &inspection.services[0];
    assert_eq!((&*web.service, web.alarm_steps.is_none()), ("web", true));
    let demand = web.demand.as_ref().unwrap();
    assert_eq!(demand.function.as_deref(), Some("web-scaling"));
    assert_eq!(web.task_bounds(), Bounds::new(1, 20).ok());
    assert_eq!(
        demand.need,
        Some(Datapoint {
            value: 2.5,
            at: -60
        })
    );
    assert_eq!(demand.largest, None, "the function decides on its own");
    let measured = DemandMeasurements {
        processing_time: Some(2.1),
        task_start: Some(41.0),
        within_objective: Some(99.5),
        warm_tasks: Some(3.0),
    };
    assert_eq!(demand.measured, measured);
    // Its queue is listed with it, not among the queues that aren't measured.
    let queues: Vec<&str> = web.queues.iter().map(|queue| &*queue.name).collect();
    assert_eq!(queues, ["orders"]);
    assert_eq!(web.queues[0].visible, Some(4));
    assert!(inspection.queues.iter().all(|queue| queue.name != "orders"));
}

/// From an earlier version, whose functions scaled one service each and had its policy in their environment.
#[tokio::test(start_paused = true)]
async fn a_service_without_a_need_says_so() {
    let silent = mock!(aws_sdk_cloudwatch::Client::get_metric_data)
        .then_output(|| GetMetricDataOutput::builder().build());
    let function = configured("DEMAND_POLICY", Some(policy().to_string()));
    let (result, _) = inspect(vec![function, silent]).await;
    let inspection = result.unwrap();
    let demand = inspection.services[0].demand.as_ref().unwrap();
    assert_eq!((demand.need, demand.largest), (None, None));
}
