//! The written definition.

use super::*;

fn write(readings: &Readings, slo: Option<&str>) -> String {
    let written = Written {
        command: "ecs-scaler init --from shop/order-worker",
        day: "2026-11-30",
        slo,
    };
    write_definition(readings, &infer(readings), written)
}

/// The errors of a definition.
fn errors(text: &str) -> Vec<String> {
    let Err(report) = stack::parse("stack.yaml", text) else {
        return Vec::new();
    };
    let problems = report.problems().iter();
    problems
        .map(|problem| problem.message().to_owned())
        .collect()
}

#[test]
fn a_definition_asks_for_its_objective_and_is_valid_with_it() {
    let text = write(&readings(), None);
    insta::assert_snapshot!(text);
    let asked = errors(&text).join("\n");
    assert!(asked.contains("no latency to aim at"), "{asked}");
    // As the comment instructs.
    let answered = text.replace("# slo: 99% within 1m", "slo: 99% within 1m");
    let loaded = stack::parse("stack.yaml", &answered).unwrap();
    let service = &loaded.stack.services["order-worker"];
    assert_eq!(service.slo.unwrap().share, Some(0.99));
    let demand = service.demand().unwrap();
    assert_eq!(demand.processing_time, Some(Duration::from_millis(500)));
    assert_eq!(demand.task_start, Duration::from_secs(35));
    assert_eq!((service.tasks.min, service.tasks.max), (2, 20));
    let given = write(&readings(), Some("99% within 1m"));
    assert!(!given.contains("QUESTION: how long"), "{given}");
    assert!(stack::parse("stack.yaml", &given).is_ok());
}

#[test]
fn gaps_and_surprises_are_said() {
    let mut readings = readings();
    readings.history = History::default();
    readings.service.insights = Some(false);
    readings.service.launch_type = Some("EC2".to_owned());
    readings.service.controller = "CODE_DEPLOY".to_owned();
    readings.unread = vec!["the policies of the role worker: access is denied".to_owned()];
    let text = write(&readings, Some("1m")).replace("\n# ", " ");
    for said in [
        "Container Insights is off in the cluster",
        "It runs on EC2 instances",
        "CodeDeploy deploys it",
        "Not read: the policies of the role worker: access is denied.",
        "CloudWatch has no message sent",
        "processing_time: measured",
    ] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    assert_eq!(errors(&write(&readings, Some("1m"))), Vec::<String>::new());
}

#[test]
fn a_key_is_written_only_by_its_arn() {
    let key = "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d";
    let mut readings = readings();
    readings.queues[0].key = Some(key.to_owned());
    let text = write(&readings, Some("1m"));
    assert!(text.contains(&format!("key: {key}")), "{text}");
    assert_eq!(errors(&text), Vec::<String>::new());
    readings.queues[0].key = Some("alias/orders".to_owned());
    let text = write(&readings, Some("1m"));
    assert!(text.contains("alias/orders"), "{text}");
    assert_eq!(errors(&text), Vec::<String>::new());
}

#[test]
fn names_that_the_format_doesnt_have_are_adapted() {
    let mut readings = readings();
    readings.service.name = "1_order_worker".to_owned();
    let queue = |name: &str| QueueReading {
        arn: arn(name),
        name: name.to_owned(),
        ..QueueReading::default()
    };
    readings.queues = vec![queue("orders.fifo"), queue("orders"), queue("_")];
    let text = write(&readings, Some("1m"));
    let loaded =
        stack::parse("stack.yaml", &text).unwrap_or_else(|_| panic!("{:?}\n{text}", errors(&text)));
    assert_eq!(loaded.stack.name, "scaling-1-order-worker");
    let queues: Vec<&String> = loaded.stack.queues.keys().collect();
    assert_eq!(queues, ["orders", "orders-2", "worker"]);
    assert_eq!(loaded.stack.services["1-order-worker"].consumes.len(), 3);
}

#[test]
fn the_services_text_cant_break_the_definition() {
    let mut readings = readings();
    readings.task.containers[0].image = "a\nname: other\n# \u{1b}[31m".to_owned();
    readings.unread = vec!["x\n\nservices: {}".to_owned()];
    let text = write(&readings, Some("1m"));
    let loaded =
        stack::parse("stack.yaml", &text).unwrap_or_else(|_| panic!("{:?}\n{text}", errors(&text)));
    assert_eq!(loaded.stack.name, "order-worker-scaling");
}
