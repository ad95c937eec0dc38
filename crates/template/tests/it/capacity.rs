//! The capacity of a single service's tasks.

use serde_json::{Value, json};
use stack::{Capacity, Cluster, Queue, ServiceSpec, Spot, Stack, TaskCapacity};
use template::synthesize;

use crate::stacks::{self, created, spec, with};

fn on(cluster: Cluster, capacity: Option<Spot>) -> Stack {
    let spec = ServiceSpec {
        capacity: capacity.map(TaskCapacity::Fargate),
        ..spec()
    };
    let mut stack = with(
        "s",
        vec![("a", Queue::Create(stacks::queue()))],
        vec![("w", created(spec, &["a"]))],
    );
    stack.cluster = cluster;
    stack
}

fn created_cluster(capacity: Capacity) -> Cluster {
    Cluster::Create {
        name: None,
        capacity,
        insights: None,
    }
}

/// The service's strategy, its launch type, and the cluster's providers.
fn placement(stack: &Stack) -> [Value; 3] {
    let template = synthesize(stack).unwrap();
    let resources = &template.to_json()["Resources"];
    let service = &resources["WService"]["Properties"];
    let providers = &resources["ClusterCapacityProviders"]["Properties"]["CapacityProviders"];
    [
        service["CapacityProviderStrategy"].clone(),
        service["LaunchType"].clone(),
        providers.clone(),
    ]
}

/// Amazon ECS API, `CapacityProviderStrategyItem`: the base first, then the weights decide. Of 100 tasks beyond the
/// base, 80 run on Spot with the weights 20 and 80.
#[test]
fn shares_are_weights() {
    let both = json!(["FARGATE", "FARGATE_SPOT"]);
    let share = |share, base| Some(Spot { share, base });
    let own = |capacity| placement(&on(created_cluster(Capacity::Fargate), capacity));
    let mixed = json!([
        { "CapacityProvider": "FARGATE", "Base": 2, "Weight": 20 },
        { "CapacityProvider": "FARGATE_SPOT", "Weight": 80 },
    ]);
    assert_eq!(
        own(share(80, 2)),
        [mixed.clone(), Value::Null, both.clone()]
    );
    let unbased = json!([
        { "CapacityProvider": "FARGATE", "Weight": 20 },
        { "CapacityProvider": "FARGATE_SPOT", "Weight": 80 },
    ]);
    assert_eq!(own(share(80, 0))[0], unbased);
    let all = json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }]);
    assert_eq!(own(share(100, 0))[0], all);
    let none = json!([{ "CapacityProvider": "FARGATE", "Weight": 1 }]);
    assert_eq!(own(None), [none.clone(), Value::Null, json!(["FARGATE"])]);
    let on_spot = created_cluster(Capacity::FargateSpot { base: 0 });
    assert_eq!(
        placement(&on(on_spot, share(0, 0))),
        [none, Value::Null, both]
    );
    let theirs = |capacity| {
        let name = "shared".to_owned();
        placement(&on(Cluster::Existing { name }, capacity))
    };
    // The providers of an existing cluster aren't associated, whatever runs there.
    assert_eq!(theirs(share(80, 2)), [mixed, Value::Null, Value::Null]);
    assert_eq!(
        theirs(share(0, 0)),
        [Value::Null, json!("FARGATE"), Value::Null]
    );
}

/// Source: Amazon ECS API, `CapacityProviderStrategyItem`, and `AwsVpcConfiguration$assignPublicIp`, which Fargate alone
/// supports.
#[test]
fn named_providers_are_used_and_not_associated() {
    let stack = stacks::definition("crates/template/tests/it/matrix/providers");
    let template = synthesize(&stack).unwrap();
    let resources = &template.to_json()["Resources"];
    let service = &resources["EncoderService"]["Properties"];
    assert_eq!(
        service["CapacityProviderStrategy"],
        json!([
            { "CapacityProvider": "graviton", "Base": 1, "Weight": 3 },
            { "CapacityProvider": "graviton-spot", "Base": 0, "Weight": 1 },
        ])
    );
    assert!(service["LaunchType"].is_null());
    let network = &service["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(network["AssignPublicIp"], "DISABLED");
    let task = &resources["EncoderTaskDefinition"]["Properties"];
    assert_eq!(task["RequiresCompatibilities"], json!(["EC2"]));
    assert_eq!(task["NetworkMode"], "awsvpc");
    let kinds: Vec<&str> = template.resources().map(|(_, kind)| kind).collect();
    assert!(!kinds.contains(&"AWS::ECS::ClusterCapacityProviderAssociations"));
}
