//! Stacks deployed by earlier versions: a deploy with the current version updates them in place.

use std::path::Path;

use aws_sdk_ecs::types::ContainerDefinition;
use e2e::{Bench, Cloud, TestStack, edited};
use serde_json::Value;

/// The version of the first templates; see CONTRIBUTING.md.
const FIRST: &str = "0.1.0";

/// The account of the sandbox, and the account in the shipped definitions.
const ACCOUNT: &str = "000000000000";
const SHIPPED_ACCOUNT: &str = "111122223333";

/// The region in some shipped definitions.
const REGION: &str = "us-west-2";

/// Deploys a shipped definition from its earlier template, and then with the current version.
async fn updates_in_place(definition: &str) {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "upgrade");
    updates_with(&cloud, &stack, definition, &[], &[]).await;
}

/// The same, with texts replaced in both the definition and the earlier template, such as the IDs of a network.
/// Resources whose IDs contain one of `gone` are deleted and replaced by new ones. The counts of services don't change.
async fn updates_with(
    cloud: &Cloud,
    stack: &TestStack,
    definition: &str,
    replaced: &[(&str, &str)],
    gone: &[&str],
) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: String| {
        let text = std::fs::read_to_string(root.join(path)).unwrap();
        let replace = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
        replaced.iter().fold(text, replace)
    };
    let text = read(format!("stacks/{definition}.yaml"));
    let name = text.lines().find_map(|line| line.strip_prefix("name: "));
    let text = edited(
        &text,
        &format!("\nname: {}\n", name.unwrap()),
        &format!("\nname: {}\n", stack.name),
    );
    // A first deploy uploads the functions and chooses the parameters.
    let _ = stack.deploy(&text).await.succeeds();
    let cloudformation = &cloud.clients.cloudformation;
    let described = cloudformation.describe_stacks().stack_name(&stack.name);
    let described = described.send().await.unwrap();
    let parameters = described.stacks()[0].parameters().to_vec();
    let _ = stack.destroy(&["--force"]).await.succeeds();

    // CloudFormation accepts 51,200 bytes inline, so the template is written without indentation.
    let template = read(format!("tests/upgrade/{FIRST}/{definition}.json"));
    let template: Value = serde_json::from_str(&template).unwrap();
    let source = deployer::Source {
        parameters: parameters
            .iter()
            .map(|parameter| {
                let key = parameter.parameter_key().unwrap().to_owned();
                (key, parameter.parameter_value().unwrap().to_owned())
            })
            .collect(),
        // That version wrote no mark.
        tags: Default::default(),
        ..deployer::Source::inline(&stack.name, &template)
    };
    let quiet = |_| {};
    let session = deployer::Session::new(
        &cloud.clients,
        deployer::Pace::LOCAL,
        &quiet,
        stack.name.clone(),
    );
    let mut approve = |_: &deployer::Plan| Ok(());
    deployer::deploy_template(&session, &source, &mut approve)
        .await
        .unwrap();
    let before = cloud.resources(&stack.name).await;
    let scaled = before.ids_of_type("AWS::ECS::Service");
    // A function that scales it sets its own count.
    let scaled: Vec<&str> = scaled.filter(|_| !gone.is_empty()).collect();
    for service in &scaled {
        cloud
            .set_desired_count(cluster_of(service), service, COUNT)
            .await;
    }

    let updated = stack.deploy(&text).await.succeeds();
    let changes = updated["plan"]["changes"].as_array().unwrap();
    let is_gone = |id: &str| gone.iter().any(|part| id.contains(part));
    let safe = |change: &&Value| match change["action"].as_str() {
        Some("change" | "add") => true,
        Some("remove") => is_gone(change["logical_id"].as_str().unwrap()),
        _ => false,
    };
    let found = changes.iter().find(|change| !safe(change));
    assert!(found.is_none(), "not an update in place: {found:?}");
    let after = cloud.resources(&stack.name).await;
    for id in before.logical_ids() {
        let kept = after.logical_ids().any(|one| one == id);
        assert_eq!(kept, !is_gone(id), "{id}");
        assert!(!kept || after.id(id) == before.id(id), "{id}");
    }
    for service in scaled {
        let count = cloud.service(service).await.unwrap().desired_count();
        assert_eq!(count, COUNT);
    }
}

/// A count within the bounds of each shipped definition that isn't its minimum.
const COUNT: i32 = 2;

/// Returns the name of the cluster in a service's ARN.
fn cluster_of(service: &str) -> &str {
    service.split('/').nth(1).unwrap()
}

#[tokio::test]
async fn the_worker_by_backlog_is_updated_in_place() {
    updates_in_place("voucher-worker").await;
}

#[tokio::test]
async fn the_worker_by_demand_is_updated_in_place() {
    // Its own function, role, rule, and alarm are replaced by one function for all services.
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "upgrade");
    let gone = ["VoucherWorkerScaling"];
    updates_with(&cloud, &stack, "voucher-worker-demand", &[], &gone).await;
}

#[tokio::test]
async fn the_web_application_by_alarm_steps_is_updated_in_place() {
    updates_in_place("sample-webapp").await;
}

#[tokio::test]
async fn the_queues_of_topics_in_an_existing_network_are_updated_in_place() {
    let bench = Bench::open();
    let cloud = Cloud::in_region(&bench, REGION).await;
    for name in ["orders.fifo", "parcels"] {
        let request = cloud.clients.sns.create_topic().name(name);
        let fifo = name.ends_with(".fifo").to_string();
        let request = request.attributes("FifoTopic", fifo);
        request.send().await.unwrap();
    }
    let default = "Filter.1.Name=default-for-az&Filter.1.Value.1=true";
    let subnets = cloud.ec2(&format!("DescribeSubnets&{default}"));
    let [first, second] = [0, 1].map(|index| tag(&subnets, "subnetId", index));
    let replaced = [
        (SHIPPED_ACCOUNT, ACCOUNT),
        ("vpc-0a1b2c3d4e5f60718", tag(&subnets, "vpcId", 0)),
        ("subnet-0a1b2c3d4e5f60718", first),
        ("subnet-1a2b3c4d5e6f70819", second),
    ];
    let stack = TestStack::in_region(&bench, "upgrade", Some(REGION));
    updates_with(&cloud, &stack, "fan-out", &replaced, &[]).await;
}

#[tokio::test]
async fn the_scaling_of_an_existing_service_is_updated_in_place() {
    let bench = Bench::open();
    let cloud = Cloud::in_region(&bench, REGION).await;
    let (ecs, sqs) = (&cloud.clients.ecs, &cloud.clients.sqs);
    let queue = sqs.create_queue().queue_name("orders").send().await;
    let queue = queue.unwrap();
    let cluster = ecs.create_cluster().cluster_name("shop").send().await;
    let _ = cluster.unwrap();
    let container = ContainerDefinition::builder()
        .name("c")
        .image("busybox:1.37")
        .memory(64);
    let task = ecs.register_task_definition().family("order-worker");
    let task = task.container_definitions(container.build());
    let _ = task.send().await.unwrap();
    let service = ecs.create_service().cluster("shop");
    let service = service.service_name("order-worker").desired_count(2);
    let service = service.task_definition("order-worker").send().await;
    let _ = service.unwrap();

    let stack = TestStack::in_region(&bench, "upgrade", Some(REGION));
    let replaced = [(SHIPPED_ACCOUNT, ACCOUNT)];
    updates_with(&cloud, &stack, "existing-service", &replaced, &[]).await;

    let _ = stack.destroy(&["--force"]).await.succeeds();
    let request = ecs.delete_service().cluster("shop").force(true);
    let _ = request.service("order-worker").send().await.unwrap();
    let _ = ecs.delete_cluster().cluster("shop").send().await.unwrap();
    let request = sqs.delete_queue().queue_url(queue.queue_url().unwrap());
    let _ = request.send().await.unwrap();
}

/// Returns the text of an XML element with this name. If there are several, the one with this index.
fn tag<'x>(xml: &'x str, name: &str, index: usize) -> &'x str {
    let open = format!("<{name}>");
    let part = xml.split(&open).nth(index + 1).unwrap();
    part.split('<').next().unwrap()
}
