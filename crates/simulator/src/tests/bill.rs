//! Bills, computed manually from AWS's price lists.

use super::*;
use crate::BillItem::{
    self, Addresses, Alarms, Dashboard, Functions, Instances, LoadBalancer, Logs, MetricRequests,
    Metrics, QueueRequests, Rules, SpotTasks, Tasks,
};
use crate::{Cost, Overrides, PriceTable};

const VOUCHERS: &str = include_str!("../../../../stacks/voucher-worker.yaml");
const SCALING: &str = "    scaling:
      backlog_per_task:
        acceptable_latency: 10s
        processing_time: 100ms
        count: [visible]
        cooldown: {out: 60s, in: 300s}
";

/// The cost of the voucher worker with changes to its definition, with one message of 100 ms per second.
fn cost_of(hours: u32, changes: &[(&str, &str)], overrides: Overrides) -> (Cost, Vec<String>) {
    let mut text = VOUCHERS.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let stack = stack::parse("test.yaml", &text).unwrap().stack;
    let overrides = Overrides {
        slo: Some(Duration::from_secs(10)),
        processing: Some(Distribution::Fixed(Duration::from_millis(100))),
        ..overrides
    };
    let scenario = Scenario::from_stack(&stack, "voucher-worker", &overrides).unwrap();
    let outcome = run(&scenario, &format!("constant:rate=1/s,for={hours}h"), 1);
    (outcome.cost, outcome.notes)
}

fn check(cost: &Cost, expected: &[(BillItem, f64)]) {
    for (item, expected) in expected {
        near(cost.of(*item), *expected, 1e-3);
    }
}

/// A tenth of a month in us-east-1, with one task of 256 CPU units and 512 MiB on ARM:
/// - tasks: 73 h × (0.25 × $0.03238 + 0.5 × $0.00356) = 73 × $0.009875
/// - address: 73 h × $0.005
/// - SQS: 262,800 messages, each sent, received, and deleted; the task works for 26,280 s and waits for 236,520
///   s in long polls of 20 s; the function reads one queue 4,380 times: 788,400 + 11,826 + 4,380 requests at
///   $0.40 per million
/// - function: 4,380 runs at $0.20 per million, of 0.2 s with 0.125 GB at $0.0000133334 per GB-second
/// - a custom metric: $0.30 / 10, published 4,380 times at $0.01 per thousand
/// - alarms: oldest message, dead-letter queue, missing data, errors of the function, two of target tracking: 6 ×
///   $0.10 / 10
/// - a dashboard: $3 / 10
/// - logs: 262,800 × 200 bytes and 4,380 × 700 bytes, 0.055626 GB at $0.50
#[test]
fn a_bill_is_what_arithmetic_says() {
    let (cost, _) = cost_of(73, &[], Overrides::default());
    let expected = [
        (Tasks, 73.0 * 0.009_875),
        (Addresses, 0.365),
        (QueueRequests, 804_606.0 * 0.4e-6),
        (
            Functions,
            4_380.0 * (0.2e-6 + 0.2 * 0.125 * 0.000_013_333_4),
        ),
        (Metrics, 0.03),
        (MetricRequests, 0.0438),
        (Alarms, 0.06),
        (Dashboard, 0.3),
        (Logs, 0.055_626 * 0.5),
    ];
    check(&cost, &expected);
    let total: f64 = expected.iter().map(|(_, cost)| cost).sum();
    near(cost.total, total, 1e-3);
    near(cost.per_month, 10.0 * total, 1e-3);
    // The ideal needs the same task, its address, and requests, but no scaling. Its alarms are only the
    // queue's, and its logs only the tasks'.
    let ideal = 73.0 * 0.009_875 + 0.365 + 800_226.0 * 0.4e-6 + 0.02 + 0.3 + 0.052_56 * 0.5;
    near(cost.ideal, ideal, 1e-3);
    let rules = cost.items.iter().find(|item| item.item == Rules).unwrap();
    assert_eq!((rules.quantity, rules.cost), (1.0, 0.0));
}

/// Three tasks, one of them on demand: 10 h × $0.009875, and 20 h at 30% of that. Each has an address.
#[test]
fn spot_tasks_cost_a_share_of_the_price() {
    let changes = [
        (
            "{name: voucher}",
            "{name: voucher, capacity: {fargate_spot: {base: 1}}}",
        ),
        ("{min: 1, max: 20}", "{min: 3}"),
        (SCALING, ""),
    ];
    let (cost, notes) = cost_of(10, &changes, Overrides::default());
    check(
        &cost,
        &[
            (Tasks, 0.098_75),
            (SpotTasks, 0.1975 * 0.3),
            (Addresses, 0.15),
        ],
    );
    assert!(notes.iter().any(|note| note.contains("Spot")), "{notes:?}");
}

/// Spot runs the two tasks beyond the base half of the time: 10 h of 30 h at 30%, and 20 h at the full price.
#[test]
fn a_share_of_spot_is_billed_as_one() {
    let changes = [
        (
            "    cpu: 256",
            "    capacity: {spot: 50%, base: 1}\n    cpu: 256",
        ),
        ("{min: 1, max: 20}", "{min: 3}"),
        (SCALING, ""),
    ];
    let (cost, _) = cost_of(10, &changes, Overrides::default());
    check(&cost, &[(Tasks, 0.1975), (SpotTasks, 0.098_75 * 0.3)]);
}

/// Seven tasks of 512 MiB on instances of 2 GiB, of which 1/64 isn't available to them: three per instance, so three
/// instances. In us-east-1 an hour of t4g.small costs $0.0168, 30 GB of disk $2.40 / 730, and an address $0.005.
#[test]
fn instances_cost_however_many_tasks_they_hold() {
    let changes = [
        (
            "{name: voucher}",
            "{name: voucher, capacity: {ec2: {instance_type: t4g.small, min: 1, max: 9}}}",
        ),
        ("{min: 1, max: 20}", "{min: 7}"),
        (SCALING, ""),
    ];
    let (cost, notes) = cost_of(10, &changes, Overrides::default());
    check(
        &cost,
        &[
            (Instances, 30.0 * (0.0168 + 2.4 / 730.0)),
            (Addresses, 30.0 * 0.005),
        ],
    );
    near(cost.of(Tasks) + 1.0, 1.0, 1e-12);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("3 tasks fit onto a t4g.small")),
        "{notes:?}"
    );
}

/// A load balancer in two public subnets: $0.0225 per hour and half a capacity unit at $0.008, two addresses in
/// addition to the task's, and two alarms in addition to the one on the dead-letter queue. Without an objective in
/// the definition, there is no alarm on the oldest message.
#[test]
fn a_load_balancer_is_part_of_the_bill() {
    let changes = [
        (
            "    consumes: [vouchers]",
            "    port: 80\n    load_balancer: {listener: 80}\n    consumes: [vouchers]",
        ),
        ("{min: 1, max: 20}", "{min: 1}"),
        (SCALING, ""),
    ];
    let (cost, _) = cost_of(10, &changes, Overrides::default());
    check(
        &cost,
        &[
            (LoadBalancer, 0.265),
            (Addresses, 0.15),
            (Alarms, 3.0 * 0.10 * 10.0 / 730.0),
        ],
    );
}

#[test]
fn prices_are_those_of_the_region_and_of_the_file() {
    // eu-central-1: 0.25 × $0.03725 + 0.5 × $0.00409.
    let (there, _) = cost_of(
        10,
        &[(
            "name: voucher-worker\n",
            "name: voucher-worker\nregion: eu-central-1\n",
        )],
        Overrides::default(),
    );
    near(there.of(Tasks), 10.0 * 0.011_357_5, 1e-3);
    let table = include_str!("../cost/prices.json")
        .replace("\"address_hour\": 0.005", "\"address_hour\": 1");
    let overrides = Overrides {
        prices: Some(std::sync::Arc::new(PriceTable::read(&table).unwrap())),
        region: Some("eu-north-1".to_owned()),
        ..Overrides::default()
    };
    let (own, _) = cost_of(10, &[], overrides);
    near(own.of(Addresses), 10.0, 1e-3);
    assert_eq!(own.prices.instead_of.as_deref(), Some("eu-north-1"));
}

/// Other policies are billed for the resources that ecs-scaler would deploy for them. For the definition's own
/// policy, these are the resources that the definition creates.
#[test]
fn a_policy_needs_what_its_definition_creates() {
    let scalings = [
        SCALING.to_owned(),
        "    scaling: {demand: {acceptable_latency: 10s, processing_time: 100ms}}\n".to_owned(),
        "    scaling: {demand: {acceptable_latency: 10s, processing_time: 100ms, actuator: target_tracking}}\n".to_owned(),
        "    scaling: {steps: {metric: {queue: vouchers, count: [visible, in_flight], statistic: Maximum}, period: 60s, scale_out: {at_or_above: 100, for: 1, add: 2}, scale_in: {below: 1, for: 5, remove: 1}}}\n".to_owned(),
        format!("{SCALING}      demand: {{acceptable_latency: 10s, processing_time: 100ms, actuator: none}}\n"),
        "    scaling: {alarm_steps: {metric: {queue: vouchers, name: NumberOfMessagesSent, statistic: Sum}, period: 60s, scale_out: {at_or_above: 100, for: 1, add: 2}}}\n".to_owned(),
    ];
    for scaling in scalings {
        let text = VOUCHERS.replace(SCALING, &scaling);
        let stack = stack::parse("test.yaml", &text).unwrap().stack;
        let overrides = Overrides {
            slo: Some(Duration::from_secs(10)),
            processing: Some(Distribution::Fixed(Duration::from_millis(100))),
            ..Overrides::default()
        };
        let scenario = Scenario::from_stack(&stack, "voucher-worker", &overrides).unwrap();
        let again = scenario.with_policy(scenario.policy.clone());
        assert_eq!(
            again.billing.inventory(),
            scenario.billing.inventory(),
            "{scaling}"
        );
    }
}

/// An observing function next to another policy, for a tenth of a month: 4,380 runs, each with 12 checks every 5 s,
/// which take 11 × 5 s and 0.2 s:
/// - function: $0.20 per million runs, and 55.2 s with 0.125 GB at $0.0000133334 per GB-second
/// - SQS: 12 reads per run at $0.40 per million
/// - CloudWatch: one request to publish and two metrics to read per run at $0.01 per thousand; five metrics of $0.30 / 10,
///   and two alarms (missing data, errors) of $0.10 / 10
/// - logs: 700 bytes per run and 400 for each of 11 further checks, at $0.50 per GB
#[test]
fn an_observing_function_is_billed_next_to_another_policy() {
    let observed = format!("{SCALING}      demand: {{processing_time: 100ms, actuator: none}}\n");
    let changes = [
        (SCALING, observed.as_str()),
        (
            "    consumes: [vouchers]",
            "    slo: 10s\n    consumes: [vouchers]",
        ),
    ];
    let (without, _) = cost_of(73, &changes[1..], Overrides::default());
    let (with, _) = cost_of(73, &changes, Overrides::default());
    let added = [
        (
            Functions,
            4_380.0 * (0.2e-6 + 55.2 * 0.125 * 0.000_013_333_4),
        ),
        (QueueRequests, 4_380.0 * 12.0 * 0.4e-6),
        (MetricRequests, 4_380.0 * 3.0 * 1e-5),
        (Metrics, 0.15),
        (Alarms, 0.02),
        (Logs, 4_380.0 * 5_100.0 * 0.5e-9),
    ];
    for (item, cost) in added {
        near(with.of(item) - without.of(item), cost, 1e-3);
    }
    let sum: f64 = added.iter().map(|(_, cost)| cost).sum();
    near(with.total - without.total, sum, 1e-3);
    near(with.ideal, without.ideal, 1e-9);
}
