//! Network and cluster.

use super::{default, optional, required, whole};
use crate::shape::texts::{ECS_NAME, SECURITY_GROUP_ID, SUBNET_ID, VPC_ID};
use crate::shape::{Form, Kind, List, Object, Whole};

pub(super) static NETWORK_FORMS: [Form; 2] = [Form::Word("create"), Form::Object(&NETWORK)];

/// ECS takes 16 subnets and 5 security groups.
pub(crate) static NETWORK: Object = Object {
    what: "an existing network",
    fields: &[
        optional(
            "vpc",
            Kind::Text(&VPC_ID),
            "VPC in which the stack makes a security group; needed without `security_groups`.",
        ),
        required(
            "subnets",
            Kind::List(&SUBNETS),
            "Subnets of the tasks, best in several availability zones. They need a way to the image's registry, SQS and CloudWatch Logs.",
        ),
        default(
            "security_groups",
            Kind::List(&SECURITY_GROUPS),
            "[]",
            "Security groups of the tasks; without any, the stack makes one that lets nothing in.",
        ),
        default(
            "assign_public_ip",
            Kind::Flag,
            "false",
            "Whether tasks get a public address: needed in public subnets to reach anything, useless in private ones.",
        ),
    ],
};

static SUBNETS: List = List {
    of: Kind::Text(&SUBNET_ID),
    least: 1,
    most: 16,
    unique: true,
};

static SECURITY_GROUPS: List = List {
    of: Kind::Text(&SECURITY_GROUP_ID),
    least: 0,
    most: 5,
    unique: true,
};

pub(super) static CLUSTER_FORMS: [Form; 2] = [
    Form::Keyed("existing", &EXISTING_CLUSTER),
    Form::Object(&CLUSTER),
];

pub(crate) static CLUSTER: Object = Object {
    what: "a cluster that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&ECS_NAME),
            "Fixed name; otherwise CloudFormation chooses one.",
        ),
        default(
            "capacity",
            Kind::Either(&CAPACITY_FORMS),
            "fargate",
            "What the tasks run on: `fargate`, or `fargate_spot` with its settings.",
        ),
    ],
};

pub(crate) static EXISTING_CLUSTER: Object = Object {
    what: "somebody else's cluster",
    fields: &[required(
        "existing",
        Kind::Text(&ECS_NAME),
        "Name of a cluster that somebody else owns; the services run there on Fargate.",
    )],
};

static CAPACITY_FORMS: [Form; 2] = [
    Form::Word("fargate"),
    Form::Keyed("fargate_spot", &CAPACITY),
];

pub(crate) static CAPACITY: Object = Object {
    what: "the capacity",
    fields: &[required(
        "fargate_spot",
        Kind::Object(&FARGATE_SPOT),
        "Fargate Spot: cheaper, and AWS may take a task away with two minutes' notice, by SIGTERM.",
    )],
};

pub(crate) static FARGATE_SPOT: Object = Object {
    what: "Fargate Spot",
    fields: &[default(
        "base",
        Kind::Whole(&SPOT_BASE),
        "0",
        "How many tasks run on demand before Spot is used; it counts for each service.",
    )],
};

/// ECS `CapacityProviderStrategyItem`.
static SPOT_BASE: Whole = whole(0, 100_000);
