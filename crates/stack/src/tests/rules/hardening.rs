//! The network of functions, flow logs, images and keys of instances, and the code bucket.

use super::{NOTIFY, check, check_text, fine};
use crate::tests::changed;
use crate::{Capacity, Cluster, FunctionNetwork, Network, Stack, Traffic, parse};

const PRIVATE: &str =
    "network: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d]}\n";

fn read(lines: &str) -> Stack {
    let text = changed(NOTIFY, &format!("{NOTIFY}{lines}"));
    parse("shop.yaml", &text)
        .unwrap_or_else(|report| panic!("{}", crate::tests::shown(&report)))
        .stack
}

fn network(vpc: Option<&str>, subnet: &str, group: Option<&str>) -> FunctionNetwork {
    FunctionNetwork {
        vpc: vpc.map(str::to_owned),
        subnets: vec![subnet.to_owned()],
        security_groups: group.map(str::to_owned).into_iter().collect(),
    }
}

#[test]
fn functions_run_in_the_network_of_the_tasks_or_in_one_of_theirs() {
    let metric = read(&format!(
        "{PRIVATE}metric: {{vpc: network, tracing: true}}\n"
    ))
    .metric;
    let tasks = network(Some("vpc-0a1b2c3d"), "subnet-0a1b2c3d", Some("sg-0a1b2c3d"));
    assert_eq!((metric.vpc, metric.tracing), (Some(tasks), true));
    let own = "metric: {vpc: {vpc: vpc-1a1b2c3d, subnets: [subnet-1a1b2c3d]}}\n";
    let expected = network(Some("vpc-1a1b2c3d"), "subnet-1a1b2c3d", None);
    assert_eq!(read(own).metric.vpc, Some(expected));
    let metric = read("").metric;
    assert_eq!((metric.vpc, metric.tracing), (None, false));
}

#[test]
fn functions_need_private_subnets() {
    let message = "metric.vpc: the functions can't reach anything from public subnets";
    check(
        NOTIFY,
        &format!("{NOTIFY}network: create\nmetric: {{vpc: network}}\n"),
        &format!("error 19:15 {message}"),
    );
    let public = PRIVATE.replace("]}", "], assign_public_ip: true}");
    check(
        NOTIFY,
        &format!("{NOTIFY}{public}metric: {{vpc: network}}\n"),
        &format!("error 19:15 {message}"),
    );
    // Without `network`, the stack creates one with public subnets.
    check(
        NOTIFY,
        &format!("{NOTIFY}metric: {{vpc: network}}\n"),
        &format!("error 18:15 {message}"),
    );
    fine(
        NOTIFY,
        &format!(
            "{NOTIFY}{public}metric: {{vpc: {{vpc: vpc-0a1b2c3d, subnets: [subnet-1a1b2c3d]}}}}\n"
        ),
    );
}

#[test]
fn functions_need_a_security_group_or_the_vpc_for_one() {
    check(
        NOTIFY,
        &format!("{NOTIFY}metric: {{vpc: {{subnets: [subnet-0a1b2c3d]}}}}\n"),
        "error 18:15 metric.vpc: `metric.vpc` has none of `vpc`, `security_groups`",
    );
}

#[test]
fn flow_logs_are_settings_of_a_created_network() {
    let flow_logs = |lines: &str| match read(lines).network {
        Network::Create { flow_logs } => flow_logs,
        Network::Existing { .. } => panic!("a created network"),
    };
    for (word, traffic) in [
        ("all", Traffic::All),
        ("accepted", Traffic::Accepted),
        ("rejected", Traffic::Rejected),
    ] {
        let lines = format!("network: {{create: {{flow_logs: {word}}}}}\n");
        assert_eq!(flow_logs(&lines), Some(traffic));
    }
    for lines in ["", "network: create\n", "network: {create: {}}\n"] {
        assert_eq!(flow_logs(lines), None);
    }
}

#[test]
fn a_network_is_either_created_or_existing() {
    check(
        NOTIFY,
        &format!("{NOTIFY}network: {{create: {{}}, subnets: [subnet-0a1b2c3d]}}\n"),
        "error 18:23 network.subnets: `subnets` isn't allowed on a network that the stack creates",
    );
}

fn on_instances(more: &str) -> String {
    let tasks = "{min: 1, max: 10}";
    let text = changed(tasks, "{min: 1, max: 4}");
    let cluster = format!(
        "region: us-west-2\ncluster: {{capacity: {{ec2: {{instance_type: t4g.medium, max: 8, {more}}}}}}}\n"
    );
    text.replacen("region: us-west-2\n", &cluster, 1)
}

#[test]
fn instances_start_from_an_image_and_have_a_key() {
    let key = "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d";
    for image in ["ami-0a1b2c3d", "ami-0a1b2c3d4e5f60718", "/golden/ecs/arm64"] {
        let text = on_instances(&format!("image: {image}, volume_key: '{key}'"));
        let stack = parse("shop.yaml", &text).unwrap().stack;
        let Cluster::Create { capacity, .. } = stack.cluster else {
            panic!("a created cluster");
        };
        let Capacity::Ec2 {
            image: found,
            volume_key,
            ..
        } = capacity
        else {
            panic!("instances");
        };
        assert_eq!(found.as_deref(), Some(image));
        assert_eq!(volume_key.as_deref(), Some(key));
    }
}

#[test]
fn the_key_of_volumes_is_in_the_region_of_the_stack() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d";
    check_text(
        &on_instances(&format!("volume_key: '{key}'")),
        "error 4:75 cluster.capacity.ec2.volume_key: the KMS key is in another region than the instances",
    );
}

#[test]
fn code_is_kept_in_an_existing_bucket() {
    let stack = read("assets: {bucket: our-artifacts}\n");
    assert_eq!(stack.assets_bucket.as_deref(), Some("our-artifacts"));
    check(
        NOTIFY,
        &format!("{NOTIFY}assets: {{}}\n"),
        "error 18:9 assets.bucket: `bucket` is missing in `assets`",
    );
}
