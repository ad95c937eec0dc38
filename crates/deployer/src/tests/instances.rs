//! Container instances that would prevent the deletion of a cluster.

use std::sync::{Arc, Mutex};

use aws_sdk_ecs::operation::deregister_container_instance::DeregisterContainerInstanceOutput;
use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::operation::describe_container_instances::DescribeContainerInstancesOutput;
use aws_sdk_ecs::operation::list_container_instances::ListContainerInstancesOutput;
use aws_sdk_ecs::operation::list_tasks::ListTasksOutput;
use aws_sdk_ecs::types::{Cluster, ContainerInstance};
use aws_smithy_mocks::{Rule, mock};

use super::cloud::{Told, run};
use super::cloudformation::CloudFormation;
use crate::observe::observe;
use crate::{Resource, Result, delete};

fn instance(arn: &str, provider: Option<&str>, tasks: i32) -> ContainerInstance {
    ContainerInstance::builder()
        .container_instance_arn(arn)
        .ec2_instance_id(format!("i-{arn}"))
        .set_capacity_provider_name(provider.map(str::to_owned))
        .running_tasks_count(tasks)
        .build()
}

fn world(instances: i32) -> (Vec<Rule>, Arc<Mutex<Vec<String>>>) {
    let gone = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&gone);
    let rules = vec![
        mock!(aws_sdk_ecs::Client::list_tasks).then_output(|| ListTasksOutput::builder().build()),
        mock!(aws_sdk_ecs::Client::describe_clusters).then_output(move || {
            let cluster = Cluster::builder().registered_container_instances_count(instances);
            DescribeClustersOutput::builder()
                .clusters(cluster.build())
                .build()
        }),
        mock!(aws_sdk_ecs::Client::list_container_instances).then_output(|| {
            let arns = ["ours", "busy", "idle"].map(str::to_owned).to_vec();
            ListContainerInstancesOutput::builder()
                .set_container_instance_arns(Some(arns))
                .build()
        }),
        mock!(aws_sdk_ecs::Client::describe_container_instances).then_output(|| {
            DescribeContainerInstancesOutput::builder()
                .container_instances(instance("ours", Some("shop-instances"), 0))
                .container_instances(instance("busy", None, 1))
                .container_instances(instance("idle", Some("theirs"), 0))
                .build()
        }),
        mock!(aws_sdk_ecs::Client::deregister_container_instance).then_compute_output(
            move |input| {
                assert_eq!(input.cluster(), Some("voucher"));
                assert_ne!(input.force(), Some(true), "no task is cut off");
                let arn = input.container_instance().unwrap().to_owned();
                seen.lock().unwrap().push(arn);
                DeregisterContainerInstanceOutput::builder().build()
            },
        ),
    ];
    (rules, gone)
}

async fn delete_stack(mut rules: Vec<Rule>) -> (Result<()>, Told) {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    rules.extend(cloud.rules());
    let resource = |kind: &str, id: &str| Resource {
        resource_type: kind.to_owned(),
        logical_id: "X".to_owned(),
        physical_id: id.to_owned(),
        status: String::new(),
    };
    let resources = [
        resource("AWS::ECS::Cluster", "voucher"),
        resource("AWS::ECS::CapacityProvider", "shop-instances"),
    ];
    run(&rules, async |session| {
        let stack = observe(session, super::cloudformation::NAME)
            .await?
            .unwrap();
        delete::delete(session, "shop", &stack, &resources, &[]).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn only_idle_instances_of_somebody_else_s_are_deregistered() {
    let (rules, gone) = world(3);
    let (result, told) = delete_stack(rules).await;
    result.unwrap();
    assert_eq!(*gone.lock().unwrap(), ["idle"]);
    assert!(told.has("deregistering the container instance idle (i-idle)"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_instances_is_asked_no_further() {
    let (rules, gone) = world(0);
    let listing = rules[2].clone();
    delete_stack(rules).await.0.unwrap();
    assert!(gone.lock().unwrap().is_empty());
    assert_eq!(listing.num_calls(), 0);
}
