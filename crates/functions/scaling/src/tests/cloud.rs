//! Clients whose mocks act on a `World`.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsError, DescribeAlarmsOutput};
use aws_sdk_cloudwatch::operation::get_metric_data::{
    GetMetricDataError, GetMetricDataInput, GetMetricDataOutput,
};
use aws_sdk_cloudwatch::operation::list_tags_for_resource::{
    ListTagsForResourceError, ListTagsForResourceOutput,
};
use aws_sdk_cloudwatch::operation::tag_resource::{TagResourceError, TagResourceOutput};
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, MetricAlarm, MetricDataResult, StateValue, Statistic, Tag,
};
use aws_sdk_ecs::error::ErrorMetadata;
use aws_sdk_ecs::operation::describe_services::{DescribeServicesError, DescribeServicesOutput};
use aws_sdk_ecs::operation::update_service::{
    UpdateServiceError, UpdateServiceInput, UpdateServiceOutput,
};
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Failure, Service};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use lambda_kit::{Invocation, Log};
use scaling::LAST_STEP_TAG;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::baton::Turn;
use super::pauses::get_parameters;
use super::world::{FakeAlarm, OUT, Shared, World, arn};
use crate::{Answer, Clients, InvocationError, Memory, Policy, Reply, handle};

/// An answer and the lines of the log.
pub(super) struct Invoked {
    pub(super) result: Result<Answer, InvocationError>,
    pub(super) log: Vec<Value>,
}

impl Invoked {
    pub(super) fn answer(&self) -> &Answer {
        self.result.as_ref().unwrap()
    }

    pub(super) fn error(&self) -> &InvocationError {
        self.result.as_ref().unwrap_err()
    }

    /// Level and message of each line.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = |line: &Value| format!("{} {}", line["level"], line["message"]);
        let lines = self.log.iter().map(text);
        lines.map(|line| line.replace('"', "")).collect()
    }
}

/// One task more or less, from 1 to 2 tasks, after 60 s and 300 s.
pub(super) fn policy() -> Policy {
    policy_of(&json!({}))
}

/// The same policy with other values.
pub(super) fn policy_of(changes: &Value) -> Policy {
    let steps = |alarm: &str, adjustment: i32, cooldown: u32| {
        json!({"alarm": alarm, "cooldown": cooldown, "steps": {
            "adjustment_type": "change_in_capacity", "steps": [{"from": 0, "adjustment": adjustment}]}})
    };
    let mut policy = json!({
        "cluster": "web", "service": "sample", "min": 1, "max": 2,
        "scale_out": steps(OUT, 1, 60), "scale_in": steps(super::world::IN, -1, 300),
    });
    for (key, value) in changes.as_object().unwrap() {
        policy[key] = value.clone();
    }
    Policy::alarm_steps(&policy.to_string()).unwrap()
}

/// One invocation with the usual policy.
pub(super) async fn invoke(world: &Shared, event: Value) -> Invoked {
    invoke_as(world, &policy(), event, Turn::always()).await
}

pub(super) async fn invoke_with(world: &Shared, policy: &Policy, event: Value) -> Invoked {
    invoke_as(world, policy, event, Turn::always()).await
}

pub(super) async fn invoke_as(
    world: &Shared,
    policy: &Policy,
    event: Value,
    turn: Arc<Turn>,
) -> Invoked {
    let millis = u64::try_from(world.lock().unwrap().now).unwrap();
    let now = UNIX_EPOCH + Duration::from_millis(millis);
    let invocation = Invocation {
        request_id: "request-1".to_owned(),
        now,
        time_left: Duration::from_secs(30),
    };
    let mut written = Vec::new();
    let mut log = Log::new(&mut written, &invocation.request_id, now);
    let clients = clients(world, &turn);
    let memory = Mutex::new(Memory::default());
    let result = handle(&clients, policy, &memory, event, &invocation, &mut log).await;
    let result = result.map(|reply| match reply {
        Reply::AlarmSteps(answer) => answer,
        Reply::Demand(answer) => panic!("an answer of alarms' steps, not {answer:?}"),
    });
    let text = String::from_utf8(written).unwrap();
    let log = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Invoked {
        result,
        log: log.collect(),
    }
}

fn clients(world: &Shared, turn: &Arc<Turn>) -> Clients {
    let at = At {
        world: Arc::clone(world),
        turn: Arc::clone(turn),
    };
    let (describe, update) = (describe_services(at.clone()), update_service(at.clone()));
    let (alarms, data) = (describe_alarms(at.clone()), get_metric_data(at.clone()));
    let (list, tag) = (list_tags(at.clone()), tag_resource(at));
    let parameters = get_parameters(world, |world| world.pause.clone());
    Clients {
        sqs: mock_client!(aws_sdk_sqs, []),
        ecs: mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&describe, &update]),
        cloudwatch: mock_client!(
            aws_sdk_cloudwatch,
            RuleMode::MatchAny,
            [&alarms, &data, &list, &tag]
        ),
        s3: mock_client!(aws_sdk_s3, RuleMode::MatchAny, []),
        ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&parameters]),
    }
}

/// The `World` as one invocation reaches it.
#[derive(Clone)]
struct At {
    world: Shared,
    turn: Arc<Turn>,
}

impl At {
    /// Makes a call when it is its turn, unless it should fail.
    fn call<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut World) -> Result<T, &'static str>,
    ) -> Result<T, ErrorMetadata> {
        let result = self.turn.take(|alive| {
            if !alive {
                return Err("ProcessDied");
            }
            let mut world = self.world.lock().unwrap();
            world.calls.push(operation);
            match world.failing.get(operation) {
                Some(code) => Err(*code),
                None => act(&mut world),
            }
        });
        result.map_err(|code| {
            ErrorMetadata::builder()
                .code(code)
                .message("as told")
                .build()
        })
    }
}

fn describe_alarms(at: At) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_compute_response(move |input| {
        let named = |name: &str| input.alarm_names().iter().any(|one| one == name);
        let described = at.call("DescribeAlarms", |world| {
            let alarms = world.alarms.iter().filter(|(name, _)| named(name));
            Ok(alarms
                .map(|(name, alarm)| metric_alarm(name, alarm))
                .collect())
        });
        match described {
            Ok(alarms) => MockResponse::Output(
                DescribeAlarmsOutput::builder()
                    .set_metric_alarms(Some(alarms))
                    .build(),
            ),
            Err(meta) => MockResponse::Error(DescribeAlarmsError::generic(meta)),
        }
    })
}

fn metric_alarm(name: &str, alarm: &FakeAlarm) -> MetricAlarm {
    let comparison = match name {
        OUT => ComparisonOperator::GreaterThanOrEqualToThreshold,
        _ => ComparisonOperator::LessThanThreshold,
    };
    let dimension = Dimension::builder()
        .name("LoadBalancer")
        .value("app/sample/1");
    MetricAlarm::builder()
        .alarm_name(name)
        .alarm_arn(arn(name))
        .state_value(StateValue::from(alarm.state))
        .state_transitioned_timestamp(DateTime::from_millis(alarm.changed))
        // It also changes with every other change of the alarm.
        .state_updated_timestamp(DateTime::from_millis(alarm.changed + 30_000))
        .namespace("AWS/ApplicationELB")
        .metric_name("RequestCount")
        .dimensions(dimension.build())
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .comparison_operator(comparison)
        .set_threshold(alarm.threshold)
        .build()
}

fn list_tags(at: At) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::list_tags_for_resource).then_compute_response(move |input| {
        let arn = input.resource_arn().unwrap();
        let value = at.call("ListTagsForResource", |world| {
            Ok(world.tags.get(arn).cloned())
        });
        let tag = |key: &str, value: String| Tag::builder().key(key).value(value).build();
        match value {
            Ok(value) => MockResponse::Output(
                ListTagsForResourceOutput::builder()
                    .tags(tag("team", "web".to_owned()))
                    .set_tags(value.map(|value| vec![tag(LAST_STEP_TAG, value)]))
                    .build(),
            ),
            Err(meta) => MockResponse::Error(ListTagsForResourceError::generic(meta)),
        }
    })
}

fn tag_resource(at: At) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::tag_resource).then_compute_response(move |input| {
        let [tag] = input.tags() else {
            panic!("one tag: {input:?}")
        };
        assert_eq!(tag.key(), Some(LAST_STEP_TAG));
        let (arn, value) = (input.resource_arn().unwrap(), tag.value().unwrap());
        let tagged = at.call("TagResource", |world| {
            world.tags.insert(arn.to_owned(), value.to_owned());
            Ok(())
        });
        match tagged {
            Ok(()) => MockResponse::Output(TagResourceOutput::builder().build()),
            Err(meta) => MockResponse::Error(TagResourceError::generic(meta)),
        }
    })
}

fn get_metric_data(at: At) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_response(move |input| match at
        .call("GetMetricData", |world| Ok(datapoints(world, input)))
    {
        Ok(found) => MockResponse::Output(
            GetMetricDataOutput::builder()
                .metric_data_results(found)
                .build(),
        ),
        Err(meta) => MockResponse::Error(GetMetricDataError::generic(meta)),
    })
}

fn datapoints(world: &World, input: &GetMetricDataInput) -> MetricDataResult {
    let [query] = input.metric_data_queries() else {
        panic!("one query: {input:?}")
    };
    let statistic = query.metric_stat().unwrap();
    assert_eq!(
        (statistic.period(), statistic.stat()),
        (Some(60), Some("Sum"))
    );
    let metric = statistic.metric().unwrap();
    assert_eq!(metric.metric_name(), Some("RequestCount"));
    assert_eq!(metric.dimensions()[0].name(), Some("LoadBalancer"));
    let (start, end) = (input.start_time().unwrap(), input.end_time().unwrap());
    let range = start.to_millis().unwrap()..end.to_millis().unwrap();
    let within = world.datapoints.iter().filter(|(at, _)| range.contains(at));
    let (at, values) = within
        .map(|(at, value)| (DateTime::from_millis(*at), *value))
        .unzip();
    MetricDataResult::builder()
        .id(query.id().unwrap())
        .set_timestamps(Some(at))
        .set_values(Some(values))
        .build()
}

fn describe_services(at: At) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_response(move |input| {
        assert_eq!(
            (input.cluster(), input.services()),
            (Some("web"), &["sample".to_owned()][..])
        );
        let output = at.call("DescribeServices", |world| {
            let output = DescribeServicesOutput::builder();
            Ok(match &world.service {
                None => output.failures(Failure::builder().reason("MISSING").build()),
                Some(service) => {
                    let deployment = |state: &&str| {
                        let state = DeploymentRolloutState::from(*state);
                        Deployment::builder().rollout_state(state).build()
                    };
                    let deployments = service.deployments.iter().map(deployment).collect();
                    let status = (!service.status.is_empty()).then(|| service.status.to_owned());
                    let builder = Service::builder().service_name("sample").set_status(status);
                    let builder = builder.desired_count(service.desired);
                    output.services(builder.set_deployments(Some(deployments)).build())
                }
            })
        });
        match output {
            Ok(output) => MockResponse::Output(output.build()),
            Err(meta) => MockResponse::Error(DescribeServicesError::generic(meta)),
        }
    })
}

fn update_service(at: At) -> Rule {
    mock!(aws_sdk_ecs::Client::update_service).then_compute_response(move |input| {
        let count = input.desired_count().unwrap();
        // Only the count: the role allows nothing else.
        let only = UpdateServiceInput::builder()
            .cluster("web")
            .service("sample")
            .desired_count(count);
        assert_eq!(*input, only.build().unwrap());
        let updated = at.call("UpdateService", |world| {
            world.service().desired = count;
            world.set.push(count);
            Ok(())
        });
        match updated {
            Ok(()) => MockResponse::Output(UpdateServiceOutput::builder().build()),
            Err(meta) => MockResponse::Error(UpdateServiceError::generic(meta)),
        }
    })
}
