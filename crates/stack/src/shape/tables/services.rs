//! Services and their scaling.

use super::container::{
    DEPENDS_ON, DROP, ENTRYPOINT, ENVIRONMENT, ENVIRONMENT_FILES, HEALTH_CHECK, IMAGE_DIGEST, INIT,
    PERMISSIONS, READ_ONLY, SECRETS, SIDECARS, TEXTS, ULIMITS, USER_FIELD,
};
use super::deployment::DEPLOYMENT;
use super::load_balancer::LOAD_BALANCER;
use super::parts::{DAY, MOMENT, SECOND, default, optional, required, time, whole};
use super::scaling::SCALING;
use super::schedule::{self, SCHEDULE};
use super::service_logs::SERVICE_LOGS;
use super::task_capacity::TASK_CAPACITY;
use super::volumes::VOLUMES;
use crate::shape::container_texts::{NAMESPACE_ARN, QUEUE_OR_ARN, ROLE_ARN, STORAGE};
use crate::shape::kind::{Entries, Form, Kind, List, Object, Rule, Time, Whole};
use crate::shape::texts::{CLUSTER_AND_SERVICE, ECS_NAME, IMAGE, SHORT_NAME, TOPIC_ARN};

pub(super) static SERVICES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Either(&SERVICE_FORMS),
    least: 1,
    most: 500,
};

static SERVICE_FORMS: [Form; 2] = [
    Form::Keyed("existing", &EXISTING_SERVICE),
    Form::Object(&SERVICE),
];

pub(crate) static EXISTING_SERVICE: Object = Object {
    what: "an existing service",
    fields: &[
        required(
            "existing",
            Kind::Text(&CLUSTER_AND_SERVICE),
            "CLUSTER/SERVICE of an existing service; the stack only measures and scales it.",
        ),
        optional("slo", Kind::Objective(&MOMENT), SLO_DOC),
        default("consumes", Kind::List(&CONSUMES), "[]", CONSUMES_DOC),
        default("protect", Kind::Flag, "false", PROTECT_DOC),
        default("heartbeat", Kind::Flag, "false", HEARTBEAT_DOC),
        required("tasks", Kind::Object(&TASKS), TASKS_DOC),
        required("scaling", Kind::Object(&SCALING), SCALING_DOC),
    ],
    rules: &[],
};

pub(crate) static SERVICE: Object = Object {
    what: "a service that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&ECS_NAME),
            "Fixed name; otherwise CloudFormation chooses one.",
        ),
        required(
            "image",
            Kind::Text(&IMAGE),
            "Container image; best with a version as its tag, or a digest.",
        ),
        IMAGE_DIGEST,
        default(
            "cpu",
            Kind::Whole(&CPU),
            "256",
            "CPU units; 1024 are one vCPU. Fargate supports 256, 512, 1024, 2048, 4096, 8192, and 16384; EC2 instances support any number.",
        ),
        default(
            "memory",
            Kind::Whole(&MEMORY),
            "512",
            "Memory in MiB; Fargate supports certain sizes with each `cpu`, and `validate` lists them; EC2 instances support any number.",
        ),
        default(
            "architecture",
            Kind::Word(&["arm64", "x86_64"]),
            "arm64",
            "Instruction set of the image; on EC2 instances, it must match theirs.",
        ),
        optional(
            "capacity",
            Kind::Either(&TASK_CAPACITY),
            "Capacity of the tasks, if it differs from `cluster.capacity`: `fargate`, a share of Fargate Spot, or on an existing cluster its capacity providers by name. The stack never associates providers with an existing cluster: a deploy checks that they are, also `FARGATE` and `FARGATE_SPOT` for a share. Not with `ec2`.",
        ),
        default(
            "command",
            Kind::List(&TEXTS),
            "[]",
            "Command instead of the image's own.",
        ),
        ENTRYPOINT,
        default(
            "environment",
            Kind::Entries(&ENVIRONMENT),
            "{}",
            "Environment variables. The stack itself sets `QUEUE_URL` (the first queue of `consumes`) and `QUEUE_URL_NAME` for each queue, as `QUEUE_URL_PAID_ORDERS` for `paid-orders`.",
        ),
        default(
            "secrets",
            Kind::Entries(&SECRETS),
            "{}",
            "Environment variables whose values come from Secrets Manager or SSM Parameter Store when a task starts, by ARN; `ARN:key::` is one key of a JSON secret. A parameter in the stack's account and region can be named as `/path/name`.",
        ),
        ENVIRONMENT_FILES,
        default(
            "sidecars",
            Kind::Entries(&SIDECARS),
            "{}",
            "Containers that run in each task in addition to the service's own, by name. They share the task's `cpu` and `memory`, and on Fargate also its address: `localhost` reaches each of them.",
        ),
        DEPENDS_ON,
        SERVICE_LOGS,
        default(
            "exec",
            Kind::Flag,
            "false",
            "Whether `aws ecs execute-command` can run commands in a running task. Its tasks can then use Session Manager's channels. With `read_only`, the agent for it needs scratch `volumes` at `/managed-agents`, `/var/lib/amazon/ssm`, and `/var/log/amazon/ssm`; AWS doesn't support that officially.",
        ),
        optional("compat", Kind::Word(&["copilot"]), COMPAT_DOC),
        optional(
            "deployment",
            Kind::Object(&DEPLOYMENT),
            "How many tasks run, and how many exist, while ECS replaces them, and what rolls it back.",
        ),
        default(
            "permissions",
            Kind::List(&PERMISSIONS),
            "[]",
            "Additional permissions of the tasks: statements of allowed actions, and ARNs of IAM policies. The permissions for `consumes` are included.",
        ),
        optional(
            "task_role",
            Kind::Text(&ROLE_ARN),
            "Existing role of the tasks, instead of one that the stack creates. It must allow everything that the tasks need, including the queues in `consumes`.",
        ),
        optional(
            "execution_role",
            Kind::Text(&ROLE_ARN),
            "Existing role with which ECS starts the tasks, instead of one that the stack creates. It must allow reading the image, the secrets and environment files, and writing logs.",
        ),
        HEALTH_CHECK,
        USER_FIELD,
        READ_ONLY,
        DROP,
        INIT,
        ULIMITS,
        optional(
            "storage",
            Kind::Text(&STORAGE),
            "Ephemeral storage of a task on Fargate; otherwise it has 20 GiB.",
        ),
        VOLUMES,
        optional("slo", Kind::Objective(&MOMENT), SLO_DOC),
        default("consumes", Kind::List(&CONSUMES), "[]", CONSUMES_DOC),
        default(
            "sends",
            Kind::List(&SENDS),
            "[]",
            "Queues that the service sends to, by their keys under `queues` or by ARN: its tasks can send messages, and find the URL in `QUEUE_URL_NAME`. A queue in another account must also allow it.",
        ),
        default(
            "publishes",
            Kind::List(&PUBLISHES),
            "[]",
            "SNS topics that the service publishes to, by ARN: its tasks can publish, and find the ARN in `TOPIC_ARN` (of the first one) and in `TOPIC_ARN_NAME`.",
        ),
        default(
            "stop_timeout",
            Kind::Time(&STOP),
            "30s",
            "Time that a task has between SIGTERM and SIGKILL to finish its message; at most 2m on Fargate.",
        ),
        default("protect", Kind::Flag, "false", PROTECT_DOC),
        default("heartbeat", Kind::Flag, "false", HEARTBEAT_DOC),
        optional(
            "port",
            Kind::Whole(&PORT),
            "Port that the container listens on.",
        ),
        optional("service_connect", Kind::Text(&NAMESPACE_ARN), CONNECT_DOC),
        optional(
            "load_balancer",
            Kind::Object(&LOAD_BALANCER),
            "The service's own Application Load Balancer, which sends requests to `port`.",
        ),
        default("tasks", Kind::Object(&TASKS), "{}", TASKS_DOC),
        optional("scaling", Kind::Object(&SCALING), SCALING_DOC),
    ],
    rules: &[Rule::Needs("load_balancer", "port")],
};

const CONSUMES_DOC: &str = "Queues that the service consumes, by their keys under `queues`: its tasks can receive and delete their messages. An item is a queue's key, or a mapping with the queue's own `slo` and `processing_time`; with `demand`, the tasks for such queues add up. Required with `backlog_per_task` and with `demand`, which support at most 10 queues.";
const SLO_DOC: &str = "Latency objective: how long a message can wait until its processing starts, and optionally the share of the messages that must meet it, over 0% and up to 100%. `simulate`, `tune`, the alarms, and `status` compare the service with it. A policy aims at its latency unless it has its own `acceptable_latency`. Requires `consumes`.";
const COMPAT_DOC: &str = "`copilot` also sets the variables that AWS Copilot gives a worker, each unless `environment` or `secrets` has it: `COPILOT_QUEUE_URI` (the first queue of `consumes`), `COPILOT_TOPIC_QUEUE_URIS` (a JSON object with the URLs of the queues in `consumes` whose keys end in `EventsQueue`, such as `merchantOrdersEventsQueue`), `COPILOT_SNS_TOPIC_ARNS` (a JSON object with the ARNs in `publishes` by the topics' names, without `APPLICATION-ENVIRONMENT-SERVICE-` before them), `COPILOT_APPLICATION_NAME` (the definition's `name`), `COPILOT_ENVIRONMENT_NAME` (that of `--env`, or else `default`), and `COPILOT_SERVICE_NAME` (the service's key).";
const CONNECT_DOC: &str = "ARN of an existing Cloud Map namespace in the stack's region, whose services the tasks can call by their Service Connect names. The service itself gets no name there. ECS adds a proxy to each task, for which AWS recommends 256 more CPU units and 64 more MiB; its log is in the service's log group.";
const PROTECT_DOC: &str = "Whether the worker uses ECS task protection while it works on a message, so that no scale-in or deployment stops it. Work that takes longer than `stop_timeout` is then fine.";
const HEARTBEAT_DOC: &str = "Whether the worker extends the visibility timeout of a message while it works on it. `visibility_timeout` can then be shorter than the processing time, and SQS hides the message for up to 12 hours.";
const TASKS_DOC: &str = "Bounds of the number of tasks.";
const SCALING_DOC: &str =
    "How the number of tasks follows the load; without it, `tasks.min` is the number.";

/// The values that ECS accepts on EC2; `check` knows the Fargate sizes. Source: Amazon ECS API,
/// `RegisterTaskDefinition`.
static CPU: Whole = whole(128, 196_608);

/// Docker's minimum; no EC2 instance has more than 32 TiB.
static MEMORY: Whole = whole(6, 33_554_432);

static CONSUMES: List = List {
    of: Kind::Either(&CONSUMED_FORMS),
    least: 0,
    most: 100,
    unique: true,
    rule: None,
};

static CONSUMED_FORMS: [Form; 2] = [Form::Text(&SHORT_NAME), Form::Object(&CONSUMED_QUEUE)];

pub(crate) static CONSUMED_QUEUE: Object = Object {
    what: "a queue with its own objective",
    fields: &[
        required(
            "queue",
            Kind::Text(&SHORT_NAME),
            "The queue, by its key under `queues`.",
        ),
        optional(
            "slo",
            Kind::Objective(&MOMENT),
            "Latency objective of this queue's messages, otherwise the service's. The alarm on its oldest message, `simulate`, and `tune` compare the queue with it, and `demand` aims at it. Not with `backlog_per_task`, which adds up the messages of all queues.",
        ),
        optional(
            "processing_time",
            Kind::Time(&MOMENT),
            "Average time that one task needs for one message of this queue, otherwise `demand`'s. Only with `demand`.",
        ),
    ],
    rules: &[],
};

static SENDS: List = List {
    of: Kind::Text(&QUEUE_OR_ARN),
    least: 0,
    most: 100,
    unique: true,
    rule: None,
};

static PUBLISHES: List = List {
    of: Kind::Text(&TOPIC_ARN),
    least: 0,
    most: 100,
    unique: true,
    rule: None,
};

/// `check` knows Fargate's maximum. ECS drains an instance for at most 48 hours.
static STOP: Time = time(SECOND, SECOND, 2 * DAY);

static TASKS: Object = Object {
    what: "the bounds of the number of tasks",
    fields: &[
        default(
            "min",
            Kind::Whole(&TASK_COUNT),
            "1",
            "Minimum number of tasks; without `scaling`, the number of tasks. With 0, a service can scale to zero, and its queues or an alarm can scale it from zero.",
        ),
        optional(
            "max",
            Kind::Whole(&TASK_COUNT),
            "Maximum number of tasks, which limits the bill; required with `scaling`.",
        ),
        optional("schedule", Kind::List(&SCHEDULE), schedule::DOC),
    ],
    rules: &[],
};

static PORT: Whole = whole(1, 65_535);

/// ECS's quota of tasks per service.
static TASK_COUNT: Whole = whole(0, 5_000);
