//! Network and cluster.

use super::parts::{default, optional, required, whole};
use crate::shape::kind::{Form, Kind, List, Object, Rule, Whole};
use crate::shape::texts::{
    ECS_NAME, INSTANCE_TYPE, KEY_ARN, MACHINE_IMAGE, SECURITY_GROUP_ID, SUBNET_ID, VPC_ID,
};

pub(super) static NETWORK_FORMS: [Form; 3] = [
    Form::Word("create"),
    Form::Keyed("create", &CREATED_NETWORK),
    Form::Object(&NETWORK),
];

pub(crate) static CREATED_NETWORK: Object = Object {
    what: "a network that the stack creates",
    fields: &[required(
        "create",
        Kind::Object(&NEW_NETWORK),
        "Settings of the VPC; `{}` is as the word `create`.",
    )],
    rules: &[],
};

static NEW_NETWORK: Object = Object {
    what: "the settings of a created network",
    fields: &[optional(
        "flow_logs",
        Kind::Word(&["all", "accepted", "rejected"]),
        "Which connections of the VPC are written to a log group, with the settings of `logs`: all, or only the ones that security groups accept or reject. Otherwise none. CloudWatch Logs bills each line.",
    )],
    rules: &[],
};

/// ECS accepts 16 subnets and 5 security groups.
pub(crate) static NETWORK: Object = Object {
    what: "an existing network",
    fields: &[
        optional(
            "vpc",
            Kind::Text(&VPC_ID),
            "VPC in which the stack creates security groups; required without `security_groups`, and for a load balancer.",
        ),
        required(
            "subnets",
            Kind::List(&SUBNETS),
            "Subnets of the tasks, best in several availability zones. They must be able to reach the image's registry, SQS, and CloudWatch Logs.",
        ),
        default(
            "security_groups",
            Kind::List(&SECURITY_GROUPS),
            "[]",
            "Security groups of the tasks; without any, the stack creates one that allows no inbound traffic.",
        ),
        default(
            "assign_public_ip",
            Kind::Flag,
            "false",
            "Whether tasks get a public address: required in public subnets to reach anything, useless in private ones.",
        ),
    ],
    rules: &[],
};

pub(super) static SUBNETS: List = List {
    of: Kind::Text(&SUBNET_ID),
    least: 1,
    most: 16,
    unique: true,
    rule: None,
};

static SECURITY_GROUPS: List = List {
    of: Kind::Text(&SECURITY_GROUP_ID),
    least: 0,
    most: 5,
    unique: true,
    rule: None,
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
            "Capacity of the tasks: `fargate`, or `fargate_spot` or `ec2` with its settings.",
        ),
        optional(
            "container_insights",
            Kind::Either(&INSIGHTS_FORMS),
            "Whether CloudWatch Container Insights measures the cluster's tasks, `enhanced` with more metrics for each of them; it is billed per metric. Otherwise it is on if a service scales by `source: metric_math`.",
        ),
    ],
    rules: &[],
};

static INSIGHTS_FORMS: [Form; 2] = [Form::Flag, Form::Word("enhanced")];

pub(crate) static EXISTING_CLUSTER: Object = Object {
    what: "an existing cluster",
    fields: &[required(
        "existing",
        Kind::Text(&ECS_NAME),
        "Name of an existing cluster; the services run there on Fargate.",
    )],
    rules: &[],
};

static CAPACITY_FORMS: [Form; 2] = [Form::Word("fargate"), Form::Object(&CAPACITY)];

pub(crate) static CAPACITY: Object = Object {
    what: "the capacity",
    fields: &[
        optional(
            "fargate_spot",
            Kind::Object(&FARGATE_SPOT),
            "Fargate Spot: cheaper, but AWS can stop a task with two minutes' notice, by SIGTERM.",
        ),
        optional(
            "ec2",
            Kind::Object(&EC2),
            "The stack's own EC2 instances, with the ECS-optimized Amazon Linux 2023; ECS starts and ends them as its tasks require.",
        ),
    ],
    rules: &[Rule::OneOf(&["fargate_spot", "ec2"])],
};

pub(crate) static FARGATE_SPOT: Object = Object {
    what: "Fargate Spot",
    fields: &[default(
        "base",
        Kind::Whole(&SPOT_BASE),
        "0",
        "How many tasks run on demand before Spot is used; it counts for each service.",
    )],
    rules: &[],
};

/// ECS `CapacityProviderStrategyItem`.
static SPOT_BASE: Whole = whole(0, 100_000);

pub(crate) static EC2: Object = Object {
    what: "EC2 instances",
    fields: &[
        required(
            "instance_type",
            Kind::Text(&INSTANCE_TYPE),
            "Type of the instances; its processor must match every service's `architecture`.",
        ),
        default(
            "min",
            Kind::Whole(&FEWEST_INSTANCES),
            "1",
            "Minimum number of instances; with 0, the first task waits for one to start.",
        ),
        required(
            "max",
            Kind::Whole(&MOST_INSTANCES),
            "Maximum number of instances, which limits the bill.",
        ),
        optional(
            "image",
            Kind::Text(&MACHINE_IMAGE),
            "AMI of the instances, by its ID or by the name of the SSM parameter that has the ID when you deploy. It must be made from the ECS-optimized Amazon Linux 2023 of the `architecture`: with the ECS agent, and with its root volume at `/dev/xvda`. Otherwise that image itself.",
        ),
        optional(
            "volume_key",
            Kind::Text(&KEY_ARN),
            "ARN of a KMS key in the stack's region that encrypts the instances' root volumes; otherwise the account's default key of EBS. The key's policy must let the role `AWSServiceRoleForAutoScaling` use it; docs/permissions.md has the statements.",
        ),
    ],
    rules: &[],
};

/// ECS's quota of container instances per cluster.
static FEWEST_INSTANCES: Whole = whole(0, 5_000);

static MOST_INSTANCES: Whole = whole(1, 5_000);
