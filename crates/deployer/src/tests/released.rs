//! What stays after `destroy` must not use what doesn't.

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionOutput;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, ContainerDefinition, LogConfiguration, LogDriver, NetworkConfiguration,
    Service, TaskDefinition,
};
use aws_smithy_mocks::{Rule, mock};
use serde_json::json;

use super::cloudformation::CloudFormation;
use super::destroy::destroy;
use super::told;

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
