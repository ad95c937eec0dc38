//! Services that no longer scale get the definition's count, and keep it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::update_service::UpdateServiceOutput;
use aws_sdk_ecs::types::Service;
use aws_smithy_mocks::{Rule, mock};

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::action::Action;
use crate::fixed_counts::set_fixed_counts;
use crate::observe::deployed_resources;
use crate::plan::Plan;
use crate::{Resource, Result};

const ARN: &str = "arn:aws:ecs:us-west-2:111122223333:service/c/web";

/// A service whose count `change` sets after a number of reads.
#[derive(Clone)]
struct Ecs {
    count: Arc<AtomicI32>,
    readings: Arc<AtomicUsize>,
    change: fn(usize) -> Option<i32>,
}

impl Ecs {
    fn new(count: i32, change: fn(usize) -> Option<i32>) -> Self {
        Self {
            count: Arc::new(count.into()),
            readings: Arc::default(),
            change,
        }
    }

    fn rules(&self) -> Vec<Rule> {
        let (read, write) = (self.clone(), self.clone());
        let describe = mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
            let number = read.readings.fetch_add(1, Ordering::SeqCst);
            if let Some(count) = (read.change)(number) {
                read.count.store(count, Ordering::SeqCst);
            }
            let service = Service::builder()
                .service_arn(ARN)
                .desired_count(read.count.load(Ordering::SeqCst));
            DescribeServicesOutput::builder()
                .services(service.build())
                .build()
        });
        let update = mock!(aws_sdk_ecs::Client::update_service)
            .match_requests(|request| {
                request.service() == Some(ARN) && request.desired_count() == Some(2)
            })
            .then_output(move || {
                write.count.store(2, Ordering::SeqCst);
                UpdateServiceOutput::builder().build()
            });
        vec![describe, update]
    }
}

/// A service that had its own function, one that shared a function with others, and something else.
const FUNCTION: Option<(&str, &str)> = Some(("AWS::Lambda::Function", "WebScalingFunction"));
const ALARM: Option<(&str, &str)> = Some(("AWS::CloudWatch::Alarm", "WebNeedSilentAlarm"));
const OTHER: Option<(&str, &str)> = Some(("AWS::CloudWatch::Alarm", "WebOldestMessageAlarm"));

/// `removed`: type and logical ID of the resource that the plan deletes.
async fn set(ecs: &Ecs, removed: Option<(&str, &str)>) -> (Result<()>, Told) {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    cloud.state().stack().holds("AWS::ECS::Service", "Web", ARN);
    let mut rules = cloud.rules();
    rules.extend(ecs.rules());
    let mut plan = Plan::default();
    if let Some((resource_type, logical_id)) = removed {
        plan.remove_all(&[Resource {
            resource_type: resource_type.into(),
            logical_id: logical_id.into(),
            physical_id: "f".into(),
            status: String::new(),
        }]);
        assert_eq!(plan.changes[0].action, Action::Remove);
    }
    run(&rules, async |session| {
        let resources = deployed_resources(session, NAME).await?;
        set_fixed_counts(session, &resources, vec![("Web".into(), 2)], &plan).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_right_count_is_read_once_and_left_alone() {
    let ecs = Ecs::new(2, |_| None);
    let (result, told) = set(&ecs, OTHER).await;
    result.unwrap();
    assert_eq!(ecs.readings.load(Ordering::SeqCst), 1);
    assert!(told.lines().is_empty());
}

/// The function's last invocation sets 7 after the update set 2.
#[tokio::test(start_paused = true)]
async fn a_count_that_removed_scaling_still_sets_is_set_back() {
    for removed in [FUNCTION, ALARM] {
        let ecs = Ecs::new(2, |reading| (reading == 1).then_some(7));
        let (result, told) = set(&ecs, removed).await;
        result.unwrap();
        assert_eq!(ecs.count.load(Ordering::SeqCst), 2);
        assert!(told.has("setting the desired count of web from 7 to 2"));
        let readings = ecs.readings.load(Ordering::SeqCst);
        assert_eq!(readings, 3, "read until it stays");
    }
}

/// A user stopped the service during an incident. A deploy of something else doesn't start it.
#[tokio::test(start_paused = true)]
async fn another_count_is_only_noted_if_no_scaling_was_removed() {
    let ecs = Ecs::new(0, |_| None);
    let (result, told) = set(&ecs, OTHER).await;
    result.unwrap();
    assert_eq!(ecs.count.load(Ordering::SeqCst), 0);
    assert!(told.has("the desired count of web is 0, but the definition sets 2"));
}

#[tokio::test(start_paused = true)]
async fn a_count_that_something_keeps_changing_is_an_error() {
    let ecs = Ecs::new(7, |_| Some(7));
    let (result, _) = set(&ecs, FUNCTION).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: something keeps changing the desired count of web: it is 7 again, but the definition sets 2
      hint: find out what calls ecs:UpdateService on it (CloudTrail), stop that, and deploy again
    ");
}
