//! The requests to the metric function: each is within the limit of its target, and can be parsed.

use scaling::{Count, MetricRequest};
use serde_json::Value;
use stack::Stack;
use template::{names, synthesize};

use crate::stacks;
use crate::templates::{of_type, substitute};

/// Maximum length of an EventBridge target's text.
const INPUT: usize = 8_192;

/// The requests of all rules, completed with the longest names that AWS could generate.
fn requests(stack: &Stack) -> Vec<(MetricRequest, usize)> {
    let template = synthesize(stack).unwrap();
    let template = template.to_json();
    let mut requests = Vec::new();
    for (id, rule) in of_type(template, "AWS::Events::Rule") {
        let targets = rule["Targets"].as_array().unwrap();
        assert!((1..=5).contains(&targets.len()), "{id}");
        for target in targets {
            assert_eq!(target["Arn"]["Fn::GetAtt"][0], names::METRIC_FUNCTION);
            let input = target["Input"]["Fn::Sub"].as_str().unwrap();
            let input = substitute(input, |token| longest_name(stack, token));
            let length = input.chars().count();
            assert!(length <= INPUT, "{id}: {length} characters");
            let request = serde_json::from_str(&input).unwrap_or_else(|e| panic!("{e}: {input}"));
            requests.push((request, length));
        }
    }
    requests
}

/// A name as AWS generates it in the region with the longest name: stack, logical ID, and 13 characters.
fn longest_name(stack: &Stack, token: &str) -> String {
    let generated = |id: &str| format!("{}-{id}-ABCDEFGHIJKLM", stack.name);
    let queue_name = |id: &str| {
        let short = stack
            .queues
            .keys()
            .find(|short| names::queue(short) == id)
            .unwrap();
        format!("{short}-0a1b2c3d")
    };
    match token.split_once('.') {
        Some((id, "QueueName")) => queue_name(id),
        Some((id, "Name")) => generated(id),
        Some(other) => panic!("{other:?}"),
        None if token == names::CLUSTER => generated(token),
        None if token == "AWS::URLSuffix" => "amazonaws.com.cn".to_owned(),
        None => {
            let host = "https://sqs.cn-northwest-1.amazonaws.com.cn/111122223333";
            format!("{host}/{}", queue_name(token))
        }
    }
}

#[test]
fn thirty_services_take_one_invocation() {
    let requests = requests(&stacks::fleet("thirty-services", 30));
    let [(request, _)] = requests.as_slice() else {
        panic!("{} requests", requests.len())
    };
    assert_eq!(request.namespace, "EcsScaler");
    assert_eq!(request.services.len(), 30);
    for (number, service) in request.services.iter().enumerate() {
        let number = number + 1;
        assert_eq!(service.cluster, "thirty-services-Cluster-ABCDEFGHIJKLM");
        let name = format!("thirty-services-Worker{number:02}Service-ABCDEFGHIJKLM");
        assert_eq!(service.service, name);
        assert_eq!(service.count, [Count::Visible]);
        let [queue] = service.queues.as_slice() else {
            panic!("{service:?}")
        };
        assert_eq!(queue.name, format!("queue-{number:02}-0a1b2c3d"));
        assert!(queue.url.ends_with(&format!("/{}", queue.name)));
    }
}

#[test]
fn a_hundred_existing_services_take_several() {
    let stack = stacks::existing_fleet(100);
    let requests = requests(&stack);
    assert!(requests.len() > 1);
    let services: Vec<_> = requests
        .iter()
        .flat_map(|(request, _)| &request.services)
        .collect();
    assert_eq!(services.len(), 100);
    for (number, service) in services.iter().enumerate() {
        let number = number + 1;
        assert_eq!(service.cluster, "their-cluster");
        assert_eq!(
            service.service,
            format!("their-rather-long-service-name-{number:03}")
        );
        let name = format!("their-rather-long-queue-name-{number:03}");
        let url = format!("https://sqs.us-west-2.amazonaws.com.cn/111122223333/{name}");
        assert_eq!(
            (&service.queues[0].name, &service.queues[0].url),
            (&name, &url)
        );
    }
    // Full: none except the last has space for one more.
    let largest = requests[0].1 / requests[0].0.services.len();
    for (request, length) in &requests[..requests.len() - 1] {
        assert!(
            length + largest > INPUT,
            "{length} for {}",
            request.services.len()
        );
    }
}

#[test]
fn more_than_five_targets_take_another_rule() {
    let mut stack = stacks::existing_fleet(118);
    for service in stack.services.values_mut() {
        let stack::ServiceSource::Existing { cluster, .. } = &mut service.source else {
            panic!()
        };
        *cluster = "c".repeat(255);
    }
    let template = synthesize(&stack).unwrap();
    let template = template.to_json();
    let rules = of_type(template, "AWS::Events::Rule");
    assert!(rules.len() > 1);
    let permissions = of_type(template, "AWS::Lambda::Permission");
    assert_eq!(permissions.len(), rules.len());
    for ((rule, _), (_, permission)) in rules.iter().zip(&permissions) {
        assert_eq!(permission["SourceArn"]["Fn::GetAtt"][0], *rule);
        assert_eq!(permission["SourceAccount"]["Ref"], "AWS::AccountId");
    }
    let services: usize = requests(&stack)
        .iter()
        .map(|(request, _)| request.services.len())
        .sum();
    assert_eq!(services, 118);
}

#[test]
fn requests_carry_what_is_counted_and_every_queue() {
    let mut stack = stacks::everything();
    let worker = stack.services.get_mut("worker").unwrap();
    let backlog = stack::BacklogPerTask {
        count: Count::ALL.into(),
        ..stacks::scaling()
    };
    worker.scaling = Some(stacks::backlog(backlog));
    stack.metric.namespace = r#"odd "${Name}" \ here"#.to_owned();
    let requests = requests(&stack);
    let [(request, _)] = requests.as_slice() else {
        panic!()
    };
    assert_eq!(request.namespace, stack.metric.namespace);
    let [theirs, worker] = request.services.as_slice() else {
        panic!()
    };
    assert_eq!(worker.count, Count::ALL);
    let queues: Vec<_> = worker
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    assert_eq!(queues, ["jobs-0a1b2c3d", "plain-0a1b2c3d", "theirs"]);
    assert_eq!(
        (theirs.cluster.as_str(), theirs.service.as_str()),
        ("their-cluster", "their-service")
    );
}

#[test]
fn the_rule_fires_as_often_as_asked() {
    for (minutes, expected) in [(1, "rate(1 minute)"), (5, "rate(5 minutes)")] {
        let mut stack = stacks::fleet("f", 1);
        stack.metric.every = stacks::seconds(minutes * 60);
        let template = synthesize(&stack).unwrap();
        let rule = &template.to_json()["Resources"][names::metric_rule(1)]["Properties"];
        assert_eq!(rule["ScheduleExpression"], expected);
        assert_eq!(
            rule["Targets"][0]["RetryPolicy"]["MaximumRetryAttempts"],
            Value::from(0)
        );
    }
}
