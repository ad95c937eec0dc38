//! The parts that a new template takes over from the deployed one.

use serde_json::{Value, json};
use stack::{
    BacklogPerTask, BacklogSource, Capacity, Cluster, Network, Queue, ServiceSource, ServiceSpec,
    Stack, TaskCapacity,
};
use template::{SynthesisError, names, synthesize};

use crate::stacks::{self, created, web, with};

const SPOT: Capacity = Capacity::FargateSpot { base: 1 };

fn on(capacity: Capacity) -> Stack {
    let mut stack = with("shop", vec![], vec![("web", created(web(), &[]))]);
    stack.region = Some("us-east-1".into());
    stack.services.get_mut("web").unwrap().scaling = None;
    stack.cluster = Cluster::Create {
        name: None,
        capacity,
        insights: None,
    };
    stack
}

fn adapt(stack: &Stack, deployed: &Value) -> Value {
    let template = synthesize(stack).unwrap().adapt_to(deployed).unwrap();
    assert_eq!(template.body(), template.to_json().to_string());
    template.to_json().clone()
}

fn deploy(stack: &Stack) -> Value {
    synthesize(stack).unwrap().to_json().clone()
}

/// A template of version 0.1.0: Fargate by launch type, zones by name.
fn earlier() -> Value {
    let mut template = deploy(&on(Capacity::Fargate));
    let resources = template["Resources"].as_object_mut().unwrap();
    resources.remove(names::CAPACITY_PROVIDERS);
    let service = resources["WebService"]["Properties"]
        .as_object_mut()
        .unwrap();
    service.remove("CapacityProviderStrategy");
    service.insert("LaunchType".into(), "FARGATE".into());
    for subnet in ["PublicSubnet1", "PublicSubnet2"] {
        let subnet = resources[subnet]["Properties"].as_object_mut().unwrap();
        subnet.remove("AvailabilityZoneId");
        let zone = json!({ "Fn::Select": [0, { "Fn::GetAZs": "" }] });
        subnet.insert("AvailabilityZone".into(), zone);
    }
    template
}

/// Lambda keeps settings that an update request doesn't contain. Source: AWS Lambda API,
/// `UpdateFunctionConfiguration`.
#[test]
fn a_function_leaves_its_vpc_and_is_no_longer_traced() {
    let mut stack = stacks::shipped("hardened");
    let deployed = deploy(&stack);
    let functions = [names::METRIC_FUNCTION, "ClaimsApiScalingFunction"];
    for function in functions {
        let properties = &deployed["Resources"][function]["Properties"];
        let group = json!([{ "Fn::GetAtt": ["FunctionSecurityGroup", "GroupId"] }]);
        assert_eq!(properties["VpcConfig"]["SecurityGroupIds"], group);
        assert_eq!(properties["TracingConfig"], json!({ "Mode": "Active" }));
    }
    stack.metric.vpc = None;
    stack.metric.tracing = false;
    let adapted = adapt(&stack, &deployed);
    for function in functions {
        let properties = &adapted["Resources"][function]["Properties"];
        let nowhere = json!({ "SubnetIds": [], "SecurityGroupIds": [] });
        assert_eq!(properties["VpcConfig"], nowhere);
        assert_eq!(
            properties["TracingConfig"],
            json!({ "Mode": "PassThrough" })
        );
    }
    assert!(adapted["Resources"].get("FunctionSecurityGroup").is_none());
    // A later deploy results in the same template.
    assert_eq!(adapt(&stack, &adapted), adapted);
}

#[test]
fn a_template_that_is_deployed_already_stays_as_it_is() {
    for (name, stack) in stacks::all() {
        let deployed = deploy(&stack);
        assert_eq!(adapt(&stack, &deployed), deployed, "{name}");
    }
    // An update's additions also stay, so that the next deploy changes nothing.
    let steps = [SPOT, Capacity::Fargate, SPOT, Capacity::Fargate];
    let mut deployed = earlier();
    for capacity in steps {
        let stack = on(capacity);
        deployed = adapt(&stack, &deployed);
        assert_eq!(adapt(&stack, &deployed), deployed);
    }
}

/// `LaunchType` and a subnet's zone are create-only by the resource types' schemas.
#[test]
fn what_would_be_replaced_without_need_stays() {
    let deployed = earlier();
    let updated = adapt(&on(Capacity::Fargate), &deployed);
    for (id, pointer) in [
        ("WebService", "/Properties/LaunchType"),
        ("WebService", "/DependsOn"),
        ("PublicSubnet1", "/Properties/AvailabilityZone"),
    ] {
        let before = deployed["Resources"][id].pointer(pointer).unwrap();
        let kept: &Value = &updated["Resources"][id];
        if pointer == "/DependsOn" {
            let waits = kept["DependsOn"].as_array().unwrap();
            assert!(!waits.contains(&json!(names::CAPACITY_PROVIDERS)));
        } else {
            assert_eq!(kept.pointer(pointer), Some(before), "{id}{pointer}");
        }
    }
    let resources = &updated["Resources"];
    assert!(resources["WebService"]["Properties"]["CapacityProviderStrategy"].is_null());
    assert!(resources["PublicSubnet1"]["Properties"]["AvailabilityZoneId"].is_null());
    assert!(resources[names::CAPACITY_PROVIDERS].is_null());
}

/// Amazon ECS Developer Guide: an update of only the strategy starts no deployment, and running tasks stay where
/// they are.
#[test]
fn another_strategy_starts_a_deployment_and_the_same_one_does_not() {
    let service = |template: &Value| template["Resources"]["WebService"]["Properties"].clone();
    let on_spot = deploy(&on(SPOT));
    assert!(service(&on_spot)["ForceNewDeployment"].is_null());
    let left = service(&adapt(&on(Capacity::Fargate), &on_spot));
    assert_eq!(
        left["CapacityProviderStrategy"],
        json!([{ "CapacityProvider": "FARGATE", "Weight": 1 }])
    );
    let force = &left["ForceNewDeployment"];
    assert_eq!(force["EnableForceNewDeployment"], true);
    let back = service(&adapt(&on(SPOT), &adapt(&on(Capacity::Fargate), &on_spot)));
    assert_ne!(
        back["ForceNewDeployment"]["ForceNewDeploymentNonce"],
        force["ForceNewDeploymentNonce"]
    );
}

#[test]
fn a_service_between_fargate_and_instances_is_refused() {
    for (from, to) in [
        (Capacity::Fargate, stacks::on_ec2()),
        (stacks::on_ec2(), Capacity::Fargate),
        (SPOT, stacks::on_ec2()),
    ] {
        let template = synthesize(&on(to)).unwrap();
        let error = template.adapt_to(&deploy(&on(from))).unwrap_err();
        let id = "WebService".to_owned();
        assert_eq!(error, SynthesisError::CapacityMoves { id });
    }
}

/// Amazon ECS API, `UpdateCluster`: a missing setting doesn't change.
#[test]
fn container_insights_that_we_enabled_is_disabled() {
    let worker = |source| {
        let backlog = stacks::backlog(BacklogPerTask {
            source,
            ..stacks::scaling()
        });
        let service = stacks::scaled_by(backlog, created(stacks::spec(), &["a"]));
        with(
            "w",
            vec![("a", Queue::Create(stacks::queue()))],
            vec![("w", service)],
        )
    };
    let settings = |template: &Value| {
        template["Resources"][names::CLUSTER]["Properties"]["ClusterSettings"].clone()
    };
    let math = deploy(&worker(BacklogSource::MetricMath));
    assert_eq!(settings(&math)[0]["Value"], "enabled");
    let lambda = worker(BacklogSource::Lambda);
    assert!(
        settings(&deploy(&lambda)).is_null(),
        "an account's default stays"
    );
    let left = adapt(&lambda, &math);
    assert_eq!(settings(&left)[0]["Value"], "disabled");
    assert_eq!(adapt(&lambda, &left), left);
}

#[test]
fn a_garbled_template_changes_nothing() {
    let stack = on(Capacity::Fargate);
    for deployed in [
        json!(null),
        json!({}),
        json!({ "Resources": [] }),
        json!({ "Resources": { "WebService": 1, "Cluster": { "Type": "AWS::ECS::Cluster" } } }),
    ] {
        let mut kept = adapt(&stack, &deployed);
        assert_eq!(kept["Resources"].take(), deploy(&stack)["Resources"]);
    }
}

/// Amazon SNS Developer Guide: `{}` removes a filter policy. A missing attribute doesn't change.
#[test]
fn a_removed_filter_is_emptied() {
    let subscribed = |filter: Option<Value>| {
        let subscription = stack::Subscription {
            topic: "arn:aws:sns:us-east-1:111122223333:jobs".into(),
            filter_scope: match filter {
                Some(_) => stack::FilterScope::Body,
                None => stack::FilterScope::Attributes,
            },
            filter,
            raw: true,
        };
        let queue = stack::QueueSpec {
            subscribe: vec![subscription],
            ..stacks::queue()
        };
        let service = created(stacks::spec(), &["a"]);
        with("w", vec![("a", Queue::Create(queue))], vec![("w", service)])
    };
    let properties = |template: &Value| {
        let id = names::subscription("a", "arn:aws:sns:us-east-1:111122223333:jobs");
        template["Resources"][id]["Properties"].clone()
    };
    let filtered = deploy(&subscribed(Some(json!({ "kind": ["gift"] }))));
    let all = subscribed(None);
    assert!(properties(&deploy(&all))["FilterPolicy"].is_null());
    let left = adapt(&all, &filtered);
    assert_eq!(properties(&left)["FilterPolicy"], json!({}));
    assert_eq!(properties(&left)["FilterPolicyScope"], "MessageAttributes");
    assert_eq!(adapt(&all, &left), left);
}

/// Amazon SQS API, `SetQueueAttributes`: the defaults of a queue. A missing attribute doesn't change.
#[test]
fn attributes_of_a_queue_that_are_gone_get_their_defaults() {
    let queue = |delay: u64, fifo| {
        let queue = stack::QueueSpec {
            delay: stacks::seconds(delay),
            fifo: Some(fifo),
            ..stacks::queue()
        };
        let service = created(stacks::spec(), &["a"]);
        with("w", vec![("a", Queue::Create(queue))], vec![("w", service)])
    };
    let both = stack::Fifo {
        content_based_deduplication: true,
        high_throughput: true,
    };
    let plain = queue(0, stack::Fifo::default());
    let left = adapt(&plain, &deploy(&queue(20, both)));
    let properties = &left["Resources"][names::queue("a")]["Properties"];
    assert_eq!(properties["DelaySeconds"], 0);
    assert_eq!(properties["ContentBasedDeduplication"], false);
    assert_eq!(properties["DeduplicationScope"], "queue");
    assert_eq!(properties["FifoThroughputLimit"], "perQueue");
    let mut standard = plain.clone();
    if let Some(Queue::Create(spec)) = standard.queues.get_mut("a") {
        spec.fifo = None;
    }
    // A queue of the other kind is a new queue.
    assert_eq!(adapt(&standard, &left), deploy(&standard));
}

/// Elastic Load Balancing API, `SetSubnets`: all subnets belong to the load balancer's VPC.
#[test]
fn a_load_balancer_in_another_vpc_is_refused() {
    let placed = |vpc: &str, internal| {
        let mut stack = on(Capacity::Fargate);
        stack.network = Network::Existing {
            vpc: Some(vpc.into()),
            subnets: ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
                .map(Into::into)
                .to_vec(),
            security_groups: Vec::new(),
            assign_public_ip: true,
        };
        let spec = stack.services.get_mut("web").unwrap();
        if let ServiceSource::Create(spec) = &mut spec.source {
            spec.load_balancer.as_mut().unwrap().internal = internal;
        }
        stack
    };
    let deployed = deploy(&placed("vpc-0a1b2c3d4e5f60718", false));
    let moved = synthesize(&placed("vpc-1a1b2c3d4e5f60718", false)).unwrap();
    let id = names::target_group("web");
    assert_eq!(
        moved.adapt_to(&deployed).unwrap_err(),
        SynthesisError::LoadBalancerMoves { id }
    );
    // With another scheme, both are new.
    adapt(&placed("vpc-1a1b2c3d4e5f60718", true), &deployed);
}

/// Amazon SQS API, `CreateQueue`: four days, unless the template sets another retention.
#[test]
fn a_shorter_retention_is_found() {
    let keeping = |days: u64| {
        let queue = stack::QueueSpec {
            retention: stacks::seconds(days * 86_400),
            ..stacks::queue()
        };
        let service = created(stacks::spec(), &["a"]);
        with("w", vec![("a", Queue::Create(queue))], vec![("w", service)])
    };
    let shortened = |from, to| {
        let template = synthesize(&keeping(to)).unwrap();
        template.list_shortened_queues(&deploy(&keeping(from)))
    };
    assert_eq!(shortened(4, 3), [names::queue("a")]);
    assert!(shortened(3, 4).is_empty() && shortened(4, 4).is_empty());
    let mut unsaid = deploy(&keeping(4));
    let queue = unsaid["Resources"][names::queue("a")]["Properties"].as_object_mut();
    queue.unwrap().remove("MessageRetentionPeriod").unwrap();
    let template = synthesize(&keeping(3)).unwrap();
    assert_eq!(template.list_shortened_queues(&unsaid), [names::queue("a")]);
    assert!(template.list_shortened_queues(&json!({})).is_empty());
}

/// ECS keeps settings that an update doesn't contain, so `exec` that is no longer wanted is turned off by value,
/// and stays off.
#[test]
fn exec_that_is_gone_is_switched_off() {
    let with_exec = |exec| {
        let spec = ServiceSpec { exec, ..web() };
        let mut stack = on(Capacity::Fargate);
        stack.services.insert("web".into(), created(spec, &[]));
        stack.services.get_mut("web").unwrap().scaling = None;
        stack
    };
    let property = |template: &Value| {
        template["Resources"]["WebService"]["Properties"]["EnableExecuteCommand"].clone()
    };
    let opened = deploy(&with_exec(true));
    assert_eq!(property(&opened), true);
    let closed = adapt(&with_exec(false), &opened);
    assert_eq!(property(&closed), false);
    assert_eq!(adapt(&with_exec(false), &closed), closed);
    assert_eq!(property(&deploy(&with_exec(false))), Value::Null);
}

/// ECS treats a missing configuration as "unchanged". Source: Amazon ECS API, `UpdateService`.
#[test]
fn service_connect_and_alarms_of_deployments_are_turned_off() {
    let mut stack = stacks::definition("crates/template/tests/it/matrix/containers");
    let deployed = deploy(&stack);
    let service = stack.services.get_mut("worker").unwrap();
    let ServiceSource::Create(spec) = &mut service.source else {
        panic!("a created service");
    };
    spec.service_connect = None;
    spec.deployment.alarms.clear();
    let adapted = adapt(&stack, &deployed);
    let properties = &adapted["Resources"]["WorkerService"]["Properties"];
    assert_eq!(
        properties["ServiceConnectConfiguration"],
        json!({ "Enabled": false })
    );
    assert_eq!(
        properties["DeploymentConfiguration"]["Alarms"],
        json!({ "AlarmNames": [], "Enable": false, "Rollback": false })
    );
}

/// A service on EC2 instances by launch type, as another tool makes it, moves to named capacity providers. Sources:
/// AWS::ECS::Service, `conditionalCreateOnlyProperties`; Amazon ECS API, `UpdateService`, `capacityProviderStrategy`.
#[test]
fn a_service_on_instances_gets_named_providers_if_its_network_mode_stays() {
    let stack = stacks::definition("crates/template/tests/it/matrix/providers");
    let mut deployed = deploy(&stack);
    let service = deployed["Resources"]["EncoderService"]["Properties"].as_object_mut();
    let service = service.unwrap();
    let strategy = service.remove("CapacityProviderStrategy").unwrap();
    service.insert("LaunchType".into(), "EC2".into());
    let adapted = adapt(&stack, &deployed);
    let properties = &adapted["Resources"]["EncoderService"]["Properties"];
    assert_eq!(properties["CapacityProviderStrategy"], strategy);
    assert!(properties["LaunchType"].is_null());
    let force = &properties["ForceNewDeployment"];
    assert_eq!(force["EnableForceNewDeployment"], true);

    let service = deployed["Resources"]["EncoderService"]["Properties"].as_object_mut();
    let _ = service.unwrap().remove("NetworkConfiguration");
    let error = synthesize(&stack).unwrap().adapt_to(&deployed).unwrap_err();
    let id = "EncoderService".to_owned();
    assert_eq!(error, SynthesisError::CapacityMoves { id });
}

/// AWS::ECS::Service: a nonce has at most 255 characters. Names of capacity providers have as many, and differ here only at
/// their ends.
#[test]
fn a_strategy_of_long_names_also_starts_a_deployment() {
    let with_last = |last: char| {
        let mut stack = stacks::definition("crates/template/tests/it/matrix/providers");
        let service = stack.services.get_mut("encoder").unwrap();
        let ServiceSource::Create(spec) = &mut service.source else {
            panic!("a created service");
        };
        let Some(TaskCapacity::Providers(providers)) = &mut spec.capacity else {
            panic!("capacity providers");
        };
        for provider in providers.iter_mut() {
            provider.name = format!("{}-{}{last}", provider.name, "x".repeat(230));
        }
        stack
    };
    let nonce = |stack: &Stack, deployed: &Value| -> String {
        let adapted = adapt(stack, deployed);
        let properties = &adapted["Resources"]["EncoderService"]["Properties"];
        let force = &properties["ForceNewDeployment"]["ForceNewDeploymentNonce"];
        force.as_str().unwrap().to_owned()
    };
    let [a, b, c] = ['a', 'b', 'c'].map(with_last);
    let (to_b, to_c) = (nonce(&b, &deploy(&a)), nonce(&c, &deploy(&a)));
    assert_ne!(to_b, to_c);
    assert!(to_b.len() <= 255 && to_c.len() <= 255, "{to_b}");
    assert_eq!(nonce(&b, &deploy(&c)), to_b);
}

#[test]
fn a_service_doesnt_move_between_fargate_and_named_providers() {
    let stack = stacks::definition("crates/template/tests/it/matrix/providers");
    let mut on_fargate = stack.clone();
    let service = on_fargate.services.get_mut("encoder").unwrap();
    if let ServiceSource::Create(spec) = &mut service.source {
        spec.capacity = None;
    }
    for (old, new) in [(&stack, &on_fargate), (&on_fargate, &stack)] {
        let error = synthesize(new).unwrap().adapt_to(&deploy(old)).unwrap_err();
        let id = "EncoderService".to_owned();
        assert_eq!(error, SynthesisError::CapacityMoves { id });
    }
}
