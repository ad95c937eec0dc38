//! `import resources`: the request, and what it refuses.

use std::time::SystemTime;

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, LaunchType, NetworkConfiguration, SchedulingStrategy, Service,
};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_smithy_mocks::{Rule, mock};
use serde_json::{Value, json};

use super::cloud::{json_error, run};
use super::cloudformation::{CloudFormation, NAME, Step};
use super::told;
use crate::{ImportRequest, Imported, Kind, Result, import_resources};

const ARN: &str = "arn:aws:ecs:us-west-2:111122223333:service/prod/worker";
const URL: &str = "https://sqs.us-west-2.amazonaws.com/111122223333/orders";
const TASK: &str = "arn:aws:ecs:us-west-2:111122223333:task-definition/worker:7";

const DEFINITION: &str = "
name: shop
cluster: {existing: prod}
network: {security_groups: [sg-0a1b2c3d4e5f60718], subnets: [subnet-0a1b2c3d4e5f60718]}
queues: {orders: {name: orders, visibility_timeout: 2m}, others: {}}
services:
  worker: {name: worker, image: 'worker:1', consumes: [orders, others], tasks: {min: 1}}
";

fn rules(cloud: &CloudFormation, launch_type: LaunchType) -> Vec<Rule> {
    let mut rules = cloud.rules();
    rules.push(
        mock!(aws_sdk_sts::Client::get_caller_identity).then_output(|| {
            let account = GetCallerIdentityOutput::builder().account("111122223333");
            account.build()
        }),
    );
    rules.push(
        mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
            let network = AwsVpcConfiguration::builder().subnets("subnet-0a1b2c3d4e5f60718");
            let network =
                NetworkConfiguration::builder().awsvpc_configuration(network.build().unwrap());
            let service = Service::builder()
                .service_arn(ARN)
                .service_name("worker")
                .status("ACTIVE")
                .task_definition(TASK)
                .launch_type(launch_type.clone())
                .network_configuration(network.build());
            DescribeServicesOutput::builder()
                .services(service.build())
                .build()
        }),
    );
    rules.push(
        mock!(aws_sdk_sqs::Client::get_queue_url)
            .then_output(|| GetQueueUrlOutput::builder().queue_url(URL).build()),
    );
    rules.push(
        mock!(aws_sdk_sqs::Client::get_queue_attributes).then_output(|| {
            GetQueueAttributesOutput::builder()
                .attributes(QueueAttributeName::VisibilityTimeout, "30")
                .attributes(QueueAttributeName::SqsManagedSseEnabled, "true")
                .attributes(QueueAttributeName::Policy, r#"{"Statement":[]}"#)
                .build()
        }),
    );
    rules
}

async fn import(
    cloud: &CloudFormation,
    launch_type: LaunchType,
    confirmed: bool,
) -> Result<Imported> {
    import_with(&rules(cloud, launch_type), confirmed).await
}

async fn import_with(rules: &[Rule], confirmed: bool) -> Result<Imported> {
    let request = ImportRequest {
        stack: stack::parse("stack.yaml", DEFINITION).unwrap().stack,
        in_sandbox: false,
        now: SystemTime::UNIX_EPOCH,
    };
    let import = run(rules, async |session| {
        import_resources(session, &request, &mut |_| confirmed).await
    });
    import.await.0
}

/// The deployed stack has a topic, and an output.
fn deployed() -> (CloudFormation, Value) {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let template = json!({
        "Metadata": { "EcsScaler": { "Stack": NAME, "Version": "0.1.0" } },
        "Outputs": { "Topic": { "Value": { "Ref": "Topic" } } },
        "Resources": { "Topic": { "Type": "AWS::SNS::Topic" } },
    });
    let mut state = cloud.state();
    state.stack().template = template.to_string();
    state.stack().parameters = vec![("Key", "v")];
    drop(state);
    (cloud, template)
}

/// What the request imports, by logical ID: the type, and the identifier.
fn imported(cloud: &CloudFormation) -> (Value, Value) {
    let state = cloud.state();
    let (template, resources) = &state.imports[0];
    let resources = resources.iter().map(|one| {
        let identifier = one.resource_identifier().unwrap();
        let described = json!({ "type": one.resource_type(), "identifier": identifier });
        (
            one.logical_resource_id().unwrap_or_default().to_owned(),
            described,
        )
    });
    (serde_json::from_str(template).unwrap(), resources.collect())
}

/// Sources: the primary identifiers of both types in CloudFormation's resource schemas; CloudFormation User Guide, "Import
/// AWS resources into a CloudFormation stack": each imported resource has a DeletionPolicy, and nothing else changes.
#[tokio::test(start_paused = true)]
async fn an_import_adds_what_exists_as_it_is_and_changes_nothing_else() {
    let (cloud, before) = deployed();
    let outcome = import(&cloud, LaunchType::Fargate, true).await.unwrap();
    let (mut template, resources) = imported(&cloud);
    let service = json!({ "Cluster": "prod", "ServiceArn": ARN });
    let expected = json!({
        "OrdersQueue": { "type": "AWS::SQS::Queue", "identifier": { "QueueUrl": URL } },
        "WorkerService": { "type": "AWS::ECS::Service", "identifier": service },
    });
    assert_eq!(resources, expected);
    let all = template["Resources"].as_object_mut().unwrap();
    let queue = all.remove("OrdersQueue").unwrap();
    let service = all.remove("WorkerService").unwrap();
    assert_eq!(template, before);
    for one in [&queue, &service] {
        assert_eq!(
            (&one["DeletionPolicy"], &one["UpdateReplacePolicy"]),
            (&json!("Retain"), &json!("Retain"))
        );
    }
    let properties =
        json!({ "QueueName": "orders", "VisibilityTimeout": 30, "SqsManagedSseEnabled": true });
    assert_eq!(queue["Properties"], properties);
    assert_eq!(service["Properties"]["TaskDefinition"], TASK);
    assert_eq!(service["Properties"]["LaunchType"], "FARGATE");
    assert_eq!(outcome.not_imported[0].logical_id, "OthersQueue");
}

#[tokio::test(start_paused = true)]
async fn a_new_stack_has_only_our_mark_and_what_is_imported() {
    let cloud = CloudFormation::default();
    let _ = import(&cloud, LaunchType::Fargate, true).await.unwrap();
    let (template, _) = imported(&cloud);
    let mut sections: Vec<&String> = template.as_object().unwrap().keys().collect();
    sections.sort();
    assert_eq!(
        sections,
        [
            "AWSTemplateFormatVersion",
            "Description",
            "Metadata",
            "Resources"
        ]
    );
    assert_eq!(template["Metadata"]["EcsScaler"]["Stack"], NAME);
    assert_eq!(template["Resources"].as_object().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_the_next_deploy_would_replace_is_refused() {
    let (cloud, _) = deployed();
    let refused = import(&cloud, LaunchType::Ec2, true).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused);
    assert!(
        refused.to_string().contains("would replace it"),
        "{refused}"
    );
    assert_eq!(cloud.calls("CreateChangeSet"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cant_be_deployed_is_refused() {
    let (cloud, _) = deployed();
    let mut rules = rules(&cloud, LaunchType::Fargate);
    let daemon = mock!(aws_sdk_ecs::Client::describe_services).then_output(|| {
        let service = Service::builder()
            .service_arn(ARN)
            .service_name("worker")
            .status("ACTIVE")
            .scheduling_strategy(SchedulingStrategy::Daemon);
        DescribeServicesOutput::builder()
            .services(service.build())
            .build()
    });
    rules.insert(0, daemon);
    let refused = import_with(&rules, true).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused);
    assert!(refused.to_string().contains("DAEMON"), "{refused}");
    assert_eq!(cloud.calls("CreateChangeSet"), 0);
}

#[tokio::test(start_paused = true)]
async fn without_confirmation_nothing_stays() {
    let (cloud, _) = deployed();
    let refused = import(&cloud, LaunchType::Fargate, false)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused);
    assert_eq!(
        (
            cloud.calls("ExecuteChangeSet"),
            cloud.calls("DeleteChangeSet")
        ),
        (0, 1)
    );
}

/// What fails in the first import of a stack.
#[tokio::test(start_paused = true)]
async fn a_failed_first_import_says_how_to_go_on() {
    let cloud = CloudFormation::default();
    let failed = vec![(
        "OrdersQueue",
        "IMPORT_FAILED",
        "Resource is not identifiable",
    )];
    cloud.state().executions.push_back(vec![
        Step("IMPORT_IN_PROGRESS", failed),
        Step("IMPORT_ROLLBACK_IN_PROGRESS", vec![]),
        Step("IMPORT_ROLLBACK_COMPLETE", vec![]),
    ]);
    let error = import(&cloud, LaunchType::Fargate, true).await.unwrap_err();
    insta::assert_snapshot!(told(&error), @r"
    DeploymentFailed: OrdersQueue (AWS::SQS::Queue): Resource is not identifiable (queues.orders, stack.yaml:5)
    the stack shop is in IMPORT_ROLLBACK_COMPLETE
      hint: the import was rolled back: what it named keeps running as before, and isn't the stack's
      hint: fix the cause and run the same command again: it deletes the empty stack first
    ");
    // The next one gets through.
    let (template, _) = cloud.state().imports[0].clone();
    cloud.state().stack().template = template;
    let imported = import(&cloud, LaunchType::Fargate, true).await.unwrap();
    assert_eq!(imported.imports.len(), 2);
    assert_eq!(cloud.calls("DeleteStack"), 1);
    assert_eq!(cloud.state().stack().status, "CREATE_COMPLETE");
}

/// A stack in this state that an import has left, with this policy for what it has in its template.
fn left(status: &'static str, policy: &str) -> CloudFormation {
    let cloud = CloudFormation::with(status);
    let queue = json!({ "Type": "AWS::SQS::Queue", "DeletionPolicy": policy });
    let template = json!({
        "Metadata": { "EcsScaler": { "Stack": NAME, "Version": "0.1.0" } },
        "Resources": { "OthersQueue": queue },
    });
    cloud.state().stack().template = template.to_string();
    cloud
}

/// AWS documents these states of a stack whose first operation failed: only a deletion gets it out of ROLLBACK_COMPLETE.
#[tokio::test(start_paused = true)]
async fn only_an_empty_stack_is_deleted_before_an_import() {
    for status in ["ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"] {
        let cloud = left(status, "Retain");
        assert!(import(&cloud, LaunchType::Fargate, true).await.is_ok());
        assert_eq!(cloud.calls("DeleteStack"), 1, "{status}");

        // It has a resource, or could have one: the list is empty, but the reply can be wrong.
        let with_resource = left(status, "Retain");
        let url = "https://sqs.us-west-2.amazonaws.com/111122223333/others";
        let kind = "AWS::SQS::Queue";
        with_resource
            .state()
            .stack()
            .holds(kind, "OthersQueue", url);
        for cloud in [with_resource, left(status, "Delete")] {
            let _ = import(&cloud, LaunchType::Fargate, true).await;
            assert_eq!(cloud.calls("DeleteStack"), 0, "{status}");
        }
    }
}

/// Source: Amazon SQS API Reference, `GetQueueUrl`, Errors. Only `QueueDoesNotExist` means that there is none; its code was
/// `AWS.SimpleQueueService.NonExistentQueue` in the query protocol.
#[tokio::test(start_paused = true)]
async fn a_queue_is_missing_only_if_sqs_says_so() {
    for (code, is_missing) in [
        ("com.amazonaws.sqs#QueueDoesNotExist", true),
        ("AWS.SimpleQueueService.NonExistentQueue", true),
        ("AccessDeniedException", false),
        ("InvalidAddress", false),
        ("InvalidSecurity", false),
        ("RequestThrottled", false),
        ("UnsupportedOperation", false),
    ] {
        let (cloud, _) = deployed();
        let mut rules = rules(&cloud, LaunchType::Fargate);
        let refused = mock!(aws_sdk_sqs::Client::get_queue_url)
            .then_http_response(move || json_error(code, "no"));
        rules.insert(0, refused);
        let result = import_with(&rules, true).await;
        if is_missing {
            let imported = result.unwrap();
            let mut others = imported.not_imported.iter();
            assert!(others.any(|one| one.logical_id == "OrdersQueue"), "{code}");
        } else {
            let error = result.unwrap_err();
            assert!(
                error.to_string().contains("look for the queue orders"),
                "{error}"
            );
            assert_eq!(cloud.calls("CreateChangeSet"), 0, "{code}");
        }
    }
}
