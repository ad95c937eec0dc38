//! Network and cluster of the created services.

use super::fields::Fields;
use crate::model::{Capacity, Cluster, FunctionNetwork, Insights, Network, Traffic};
use crate::shape::tables::{
    CAPACITY, CLUSTER, CREATED_NETWORK, EXISTING_CLUSTER, FUNCTION_NETWORK, NETWORK,
};
use crate::yaml::{Node, Value};

pub(super) fn network(node: Option<&Node>) -> Network {
    let Some(node) = node.filter(|node| matches!(node.value, Value::Map(_))) else {
        return Network::Create { flow_logs: None };
    };
    if node.has("create") {
        let fields = Fields::new(&CREATED_NETWORK, Some(node)).object("create");
        let flow_logs = fields.optional_text("flow_logs");
        return Network::Create {
            flow_logs: flow_logs.as_deref().and_then(traffic),
        };
    }
    let fields = Fields::new(&NETWORK, Some(node));
    Network::Existing {
        vpc: fields.optional_text("vpc"),
        subnets: fields.texts("subnets"),
        security_groups: fields.texts("security_groups"),
        assign_public_ip: fields.flag("assign_public_ip"),
    }
}

fn traffic(word: &str) -> Option<Traffic> {
    match word {
        "all" => Some(Traffic::All),
        "accepted" => Some(Traffic::Accepted),
        "rejected" => Some(Traffic::Rejected),
        _ => None,
    }
}

/// The functions' network. The word `network` stands for the tasks' network, which has no subnets here if the stack
/// creates it.
pub(super) fn of_functions(node: &Node, tasks: &Network) -> FunctionNetwork {
    if matches!(node.value, Value::Map(_)) {
        let fields = Fields::new(&FUNCTION_NETWORK, Some(node));
        return FunctionNetwork {
            vpc: fields.optional_text("vpc"),
            subnets: fields.texts("subnets"),
            security_groups: fields.texts("security_groups"),
        };
    }
    match tasks {
        Network::Existing {
            vpc,
            subnets,
            security_groups,
            ..
        } => FunctionNetwork {
            vpc: vpc.clone(),
            subnets: subnets.clone(),
            security_groups: security_groups.clone(),
        },
        Network::Create { .. } => FunctionNetwork {
            vpc: None,
            subnets: Vec::new(),
            security_groups: Vec::new(),
        },
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
        image: fields.optional_text("image"),
        volume_key: fields.optional_text("volume_key"),
    }
}
