//! `history`: the changes of a desired count, from all records.

use std::time::{Duration, SystemTime};

use aws_sdk_applicationautoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalingActivity, ScalingActivityStatusCode, ServiceNamespace,
};
use aws_sdk_cloudtrail::config::http::HttpResponse;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::Event;
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use serde_json::json;

use super::cloud::{json_error, run};
use super::cloudformation::NAME;
use super::inspect::live::{Live, NOW};
use crate::{ChangeSource, CountHistory, Result};

fn activity(age: i64, count: u32, status: ScalingActivityStatusCode) -> ScalingActivity {
    ScalingActivity::builder()
        .activity_id(age.to_string())
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id("service/voucher/s0")
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .description(format!("Setting desired count to {count}."))
        .cause("monitor alarm high in state ALARM triggered policy backlog")
        .start_time(DateTime::from_secs(NOW - age))
        .status_code(status)
        .build()
        .unwrap()
}

/// Newest first. The last one is older than an hour.
fn activities() -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_activities).then_output(|| {
        let done = ScalingActivityStatusCode::Successful;
        DescribeScalingActivitiesOutput::builder()
            .scaling_activities(activity(600, 6, done.clone()))
            .scaling_activities(activity(700, 9, ScalingActivityStatusCode::Failed))
            .scaling_activities(activity(1_200, 4, done.clone()))
            .scaling_activities(activity(9_000, 2, done))
            .next_token("never asked for")
            .build()
    })
}

fn call(age: i64, count: u32, who: &str) -> Event {
    let record = json!({
        "userAgent": "console.amazonaws.com",
        "userIdentity": {"type": "IAMUser", "userName": who},
        "requestParameters": {"cluster": "voucher", "service": "s0", "desiredCount": count},
    });
    Event::builder()
        .event_time(DateTime::from_secs(NOW - age))
        .cloud_trail_event(record.to_string())
        .build()
}

fn trail() -> Rule {
    mock!(aws_sdk_cloudtrail::Client::lookup_events).then_compute_output(|input| {
        let wanted = &input.lookup_attributes()[0];
        assert_eq!(wanted.attribute_value(), "UpdateService");
        assert_eq!(input.start_time().unwrap().secs(), NOW - 3_600);
        LookupEventsOutput::builder()
            .events(call(300, 3, "ann"))
            .events(call(601, 6, "autoscaling"))
            .build()
    })
}

async fn history(rules: Vec<Rule>, service: Option<&str>) -> Result<CountHistory> {
    let live = rules.into_iter().fold(Live::new(1), Live::with);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs());
    let (result, _) = run(&live.rules(), async |session| {
        let stack = crate::observe_ours(session, NAME).await?.unwrap();
        let past = Duration::from_secs(3_600);
        crate::count_history(session, stack, (past, service), now).await
    })
    .await;
    result
}

#[tokio::test(start_paused = true)]
async fn activities_and_calls_are_one_list() {
    let history = history(vec![activities(), trail()], None).await.unwrap();
    assert_eq!(history.notes, [] as [String; 0]);
    let found: Vec<_> = history
        .changes
        .iter()
        .map(|one| (NOW.unsigned_abs() - one.at, one.from, one.to, &*one.who))
        .collect();
    let expected = [
        (1_200, None, Some(4), "Application Auto Scaling"),
        (600, Some(4), Some(6), "Application Auto Scaling"),
        (300, Some(6), Some(3), "ann"),
    ];
    assert_eq!(found, expected, "the failed activity set no count");
    let both = [ChangeSource::ScalingActivity, ChangeSource::CloudTrail];
    assert_eq!(history.changes[1].sources, both);
    assert_eq!(
        history.changes[2].why,
        "called UpdateService with console.amazonaws.com"
    );
}

#[tokio::test(start_paused = true)]
async fn without_cloudtrail_a_note_says_so() {
    let answers = |reply: fn() -> HttpResponse| {
        mock!(aws_sdk_cloudtrail::Client::lookup_events).then_http_response(reply)
    };
    let denied = answers(|| json_error("AccessDeniedException", "no trail for you"));
    let found = history(vec![activities(), denied], None).await.unwrap();
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    assert!(
        found.notes[0].contains("no trail for you"),
        "{:?}",
        found.notes
    );
    // The count is 3 now, and it isn't known who set it.
    let last = found.changes.last().unwrap();
    assert_eq!(
        (last.from, last.to, &*last.who),
        (Some(6), Some(3), "unknown")
    );
    let missing = answers(|| {
        let body = json!({"__type": "InternalFailure", "message": "not implemented"});
        HttpResponse::new(501.try_into().unwrap(), body.to_string().into())
    });
    let found = history(vec![activities(), missing], None).await.unwrap();
    assert!(
        found.notes[0].starts_with("this cloud has no CloudTrail"),
        "{:?}",
        found.notes
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_is_chosen_by_its_name() {
    let one = history(vec![activities(), trail()], Some("s0"))
        .await
        .unwrap();
    assert_eq!(one.changes.len(), 3);
    let error = history(vec![activities(), trail()], Some("web"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the stack has no service web");
    assert_eq!(error.hints(), ["there are: s0"]);
}
