//! Every key of the format.

mod container;
mod demand;
mod deployment;
mod load_balancer;
mod metric;
mod network;
mod parts;
mod queues;
mod scaling;
mod schedule;
mod service_logs;
mod services;
mod sides;
mod step_metric;
mod step_scaling;
mod task_capacity;
mod volumes;

pub(crate) use container::{PERMISSION, SIDECAR};
pub(crate) use deployment::EXISTING_ALARM;
pub(crate) use metric::{FUNCTION_NETWORK, SLACK};
pub(crate) use network::{CAPACITY, CLUSTER, CREATED_NETWORK, EXISTING_CLUSTER, NETWORK};
pub(crate) use queues::{
    EXISTING_QUEUE, FIFO, QUEUE, SENDING_ACCOUNT, SENDING_SERVICE, SUBSCRIPTION,
};
pub(crate) use schedule::PERIOD;
pub(crate) use service_logs::FIRELENS;
pub(crate) use services::{CONSUMED_QUEUE, EXISTING_SERVICE, SERVICE};
pub(crate) use sides::{IN_STEP, OUT_STEP};
pub(crate) use step_metric::{ANY_METRIC, QUEUE_METRIC};
pub(crate) use task_capacity::{PROVIDER_ITEM, SHARES};
pub(crate) use volumes::{FILE_SYSTEM_VOLUME, SCRATCH_VOLUME};

use metric::{ALARMS, ASSETS, LOGS, METRIC, RECIPIENTS};
use network::{CLUSTER_FORMS, NETWORK_FORMS};
use parts::{default, optional, required};
use queues::QUEUES;
use services::SERVICES;

use crate::shape::container_texts::ROLE_PATH;
use crate::shape::kind::{Entries, Kind, Object};
use crate::shape::texts::{
    ACCOUNT, KEY_ARN, POLICY_ARN, REGION, SHORT_NAME, STACK_NAME, TAG_KEY, TAG_VALUE,
};

/// The complete definition.
pub(crate) static STACK: Object = Object {
    what: "the definition",
    fields: &[
        required(
            "name",
            Kind::Text(&STACK_NAME),
            "Name of the CloudFormation stack.",
        ),
        optional(
            "account",
            Kind::Text(&ACCOUNT),
            "AWS account that the stack belongs to. ecs-scaler refuses any other account.",
        ),
        optional(
            "region",
            Kind::Text(&REGION),
            "AWS region of the stack; otherwise that of `--region` or the profile.",
        ),
        default(
            "environments",
            Kind::Entries(&ENVIRONMENTS),
            "{}",
            "Variants of this definition by name. `--env NAME` merges one into the rest: mappings are merged, lists and other values replaced, and `null` removes a key. Its stack's name is the definition's, a hyphen, and the environment's, unless it has its own `name`.",
        ),
        default(
            "tags",
            Kind::Entries(&TAGS),
            "{}",
            "Tags of the stack, which CloudFormation also puts on all resources that support tags.",
        ),
        default(
            "termination_protection",
            Kind::Flag,
            "false",
            "Whether CloudFormation refuses to delete the stack.",
        ),
        optional(
            "permissions_boundary",
            Kind::Text(&POLICY_ARN),
            "The older name of `roles.boundary`.",
        ),
        optional(
            "roles",
            Kind::Object(&ROLES),
            "The IAM roles that the stack creates.",
        ),
        optional(
            "encryption",
            Kind::Text(&KEY_ARN),
            "KMS key in the stack's region, by its ARN, for the messages of its queues and alarms and for its logs. A queue's `encryption` and `logs.key` take precedence. The key's policy must let CloudWatch, CloudWatch Logs, and SNS use it, and senders and consumers; docs/permissions.md has the statements. The dead-letter queues of functions contain none of your messages, and keep SQS's keys. Volumes of EC2 instances have `volume_key`.",
        ),
        default(
            "network",
            Kind::Either(&NETWORK_FORMS),
            "create",
            "Where created services run: `create` creates a small VPC with two public subnets and no NAT, `{create: …}` the same with settings; another mapping names an existing network.",
        ),
        default(
            "cluster",
            Kind::Either(&CLUSTER_FORMS),
            "{}",
            "ECS cluster of the created services: created by the stack, or an existing one with `existing`.",
        ),
        default(
            "queues",
            Kind::Entries(&QUEUES),
            "{}",
            "SQS queues by short names, which `consumes` refers to.",
        ),
        required(
            "services",
            Kind::Entries(&SERVICES),
            "ECS services by short names.",
        ),
        optional(
            "assets",
            Kind::Object(&ASSETS),
            "Where the functions' code and large templates are kept, if not in a bucket that ecs-scaler creates once in each account and region.",
        ),
        optional(
            "logs",
            Kind::Object(&LOGS),
            "The logs of services and functions.",
        ),
        default(
            "metric",
            Kind::Object(&METRIC),
            "{}",
            "The metric function, which publishes `BacklogPerTask` for every service that scales by it, and each of its queues, or the tasks that `demand` needs. Its namespace, memory, architecture, and log retention also apply to scaling functions.",
        ),
        default(
            "alarms",
            Kind::Object(&ALARMS),
            "{}",
            "Thresholds of the operational alarms; docs/alarms.md documents each alarm.",
        ),
        default(
            "notify",
            Kind::List(&RECIPIENTS),
            "[]",
            "Recipients of the alarms: email addresses, which must each confirm once by a link in AWS's first email; up to four of your SNS topics in the stack's region, whose policies must let CloudWatch publish; and Slack channels.",
        ),
        default(
            "overrides",
            Kind::Overrides,
            "{}",
            "A JSON merge patch on the finished template, for settings without a key: mappings are merged, everything else is replaced, and `null` removes. `Resources` by logical ID, as `synth` shows them; resources, outputs, conditions, and mappings can be added. Changes to anything that scaling, checks, and guards depend on are refused. See docs/overrides.md.",
        ),
    ],
    rules: &[],
};

static ENVIRONMENTS: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Patch,
    least: 0,
    most: 50,
};

/// CloudFormation accepts 50 tags; each deploy writes one of them.
static TAGS: Entries = Entries {
    key: &TAG_KEY,
    value: Kind::Text(&TAG_VALUE),
    least: 0,
    most: 49,
};

static ROLES: Object = Object {
    what: "the settings of roles",
    fields: &[
        default(
            "path",
            Kind::Text(&ROLE_PATH),
            "/",
            "Path of the roles in IAM, such as `/workers/`. Changing it creates new roles.",
        ),
        optional(
            "boundary",
            Kind::Text(&POLICY_ARN),
            "IAM policy that is the permissions boundary of every role of the stack.",
        ),
    ],
    rules: &[],
};
