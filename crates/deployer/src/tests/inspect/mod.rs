//! `inspect`: a live system, small and large, complete and partly missing.

mod demanded;
pub(super) mod live;
mod stepped;
mod why;

use std::time::SystemTime;

use aws_sdk_applicationautoscaling::config::http::HttpResponse;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::types::Target;
use aws_smithy_mocks::mock;

use scaling::Bounds;

use super::cloud::{json_error, run};
use super::cloudformation::{CloudFormation, NAME};
use super::told;

use live::Live;

#[tokio::test(start_paused = true)]
async fn a_small_system_is_read_whole() {
    let (result, told, calls) = Live::new(2).inspect().await;
    let inspection = result.unwrap();
    assert_eq!(inspection.services.len(), 2, "each once");
    let service = &inspection.services[1];
    assert_eq!((&*service.service, &*service.status), ("s1", "ACTIVE"));
    assert_eq!(
        (service.desired, service.running, service.pending),
        (Some(3), Some(2), Some(1))
    );
    assert_eq!(service.bounds, Some(Bounds::new(1, 20).unwrap()));
    assert_eq!(
        (service.queues.len(), service.queues[0].visible),
        (1, Some(7))
    );
    let point = service.queues[0].backlog_per_task.unwrap();
    assert_eq!((point.value, point.at), (1.0, 999_960), "the newest");
    assert_eq!(
        (service.policies.len(), service.policies[0].target),
        (1, Some(100.0))
    );
    assert_eq!(service.policies[0].alarms.len(), 2);
    assert_eq!(service.activities.len(), 5);
    assert_eq!(inspection.alarms.len(), 120, "all pages");
    let dead = &inspection.dead_letters[0];
    assert_eq!(
        (&*dead.name, dead.visible),
        ("dead", None),
        "shown, though not read"
    );
    assert!(told.has("not the dead"));
    assert_eq!(calls.policies.num_calls(), 2, "one by one");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_called_dead_letter_is_no_dead_letter_queue() {
    let live = Live::new(1)
        .with_queue("DeadLetterQueue", "https://sqs/plain")
        .with_queue("ReturnsQueue", "https://sqs/returns")
        .with_queue("ReturnsDeadLetterQueue", "https://sqs/returns-dead-letter");
    let (result, _, _) = live.inspect().await;
    let inspection = result.unwrap();
    let names = |queues: &[crate::QueueState]| -> Vec<String> {
        queues.iter().map(|queue| queue.name.clone()).collect()
    };
    assert_eq!(
        names(&inspection.queues),
        ["plain", "returns-dead-letter", "returns"]
    );
    assert_eq!(names(&inspection.dead_letters), ["dead"]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_services_take_few_requests() {
    let (result, _, calls) = Live::new(100).inspect().await;
    let inspection = result.unwrap();
    assert_eq!(inspection.services.len(), 100);
    for (number, service) in inspection.services.iter().enumerate() {
        assert_eq!(service.service, format!("s{number}"));
        assert_eq!(
            service.queues[0].name,
            format!("q{number}"),
            "its own queue"
        );
        assert_eq!(service.bounds, Some(Bounds::new(1, 20).unwrap()));
        assert_eq!(service.policies[0].alarms.len(), 2);
        assert_eq!(service.activities.len(), 1);
    }
    assert_eq!(inspection.services[99].status, "MISSING", "vanished");
    let counts = [
        ("DescribeServices", calls.ecs.num_calls(), 10),
        ("GetMetricData", calls.metric.num_calls(), 1),
        ("DescribeScalableTargets", calls.bounds.num_calls(), 2),
        ("DescribeScalingPolicies", calls.policies.num_calls(), 5),
        ("DescribeScalingActivities", calls.activities.num_calls(), 2),
        ("DescribeAlarms", calls.alarms.num_calls(), 4 + 3),
        ("GetQueueAttributes", calls.sqs.num_calls(), 100 + 1),
    ];
    for (operation, made, expected) in counts {
        assert_eq!(made, expected, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_service_shows_more_than_its_last_five_activities() {
    let (result, _, calls) = Live::new(11).inspect().await;
    let services = result.unwrap().services;
    assert!(services.iter().all(|service| service.activities.len() == 5));
    assert_eq!(
        calls.activities.num_calls(),
        2,
        "a hundred, of eleven services"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_are_read_too() {
    let (result, _, calls) = Live::new(1_000).inspect().await;
    assert_eq!(result.unwrap().services.len(), 1_000);
    assert_eq!(calls.ecs.num_calls(), 100);
    assert_eq!(calls.metric.num_calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_gone_is_no_error() {
    let gone = mock!(aws_sdk_ecs::Client::describe_services)
        .then_http_response(|| json_error("ClusterNotFoundException", "Cluster not found."));
    let (result, _, _) = Live::new(2).with(gone).inspect().await;
    assert_eq!(result.unwrap().services[0].status, "MISSING");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_gone_is_no_error() {
    let gone = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .then_http_response(|| json_error("QueueDoesNotExist", "gone"));
    let (result, _, _) = Live::new(1).with(gone).inspect().await;
    assert_eq!(result.unwrap().services[0].queues[0].visible, None);
}

#[tokio::test(start_paused = true)]
async fn an_emulator_without_activities_is_no_error() {
    let missing = mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_activities)
        .then_http_response(|| {
            let body = r#"{"__type": "InternalFailure", "message": "not implemented"}"#;
            HttpResponse::new(501.try_into().unwrap(), body.into())
        });
    let (result, _, _) = Live::new(1).with(missing).inspect().await;
    assert!(result.unwrap().services[0].activities.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_gone_measures_nothing_and_a_foreign_input_is_told() {
    let gone = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule)
        .then_http_response(|| json_error("ResourceNotFoundException", "no rule"));
    let (result, _, calls) = Live::new(1).with(gone).inspect().await;
    let inspection = result.unwrap();
    assert!(inspection.services.is_empty());
    assert_eq!(
        (inspection.queues.len(), inspection.dead_letters.len()),
        (1, 1)
    );
    assert_eq!(
        calls.policies.num_calls() + calls.ecs.num_calls() + calls.metric.num_calls(),
        0
    );
    let foreign = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(|| {
        let target = Target::builder()
            .id("1")
            .arn("arn")
            .input("{\"x\": 1}")
            .build()
            .unwrap();
        ListTargetsByRuleOutput::builder().targets(target).build()
    });
    let (result, _, _) = Live::new(1).with(foreign).inspect().await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Failed: failed to read what the rule rule measures: unknown field `x`, expected `namespace` or `services` at line 1 column 4
      hint: a target of this rule was changed: restore it as `synth` shows it
    ");
}

#[tokio::test(start_paused = true)]
async fn no_stack_is_no_inspection() {
    let cloud = CloudFormation::default();
    let (result, _) = run(&cloud.rules(), async |session| {
        crate::inspect(session, NAME, SystemTime::UNIX_EPOCH).await
    })
    .await;
    assert_eq!(result.unwrap(), None);
}
