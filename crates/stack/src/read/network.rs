//! Network and cluster of the created services.

use super::fields::Fields;
use crate::model::{Capacity, Cluster, Insights, Network};
use crate::shape::tables::{CAPACITY, CLUSTER, EXISTING_CLUSTER, NETWORK};
use crate::yaml::{Node, Value};

pub(super) fn network(node: Option<&Node>) -> Network {
    let Some(node) = node.filter(|node| matches!(node.value, Value::Map(_))) else {
        return Network::Create;
    };
    let fields = Fields::new(&NETWORK, Some(node));
    Network::Existing {
        vpc: fields.optional_text("vpc"),
        subnets: fields.texts("subnets"),
        security_groups: fields.texts("security_groups"),
        assign_public_ip: fields.flag("assign_public_ip"),
    }
}

pub(super) fn cluster(node: Option<&Node>) -> Cluster {
    if node.is_some_and(|node| node.has("existing")) {
        let fields = Fields::new(&EXISTING_CLUSTER, node);
        return Cluster::Existing {
            name: fields.text("existing"),
        };
    }
    let fields = Fields::new(&CLUSTER, node);
    Cluster::Create {
        name: fields.optional_text("name"),
        capacity: capacity(fields.given("capacity")),
        insights: fields.given("container_insights").and_then(insights),
    }
}

fn insights(node: &Node) -> Option<Insights> {
    match &node.value {
        Value::Bool(true) => Some(Insights::On),
        Value::Bool(false) => Some(Insights::Off),
        Value::Str(_) => Some(Insights::Enhanced),
        _ => None,
    }
}

fn capacity(node: Option<&Node>) -> Capacity {
    let fields = Fields::new(&CAPACITY, node);
    if fields.given("fargate_spot").is_some() {
        let base = fields.object("fargate_spot").whole("base");
        return Capacity::FargateSpot { base };
    }
    if fields.given("ec2").is_none() {
        return Capacity::Fargate;
    }
    let fields = fields.object("ec2");
    Capacity::Ec2 {
        instance_type: fields.text("instance_type"),
        min: fields.whole("min"),
        max: fields.whole("max"),
    }
}
