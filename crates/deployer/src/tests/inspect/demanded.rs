//! A service whose function follows demand: what it needs, by the metric that the function publishes.

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use scaling::Bounds;
use serde_json::json;

use super::stepped::{configured, inspect};
use crate::Datapoint;

fn policy() -> String {
    json!({
        "namespace": "EcsScaler", "cluster": "shop", "service": "web",
        "queues": [{"name": "orders", "url": "https://sqs/orders"}],
        "min": 1, "max": 20,
        "law": {"acceptable_latency_ms": 60_000, "processing_time_ms": 2_000, "concurrency": 1,
                "task_start_ms": 40_000, "window_ms": 120_000, "rate_over_ms": 120_000},
        "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 0,
    })
    .to_string()
}

/// A need of each of the last minutes, the newest first; `now` is the begin of 1970.
fn needs() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(|input| {
        let [query] = input.metric_data_queries() else {
            panic!("{input:?}")
        };
        let metric = query.metric_stat().unwrap().metric().unwrap();
        assert_eq!(metric.namespace(), Some("EcsScaler"));
        assert_eq!(metric.metric_name(), Some("TasksNeeded"));
        assert_eq!(metric.dimensions().len(), 2);
        let minutes = [(-60, 2.5), (-120, 4.25), (-180, 9.0)];
        let result = MetricDataResult::builder()
            .set_id(query.id().map(str::to_owned))
            .set_timestamps(Some(
                minutes
                    .iter()
                    .map(|(at, _)| DateTime::from_secs(*at))
                    .collect(),
            ))
            .set_values(Some(minutes.iter().map(|(_, need)| *need).collect()))
            .build();
        GetMetricDataOutput::builder()
            .metric_data_results(result)
            .build()
    })
}

#[tokio::test(start_paused = true)]
async fn the_need_is_shown_beside_who_sets_the_count() {
    let function = configured("DEMAND_POLICY", Some(policy()));
    let (result, _) = inspect(vec![function, needs()]).await;
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
    assert_eq!(
        demand.largest,
        Some(4.25),
        "what is older than the window is past"
    );
    // Its queue stands with it, and not among those that nobody measures.
    let queues: Vec<&str> = web.queues.iter().map(|queue| &*queue.name).collect();
    assert_eq!(queues, ["orders"]);
    assert_eq!(web.queues[0].visible, Some(4));
    assert!(inspection.queues.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_without_a_need_says_so() {
    let silent = mock!(aws_sdk_cloudwatch::Client::get_metric_data)
        .then_output(|| GetMetricDataOutput::builder().build());
    let function = configured("DEMAND_POLICY", Some(policy()));
    let (result, _) = inspect(vec![function, silent]).await;
    let inspection = result.unwrap();
    let demand = inspection.services[0].demand.as_ref().unwrap();
    assert_eq!((demand.need, demand.largest), (None, None));
}
