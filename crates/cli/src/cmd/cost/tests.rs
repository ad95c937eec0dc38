use std::path::Path;

use clap::Parser;
use serde_json::Value;
use simulator::Inventory;
use stack::Stack;

use super::*;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

const STACKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks");

fn document(arguments: &[&str]) -> Result<Document> {
    let all = ["cost"].iter().chain(arguments);
    let args = Cli::try_parse_from(all).unwrap().args;
    simulate(&args.input.read_now(&args.connect)?)
}

#[test]
fn the_bill_is_a_table_of_80_columns() {
    let file = format!("{STACKS}/voucher-worker.yaml");
    let load = ["--load", "constant:rate=3/s,for=6h"];
    let document = document(&[&file, load[0], load[1], "--region=eu-west-2"]).unwrap();
    let text = text(&document);
    let (table, _) = text.split_once("assumed:").unwrap();
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_wrong_price_file_names_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("prices.json");
    std::fs::write(&prices, "{\n  \"as_off\": \"2026-11\"\n}").unwrap();
    let prices = prices.display().to_string();
    let file = format!("{STACKS}/voucher-worker.yaml");
    let load = ["--load", "constant:rate=3/s,for=6h"];
    let failure = document(&[&file, load[0], load[1], "--prices", &prices]).unwrap_err();
    let message = failure.message();
    assert!(message.contains("unknown field `as_off`"), "{message}");
    assert!(message.contains("line 2"), "{message}");
    assert!(failure.hints()[0].contains("docs/cost.md"));
}

/// Counts the resources in a template, and the resources that Application Auto Scaling creates for its
/// policies.
fn count_resources(template: &Value) -> Inventory {
    let mut found = Inventory::default();
    for resource in template["Resources"].as_object().unwrap().values() {
        let properties = &resource["Properties"];
        match resource["Type"].as_str().unwrap() {
            "AWS::CloudWatch::Alarm" => {
                found.alarms += 1.0;
                let metrics = metrics_of(&properties["Metrics"]);
                if properties["Period"]
                    .as_u64()
                    .or(period(&properties["Metrics"]))
                    < Some(60)
                {
                    found.fast_alarm_metrics += metrics;
                } else {
                    found.alarm_metrics += metrics;
                }
            }
            "AWS::ApplicationAutoScaling::ScalingPolicy" => {
                let tracking = &properties["TargetTrackingScalingPolicyConfiguration"];
                if tracking.is_object() {
                    let metrics = &tracking["CustomizedMetricSpecification"]["Metrics"];
                    found.tracking_alarms += 2.0;
                    found.alarm_metrics += 2.0 * metrics_of(metrics);
                }
            }
            "AWS::Events::Rule" => found.rules += 1.0,
            "AWS::Lambda::Function" => found.functions += 1.0,
            "AWS::Logs::LogGroup" => found.log_groups += 1.0,
            "AWS::CloudWatch::Dashboard" => found.dashboards += 1.0,
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
                found.load_balancers += 1.0;
                if properties["Scheme"] == "internet-facing" {
                    found.balancer_addresses += length(&properties["Subnets"]);
                }
            }
            "AWS::ECS::Cluster" if properties["ClusterSettings"].is_array() => {
                let services = template["Resources"].as_object().unwrap().values();
                found.insights += services
                    .filter(|other| other["Type"] == "AWS::ECS::Service")
                    .map(|_| 1.0)
                    .sum::<f64>();
            }
            _ => {}
        }
    }
    found.metrics += measured_metrics(template);
    found
}

/// Counts the metrics that an alarm or a policy watches: the metrics of its expression, or the only one.
fn metrics_of(metrics: &Value) -> f64 {
    let Some(list) = metrics.as_array() else {
        return 1.0;
    };
    let watched = list
        .iter()
        .filter(|metric| metric["MetricStat"].is_object());
    watched.map(|_| 1.0).sum()
}

fn period(metrics: &Value) -> Option<u64> {
    let mut list = metrics.as_array()?.iter();
    list.find_map(|metric| metric["MetricStat"]["Period"].as_u64())
}

fn length(list: &Value) -> f64 {
    list.as_array().unwrap().iter().map(|_| 1.0).sum()
}

/// Counts the custom metrics that the functions publish, from the requests in the rules.
fn measured_metrics(template: &Value) -> f64 {
    let resources = template["Resources"].as_object().unwrap().values();
    let rules = resources.filter(|resource| resource["Type"] == "AWS::Events::Rule");
    let targets = rules.flat_map(|rule| rule["Properties"]["Targets"].as_array().unwrap());
    let inputs = targets.filter_map(|target| target["Input"]["Fn::Sub"].as_str());
    let mut metrics = 0.0;
    for input in inputs {
        let request: Value = serde_json::from_str(input).unwrap();
        for service in request["services"].as_array().unwrap() {
            let backlog = length(&service["queues"]);
            metrics += if service["law"].is_object() {
                // TasksNeeded, ProcessingTime, TaskStart, and WithinObjective, which the scaling function
                // publishes, and RecommendedTasks if it only observes.
                4.0 + f64::from(service["observe"] == true)
            } else if service["demand"].is_object() {
                2.0
            } else {
                backlog
            };
            metrics += f64::from(u8::from(service["wake"] == true));
        }
    }
    metrics
}

/// Definitions with every kind of scaling, capacity, and load balancer.
fn definitions() -> Vec<(String, Stack)> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(STACKS).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            all.push((
                path.display().to_string(),
                stack::load(&path).unwrap().stack,
            ));
        }
    }
    assert!(all.len() >= 5, "{}", Path::new(STACKS).display());
    let base = std::fs::read_to_string(format!("{STACKS}/voucher-worker.yaml")).unwrap();
    let (head, tail) = base.split_once("    scaling:\n").unwrap();
    let (_, end) = tail.split_once("\nmetric:").unwrap();
    let backlog = "{acceptable_latency: 10s, processing_time: 100ms";
    let out = "period: 30s, scale_out: {at_or_above: 100, for: 1, add: 2}";
    let scalings = [
        format!("{{backlog_per_task: {backlog}}}, cpu: {{target: 60}}, memory: {{target: 70}}}}"),
        format!(
            "{{backlog_per_task: {backlog}, source: metric_math, count: [visible, in_flight]}}}}"
        ),
        format!("{{demand: {backlog}}}}}"),
        format!("{{demand: {backlog}, actuator: target_tracking}}}}"),
        format!("{{demand: {backlog}, actuator: none}}}}"),
        format!("{{backlog_per_task: {backlog}}}, demand: {backlog}, actuator: none}}}}"),
        "{cpu: {target: 60}}".to_owned(),
        format!(
            "{{steps: {{metric: {{queue: vouchers, count: [visible, in_flight], statistic: Maximum}}, {}, scale_in: {{below: 1, for: 5, remove: 1}}}}}}",
            out.replace("30s", "60s")
        ),
        format!("{{alarm_steps: {{metric: {{namespace: N, name: M, statistic: Sum}}, {out}}}}}"),
    ];
    for scaling in scalings {
        for (old, new) in [
            ("", ""),
            ("tasks: {min: 1,", "tasks: {min: 0,"),
            (
                "cluster: {name: voucher}",
                "cluster: {capacity: {ec2: {instance_type: t4g.small, max: 9}}}",
            ),
            ("    dead_letter: {after: 5, retention: 14d}\n", ""),
            (
                "    cpu: 256",
                "    port: 80\n    load_balancer: {listener: 80}\n    cpu: 256",
            ),
        ] {
            let text = format!(
                "{}    scaling: {scaling}\n\nmetric:{end}",
                head.replacen(old, new, 1)
            );
            // Not every combination is valid.
            match stack::parse("test.yaml", &text) {
                Ok(loaded) => all.push((text, loaded.stack)),
                Err(report) => assert!(!old.is_empty(), "{:?}", report.problems()[0]),
            }
        }
    }
    let shared = "name: s\nqueues: {a: {}, b: {}}\nservices:\n";
    let service = |name: &str| {
        let tasks = "tasks: {min: 1, max: 9}, slo: 1m, scaling: {demand: {processing_time: 2s}}";
        format!("  {name}: {{image: i, consumes: [{name}], {tasks}}}\n")
    };
    let text = format!("{shared}{}{}", service("a"), service("b"));
    let stack = stack::parse("test.yaml", &text).unwrap().stack;
    all.push((text, stack));
    all
}

/// The simulator doesn't use templates. Its counts must match what they create, both for the stack and as the
/// sum over its services.
#[test]
fn bills_count_what_templates_create() {
    let mut kinds = Inventory::default();
    for (name, stack) in definitions() {
        let template = template::synthesize(&stack).unwrap();
        let created = count_resources(template.to_json());
        assert_eq!(Inventory::of_stack(&stack), created, "{name}");
        let services = stack.services.keys();
        let sum: Inventory = services
            .map(|service| Inventory::of_service(&stack, service))
            .sum();
        let rounded = |inventory: Inventory| format!("{inventory:.9?}");
        assert_eq!(rounded(sum), rounded(created), "{name}");
        kinds = kinds + created;
    }
    // Each kind occurs at least once.
    assert!(!format!("{kinds:?}").contains(": 0.0"), "{kinds:?}");
}
