//! Large stacks stay within the limits of the services, and larger ones are refused.

use serde_json::Value;
use stack::{Queue, QueueSpec};
use template::{SynthesisError, names, synthesize};

use crate::stacks;
use crate::templates::{complete, listed, of_type, statements};

#[test]
fn thirty_services_fit_into_a_stack() {
    let template = synthesize(&stacks::fleet("thirty-services", 30)).unwrap();
    assert_eq!(
        template.resource_count(),
        template.to_json()["Resources"].as_object().unwrap().len()
    );
    assert!(
        template.resource_count() <= 500,
        "{}",
        template.resource_count()
    );
    assert!(template.to_json()["Outputs"].as_object().unwrap().len() <= 200);
}

/// Characters of a policy, with the longest names that AWS could generate.
fn longest(document: &Value) -> usize {
    let fill = |token: &str| match token {
        "AWS::Partition" => "aws-us-gov".to_owned(),
        "AWS::Region" => "us-isof-south-1".to_owned(),
        "AWS::AccountId" => "111122223333".to_owned(),
        other => {
            let name = format!("stack-{other}-ABCDEFGHIJKLM");
            format!("arn:aws-us-gov:logs:us-isof-south-1:111122223333:log-group:{name}:*")
        }
    };
    complete(document, &fill).to_string().len()
}

#[test]
fn a_hundred_existing_services_are_allowed_by_name() {
    let template = synthesize(&stacks::existing_fleet(100)).unwrap();
    let template = template.to_json();
    let policies = of_type(template, "AWS::IAM::ManagedPolicy");
    assert!(
        !policies.is_empty(),
        "100 services and queues don't fit into an inline policy"
    );
    for (id, policy) in policies {
        assert!(longest(&policy["PolicyDocument"]) <= 6_144, "{id}");
    }
    let role = &template["Resources"][names::METRIC_FUNCTION_ROLE]["Properties"];
    let [inline] = role["Policies"].as_array().unwrap().as_slice() else {
        panic!("{role}")
    };
    let inline = longest(&inline["PolicyDocument"]);
    assert!(
        (9_000..=10_240).contains(&inline),
        "full, but not over: {inline}"
    );
    let granted = statements(template, names::METRIC_FUNCTION_ROLE);
    for number in 1..=100 {
        let (service, queue) = (
            format!("service-name-{number:03}"),
            format!("queue-name-{number:03}"),
        );
        for name in [service, queue] {
            let of_name = granted
                .iter()
                .filter(|statement| statement.to_string().contains(&name));
            assert_eq!(of_name.count(), 1, "{name}");
        }
    }
}

#[test]
fn more_resources_than_a_stack_holds_are_refused() {
    let error = synthesize(&stacks::fleet("large", 40)).unwrap_err();
    assert!(
        matches!(error, SynthesisError::TooManyResources { count } if count > 500),
        "{error}"
    );
}

#[test]
fn more_outputs_than_a_stack_holds_are_refused() {
    // The maximum number of outputs for the minimum number of resources: no dead-letter queue, no objective.
    let plain = Queue::Create(QueueSpec {
        dead_letter: None,
        ..stacks::queue()
    });
    let mut stack = stacks::empty("outputs");
    stack.queues = (0..199)
        .map(|number| (format!("q{number}"), plain.clone()))
        .collect();
    synthesize(&stack).unwrap();
    stack.queues.insert("one-more".into(), plain);
    assert_eq!(
        synthesize(&stack).unwrap_err(),
        SynthesisError::TooManyOutputs { count: 201 }
    );
}

#[test]
fn a_template_that_is_too_large_is_refused() {
    let mut stack = stacks::fleet("large", 1);
    let mut spec = stacks::spec();
    spec.environment
        .insert("LARGE".into(), "x".repeat(1_000_000));
    stack
        .services
        .insert("worker-01".into(), stacks::created(spec, &["queue-01"]));
    let error = synthesize(&stack).unwrap_err();
    assert!(
        matches!(error, SynthesisError::BodyTooLarge { bytes } if bytes > 1_000_000),
        "{error}"
    );
}

#[test]
fn a_role_that_is_too_large_is_refused() {
    let mut stack = stacks::empty("large");
    for number in 0..700 {
        let name = format!("{number:0>80}");
        stack
            .queues
            .insert(format!("q{number}"), stacks::existing_queue(&name));
    }
    let queues: Vec<_> = stack.queues.keys().cloned().collect();
    let mut worker = stacks::created(stacks::spec(), &[]);
    worker.scaling = None;
    worker.consumes = queues[..200].to_vec();
    stack.services.insert("w".into(), worker.clone());
    let template = synthesize(&stack).unwrap();
    let granted: usize = statements(template.to_json(), "WTaskRole")
        .iter()
        .filter(|statement| statement["Sid"] == "ConsumeQueues")
        .map(|statement| listed(&statement["Resource"]).len())
        .sum();
    assert_eq!(granted, 200);
    worker.consumes = queues;
    stack.services.insert("w".into(), worker);
    let expected = SynthesisError::PolicyTooLarge {
        role: "WTaskRole".into(),
    };
    assert_eq!(synthesize(&stack).unwrap_err(), expected);
}

#[test]
fn a_service_whose_request_is_too_long_is_refused() {
    let mut stack = stacks::existing_fleet(1);
    let long = stacks::existing(&"c".repeat(8_192), "s", &["queue-001"]);
    stack.services.insert("worker-001".into(), long);
    let expected = SynthesisError::RequestTooLong {
        service: "worker-001".into(),
    };
    assert_eq!(synthesize(&stack).unwrap_err(), expected);
}

/// A definition that the reader accepts at its own limits has a template, so a definition that passes `validate`
/// doesn't fail later.
#[test]
fn what_the_reader_takes_at_its_limits_has_a_template() {
    let queue = |key: &str, more: &str| format!("  {key}: {{visibility_timeout: 60s{more}}}\n");
    let (letters, fifo) = (", dead_letter: {after: 5}", ", fifo: true");
    let keys = [
        ("a".repeat(59), letters.to_owned()),
        ("b".repeat(54), format!("{letters}{fifo}")),
        ("c".repeat(64), fifo.to_owned()),
    ];
    let more: Vec<(String, String)> = (0..7)
        .map(|number| (format!("q{number}"), letters.to_owned()))
        .collect();
    let all: Vec<&(String, String)> = keys.iter().chain(&more).collect();
    let queues: String = all.iter().map(|(key, more)| queue(key, more)).collect();
    let consumed: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
    for length in [100, 590, 1_900] {
        let count = 39_000 / (length + 60);
        let secret = |number: usize| {
            format!(
                "      S{number}: arn:aws:ssm:us-gov-west-1:111122223333:parameter/{number:0>length$}\n"
            )
        };
        let secrets: String = (0..count).map(secret).collect();
        let text = format!(
            "name: limits\nqueues:\n{queues}services:\n  w:\n    image: w:1\n    consumes: [{}]\n    tasks: {{max: 2}}\n    scaling: {{backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}}}\n    secrets:\n{}alarms: {{metric_silent: 1d}}\nmetric: {{every: 12h}}\n",
            consumed.join(", "),
            secrets.replace("aws:ssm:us-gov", "aws-us-gov:ssm:us-gov"),
        );
        let loaded =
            stack::parse("limits.yaml", &text).unwrap_or_else(|r| panic!("{:?}", r.problems()));
        synthesize(&loaded.stack).unwrap_or_else(|error| panic!("{length}: {error}"));
    }
}
