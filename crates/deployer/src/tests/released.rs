//! What stays after `destroy` must not use what doesn't.

use std::collections::HashMap;

use aws_sdk_cloudformation::types::ChangeAction;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionOutput;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, ContainerDefinition, Deployment, DeploymentAlarms,
    DeploymentConfiguration, LoadBalancer, LogConfiguration, LogDriver, NetworkConfiguration,
    Service, ServiceConnectConfiguration, TaskDefinition,
};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::operation::set_queue_attributes::SetQueueAttributesOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use serde_json::{Value, json};

use super::cloud::{json_error, run};
use super::cloudformation::{CloudFormation, FakePlan, source};
use super::destroy::{QUEUE, destroy};
use super::told;
use crate::{Kind, Plan, Source};

const ARN: &str = "arn:aws:ecs:us-west-2:111122223333:service/prod/worker";
const OLD: &str = "arn:aws:ecs:us-west-2:111122223333:task-definition/worker:7";
const OWN: &str = "arn:aws:ecs:us-west-2:111122223333:task-definition/shop-worker:1";

/// A stack with an imported service, which ran another task definition before.
fn taken_over() -> CloudFormation {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let mut state = cloud.state();
    let stack = state.stack();
    stack
        .holds("AWS::ECS::Service", "WorkerService", ARN)
        .holds("AWS::ECS::TaskDefinition", "WorkerTaskDefinition", OWN)
        .holds("AWS::IAM::Role", "WorkerTaskRole", "shop-task")
        .holds("AWS::Logs::LogGroup", "WorkerLogs", "/shop/worker")
        .holds("AWS::EC2::SecurityGroup", "WorkerSecurityGroup", "sg-0a1b");
    let imported = json!({ "EcsScalerImported": { "TaskDefinition": OLD } });
    let service = json!({ "DeletionPolicy": "Retain", "Metadata": imported });
    stack.template = json!({ "Resources": { "WorkerService": service } }).to_string();
    drop(state);
    cloud
}

/// The service runs this task definition, with this security group.
fn service(runs: &'static str, group: &'static str) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
        let network = AwsVpcConfiguration::builder()
            .subnets("subnet-0a1b")
            .security_groups(group)
            .build();
        let network = NetworkConfiguration::builder().awsvpc_configuration(network.unwrap());
        let service = Service::builder()
            .service_arn(ARN)
            .service_name("worker")
            .status("ACTIVE")
            .task_definition(runs)
            .network_configuration(network.build())
            .build();
        DescribeServicesOutput::builder().services(service).build()
    })
}

/// Every task definition has this role and log group.
fn definitions(role: &'static str, group: &'static str) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_task_definition).then_output(move || {
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", group)
            .build();
        let container = ContainerDefinition::builder().log_configuration(log.unwrap());
        let definition = TaskDefinition::builder()
            .task_role_arn(format!("arn:aws:iam::111122223333:role/{role}"))
            .container_definitions(container.build())
            .build();
        DescribeTaskDefinitionOutput::builder()
            .task_definition(definition)
            .build()
    })
}

async fn refused(rules: Vec<Rule>) -> String {
    let cloud = taken_over();
    let (result, _) = destroy(&cloud, false, rules).await;
    assert_eq!(cloud.calls("DeleteStack"), 0);
    told(&result.unwrap_err())
}

#[tokio::test(start_paused = true)]
async fn a_service_that_runs_the_stack_s_task_definition_is_not_left_behind() {
    insta::assert_snapshot!(refused(vec![service(OWN, "sg-2c3d")]).await, @r"
    Refused: WorkerService was imported and stays, but it uses parts of the stack that would be deleted: the task definition WorkerTaskDefinition (arn:aws:ecs:us-west-2:111122223333:task-definition/shop-worker:1)
      hint: to let it run what it ran before, first: aws ecs update-service --cluster prod --service worker --task-definition arn:aws:ecs:us-west-2:111122223333:task-definition/worker:7
      hint: wait until all its tasks are new ones, then destroy
    ");
}

/// It was given its own task definition back, but not its own security group.
#[tokio::test(start_paused = true)]
async fn a_service_in_the_stack_s_security_group_is_not_left_behind() {
    let rules = vec![service(OLD, "sg-0a1b"), definitions("task", "/worker")];
    insta::assert_snapshot!(refused(rules).await, @r"
    Refused: WorkerService was imported and stays, but it uses parts of the stack that would be deleted: the security group WorkerSecurityGroup (sg-0a1b)
      hint: to give it other security groups or subnets, first: aws ecs update-service --cluster prod --service worker --network-configuration 'awsvpcConfiguration={subnets=[SUBNET],securityGroups=[GROUP]}'
      hint: wait until all its tasks are new ones, then destroy
    ");
}

/// Another tool has registered a new revision, with what the stack's had.
#[tokio::test(start_paused = true)]
async fn a_service_whose_revision_has_the_stack_s_role_is_not_left_behind() {
    let revision = "arn:aws:ecs:us-west-2:111122223333:task-definition/worker:8";
    let rules = vec![
        service(revision, "sg-2c3d"),
        definitions("shop-task", "/shop/worker"),
    ];
    insta::assert_snapshot!(refused(rules).await, @r"
    Refused: WorkerService was imported and stays, but it uses parts of the stack that would be deleted: the log group WorkerLogs (/shop/worker), the role WorkerTaskRole (shop-task)
      hint: to let it run what it ran before, first: aws ecs update-service --cluster prod --service worker --task-definition arn:aws:ecs:us-west-2:111122223333:task-definition/worker:7
      hint: wait until all its tasks are new ones, then destroy
    ");
}

const FIRST: &str = r#"{"Statement":[{"Sid":"Partner"}]}"#;
const STACKS: &str = r#"{"Statement":[{"Sid":"RefusePlainHttp"}]}"#;

fn hold_queue(cloud: &CloudFormation, queue: Value) {
    let mut state = cloud.state();
    let stack = state.stack();
    stack.holds("AWS::SQS::Queue", "Orders", QUEUE);
    stack.template = json!({ "Resources": { "Orders": queue } }).to_string();
}

/// How often `destroy` restores the first policy of an imported queue that has this one, with a record of the first one or
/// without.
async fn restored(recorded: Option<&str>, now: &'static str) -> usize {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let imported = recorded.map_or(json!({}), |policy| json!({ "Policy": policy }));
    let queue = json!({
        "Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain",
        "Metadata": { "EcsScalerImported": imported },
    });
    hold_queue(&cloud, queue);
    let read = mock!(aws_sdk_sqs::Client::get_queue_attributes).then_output(move || {
        let attributes = GetQueueAttributesOutput::builder();
        attributes
            .attributes(QueueAttributeName::Policy, now)
            .build()
    });
    let first = recorded.unwrap_or_default().to_owned();
    let restore = mock!(aws_sdk_sqs::Client::set_queue_attributes)
        .match_requests(move |request| {
            let policy = request
                .attributes()
                .and_then(|all| all.get(&QueueAttributeName::Policy));
            policy == Some(&first)
        })
        .then_output(|| SetQueueAttributesOutput::builder().build());
    let (result, _) = destroy(&cloud, false, vec![read, restore.clone()]).await;
    assert_eq!(result.unwrap().retained.len(), 1);
    restore.num_calls()
}

#[tokio::test(start_paused = true)]
async fn a_queue_gets_back_the_policy_that_the_stack_replaced() {
    assert_eq!(restored(Some(FIRST), STACKS).await, 1);
    assert_eq!(restored(None, STACKS).await, 1);
    // Never replaced, or replaced by someone else since then.
    assert_eq!(restored(Some(FIRST), FIRST).await, 0);
    let other = r#"{"Statement":[{"Sid":"Other"}]}"#;
    assert_eq!(restored(Some(FIRST), other).await, 0);
}

const GROUP: &str =
    "arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/shop/0a1b2c3d4e5f6071";

/// A service in this status that has another task definition, and uses all other parts that a stack can have for it.
fn service_of_parts(status: &'static str) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
        let network = AwsVpcConfiguration::builder()
            .subnets("subnet-4e5f")
            .build()
            .unwrap();
        let alarms = DeploymentAlarms::builder()
            .alarm_names("shop-worker-errors")
            .rollback(true)
            .enable(true)
            .build();
        let proxy = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", "/shop/proxy")
            .build();
        let connect = ServiceConnectConfiguration::builder()
            .enabled(true)
            .log_configuration(proxy.unwrap())
            .build();
        let deployments = Deployment::builder().service_connect_configuration(connect);
        let configuration = DeploymentConfiguration::builder().alarms(alarms.unwrap());
        let network = NetworkConfiguration::builder().awsvpc_configuration(network);
        let service = Service::builder()
            .service_arn(ARN)
            .service_name("worker")
            .status(status)
            .task_definition(OLD)
            .network_configuration(network.build())
            .load_balancers(LoadBalancer::builder().target_group_arn(GROUP).build())
            .deployment_configuration(configuration.build())
            .deployments(deployments.build())
            .build();
        DescribeServicesOutput::builder().services(service).build()
    })
}

fn with_parts() -> CloudFormation {
    let cloud = taken_over();
    cloud
        .state()
        .stack()
        .holds("AWS::EC2::Subnet", "Subnet", "subnet-4e5f")
        .holds(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "WorkerTargetGroup",
            GROUP,
        )
        .holds(
            "AWS::CloudWatch::Alarm",
            "WorkerErrors",
            "shop-worker-errors",
        )
        .holds("AWS::Logs::LogGroup", "ProxyLogs", "/shop/proxy");
    cloud
}

#[tokio::test(start_paused = true)]
async fn each_part_of_the_stack_that_a_service_has_is_named() {
    let cloud = with_parts();
    let rules = vec![service_of_parts("ACTIVE"), definitions("task", "/worker")];
    let (result, _) = destroy(&cloud, false, rules).await;
    assert_eq!(cloud.calls("DeleteStack"), 0);
    let error = result.unwrap_err();
    for part in [
        "the subnet Subnet (subnet-4e5f)",
        "the target group WorkerTargetGroup (",
        "the alarm WorkerErrors (shop-worker-errors)",
        "the log group ProxyLogs (/shop/proxy)",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let hints = error.hints().join("\n");
    for option in [
        "--network-configuration",
        "--load-balancers '[]'",
        "alarmNames=[]",
        "--service-connect-configuration",
    ] {
        assert!(hints.contains(option), "{option}: {hints}");
    }
}

/// ECS describes a deleted service for a while, and it runs nothing.
#[tokio::test(start_paused = true)]
async fn a_deleted_service_keeps_nothing_from_being_deleted() {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let service = json!({ "DeletionPolicy": "Retain" });
    cloud
        .state()
        .stack()
        .holds("AWS::ECS::Service", "WorkerService", ARN)
        .holds("AWS::EC2::Subnet", "Subnet", "subnet-4e5f")
        .template = json!({ "Resources": { "WorkerService": service } }).to_string();
    let rules = vec![service_of_parts("INACTIVE"), definitions("task", "/worker")];
    let (result, _) = destroy(&cloud, false, rules).await;
    assert_eq!(result.unwrap().retained.len(), 1);
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

/// Its dead letters would no longer be kept.
#[tokio::test(start_paused = true)]
async fn a_queue_with_the_stack_s_queue_for_its_dead_letters_is_not_left_behind() {
    let redrives = |queue: &'static str| {
        mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
            let names = input.attribute_names().iter();
            let mut attributes: HashMap<_, _> =
                names.map(|name| (name.clone(), "0".to_owned())).collect();
            if input.queue_url() == Some("https://sqs/orders") {
                let arn = format!("arn:aws:sqs:us-west-2:111122223333:{queue}");
                let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 5 });
                attributes.insert(QueueAttributeName::RedrivePolicy, policy.to_string());
            }
            let output = GetQueueAttributesOutput::builder().set_attributes(Some(attributes));
            MockResponse::Output(output.build())
        })
    };
    for (queue, deletions) in [("shop-orders-dead", 0), ("orders-dead", 1)] {
        let cloud = CloudFormation::with("UPDATE_COMPLETE");
        let dead = "https://sqs/shop-orders-dead";
        let retained = json!({ "DeletionPolicy": "Retain" });
        cloud
            .state()
            .stack()
            .holds("AWS::SQS::Queue", "OrdersQueue", "https://sqs/orders")
            .holds("AWS::SQS::Queue", "OrdersDeadLetterQueue", dead)
            .template = json!({ "Resources": { "OrdersQueue": retained } }).to_string();
        let (result, _) = destroy(&cloud, false, vec![redrives(queue)]).await;
        assert_eq!(cloud.calls("DeleteStack"), deletions, "{queue}");
        let text = result.unwrap_err().to_string();
        let stays = "OrdersQueue was imported and stays";
        assert_eq!(text.contains(stays), deletions == 0, "{text}");
    }
}

/// A deploy approved in every respect. Returns its error.
async fn deploy_refused(
    cloud: &CloudFormation,
    source: &Source,
    others: Vec<Rule>,
) -> crate::Error {
    let rules: Vec<Rule> = cloud.rules().into_iter().chain(others).collect();
    let (result, _) = run(&rules, async |session| {
        crate::deploy_template(session, source, &mut |_: &Plan| Ok(())).await
    })
    .await;
    result.unwrap_err()
}

/// The recovery of a stuck stack deletes it, too.
#[tokio::test(start_paused = true)]
async fn a_recovery_leaves_no_service_without_its_task_definition() {
    for status in ["DELETE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"] {
        let cloud = taken_over();
        cloud.state().stack().status = status.to_owned();
        let error = deploy_refused(&cloud, &source(), vec![service(OWN, "sg-2c3d")]).await;
        assert_eq!(error.kind(), Kind::Refused, "{status}: {error}");
        let stays = "WorkerService was imported and stays, but it uses parts of the stack";
        assert!(error.to_string().contains(stays), "{status}: {error}");
        assert_eq!(cloud.calls("DeleteStack"), 0, "{status}");
    }
}

/// The definition no longer has the service that was imported, so its task definition would be deleted.
#[tokio::test(start_paused = true)]
async fn a_deploy_leaves_no_service_without_its_task_definition() {
    let kinds = ["AWS::ECS::Service", "AWS::ECS::TaskDefinition"];
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let removals = kinds.map(|kind| (kind, ChangeAction::Remove));
    cloud
        .state()
        .plans
        .push_back(FakePlan::Changes(removals.into()));
    let mut source = source();
    source.retained = ["R0".to_owned()].into();
    let error = deploy_refused(&cloud, &source, vec![]).await;
    assert_eq!(error.kind(), Kind::Refused);
    assert!(
        error
            .to_string()
            .contains("an imported resource would leave the stack"),
        "{error}"
    );
    assert_eq!(cloud.calls("ExecuteChangeSet"), 0);
    assert!(cloud.state().change_sets.is_empty(), "the plan is removed");
}

/// Whether it sends its dead letters to a queue that is deleted isn't known then.
#[tokio::test(start_paused = true)]
async fn a_queue_that_stays_must_be_read() {
    let attributes = |all: &'static [(QueueAttributeName, &'static str)]| {
        mock!(aws_sdk_sqs::Client::get_queue_attributes).then_output(move || {
            let mut output = GetQueueAttributesOutput::builder();
            for (name, value) in all {
                output = output.attributes(name.clone(), *value);
            }
            output.build()
        })
    };
    let denied = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .then_http_response(|| json_error("AccessDenied", "not allowed"));
    for (read, reason) in [
        (denied, "not allowed"),
        (attributes(&[]), "the reply has no attributes"),
        (
            attributes(&[(QueueAttributeName::RedrivePolicy, r#"{"deadLetter"#)]),
            "its redrive policy isn't JSON",
        ),
    ] {
        let cloud = CloudFormation::with("UPDATE_COMPLETE");
        hold_queue(&cloud, json!({ "DeletionPolicy": "Retain" }));
        let (result, _) = destroy(&cloud, true, vec![read]).await;
        let error = result.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(cloud.calls("DeleteStack"), 0, "{reason}");
    }
}
