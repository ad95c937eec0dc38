//! Capacity providers of an existing cluster.

use super::{IMAGE, check_text};
use crate::tests::{changed, problems};
use crate::{Provider, ServiceSource, parse};

const HOME: &str =
    "cluster: {existing: shared}\nnetwork: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}\n";

fn service(providers: &str) -> String {
    changed(
        IMAGE,
        &format!("{IMAGE}    capacity: {{providers: [{providers}]}}\n"),
    )
}

#[test]
fn base_and_weight_have_defaults() {
    let text = service("{name: graviton, base: 2, weight: 3}, {name: spot}") + HOME;
    let stack = parse("shop.yaml", &text).unwrap().stack;
    let ServiceSource::Create(spec) = &stack.services["worker"].source else {
        panic!("a created service");
    };
    let provider = |name: &str, base, weight| Provider {
        name: name.to_owned(),
        base,
        weight,
    };
    let expected = [provider("graviton", 2, 3), provider("spot", 0, 1)];
    assert_eq!(spec.providers(), Some(&expected[..]));
    assert!(stack.is_on_instances(spec));
    assert_eq!(stack.spot(spec), None);
}

/// Amazon ECS API, `CapacityProviderStrategyItem`: one base, and a weight above zero.
#[test]
fn what_ecs_would_refuse_is_refused() {
    for (providers, expected) in [
        (
            "{name: a, base: 1}, {name: b, base: 1}",
            "11:64 services.worker.capacity.providers[1].base: only one capacity provider can have a `base`",
        ),
        (
            "{name: a, weight: 0}",
            "11:46 services.worker.capacity.providers[0].weight: every capacity provider has the weight 0",
        ),
        (
            "{name: a}, {name: a, weight: 2}",
            "11:46 services.worker.capacity.providers[1].name: `a` is listed twice",
        ),
        (
            "{name: FARGATE_SPOT}",
            "11:35 services.worker.capacity.providers[0].name: Fargate has other keys than capacity providers",
        ),
    ] {
        check_text(&(service(providers) + HOME), &format!("error {expected}"));
    }
}

#[test]
fn they_are_of_an_existing_cluster_and_network() {
    let paths = |text: &str| -> Vec<String> {
        let found = problems(text);
        found.iter().map(|one| one.path().to_owned()).collect()
    };
    let own = service("{name: a}");
    let list = "services.worker.capacity.providers";
    assert_eq!(paths(&own), [list, list]);
    check_text(
        &(own + "cluster: {existing: shared}\n"),
        "error 11:16 services.worker.capacity.providers: the tasks need subnets in the VPC of the instances",
    );
    let instances = "cluster: {capacity: {ec2: {instance_type: t4g.large, max: 9}}}\n";
    assert_eq!(
        paths(&(service("{name: a}") + instances)),
        ["services.worker.capacity"]
    );
}

/// Instances take any size, and longer to stop. They have no ephemeral storage.
#[test]
fn the_limits_are_those_of_instances() {
    let any = service("{name: a}").replace(
        IMAGE,
        &format!("{IMAGE}    cpu: 300\n    memory: 700\n    stop_timeout: 10m\n    ulimits: {{core: 0}}\n"),
    ) + HOME;
    assert!(problems(&any).is_empty(), "{:?}", problems(&any));
    let stored =
        service("{name: a}").replace(IMAGE, &format!("{IMAGE}    storage: 40GiB\n")) + HOME;
    check_text(
        &stored,
        "error 11:14 services.worker.storage: tasks on EC2 instances have no ephemeral storage",
    );
}
